"""A lock as rules see it: its pins with their lines, to be looked up and never edited."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bisect_deps.errors import InputError
from bisect_deps.formats._text import decode_utf8
from bisect_deps.formats.base import (
    Document,
    LineKind,
    LogicalLine,
    Parts,
    Problem,
    ProblemKind,
    Span,
)
from bisect_deps.formats.lock import Locked, read_lock
from bisect_deps.lint.rules.base import LOCK_GROUP
from bisect_deps.model import Edit, FixEdit, Requirement, exactly


class LockManifest(NamedTuple):
    """The pins of a lock file; rendering with edits is refused."""

    path: Path
    documents: Sequence[Document]
    requirements: Sequence[Requirement]

    @property
    def files(self) -> Mapping[str, bytes]:
        """The lock's own bytes."""
        return {document.path: document.data for document in self.documents}

    @property
    def named(self) -> Sequence[str]:
        """The one file."""
        return (self.documents[0].path,)

    @property
    def problems(self) -> Sequence[Problem]:
        """What makes the lock unreadable."""
        return self.documents[0].problems

    @property
    def is_judged(self) -> bool:
        """Say whether the lock could be read."""
        return not self.problems

    @property
    def places(self) -> Sequence[tuple[Document, LogicalLine]]:
        """The document and line of every pin."""
        return tuple((self.documents[0], line) for line in self.documents[0].lines)

    def line_of(self, requirement: Requirement) -> LogicalLine:
        """Return the line on which the pin's name stands."""
        return self.documents[0].lines[requirement.number]

    def render(self, edits: Iterable[Edit] = ()) -> Mapping[str, bytes]:
        """Return the file; raises InputError for any edit."""
        if tuple(edits):
            raise InputError("a lock is not edited by hand", place=str(self.path))
        return self.files

    def describe(self, edits: Iterable[Edit]) -> Sequence[FixEdit]:
        """Return nothing: there are no edits of a lock."""
        return ()


def lock_manifest(data: bytes, path: Path) -> LockManifest:
    """Return the manifest of a lock's bytes."""
    document = decode_utf8(data, path.name)
    try:
        pins = read_lock(path, lambda _: data)
    except InputError as error:
        found = re.search(r"line (\d+)", error.message)
        line = int(found[1]) if found else 1
        at = document.physical[line - 1 : line]
        span = at[0].span if at else Span(0, 0)
        problem = Problem(
            ProblemKind.INVALID_FILE, path.name, line, error.message, "lock again", span, fatal=True
        )
        return LockManifest(path, (_with(document, (), (*document.problems, problem)),), ())
    lines = tuple(_lines(document, pins))
    requirements = tuple(
        Requirement(
            number,
            own.name,
            exactly(own.version),
            f"{own.name}=={own.version}",
            path.name,
            line.number,
            marker=own.marker,
            hashes=own.hashes,
            group=LOCK_GROUP,
        )
        for number, (own, line) in enumerate(zip(pins, lines, strict=True))
    )
    return LockManifest(path, (_with(document, lines, document.problems),), requirements)


def _with(
    document: Document, lines: tuple[LogicalLine, ...], problems: tuple[Problem, ...]
) -> Document:

    return document._replace(lines=lines, problems=problems)


def _lines(document: Document, pins: Sequence[Locked]) -> Iterable[LogicalLine]:
    """Yield a line for each pin: where its name stands, searched in the order of the lock."""
    at = 0
    for own in pins:
        found = _name_of(document.text, own.name, at) or _name_of(document.text, own.name, 0)
        span = Span(*found.span("name")) if found else Span(0, 0)
        at = span.end or at
        number, _ = document.place(span.start)
        parts = Parts(
            name=own.name, specifier=exactly(own.version), marker=own.marker, hashes=own.hashes
        )
        yield LogicalLine(
            LineKind.REQUIREMENT,
            number,
            number,
            span,
            text=f"{own.name}=={own.version}",
            written=document.slice(span),
            body=span,
            parts=parts,
            group=LOCK_GROUP,
        )


def _name_of(text: str, name: str, at: int) -> re.Match[str] | None:
    spelled = re.escape(name).replace(r"\-", "[-_.]+")
    pattern = rf'(?im)^\s*(?:name\s*=\s*)?"(?P<name>{spelled})"\s*(?::|$|\r|#)'
    return re.compile(pattern).search(text, at)
