"""The requirements of a file as a candidate has them. Must not know why they are changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bisect_deps.errors import InputError
from bisect_deps.formats.requirements import parse
from bisect_deps.model import (
    Edit,
    EditAction,
    Requirement,
)
from bisect_deps.text import shown


def edited(requirements: Sequence[Requirement], edits: Sequence[Edit]) -> list[Requirement]:
    """Return the requirements as a candidate has them, so that its log is read against its own."""
    by_number = {edit.number: edit for edit in edits if edit.number is not None}
    kept: list[Requirement] = []
    for requirement in requirements:
        edit = by_number.get(requirement.number)
        if edit is None:
            kept.append(requirement)
        elif edit.action is EditAction.REPIN:
            kept.append(pinned_to(requirement, edit.to or "", edit.hashes))
        elif edit.action is EditAction.REPLACE:
            kept.append(replaced_by(requirement, edit.to or "", edit.hashes))
    return kept


def pinned_to(
    requirement: Requirement, specifier: str, hashes: tuple[str, ...] = ()
) -> Requirement:
    """Return the requirement with another version clause, extras and marker as they were."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    marker = f" ; {requirement.marker}" if requirement.marker else ""
    text = f"{requirement.name}{extras}{specifier}{marker}"
    return replace(requirement, specifier=specifier, text=text, hashes=hashes)


def replaced_by(requirement: Requirement, text: str, hashes: tuple[str, ...] = ()) -> Requirement:
    """Return what stands in the place of a requirement once its whole text is another.

    Raises InputError where the text is not one requirement.
    """
    written = parse(text.encode(), Path(requirement.file)).requirements
    if len(written) != 1:
        raise InputError(f"{shown(text)!r} is not one requirement", place=requirement.file)
    return replace(
        written[0],
        number=requirement.number,
        file=requirement.file,
        line=requirement.line,
        hashes=hashes,
        constraint=requirement.constraint,
        group=requirement.group,
    )
