"""Dockerfiles: the requirements of `pip install …` in RUN instructions.

Source: the Dockerfile reference: RUN in its shell and its exec form, here-documents, the escape
directive.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from bisect_deps.formats._commands import CommandStyle
from bisect_deps.formats._text import Mapped, decode_utf8, mapped
from bisect_deps.formats._words import runs_its_input
from bisect_deps.formats.base import Document, PhysicalLine

_RUN = re.compile(r"[ \t]*(?:ONBUILD[ \t]+)?RUN[ \t]+(?P<flags>(?:--\w[\w-]*=\S+[ \t]+)*)", re.I)
_HERE = re.compile(r"<<-?\s*(?P<quote>[\"']?)(?P<word>\w+)(?P=quote)")
_ESCAPE = re.compile(r"\A(?:#[^\n]*\n)*?#[ \t]*escape[ \t]*=[ \t]*(?P<sign>\S)", re.I)


def _texts(document: Document) -> Iterator[tuple[str, Mapped]]:
    escape = _ESCAPE.match(document.text)
    sign = escape["sign"] if escape else "\\"
    lines = iter(document.physical)
    for line in lines:
        found = _RUN.match(document.slice(line.span))
        if found is None:
            continue
        start = line.span.start + found.end()
        pieces = [mapped(document.text[start : line.span.end], start)]
        last = line
        while document.slice(last.span).rstrip().endswith(sign):
            following = next(lines, None)
            if following is None:
                break
            content = document.slice(following.span)
            if content.strip() and not content.lstrip().startswith("#"):
                pieces.append(mapped(content, following.span.start))
                last = following
        text = _joined(pieces, sign)
        yield "RUN", _exec_form(text) or text
        for here in _HERE.finditer(text.text):
            body = list(_here(document, lines, here["word"]))
            before = text.text[: here.start()].split()
            yield from body if not before or runs_its_input(before) else ()


def _joined(pieces: list[Mapped], sign: str) -> Mapped:
    """Return the continued lines as one, each sign at an end made a space."""
    text: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for piece in pieces:
        content = piece.text.rstrip()
        if content.endswith(sign):
            content = content[: -len(sign)] + " "
        text.append(content)
        starts += piece.starts[: len(content)]
        ends += piece.ends[: len(content)]
    return Mapped("".join(text), starts, ends)


def _here(
    document: Document, lines: Iterator[PhysicalLine], word: str
) -> Iterator[tuple[str, Mapped]]:
    """Yield the text of a here-document up to the line that ends it."""
    start = end = None
    for line in lines:
        span = line.span
        if document.slice(span).strip() == word:
            break
        start = span.start if start is None else start
        end = span.end
    if start is not None and end is not None:
        yield "RUN", mapped(document.text[start:end], start)


def _exec_form(source: Mapped) -> Mapped | None:
    """Return the words of `["pip", "install", …]` as shell text; of `["sh", "-c", …]` the text."""
    text = source.text.strip()
    if not text.startswith("["):
        return None
    try:
        words = json.loads(text)
    except ValueError:
        return None
    places = [
        (found.start(), found.end()) for found in re.finditer(r'"(?:[^"\\]|\\.)*"', source.text)
    ]
    if len(words) != len(places):
        return None
    if len(words) > 2 and words[1] == "-c":
        return source.slice(places[2][0] + 1, places[2][1] - 1)
    pieces = [source.slice(start, end) for start, end in places]
    spaced: list[Mapped] = []
    for piece in pieces:
        spaced += [piece, Mapped(" ", piece.ends[-1:], piece.ends[-1:])]
    return Mapped(
        "".join(piece.text for piece in spaced),
        [at for piece in spaced for at in piece.starts],
        [at for piece in spaced for at in piece.ends],
    )


STYLE = CommandStyle(decode_utf8, _texts)
