"""Shell scripts: the requirements of `pip install …` in them. Read by the linter, never run."""

from __future__ import annotations

from collections.abc import Iterator

from bisect_deps.formats._commands import CommandStyle
from bisect_deps.formats._text import Mapped, decode_utf8, mapped
from bisect_deps.formats.base import Document


def _texts(document: Document) -> Iterator[tuple[str, Mapped]]:
    yield "shell", mapped(document.text, 0)


STYLE = CommandStyle(decode_utf8, _texts)
