"""One requirements document to logical lines and problems: what pip installs, drops and rejects.

Never raises: what pip rejects becomes a fatal problem, what it silently changes another one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from bisect_deps.formats._declared import Rejected, declared, declared_editable, declared_plainly
from bisect_deps.formats._hints import hint_for, quoted
from bisect_deps.formats._options import OptionsRead, read_options
from bisect_deps.formats._text import COMMENT, HIDDEN, Block, Mapped, blocks, decode, expand
from bisect_deps.formats.base import (
    Document,
    Include,
    LineKind,
    LogicalLine,
    Option,
    Parts,
    Problem,
    ProblemKind,
    Span,
)
from bisect_deps.text import escaped

# What looks like a variable inside of a URL and is none to pip, which knows `${NAME}` only.
_UNEXPANDED = re.compile(
    r"(?<=[/:@])(?:\$[A-Za-z_]\w*|\$\{[A-Z0-9_]*[a-z]\w*\}|%[A-Za-z_]\w*%)(?=[:@/]|$)"
)


@dataclass(slots=True)
class _Reader:
    """One document being read: where its paths start, its variables, what was found so far."""

    document: Document
    folder: Path
    variables: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)

    def report(
        self, kind: ProblemKind, message: str, span: Span, hint: str = "", *, fatal: bool = False
    ) -> None:
        line, _ = self.document.place(span.start)
        self.problems.append(
            Problem(
                kind, self.document.path, line, escaped(message), escaped(hint), span, fatal=fatal
            )
        )


def read_document(data: bytes, path: str, folder: Path, variables: Mapping[str, str]) -> Document:
    """Read a requirements file's bytes; `path` is its name, `folder` pip's working directory."""
    document = decode(data, path)
    reader = _Reader(document, folder, variables, list(document.problems))
    lines = tuple(_line(reader, block) for block in blocks(document))
    _hidden_separators(reader)
    problems = tuple(sorted(reader.problems, key=lambda problem: problem.line))
    return document._replace(lines=lines, problems=problems)


def read_code(
    document: Document, line: LogicalLine, code: Mapped
) -> tuple[LogicalLine, Sequence[Problem]]:
    """Read a line of pip's grammar that stands inside another format; its variables stay."""
    reader = _Reader(document, Path.cwd(), {})
    return _read(reader, line, code), reader.problems


def options_start(text: str) -> int:
    """Return where the options of a line start; 0 where it has nothing else, the end without."""
    # Pip cuts at single spaces only, so that an option after a tab belongs to the requirement.
    at = 0
    for token in text.split(" "):
        if token.startswith("-"):
            return at
        at += len(token) + 1
    return at


def _line(reader: _Reader, block: Block) -> LogicalLine:
    whole = Span(block.first.span.start, block.last.span.end)
    if not block.swallowed and (parts := declared_plainly(block.code)) is not None:
        # Most lines of most files: no option, variable or path to look for.
        return LogicalLine(
            LineKind.REQUIREMENT,
            block.first.number,
            block.last.number,
            whole,
            text=block.code.text,
            written=block.code.text,
            body=parts.span or whole,
            comment=block.comment,
            parts=parts,
        )
    code, unset = expand(block.code, reader.variables)
    line = LogicalLine(
        LineKind.BLANK,
        block.first.number,
        block.last.number,
        whole,
        text=code.text,
        written=block.code.text,
        body=block.code.span(0, len(block.code.text)),
        comment=block.comment,
    )
    _swallowed(reader, block)
    for name in unset:
        message = f"${{{name}}} is not set: pip keeps the text as it is"
        hint = f"set {name} in the environment of the build"
        reader.report(ProblemKind.UNSET_VARIABLE, message, line.body, hint)
    for found in _UNEXPANDED.finditer(code.text):
        message = f"pip does not expand {found[0]}: it stays as it is"
        hint = f"write ${{{found[0].strip('${}%').upper()}}}"
        reader.report(ProblemKind.UNEXPANDED_VARIABLE, message, line.body, hint)
    if not code.text:
        return line
    return _read(reader, line, code)


def _read(reader: _Reader, line: LogicalLine, code: Mapped) -> LogicalLine:
    cut = options_start(code.text)
    read = read_options(code.slice(cut, len(code.text)))
    for error in read.errors:
        message = error.message
        if line.text != line.written:
            # The words may hold what a variable stands for.
            message = "pip rejects an option of this line once its variables are set"
        reader.report(error.kind, message, error.span, error.hint, fatal=True)
    line = line._replace(options=tuple(read.options))
    editables = _named(read, "--editable")
    if cut and editables:
        # Pip then installs the words before -e as editable, and drops what follows it.
        before = code.slice(0, cut - 1)
        own: tuple[str, Span | None] = (before.text, before.span(0, len(before.text)))
        line = _editable(reader, line, own, editables, read)
    elif cut:
        line = _requirement(reader, line, code.slice(0, cut - 1), read)
    elif editables:
        own = editables[0].value or "", editables[0].value_span
        line = _editable(reader, line, own, editables[1:], read)
    elif includes := _named(read, "--requirement") or _named(read, "--constraint"):
        line = _include(reader, line, includes[0], read)
    else:
        line = line._replace(kind=LineKind.OPTIONS)
        _options_line(reader, read)
    return line._replace(kind=LineKind.INVALID) if read.errors else line


def _named(read: OptionsRead, name: str) -> list[Option]:
    return [option for option in read.options if option.name == name]


def _requirement(
    reader: _Reader, line: LogicalLine, code: Mapped, read: OptionsRead
) -> LogicalLine:
    _report_ignored(reader, read, keep=("--hash", "--config-settings"))
    _report_stray(reader, read)
    try:
        parts = declared(code, reader.folder)
    except Rejected as error:
        return _rejected(reader, line, error)
    whole = code.stripped()
    parts = _with_options(parts, read, hashes=True)._replace(span=whole.span(0, len(whole.text)))
    return line._replace(kind=LineKind.REQUIREMENT, parts=parts)


def _editable(
    reader: _Reader,
    line: LogicalLine,
    own: tuple[str, Span | None],
    dropped: list[Option],
    read: OptionsRead,
) -> LogicalLine:
    value, span = own
    for option in dropped:
        message = f"pip drops this -e: {reader.document.slice(option.span)}"
        hint = "give it a line of its own"
        reader.report(ProblemKind.DROPPED_EDITABLE, message, option.span, hint)
    _report_ignored(reader, read, keep=("--editable", "--config-settings"))
    _report_stray(reader, read)
    try:
        parts = declared_editable(value, span, reader.folder)
    except Rejected as error:
        if read.stray and read.stray[0][0].startswith("@"):
            error.hint = 'put the whole requirement in quotes: -e "name @ URL"'
        return _rejected(reader, line, error)
    parts = _with_options(parts, read, hashes=False)._replace(span=_editable_span(span, read))
    return line._replace(kind=LineKind.REQUIREMENT, parts=parts)


def _editable_span(own: Span | None, read: OptionsRead) -> Span:
    """Return what makes the line editable: every `-e`, and the words that pip drops for them."""
    spans = [option.span for option in _named(read, "--editable")]
    spans += [span for _, span in read.stray]
    spans += [own] if own is not None else []
    return Span(min(span.start for span in spans), max(span.end for span in spans))


def _rejected(reader: _Reader, line: LogicalLine, error: Rejected) -> LogicalLine:
    hint = error.hint or hint_for(line.text)
    message = f"{quoted(line.written)}: {error.message}"
    if line.text != line.written:
        # Pip's words may hold what a variable stands for.
        message, hint = f"{quoted(line.written)} is no requirement once its variables are set", ""
    reader.report(error.kind, message, line.body, hint, fatal=True)
    return line._replace(kind=LineKind.INVALID)


def _with_options(parts: Parts, read: OptionsRead, *, hashes: bool) -> Parts:
    found = tuple(option.value or "" for option in _named(read, "--hash")) if hashes else ()
    settings = tuple(option.value or "" for option in _named(read, "--config-settings"))
    return parts._replace(hashes=found, config_settings=settings)


def _report_ignored(reader: _Reader, read: OptionsRead, keep: tuple[str, ...]) -> None:
    for option in read.options:
        if option.name not in keep:
            message = f"pip ignores {option.written} after a requirement"
            hint = "give it a line of its own, or take it out"
            reader.report(ProblemKind.IGNORED_OPTION, message, option.span, hint)


def _report_stray(reader: _Reader, read: OptionsRead) -> None:
    if not read.stray:
        return
    words = [word for word, _ in read.stray]
    span = Span(read.stray[0][1].start, read.stray[-1][1].end)
    values = reader.document.slice(span)
    if words[0].startswith(";") and _named(read, "--editable"):
        message = f"pip drops the marker after -e: {values}"
        hint = 'put the whole requirement in quotes: -e "name @ URL ; marker"'
        reader.report(ProblemKind.DROPPED_MARKER, message, span, hint)
    else:
        message = f"pip drops these words: {values}"
        reader.report(ProblemKind.DROPPED_WORDS, message, span, "give them a line of their own")


def _include(reader: _Reader, line: LogicalLine, option: Option, read: OptionsRead) -> LogicalLine:
    for other in read.options:
        if other is option:
            continue
        text = reader.document.slice(other.span)
        if other.name in ("--requirement", "--constraint"):
            message = f"pip reads only the first include of a line and drops {text}"
            kind = ProblemKind.DROPPED_INCLUDE
        else:
            message, kind = f"pip ignores {text} beside an include", ProblemKind.IGNORED_OPTION
        reader.report(kind, message, other.span, "give it a line of its own")
    _report_stray(reader, read)
    value = option.value or ""
    if value.startswith("=") and not option.written.startswith("--"):
        message = f"{option.written}= names a file whose name starts with an equals sign"
        hint = f"put a space in place of the equals sign: {option.written} FILE"
        reader.report(ProblemKind.EQUALS_IN_INCLUDE, message, option.span, hint)
    include = Include(value, option.name == "--constraint", option.span)
    return line._replace(kind=LineKind.INCLUDE, include=include)


def _options_line(reader: _Reader, read: OptionsRead) -> None:
    _report_stray(reader, read)
    links = _named(read, "--find-links")
    for option in links[1:]:
        message = "pip reads only the first --find-links of a line"
        hint = "give it a line of its own"
        reader.report(ProblemKind.IGNORED_OPTION, message, option.span, hint)
    for option in _named(read, "--config-settings"):
        message = f"pip ignores {option.written} without a requirement"
        reader.report(ProblemKind.IGNORED_OPTION, message, option.span, "take it out")
    for option in _named(read, "--hash"):
        message = "a hash without a requirement is ignored"
        hint = "end the line before with a backslash"
        reader.report(ProblemKind.LONE_HASH, message, option.span, hint)


def _swallowed(reader: _Reader, block: Block) -> None:
    for lost in block.swallowed:
        content = reader.document.slice(lost.span).strip(" \t\\")
        if content and not COMMENT.match(content):
            message = (
                f"pip skips this line: the comment on line {block.first.number} ends in a backslash"
            )
            hint = "take the backslash off the end of the comment"
            reader.report(ProblemKind.SWALLOWED_LINE, message, lost.span, hint)


def _hidden_separators(reader: _Reader) -> None:
    physical = reader.document.physical
    for line, following in pairwise(physical):
        if line.terminator not in HIDDEN:
            continue
        content = reader.document.slice(following.span)
        if content.strip() and not COMMENT.match(content):
            message = (
                f"a hidden {HIDDEN[line.terminator]} before this text: pip reads a line of its own"
            )
            hint = "put a plain line break or a space in its place"
            span = Span(line.span.end, line.end)
            reader.problems.append(
                Problem(
                    ProblemKind.HIDDEN_SEPARATOR,
                    reader.document.path,
                    following.number,
                    message,
                    hint,
                    span,
                )
            )
