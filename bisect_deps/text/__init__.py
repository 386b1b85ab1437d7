"""Text for people: made safe to show, counted, listed, shortened. Must not know what it tells of.

Whatever comes from a log, an index, a server or a file passes here before it is shown; no other
module takes characters out. `shown` is for reports, `said` for the words of servers and programs,
`of_file` and `escaped` for a user's own file, `cut` for evidence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING

# What knows secrets and paths is imported where there is something to look at: a lint of a clean
# file starts in half the time without.
if TYPE_CHECKING:
    from bisect_deps.secret import Secret

# The patterns are compiled at their first use, for the same reason.
# ECMA-48 control sequences and strings (window titles, links), ended or cut off.
_SEQUENCE = (
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|\x1b[\]PX^_][^\x07\x1b\n]*(?:\x1b\\|\x07)?"
    r"|\x1b[ -/]*[0-~]?"
)


# C0 and C1 controls, the characters that turn the direction of text (CVE-2021-42574), line
# separators and lone surrogates.
_UNSAFE = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"


# A user part of variables alone: it names secrets and holds none.
_VARIABLES = r"(?<=://)((?:\$\{\w+\}:?){1,2}@)"


# How the lines begin that builders add to a log.
_OWN_LINE = "::depbisect "


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


# Words less alike than this are not what somebody meant.
LEAST_ALIKE = 0.6


def alike(word: str, known: Iterable[str]) -> list[str]:
    """Return the one or two words that somebody may have meant, the likeliest first."""
    import difflib

    def likeness(other: str) -> float:
        return difflib.SequenceMatcher(None, word, other).ratio()

    near = sorted(known, key=likeness, reverse=True)[:2]
    best = likeness(near[0]) if near else 0.0
    return [other for other in near if likeness(other) >= max(LEAST_ALIKE, best - 0.1)]


def safe(text: str, *, keep_returns: bool = False) -> str:
    """Return text without anything that a terminal would act on; tabs and line feeds stay.

    A carriage return before a line feed goes, or stays where a program is to read the text.
    """
    lines = _compiled(_SEQUENCE).sub("", text).split("\r\n")
    end = "\r\n" if keep_returns else "\n"
    return end.join(_compiled(_UNSAFE).sub("\N{REPLACEMENT CHARACTER}", line) for line in lines)


def safe_line(text: str) -> str:
    """Return `safe` text on one line, tabs as spaces."""
    return safe(" ".join(text.splitlines())).expandtabs(4)


def said(text: str, secrets: Iterable[Secret] = (), limit: int = 300) -> str:
    """Return what a server or a program said: one safe line, no secret, `limit` characters.

    A secret is taken out as it came and again on the one line, where a line end was in it.
    """
    from bisect_deps.secret import redact

    known = tuple(secrets)
    line = safe(" ".join(redact(text, known).split()))
    return redact(line, known)[:limit]


def cut(text: str, limit: int = 300) -> str:
    """Return one line of at most `limit` characters, without what a terminal would act on."""
    if not text.isprintable():
        text = (
            _compiled(_UNSAFE)
            .sub("", _compiled(_SEQUENCE).sub("", text))
            .replace("\n", " ")
            .replace("\t", " ")
        )
    return text if len(text) <= limit else text[: limit - 1] + "…"


def printable(text: str, spelled: Callable[[str], str] | None = None, keep: str = "\t\n") -> str:
    """Return text without anything invisible, joiners and odd spaces too, but for `keep`.

    Each such character is as `spelled` says, by default the replacement character.
    """
    if text.isprintable():
        return text
    return "".join(
        char
        if char.isprintable() or char in keep
        else (spelled(char) if spelled else "\N{REPLACEMENT CHARACTER}")
        for char in text
    )


def of_file(text: str) -> str:
    """Return text of a user's file: no password of a URL, nothing invisible."""
    if "://" in text:
        from bisect_deps.secret import redact

        text = redact(text)
    return text if text.isprintable() else printable(text)


def escaped(text: str) -> str:
    """Return words that may quote a user's file: no password, what is invisible as its escape."""
    from bisect_deps.secret import redact

    return printable(redact(text), lambda char: char.encode("unicode_escape").decode(), keep="")


def shown(text: str) -> str:
    """Return text as one safe line without credentials; what a report shows passes here.

    The mark of a log's own lines (where a step begins, why it was stopped) is left out, and paths
    of scratch folders are cut to what is in them.
    """
    from bisect_deps.text.paths import short_paths

    return short_paths(safe_line(redacted(text.removeprefix(_OWN_LINE))))


def is_own_line(text: str) -> bool:
    """Say whether a builder wrote the line to mark where a step begins or ends."""
    step, _, edge = text.removeprefix(_OWN_LINE).partition(" ")
    return text.startswith(_OWN_LINE) and bool(step) and edge.startswith(("begin", "end"))


def redacted(text: str) -> str:
    """Return text with all that looks like a secret as `***`; `${NAME}` in a URL stays."""
    from bisect_deps.secret import redact

    parts = _compiled(_VARIABLES).split(text)
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
