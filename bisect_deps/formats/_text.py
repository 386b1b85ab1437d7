"""Bytes to text, text to physical and logical lines, with the way back to every character.

Follows pip's reading of requirements files step by step (its `req_file` module: decode, split,
join, strip comments, expand variables), since an editor that splits a file otherwise than the
installer edits the wrong line.
"""

from __future__ import annotations

import codecs
import locale
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bisect_deps.errors import InputError
from bisect_deps.formats.base import Document, PhysicalLine, Problem, ProblemKind, Span
from bisect_deps.system.files import hint_for_missing, read_regular

# As pip's, but that a run of blanks is looked at from its start only: else its square is the time.
COMMENT = re.compile(r"(^|(?<!\s)\s+)#.*$")
VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
COOKIE = re.compile(rb"coding[:=]\s*([-\w.]+)")
# The separators that pip splits at and that editors, diffs and uv do not show as line ends.
HIDDEN = {
    "\v": "vertical tab",
    "\f": "form feed",
    "\x1c": "file separator",
    "\x1d": "group separator",
    "\x1e": "record separator",
    "\x85": "next line (U+0085)",
    "\u2028": "line separator (U+2028)",
    "\u2029": "paragraph separator (U+2029)",
}
# The order matters: the UTF-16 mark is a prefix of the UTF-32 one.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def read_input(path: Path, read: Callable[[str], bytes] | None = None) -> bytes:
    """Return the bytes of the user's file. Raises InputError where it is not a text file.

    `read` gives them by the absolute path, by default from the disk.
    """
    try:
        data = read_regular(path, pipe=True) if read is None else read(os.path.abspath(path))
    except FileNotFoundError as error:
        hint = hint_for_missing(path, "give the path of a requirements.txt or pyproject.toml")
        raise InputError("no such file", place=str(path), hint=hint) from error
    except IsADirectoryError as error:
        hint = f"give a file, for example {path / 'requirements.txt'}"
        raise InputError("this is a folder", place=str(path), hint=hint) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"cannot be read: {reason}", place=str(path)) from error
    if _is_binary(data):
        raise InputError("this is a binary file", place=str(path), hint="give a text file")
    return data


def _is_binary(data: bytes) -> bool:
    has_mark = data.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff"))
    return b"\0" in data and not has_mark


def cookie(data: bytes) -> str | None:
    """Return the encoding that a PEP 263 comment on one of the first two lines names."""
    for line in data.split(b"\n", 2)[:2]:
        if line[:1] == b"#" and (found := COOKIE.search(line)):
            return found[1].decode("ascii")
    return None


def decode_utf8(data: bytes, path: str) -> Document:
    """Return a document of a format that is UTF-8 by definition, its lines as editors count."""
    bom = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    document = _decoded(data, path, bom, "utf-8", "its format says so")
    return document._replace(**_plain(document.text))


def decode_python(data: bytes, path: str) -> Document:
    """Return a document of Python source, its lines as editors count.

    A coding line is Python's own way to say the encoding, and nothing is wrong with it.
    """
    document = decode(data, path)
    if cookie(data) is not None and not document.bom:
        problems = tuple(problem for problem in document.problems if problem.fatal)
        document = document._replace(problems=problems)
    return document._replace(**_plain(document.text))


def _plain(text: str) -> dict[str, Any]:
    lines: list[PhysicalLine] = []
    at = 0
    for content, terminator in re.findall(r"([^\r\n]*)(\r\n|\n|\r|$)", text):
        if content or terminator:
            lines.append(PhysicalLine(len(lines) + 1, Span(at, at + len(content)), terminator))
        at += len(content) + len(terminator)
    return {"physical": tuple(lines), "starts": tuple(line.span.start for line in lines)}


def decode(data: bytes, path: str) -> Document:
    """Return a document with its text and physical lines; undecodable: a fatal problem."""
    for bom, encoding in _MARKS:
        if data.startswith(bom):
            bom, encoding = _with_second_mark(data, bom, encoding)  # noqa: PLW2901
            return _decoded(data, path, bom, encoding, "a byte order mark says so")
    named = cookie(data)
    if named is not None:
        return _decoded(data, path, b"", named, "its coding line says so")
    try:
        return _document(data, path, data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        return _decoded(data, path, b"", _locale_encoding(), "it is not UTF-8")


def _with_second_mark(data: bytes, bom: bytes, encoding: str) -> tuple[bytes, str]:
    # After the mark of the machine's own byte order (as good as always little-endian) pip decodes
    # by a codec that takes another mark.
    if encoding.endswith("-le"):
        for second, other in _MARKS:
            if other[:6] == encoding[:6] and data.startswith(bom + second):
                return bom + second, other
    return bom, encoding


def _locale_encoding() -> str:
    if sys.version_info >= (3, 11):
        return locale.getencoding()
    return locale.getpreferredencoding(False)


def _decoded(data: bytes, path: str, bom: bytes, encoding: str, because: str) -> Document:
    hint = "save the file as UTF-8"
    try:
        text = data[len(bom) :].decode(encoding)
    except (UnicodeError, LookupError) as error:
        unknown = isinstance(error, LookupError)
        reason = f"no such encoding: {encoding}" if unknown else f"not valid {encoding}"
        problem = Problem(
            ProblemKind.ENCODING, path, 1, f"the file cannot be decoded: {reason}", hint, fatal=True
        )
        return Document(path, data, "", encoding, bom, problems=(problem,), editable=False)
    # The signature of utf-8-sig would be written a second time.
    writable = "utf-8" if _is_utf8(encoding) else encoding
    problems: tuple[Problem, ...] = ()
    if not _is_utf8(encoding) and not data.isascii():
        message = f"the file is read as {encoding} ({because}); uv and editors expect UTF-8"
        problems = (Problem(ProblemKind.ENCODING, path, 1, message, hint),)
    return _document(data, path, text, writable, bom)._replace(problems=problems)


def _is_utf8(encoding: str) -> bool:
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig", "ascii")


def _document(
    data: bytes,
    path: str,
    text: str,
    encoding: str,
    bom: bytes = b"",
) -> Document:
    physical = tuple(physical_lines(text))
    return Document(
        path,
        data,
        text,
        encoding,
        bom,
        physical,
        editable=_is_reversible(data[len(bom) :], text, encoding),
        starts=tuple(line.span.start for line in physical),
    )


def _is_reversible(data: bytes, text: str, encoding: str) -> bool:
    try:
        return text.encode(encoding) == data
    except (UnicodeError, LookupError):
        return False


def physical_lines(text: str) -> Iterator[PhysicalLine]:
    """Split text exactly as pip does, each line with its own terminator."""
    at = 0
    for number, whole in enumerate(text.splitlines(keepends=True), start=1):
        content = whole.splitlines()[0] if whole else ""
        end = at + len(content)
        yield PhysicalLine(number, Span(at, end), whole[len(content) :])
        at += len(whole)


class Mapped(NamedTuple):
    """A text whose every character knows where it comes from in the document."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def slice(self, start: int, end: int) -> Mapped:
        """Return the part from `start` to `end`."""
        return Mapped(self.text[start:end], self.starts[start:end], self.ends[start:end])

    def span(self, start: int, end: int) -> Span:
        """Return where the characters from `start` to `end` stand in the document."""
        if start < end:
            return Span(self.starts[start], self.ends[end - 1])
        at = self.offset(start)
        return Span(at, at)

    def offset(self, index: int) -> int:
        """Return the document's offset just before a character, or after the last one."""
        if index > 0 and index >= len(self.starts):
            return self.ends[-1] if len(self.ends) else 0
        return self.starts[index] if len(self.starts) else 0

    def stripped(self) -> Mapped:
        """Return it without white space at both ends."""
        if (text := self.text.strip()) == self.text:
            return self
        left = len(self.text) - len(self.text.lstrip())
        return self.slice(left, left + len(text))


def mapped(text: str, start: int) -> Mapped:
    """Return a text that stands unbroken in the document at `start`."""
    return Mapped(text, range(start, start + len(text)), range(start + 1, start + 1 + len(text)))


class Block(NamedTuple):
    """Physical lines that pip joins: the code of the whole, and its comment."""

    first: PhysicalLine
    last: PhysicalLine
    code: Mapped
    comment: Span | None
    swallowed: tuple[PhysicalLine, ...] = ()


def blocks(document: Document) -> Iterator[Block]:
    """Join physical lines as pip does, and take comments off."""
    open_lines: list[PhysicalLine] = []
    for line in document.physical:
        content = document.slice(line.span)
        if content.endswith("\\") and not COMMENT.match(content):
            open_lines.append(line)
        elif not open_lines and "#" not in content:
            yield Block(line, line, mapped(content, line.span.start).stripped(), None)
        else:
            yield _block(document, [*open_lines, line])
            open_lines = []
    if open_lines:
        yield _block(document, open_lines)


def _block(document: Document, lines: list[PhysicalLine]) -> Block:
    joined = _joined(document, lines)
    found = COMMENT.search(joined.text)
    if found is None:
        return Block(lines[0], lines[-1], joined.stripped(), None)
    hash_sign = joined.text.index("#", found.start())
    comment = Span(joined.offset(hash_sign), lines[-1].span.end)
    swallowed = tuple(line for line in lines if line.span.start > comment.start)
    code = joined.slice(0, found.start()).stripped()
    if not code.text:
        code = mapped("", comment.start)
    return Block(lines[0], lines[-1], code, comment, swallowed)


def _joined(document: Document, lines: list[PhysicalLine]) -> Mapped:
    if len(lines) == 1 and not document.slice(lines[0].span).endswith("\\"):
        return mapped(document.slice(lines[0].span), lines[0].span.start)
    text: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for line in lines:
        content, at = document.slice(line.span), line.span.start
        if COMMENT.match(content):
            # Pip puts a space before a comment that ends a join, so that it stays a comment.
            text.append(" ")
            starts.append(at)
            ends.append(at)
        elif content.endswith("\\"):
            # Pip strips backslashes from both ends of a continued line.
            at += len(content) - len(content.lstrip("\\"))
            content = content.strip("\\")
        text.append(content)
        starts.extend(range(at, at + len(content)))
        ends.extend(range(at + 1, at + 1 + len(content)))
    return Mapped("".join(text), starts, ends)


def expand(code: Mapped, lookup: Mapping[str, str]) -> tuple[Mapped, tuple[str, ...]]:
    """Replace `${NAME}` where it is set and not empty; return also the names that are not."""
    if "${" not in code.text:
        return code, ()
    unset: list[str] = []
    for name in VARIABLE.findall(code.text):
        if value := lookup.get(name):
            code = _replaced(code, "${" + name + "}", value)
        elif name not in unset:
            unset.append(name)
    return code, tuple(unset)


def _replaced(code: Mapped, variable: str, value: str) -> Mapped:
    text: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    find: Callable[[str, int], int] = code.text.find
    while (found := find(variable, at)) >= 0:
        after = found + len(variable)
        text += code.text[at:found], value
        starts += code.starts[at:found]
        ends += code.ends[at:found]
        starts += [code.starts[found]] * len(value)
        ends += [code.ends[after - 1]] * len(value)
        at = after
    text.append(code.text[at:])
    starts += code.starts[at:]
    ends += code.ends[at:]
    return Mapped("".join(text), starts, ends)
