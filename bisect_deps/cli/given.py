"""The requirements that a command reads beside its own subject: those named by `-r`.

Must not know what they are compared with.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bisect_deps.errors import InputError
from bisect_deps.system.files import project_of, read_inside, read_regular

if TYPE_CHECKING:
    from bisect_deps.model import Requirement


def requirements_of(paths: Sequence[Path]) -> list[Requirement]:
    """Return the requirements of all files in their order, constraints left out.

    `-` is standard input; a bad line harms no other. Raises InputError for an unreadable file.
    """
    return [requirement for path in paths for requirement in _of(path)]


def _of(path: Path) -> list[Requirement]:
    from bisect_deps.formats import parse_manifest

    # What comes by standard input is read as if it lay in the current folder.
    place = Path("requirements.txt") if path == Path("-") else path
    homes = [project_of(place.absolute().parent), project_of(Path.cwd())]
    manifest = parse_manifest(
        _data(path),
        place,
        folder=place.absolute().parent,
        read=lambda other: read_inside(other, homes),
    )
    return [requirement for requirement in manifest.requirements if not requirement.constraint]


def _data(path: Path) -> bytes:
    if path == Path("-"):
        return sys.stdin.buffer.read()
    try:
        return read_regular(path, pipe=True)
    except OSError as error:
        raise InputError(error.strerror or "cannot be read", place=str(path)) from error
