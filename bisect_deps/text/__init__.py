"""Text for people: made safe to show, counted, listed, shortened. Must not know what it tells of.

Whatever comes from a log, an index or a file passes here before it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bisect_deps.secret import redact
from bisect_deps.text.paths import short_paths

# ECMA-48 control sequences and strings (window titles, links), ended or cut off.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|\x1b[\]PX^_][^\x07\x1b\n]*(?:\x1b\\|\x07)?"
    r"|\x1b[ -/]*[0-~]?"
)


# C0 and C1 controls, the characters that turn the direction of text (CVE-2021-42574), line
# separators and lone surrogates.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


# A user part of variables alone: it names secrets and holds none.
_VARIABLES = re.compile(r"(?<=://)((?:\$\{\w+\}:?){1,2}@)")


# How the lines begin that builders add to a log.
_OWN_LINE = "::depbisect "


def safe(text: str, *, keep_returns: bool = False) -> str:
    """Return text without anything that a terminal would act on; tabs and line feeds stay.

    A carriage return before a line feed goes, or stays where a program is to read the text.
    """
    lines = _SEQUENCE.sub("", text).split("\r\n")
    end = "\r\n" if keep_returns else "\n"
    return end.join(_UNSAFE.sub("\N{REPLACEMENT CHARACTER}", line) for line in lines)


def safe_line(text: str) -> str:
    """Return `safe` text on one line, tabs as spaces."""
    return safe(" ".join(text.splitlines())).expandtabs(4)


def shown(text: str) -> str:
    """Return text as one safe line without credentials; what a report shows passes here.

    The mark of a log's own lines (where a step begins, why it was stopped) is left out, and paths
    of scratch folders are cut to what is in them.
    """
    return short_paths(safe_line(redacted(text.removeprefix(_OWN_LINE))))


def redacted(text: str) -> str:
    """Return text with all that looks like a secret as `***`; `${NAME}` in a URL stays."""
    parts = _VARIABLES.split(text)
    return "".join(part if number % 2 else redact(part) for number, part in enumerate(parts))


def duration(seconds: float) -> str:
    """Return a span of time as people say it: `0.4 s`, `31 s`, `2 min 5 s`, `1 h 4 min`.

    Whole seconds stay whole: `4 s` for 4, `4.0 s` for 4.0.
    """
    if seconds < 9.95 and isinstance(seconds, float):
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, rest = divmod(whole, 3600)
    return f"{hours} h {rest // 60} min" if rest >= 60 else f"{hours} h"


def counted(number: int, noun: str) -> str:
    """Return `1 build`, `2 builds`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(items: Sequence[str], joiner: str = "and") -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {joiner} {items[-1]}"


def some(items: Sequence[str], most: int | None = 4) -> str:
    """Return the first `most` items as a list, and how many more there are; None: all."""
    more = 0 if most is None else len(items) - most
    return listed([*items[:most], f"{more} more"] if more > 0 else items)


def instant(text: str) -> str:
    """Return an ISO 8601 instant as people read it: `2026-11-21 00:00 UTC`."""
    matched = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)[\d:.]*(?:Z|\+00:00)", text)
    return f"{matched[1]} {matched[2]} UTC" if matched else shown(text)


def ended(text: str) -> str:
    """Return a sentence that ends in a full stop."""
    text = text.rstrip()
    return text if text.endswith((".", "!", "?", ":")) or not text else f"{text}."
