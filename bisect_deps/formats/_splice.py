"""Edits of a requirements document as changes of spans: comment out, re-pin, replace, append.

Each function returns what to replace by what; `Document.splice` does it. None checks the result:
the manifest reads the edited file again and compares.
"""

from __future__ import annotations

from collections import Counter

from bisect_deps.errors import InputError
from bisect_deps.formats._text import COMMENT, COOKIE
from bisect_deps.formats.base import Document, LogicalLine, Option, Span
from bisect_deps.text import escaped, printable

Change = tuple[Span, str]

TAG = "# depbisect: "
CONSTRAINTS_FILE = "depbisect-constraints.txt"
# Joins several files that were named, for installers; never written where the user would see it.
JOINING_FILE = "depbisect-all-files.txt"


def comment_out(document: Document, line: LogicalLine) -> list[Change]:
    """Put a tagged comment sign before every physical line of a logical line."""
    changes = []
    for physical in document.physical[line.number - 1 : line.last]:
        start = physical.span.start
        tag = " " + TAG if _would_be_cookie(document, start) else TAG
        changes.append((Span(start, start), tag))
    return changes


def _would_be_cookie(document: Document, start: int) -> bool:
    """Say whether a comment here would be a PEP 263 coding line to pip.

    Pip looks at what stands before the first two newlines, whatever else ends a line, and only
    where the # is the very first character.
    """
    text = document.text
    second = text.find("\n", text.find("\n") + 1)
    if (start > second >= 0) or (start and text[start - 1] != "\n"):
        return False
    line = text[start:].partition("\n")[0]
    return COOKIE.search(line.encode("utf-8", "replace")) is not None


def repin(document: Document, line: LogicalLine, to: str, hashes: tuple[str, ...]) -> list[Change]:
    """Replace the specifier, and the hashes that belong to the version before."""
    parts = line.parts
    place = f"{document.path}:{line.number}"
    if parts is None or parts.editable or parts.url:
        raise InputError(
            f"{escaped(line.written)} names a URL or a path: it has no version to change",
            place=place,
            hint="give the project by name",
        )
    if parts.specifier_span is not None:
        changes = [(parts.specifier_span, to)]
    elif parts.insertion is not None:
        changes = [(Span(parts.insertion, parts.insertion), to)]
    else:
        raise InputError(f"{escaped(line.written)} has no place for a version", place=place)
    return changes + _rehash(document, line, hashes)


def replace(
    document: Document, line: LogicalLine, to: str, hashes: tuple[str, ...], quote: str = ""
) -> list[Change]:
    """Put another requirement in place of the whole one, with its own hashes.

    `quote` is the sign that the requirement stands in, "" for none.
    """
    if line.parts is None or line.parts.span is None:
        place = f"{document.path}:{line.number}"
        raise InputError(f"{escaped(line.written)} is no requirement to replace", place=place)
    return [(line.parts.span, quotable(to, quote)), *_rehash(document, line, hashes)]


def quotable(text: str, quote: str) -> str:
    """Return a requirement as it can stand between two such quotes: its markers use the other."""
    other = "'" if quote == '"' else '"'
    return text.replace(quote, other) if quote and other not in text else text


def remark(document: Document, comment: str) -> str:
    """Return a reason as a comment that any line end can take, in the document's encoding."""
    from bisect_deps.secret import redact  # the linter writes no reasons

    text = printable(" ".join(comment.split()), lambda _: "?", keep="")
    known = redact(text).encode(document.encoding, "replace").decode(document.encoding)
    return f"{TAG}{known}".rstrip("\\ ")


def remark_at(document: Document, number: int, comment: str) -> Change:
    """Put a reason at the end of a physical line."""
    line = document.physical[number - 1]
    gap = " " if "#" in document.slice(line.span) else "  "
    return Span(line.span.end, line.span.end), gap + remark(document, comment)


def _rehash(document: Document, line: LogicalLine, hashes: tuple[str, ...]) -> list[Change]:
    old = [option for option in line.options if option.name == "--hash"]
    if not old:
        if not hashes:
            return []
        return [(Span(line.body.end, line.body.end), continued(document, hashes))]
    gaps = [_gap(document, line, option) for option in old]
    texts = [document.slice(gap) for gap in gaps]
    changes = []
    for number, (option, gap) in enumerate(zip(old, gaps, strict=True)):
        new = hashes[number : number + 1]
        if number == len(old) - 1:
            new = hashes[number:]
        repeated = texts[min(number + 1, len(texts) - 1)]
        written = "".join(
            f"{texts[number] if place == 0 else repeated}--hash={digest}"
            for place, digest in enumerate(new)
        )
        changes.append((Span(gap.start, option.span.end), written))
    return changes


def continued(document: Document, hashes: tuple[str, ...]) -> str:
    """Return hashes as they follow a requirement, each on a line of its own."""
    return "".join(f" \\{newline_of(document)}    --hash={digest}" for digest in hashes)


def _gap(document: Document, line: LogicalLine, option: Option) -> Span:
    """Return the white space and continuations between an option and what stands before it."""
    start = option.span.start
    while start > line.body.start and document.text[start - 1] in " \t\r\n\\":
        start -= 1
    return Span(start, option.span.start)


def append(document: Document, lines: list[str]) -> list[Change]:
    """Add lines at the end, in the file's own style of line ends."""
    if not lines:
        return []
    newline = newline_of(document)
    before = ""
    if document.physical:
        last = document.physical[-1]
        content = document.slice(last.span)
        if not last.terminator:
            before = newline
        if content.endswith("\\") and not COMMENT.match(content):
            # A backslash at the end of the file would join the new line to the last one.
            before += newline
    end = len(document.text)
    return [(Span(end, end), before + "".join(line + newline for line in lines))]


def newline_of(document: Document) -> str:
    """Return the line end that the file uses most, a plain newline where it has none."""
    counts = Counter(
        line.terminator for line in document.physical if line.terminator in ("\n", "\r\n", "\r")
    )
    return counts.most_common(1)[0][0] if counts else "\n"
