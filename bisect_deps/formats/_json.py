"""Where the strings of a JSON text stand: a walk over its tokens that keeps every place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from bisect_deps.formats._text import Mapped
from bisect_deps.formats.base import Span

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_PIECE = re.compile(r"\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.DOTALL)

Path = tuple[str | int, ...]


def strings(text: str) -> Iterator[tuple[Path, Span, Mapped]]:
    """Yield the string values of a valid text: path, span with quotes, decoded with places."""
    path: list[str | int] = []
    kinds: list[str] = []
    is_key = False
    for found in _TOKEN.finditer(text):
        token = found[0]
        if token in "{[":
            kinds.append(token)
            path.append("" if token == "{" else 0)
            is_key = token == "{"
        elif token in "}]":
            kinds.pop()
            path.pop()
            is_key = False
        elif token == ",":
            if kinds[-1] == "[":
                last = path[-1]
                path[-1] = last + 1 if isinstance(last, int) else 0
            is_key = kinds[-1] == "{"
        elif token == ":":
            is_key = False
        elif token[0] == '"':
            if is_key:
                path[-1] = json.loads(token)
            else:
                yield tuple(path), Span(*found.span()), decoded(token[1:-1], found.start() + 1)


def decoded(inner: str, start: int) -> Mapped:
    """Return what stands between the quotes, escapes decoded, each character with its place."""
    text: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for found in _PIECE.finditer(inner):
        char = found[0] if len(found[0]) == 1 else json.loads(f'"{found[0]}"')
        text.append(char)
        starts.append(start + found.start())
        ends.append(start + found.end())
    return Mapped("".join(text), starts or [start], ends)
