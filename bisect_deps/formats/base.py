"""What every input format offers: requirements with their places, and loss-free rendering.

A manifest is the parsed file with all that it includes. Rendering without edits gives back the
same bytes; with edits, only the lines concerned change. Below the manifest lies the line model that
lint rules read: documents, logical lines, options, problems, all placed by spans. Nothing here
reads a file.

The line model's values are named tuples and the domain's types are imported late: the linter starts
at every commit, and making dataclasses would take half of its time.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from bisect_deps.errors import InputError

if TYPE_CHECKING:
    from bisect_deps.model import Edit, FixEdit, Requirement


# conda's own lines, which no package index has; the groups of its commands end so, too.
CONDA = "conda"
CONDA_GROUP = f"dependencies.{CONDA}"
# Where uv takes projects from, which it does not ask for by that.
SOURCES_GROUP = "tool.uv.sources"
NO_REQUIREMENTS = frozenset((CONDA_GROUP, SOURCES_GROUP))


def is_conda(group: str) -> bool:
    """Say whether a group's requirements are conda's."""
    return group.endswith(f".{CONDA}")


class Span(NamedTuple):
    """A half-open range of characters in a document's `text`."""

    start: int
    end: int


class LineKind(str, Enum):
    """What a logical line is to the installer. INVALID: it rejects the line."""

    BLANK = "blank"
    REQUIREMENT = "requirement"
    OPTIONS = "options"
    INCLUDE = "include"
    INVALID = "invalid"


class ProblemKind(str, Enum):
    """What a reader should know about a line besides what it says.

    The first group makes pip reject the file (`Problem.fatal`); the second is accepted, and means
    something else than it seems to. INVALID_FILE: no valid TOML, no such section. NOT_JUDGED:
    requirements that the file takes from where nobody can read them.
    """

    INVALID_REQUIREMENT = "invalid-requirement"
    INVALID_OPTION = "invalid-option"
    REMOVED_OPTION = "removed-option"
    BAD_HASH = "bad-hash"
    EGG_FRAGMENT = "egg-fragment"
    BAD_INCLUDE = "bad-include"
    INVALID_FILE = "invalid-file"
    ENCODING = "encoding"

    IGNORED_OPTION = "ignored-option"
    DROPPED_INCLUDE = "dropped-include"
    DROPPED_EDITABLE = "dropped-editable"
    DROPPED_MARKER = "dropped-marker"
    DROPPED_WORDS = "dropped-words"
    LONE_HASH = "lone-hash"
    EQUALS_IN_INCLUDE = "equals-in-include"
    SWALLOWED_LINE = "swallowed-line"
    HIDDEN_SEPARATOR = "hidden-separator"
    BAD_CONSTRAINT = "bad-constraint"
    REMOTE_INCLUDE = "remote-include"
    UNSET_VARIABLE = "unset-variable"
    UNEXPANDED_VARIABLE = "unexpanded-variable"
    NOT_JUDGED = "not-judged"


class Problem(NamedTuple):
    """One thing to know about a place of a document.

    `fatal`: pip rejects the whole file for it. `hint` says what to write instead, or "". ENCODING,
    BAD_INCLUDE and EGG_FRAGMENT occur in both forms.
    """

    kind: ProblemKind
    file: str
    line: int
    message: str
    hint: str = ""
    span: Span = Span(0, 0)
    fatal: bool = False


class PhysicalLine(NamedTuple):
    """A line as pip splits a file (`str.splitlines`); `span` leaves out its own `terminator`."""

    number: int
    span: Span
    terminator: str

    @property
    def end(self) -> int:
        """Return where the next line starts."""
        return self.span.end + len(self.terminator)


class Option(NamedTuple):
    """One option of a logical line.

    `name` is canonical (`--requirement`), `written` as spelled (`-r`, `--req`). `span` runs from
    the dash to the end of the value, `value_span` covers the value as written, quotes included.
    `value` has variables expanded and quotes taken off.
    """

    name: str
    written: str
    value: str | None
    span: Span
    value_span: Span | None = None


class Parts(NamedTuple):
    """What a requirement line declares, as pip reads it, with variables expanded.

    `name` is as written, "" where only a build would tell. For a wheel's URL or path `name` and
    `specifier` come from its file name. `url` is the link that pip would fetch. A span is None
    where the part is absent or does not stand in the text by itself; `specifier_span` is inside any
    parentheses, and without one, `insertion` is where a specifier would go (None where it cannot).
    `span` covers the whole requirement, its `-e` too, without options and comment.
    """

    name: str = ""
    specifier: str = ""
    extras: frozenset[str] = frozenset()
    marker: str | None = None
    url: str | None = None
    hashes: tuple[str, ...] = ()
    editable: bool = False
    config_settings: tuple[str, ...] = ()
    name_span: Span | None = None
    extras_span: Span | None = None
    specifier_span: Span | None = None
    marker_span: Span | None = None
    url_span: Span | None = None
    insertion: int | None = None
    span: Span | None = None


class Include(NamedTuple):
    """A file that a line includes; `path` as written and expanded, `constraint` for `-c`.

    `target` is the key of the included document in the manifest, None where it was not read.
    """

    path: str
    constraint: bool
    span: Span
    target: str | None = None


class LogicalLine(NamedTuple):
    """Physical lines that the installer reads as one.

    `number` to `last` are its physical lines; `span` is the whole block without the last
    terminator. `text` is what pip reads: continuations joined, comment off, variables expanded;
    `written` the same with variables as the user wrote them. `body` covers `written` in the
    document (continuations included), `comment` the comment with its `#`. `group` is "" in a
    requirements file, else e.g. `project.dependencies`.
    """

    kind: LineKind
    number: int
    last: int
    span: Span
    text: str = ""
    written: str = ""
    body: Span = Span(0, 0)
    comment: Span | None = None
    parts: Parts | None = None
    options: tuple[Option, ...] = ()
    include: Include | None = None
    group: str = ""


class Document(NamedTuple):
    """One file's bytes and what they say.

    `path` is the key in `Manifest.files`. `text` is decoded without the byte order mark `bom`.
    `constraint`: read as a constraints file by every include. `editable`: encoding `text` gives the
    same bytes, so that spans can be replaced; `reason` says why not.
    """

    path: str
    data: bytes
    text: str
    encoding: str = "utf-8"
    bom: bytes = b""
    physical: tuple[PhysicalLine, ...] = ()
    lines: tuple[LogicalLine, ...] = ()
    problems: tuple[Problem, ...] = ()
    constraint: bool = False
    editable: bool = True
    starts: tuple[int, ...] = ()

    def place(self, offset: int) -> tuple[int, int]:
        """Return line and column of a character of `text`, both counted from 1."""
        line = bisect_right(self.starts, offset)
        return (line, offset - self.starts[line - 1] + 1) if line else (1, offset + 1)

    def slice(self, span: Span) -> str:
        """Return the text that a span covers."""
        return self.text[span.start : span.end]

    def splice(self, changes: Iterable[tuple[Span, str]]) -> bytes:
        """Return the bytes with spans replaced, all others untouched.

        Changes must not overlap; several at one place are made in the order given. Raises
        InputError where that cannot be done without loss.
        """
        ordered = sorted(changes, key=lambda change: change[0])
        if not ordered:
            return self.data
        if not self.editable:
            raise InputError(
                f"the file cannot be edited without loss in its encoding ({self.encoding})",
                place=self.path,
                hint="save the file as UTF-8",
            )
        pieces: list[str] = []
        at = 0
        for span, replacement in ordered:
            if span.start < at:
                place = f"{self.path}:{self.place(span.start)[0]}"
                raise InputError("two edits overlap", place=place)
            pieces += self.text[at : span.start], replacement
            at = span.end
        text = "".join([*pieces, self.text[at:]])
        try:
            return self.bom + text.encode(self.encoding)
        except UnicodeEncodeError as error:
            message = f"the edit cannot be written in {self.encoding}"
            raise InputError(message, place=self.path, hint="save the file as UTF-8") from error


class Manifest(Protocol):
    """A parsed input file, able to render itself byte for byte."""

    @property
    def path(self) -> Path:
        """The root file, as the user named it."""

    @property
    def named(self) -> Sequence[str]:
        """The keys of the files that the user named: one as a rule.

        Where there are several, the root file only joins them: it is rendered for builders, is
        never changed, and is none of the user's files.
        """

    @property
    def requirements(self) -> Sequence[Requirement]:
        """Every requirement of the root file and its includes, `number` being the index.

        In the order of the installer. A requirement is a physical place: a file that is included
        twice gives its requirements once.
        """

    @property
    def files(self) -> Mapping[str, bytes]:
        """The original bytes of the root file and all that it includes.

        Keys are paths relative to the root file's folder, with `/`; the root comes first. A file
        outside that folder has a key that starts with `../`.
        """

    @property
    def documents(self) -> Sequence[Document]:
        """The line model of each of `files`, in the same order."""

    @property
    def problems(self) -> Sequence[Problem]:
        """What all documents report, in the order of files and lines."""

    @property
    def is_judged(self) -> bool:
        """Say whether there is a list of requirements to judge, be it empty."""

    @property
    def places(self) -> Sequence[tuple[Document, LogicalLine]]:
        """The document and line of every requirement, in the order of `requirements`."""

    def line_of(self, requirement: Requirement) -> LogicalLine:
        """Return the logical line that a requirement stands on."""

    def render(self, edits: Iterable[Edit] = ()) -> Mapping[str, bytes]:
        """Return `files` with the edits made: same keys, plus files that an ADD edit needs.

        The comment of an edit is left out where it cannot stand. Raises InputError for an edit that
        cannot be made without loss.
        """

    def describe(self, edits: Iterable[Edit]) -> Sequence[FixEdit]:
        """Return the edits as the report shows them: file, line, before and after."""


def users_files(manifest: Manifest) -> dict[str, bytes]:
    """Return `manifest.files` without a root file that only joins several that were named."""
    files = dict(manifest.files)
    root = next(iter(files))
    if root not in manifest.named:
        del files[root]
    return files


def render_with_comments(
    render: Callable[[tuple[Edit, ...]], Mapping[str, bytes]], edits: Iterable[Edit]
) -> Mapping[str, bytes]:
    """Return what `render` makes of edits, without their comments where those cannot stand."""
    edits = tuple(edits)
    try:
        return render(edits)
    except InputError:
        if not any(edit.comment for edit in edits):
            raise
        import dataclasses  # takes its time, and the linter makes no comments

        return render(tuple(dataclasses.replace(edit, comment="") for edit in edits))


def target_of(manifest: Manifest, edit: Edit) -> Requirement:
    """Return the requirement that an edit changes. Raises InputError where there is none."""
    if edit.number is None or not 0 <= edit.number < len(manifest.requirements):
        raise InputError(f"no requirement has the number {edit.number}", place=str(manifest.path))
    return manifest.requirements[edit.number]


def normalised(name: str) -> str:
    """Return a project's name as indexes compare it. Source: PEP 503, whose line this is.

    packaging's canonicalize_name does the same, in a module that knows wheels and systems: an
    eighth of the linter's start.
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def applies(requirement: Requirement, markers: Mapping[str, str]) -> bool:
    """Say whether the requirement's marker holds in this environment (PEP 508 names to values)."""
    if not requirement.marker:
        return True
    from packaging.markers import InvalidMarker, Marker  # the linter's start is quicker without

    try:
        return Marker(requirement.marker).evaluate({"extra": "", **markers})
    except InvalidMarker:
        return True


def unpinned(
    requirements: Iterable[Requirement],
    environment: Mapping[str, str],
    markers: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the text of each line that pins nothing, with its version in an environment.

    In the order of the file. Left out are lines whose project a pin of another line or of a
    constraints file holds, those with a URL or a path, and those whose markers do not hold in
    `markers` (None: all hold). `environment` maps names to versions.
    """
    installed: dict[str, str] = {normalised(n): v for n, v in environment.items()}
    selected = [own for own in requirements if markers is None or applies(own, markers)]
    pinned = {own.name for own in selected if own.pin is not None}
    return {
        own.text: installed[own.name]
        for own in selected
        if not own.constraint and not own.url and own.name in installed.keys() - pinned
    }
