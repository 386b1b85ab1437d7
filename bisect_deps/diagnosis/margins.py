"""What a page, a quotation or an outer program puts before every line alike: blanks, numbers, quote marks.

Learned once from the first lines of a log: blanks by the lines that a tool writes at its own left edge,
so that what the tool itself indents stays indented. Knows no cause.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bisect_deps.diagnosis.log_prefixes import strip_prefixes

SAMPLE = 400
_FEWEST = 3
_MOST = 40

# What pip, uv, poetry and Python write at the left edge of their own output.
_AT_EDGE = re.compile(
    r"(?:Collecting |Processing \S|Obtaining \S|Downloading/unpacking |Requirement already satisfied|Looking in indexes"
    r"|Installing collected packages|Successfully installed |Building wheels for collected|Resolved \d|Using Python \d"
    r"|Cleaning up\.\.\.|ERROR: |WARNING: |INFO: pip is|error: |Command \"|Traceback \(most recent|Failed to build "
    r"|Resolving dependencies|Package operations|Updating dependencies|Creating virtualenv |Installing dependencies from)"
)
_HEADLINE = re.compile(r"× ")
_HEADLINES_OWN = 2  # uv and pip indent their headlines by this
_NUMBER = re.compile(r" {0,8}(\d{1,6})(?:[:|] ?|\t|$| )")
_QUOTE = re.compile(r"(?:> ?|\| (?=\S| )|[|>]$)")


@dataclass(frozen=True, slots=True)
class Margin:
    """What to take off: `outer` blanks, then what `pattern` matches, then up to `inner` blanks.

    `doubled` says that a blank line was put after every line.
    """

    outer: int = 0
    pattern: re.Pattern[str] | None = None
    inner: int = 0
    doubled: bool = False

    def __bool__(self) -> bool:
        return bool(self.outer or self.pattern or self.inner or self.doubled)

    def outside(self, text: str) -> str:
        """Return a line as it comes without what stands before a CI system's own prefix."""
        text = _without_blanks(text, self.outer)
        if self.pattern is not None and (match := self.pattern.match(text)):
            text = text[match.end() :]
        return text

    def inside(self, text: str) -> str:
        """Return a line without prefix at the edge that its tool wrote it at."""
        return _without_blanks(text, self.inner)


def learn(lines: Sequence[str]) -> Margin:
    """Return the margin of a log whose first lines are these, as a terminal shows them."""
    texts = [line.expandtabs() for line in lines if line.strip()][:SAMPLE]
    if len(texts) < _FEWEST:
        return Margin()
    outer = min(_indent(text) for text in texts)
    if not _is_before_prefix(texts, outer):
        outer = 0
    pattern = _mark(texts)
    found = Margin(outer, pattern)
    inner = _edge([strip_prefixes(found.outside(text))[0] for text in texts])
    return Margin(outer, pattern, inner, _is_doubled(lines))


def _is_doubled(lines: Sequence[str]) -> bool:
    """Say whether nearly every line is followed by a blank one, as a page's paragraphs are."""
    written = [at for at, line in enumerate(lines[:-1]) if line.strip()]
    followed = sum(not lines[at + 1].strip() for at in written)
    return len(written) > _FEWEST and followed > 0.9 * len(written)


def _is_before_prefix(texts: Sequence[str], indent: int) -> bool:
    """Say whether what comes after the blanks is a CI system's prefix on nearly every line."""
    if not indent:
        return False
    return sum(strip_prefixes(text[indent:])[0] != text[indent:] for text in texts) > 0.8 * len(
        texts
    )


def _mark(texts: Sequence[str]) -> re.Pattern[str] | None:
    """Return the pattern of line numbers or of quote marks, where all lines have them."""
    numbers = [int(match[1]) for text in texts if (match := _NUMBER.match(text))]
    follows = sum(after - before == 1 for before, after in pairwise(numbers))
    if len(numbers) > 0.9 * len(texts) and follows > 0.9 * (len(numbers) - 1) > 1:
        return _NUMBER
    return _QUOTE if all(_QUOTE.match(text) for text in texts) else None


def _edge(texts: Sequence[str]) -> int:
    """Return the blanks before what a tool writes at its left edge, 0 where nothing is known."""
    found = []
    for text in texts:
        bare = text.lstrip()
        if _HEADLINE.match(bare):
            found.append(max(_indent(text) - _HEADLINES_OWN, 0))
        elif _AT_EDGE.match(bare):
            found.append(_indent(text))
    if found:
        return min(*found, _MOST)
    if len(texts) <= _FEWEST:
        return 0
    return min((_indent(text) for text in texts if text.strip()), default=0)


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip(" "))


def _without_blanks(text: str, most: int) -> str:
    if not most:
        return text
    text = text.expandtabs() if "\t" in text[:most] else text
    return text[min(_indent(text), most) :]
