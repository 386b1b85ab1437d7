"""Foreign words in Markdown: as they are, as code, and as a block; none of them becomes markup."""

from __future__ import annotations

import re

from bisect_deps.text import shown

# What means something wherever it stands; and what does only between other characters: an underline
# inside of a word, a colon before a space, a sign that begins no line are read as they are.
_MARKS = re.compile(
    r"[\\`*{}\[\]<#!|~@&$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|:(?=\S)|(?<=\bwww)\.|^\s*[>+=-]"
)
_CODE = re.compile(r"`([^`]+)`")


def plain(text: str) -> str:
    """Return one line of text that shows as it is: no markup, mentions or references.

    What stands between two backticks is code, as in a terminal's text.
    """
    parts = _CODE.split(shown(text))
    return "".join(code(part) if at % 2 else _escaped(part) for at, part in enumerate(parts))


def _escaped(text: str) -> str:
    return _MARKS.sub(lambda match: f"{match[0][:-1]}&#{ord(match[0][-1])};", text)


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
