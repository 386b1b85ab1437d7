"""Requirements that stand inside another format, one string each: the manifest they share.

A style knows how its format is read, how a string is taken out and how one is put in. Every edit is
checked: the file is read again and must say what it said before except for the edit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from bisect_deps.errors import InputError
from bisect_deps.formats._declared import Rejected, declared_pep508
from bisect_deps.formats._hints import hint_for, quoted
from bisect_deps.formats._requirement import comparable, described_edit, requirement_of
from bisect_deps.formats._splice import Change, repin, replace
from bisect_deps.formats._text import Mapped, mapped
from bisect_deps.formats.base import (
    Document,
    LineKind,
    LogicalLine,
    Parts,
    Problem,
    ProblemKind,
    Span,
    render_with_comments,
    target_of,
)
from bisect_deps.model import Edit, EditAction, FixEdit, Requirement
from bisect_deps.text import escaped

_BROKEN = (ProblemKind.INVALID_FILE, ProblemKind.ENCODING)


@dataclass(frozen=True, slots=True)
class StringSlot:
    """Where one requirement string stands: `span` with its quotes, `code` without.

    `parts` is what it declares where the format has a grammar of its own, and `written` the same as
    installers would write it.
    """

    group: str
    span: Span
    code: Mapped = field(repr=False)
    parts: Parts | None = None
    written: str = ""


class Follow(NamedTuple):
    """A requirements file that another format names: its path as written, and on which line.

    `group` is the list that it stands in for, or that it constrains; "" where that is not told.
    """

    path: str
    line: int
    constraint: bool = False
    group: str = ""


@dataclass(frozen=True, slots=True)
class Embedding:
    """A document whose `lines` are the requirements of `slots`; `rest` is all else it says.

    `has_list`: it has the list that a build installs, be it empty. `follows` are the requirements
    files that it names, for whoever reads them beside it.
    """

    document: Document
    slots: tuple[StringSlot, ...] = ()
    rest: object = None
    has_list: bool = False
    follows: tuple[Follow, ...] = ()


class Style(Protocol):
    """How one format keeps requirements."""

    def read(self, data: bytes, path: str) -> Embedding:
        """Read the bytes; what is wrong is in the document's problems."""

    def drop(self, embedding: Embedding, indices: Sequence[int]) -> list[Change]:
        """Return what takes these slots out."""

    def add(self, embedding: Embedding, texts: Sequence[str]) -> list[Change]:
        """Return what puts requirements where a build installs them. Raises InputError."""

    def remark(self, embedding: Embedding, index: int, comment: str) -> list[Change]:
        """Return what puts a reason beside a slot; nothing where it cannot stand."""


@dataclass(frozen=True, slots=True)
class EmbeddedManifest:
    """A file of another format, of which `requirements` are those of the groups asked for."""

    path: Path
    embedding: Embedding = field(repr=False)
    style: Style = field(repr=False)
    requirements: tuple[Requirement, ...]
    indices: tuple[int, ...] = field(repr=False)

    @property
    def files(self) -> Mapping[str, bytes]:
        """The original bytes of the one file."""
        return {self.document.path: self.document.data}

    @property
    def named(self) -> Sequence[str]:
        """The one file."""
        return (self.document.path,)

    @property
    def document(self) -> Document:
        """The one document."""
        return self.embedding.document

    @property
    def documents(self) -> Sequence[Document]:
        """The one document, as a sequence."""
        return (self.document,)

    @property
    def problems(self) -> Sequence[Problem]:
        """What the document reports."""
        return self.document.problems

    @property
    def is_judged(self) -> bool:
        """Say whether there is a list of requirements, be it empty, or a file that has one."""
        return self.embedding.has_list or bool(self.embedding.slots or self.embedding.follows)

    @property
    def places(self) -> Sequence[tuple[Document, LogicalLine]]:
        """The document and line of every requirement."""
        return tuple((self.document, self.document.lines[index]) for index in self.indices)

    def line_of(self, requirement: Requirement) -> LogicalLine:
        """Return the line of a requirement."""
        return self.document.lines[self.indices[requirement.number]]

    def render(self, edits: Iterable[Edit] = ()) -> Mapping[str, bytes]:
        """Return the file with the edits made, read again and compared."""
        return render_with_comments(self._rendered, edits)

    def _rendered(self, edits: tuple[Edit, ...]) -> Mapping[str, bytes]:
        self._refuse(edits)
        data = self.document.splice(self._changes(edits))
        added = [edit for edit in edits if edit.action is EditAction.ADD]
        if added:
            # What was taken out before decides how a list goes on.
            between = self.style.read(data, self.document.path)
            data = between.document.splice(self.style.add(between, [edit.text for edit in added]))
        if any(edit.comment for edit in added):
            data = self._remarked(data, added)
        if data != self.document.data:
            self._check(data, edits)
        return {self.document.path: data}

    def describe(self, edits: Iterable[Edit]) -> Sequence[FixEdit]:
        """Return the edits as the report shows them."""
        described = []
        last = self.line_of(self.requirements[-1]).last if self.requirements else 0
        for edit in edits:
            if edit.action is EditAction.ADD:
                last += 1
                path = self.document.path
                described.append(FixEdit(path, last, edit.name, None, edit.to, edit.action))
            else:
                described.append(described_edit(target_of(self, edit), edit))
        return described

    def _refuse(self, edits: tuple[Edit, ...]) -> None:
        for edit in edits:
            is_hashed = edit.number is not None and target_of(self, edit).hashes
            if (edit.hashes and not is_hashed) or edit.constraint:
                what = "constraints" if edit.constraint else "hashes"
                raise InputError(
                    f"{what} cannot be added to this format",
                    place=str(self.path),
                    hint="put them into a requirements file",
                )

    def _changes(self, edits: tuple[Edit, ...]) -> list[Change]:
        dropped = []
        changes: list[Change] = []
        for edit in edits:
            if edit.action is EditAction.ADD:
                continue
            index = self.indices[target_of(self, edit).number]
            line = self.document.lines[index]
            if edit.action is EditAction.DROP:
                dropped.append(index)
            elif edit.action is EditAction.REPLACE:
                changes += replace(
                    self.document, line, edit.to or "", edit.hashes, self._quote(index)
                )
            else:
                changes += repin(self.document, line, edit.to or "", edit.hashes)
            if edit.comment:
                changes += self.style.remark(self.embedding, index, edit.comment)
        return changes + (self.style.drop(self.embedding, dropped) if dropped else [])

    def _quote(self, index: int) -> str:
        """Return the sign that a requirement's string stands in, "" for none."""
        first = self.document.text[self.embedding.slots[index].span.start]
        return first if first in "\"'" else ""

    def _remarked(self, data: bytes, added: Sequence[Edit]) -> bytes:
        """Return the file with the reasons of what was added, which stands last."""
        found = self.style.read(data, self.document.path)
        at = {slot.code.text.strip(): index for index, slot in enumerate(found.slots)}
        changes: list[Change] = []
        for edit in added:
            if edit.comment and edit.text in at:
                changes += self.style.remark(found, at[edit.text], edit.comment)
        return found.document.splice(changes)

    def _check(self, data: bytes, edits: tuple[Edit, ...]) -> None:
        again = self.style.read(data, self.document.path)
        is_valid = not any(problem.kind in _BROKEN for problem in again.document.problems)
        found = _declared(again.document.lines)
        if not is_valid or found != self._expected(edits) or again.rest != self.embedding.rest:
            raise InputError(
                "this edit would change more than its own requirement",
                place=str(self.path),
                hint="write each requirement on a line of its own",
            )

    def _expected(self, edits: tuple[Edit, ...]) -> object:
        by_index = {
            self.indices[target_of(self, edit).number]: edit
            for edit in edits
            if edit.action is not EditAction.ADD
        }
        lines: list[LogicalLine] = []
        for index, line in enumerate(self.document.lines):
            edit = by_index.get(index)
            if edit is None:
                lines.append(line)
            elif edit.action is EditAction.REPIN and line.parts is not None:
                parts = line.parts._replace(specifier=edit.to or "", hashes=edit.hashes)
                lines.append(line._replace(parts=parts))
            elif edit.action is EditAction.REPLACE and line.parts is not None:
                settings = line.parts.config_settings
                parts = self._written(edit.to or "")._replace(hashes=edit.hashes)
                lines.append(line._replace(parts=parts._replace(config_settings=settings)))
        declared = _declared(lines)
        for edit in edits:
            if edit.action is EditAction.ADD:
                declared[comparable(self._written(f"{edit.name}{edit.to or ''}"))] += 1
        return declared

    def _written(self, text: str) -> Parts:
        """Return what an edit writes. Raises InputError where it is no requirement."""
        try:
            return declared_pep508(mapped(text, 0))
        except Rejected as error:
            message = f"{quoted(escaped(text))} is no requirement: {error.message}"
            raise InputError(message, place=str(self.path)) from error


def embedded(
    data: bytes,
    path: Path,
    style: Style,
    groups: Collection[str] | None,
    without: Collection[str] = (),
) -> EmbeddedManifest:
    """Read a file; the groups limit the manifest's requirements, not the document's lines."""
    embedding = style.read(data, path.name)
    indices = []
    requirements: list[Requirement] = []
    for index, line in enumerate(embedding.document.lines):
        is_asked_for = line.group not in without and (groups is None or line.group in groups)
        if line.parts is not None and is_asked_for:
            indices.append(index)
            requirements.append(
                requirement_of(len(requirements), line, line.parts, embedding.document)
            )
    return EmbeddedManifest(path, embedding, style, tuple(requirements), tuple(indices))


LineReader = Callable[[Document, LogicalLine, Mapped], tuple[LogicalLine, Sequence[Problem]]]


def read_pep508(
    document: Document, line: LogicalLine, code: Mapped
) -> tuple[LogicalLine, Sequence[Problem]]:
    """Read a requirement as standard metadata has it; what is none is a fatal problem."""
    if line.text.startswith("-e ") and line.group.startswith("tool.pdm."):
        from bisect_deps.formats._lines import read_code  # few files need it

        return read_code(document, line, code)
    try:
        return line._replace(parts=declared_pep508(code)), ()
    except Rejected as error:
        message, hint = f"{quoted(line.text)}: {error.message}", error.hint or hint_for(line.text)
        problem = Problem(
            error.kind,
            document.path,
            line.number,
            escaped(message),
            escaped(hint),
            line.body,
            fatal=True,
        )
        return line._replace(kind=LineKind.INVALID), (problem,)


def embed(
    document: Document, slots: Iterable[StringSlot], rest: object, read: LineReader = read_pep508
) -> Embedding:
    """Return the document with a line for each slot, read by `read`."""
    slots = tuple(slots)
    lines: list[LogicalLine] = []
    problems = list(document.problems)
    for slot in slots:
        first, _ = document.place(slot.span.start)
        last, _ = document.place(max(slot.span.start, slot.span.end - 1))
        text = slot.code.text.strip()
        code = slot.code.stripped()
        line = LogicalLine(
            LineKind.REQUIREMENT,
            first,
            last,
            slot.span,
            text=text,
            written=text,
            body=code.span(0, len(text)),
            group=slot.group,
        )
        if slot.parts is not None:
            lines.append(line._replace(parts=slot.parts, text=slot.written, written=slot.written))
            continue
        line, found = read(document, line, code)
        problems += found
        lines.append(line)
    problems.sort(key=lambda problem: problem.line)
    document = document._replace(lines=tuple(lines), problems=tuple(problems))
    return Embedding(document, slots, rest)


def broken(document: Document, message: str, line: int = 1, hint: str = "") -> Embedding:
    """Return a document that cannot be read in its format."""
    line = max(min(line, len(document.physical)), 1)
    span = document.physical[line - 1].span if document.physical else Span(0, 0)
    problem = Problem(
        ProblemKind.INVALID_FILE, document.path, line, message, hint, span, fatal=True
    )
    return Embedding(document._replace(problems=(*document.problems, problem)))


def _declared(lines: Iterable[LogicalLine]) -> Counter[object]:
    return Counter(
        comparable(line.parts) if line.parts is not None else line.text for line in lines
    )
