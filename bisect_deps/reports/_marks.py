"""Foreign words in Markdown: as they are, as code, and as a block; none of them becomes markup."""

from __future__ import annotations

import re

from bisect_deps.text import shown

_MARKS = re.compile(r"[\\`*_{}\[\]()<>#+!|~@&$:]")


def plain(text: str) -> str:
    """Return one line of text that shows as it is: no markup, mentions or references."""
    return _MARKS.sub(lambda match: f"&#{ord(match[0])};", shown(text))


def code(text: str) -> str:
    """Return text as inline code, whatever backticks it holds."""
    line = shown(text)
    ticks = "`" * (_longest_run(line) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def fenced(text: str, language: str = "text") -> str:
    """Return a block of code whose fence no line of the text can close."""
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
