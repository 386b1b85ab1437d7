"""Which literals make a line worth reading, and which signatures a line is worth trying on.

The alarms are chosen by hand for speed; a test checks that each lets the examples of all fatal
signatures through, so adding a signature stays one entry.
"""

from __future__ import annotations

import re
from functools import cache

from bisect_deps.diagnosis.announcements import ENDINGS_BAD
from bisect_deps.diagnosis.remembered import remembered
from bisect_deps.diagnosis.repeats import Literal, Meanings
from bisect_deps.diagnosis.signatures import SIGNATURES
from bisect_deps.diagnosis.signatures._literals import kept_literals_of
from bisect_deps.diagnosis.signatures.base import Blame, Signature

# Lower case: the reader folds. Each costs one search over the log's new lines, a third of a
# nanosecond a byte, so there are few, and what always stands near another has none of its own.
ALARMS: tuple[bytes, ...] = (
    b"error", b"fail", b"fatal", b"not ", b"n't ", b"no module", b"conflict", b"invalid",
    b"kill", b"timed out", b"exceeded", b"because", b"traceback", b"exit", b" but ", b"no solution",
    b"double requirement", b"complete output", b"inconsistent", b"terminated", b" versions", b"cancel", b"unable", b"significantly", b"::depbisect",
)  # fmt: skip
# What no signature knows and makes the lines after it worth reading.
BEGINNINGS = ("traceback", "complete output", "lines of output", "exit", "depbisect")
# Announcements of steps: only the line itself matters, and the one after it.
MARKS: tuple[bytes, ...] = (
    b"collecting ", b"processing ", b"obtaining ", b"preparing ", b"getting requirements", b"building wheel", b"   building ", b"   built ",
    b"running setup.py", b"runtime dependencies", b"install", b"resolved ", b" passed in ", b" passed, ",
)  # fmt: skip

# Letters from common to rare in English text and paths: a literal is filed under its rarest trigram.
_COMMON_FIRST = " etaoinsrlcdupm/.-_:hgfbyvwkxETSRACIN"


@cache
def meanings() -> Meanings:
    """Return what tells lines apart in a long log: each signature's literals, and how jobs end badly."""
    literals = [
        Literal(text, number, _names(signature))
        for number, signature in enumerate(SIGNATURES)
        for text in signature.gate
    ]
    endings = (Literal(text, len(SIGNATURES)) for text in kept_literals_of(ENDINGS_BAD.pattern))
    begun = (Literal(text, len(SIGNATURES) + 1) for text in BEGINNINGS)
    return Meanings([*literals, *endings, *begun])


def _names(signature: Signature) -> bool:
    """Say whether the lines of a signature name projects."""
    if signature.blame not in (Blame.FRAME, Blame.NOBODY):
        return True
    return "(?P<name" in signature.pattern


@cache
def _rarity(trigram: tuple[str, ...]) -> int:
    return sum(min(_COMMON_FIRST.find(letter) % 64, 40) for letter in trigram)


@cache
def _filed() -> dict[tuple[str, ...], list[tuple[str, tuple[int, ...]]]]:
    """Return trigram to the literals filed under it, each with the signatures' places."""
    places: dict[str, list[int]] = {}
    for place, signature in enumerate(SIGNATURES):
        for literal in signature.gate:
            places.setdefault(literal, []).append(place)
    filed: dict[tuple[str, ...], list[tuple[str, tuple[int, ...]]]] = {}
    for literal, found in places.items():
        filed.setdefault(max(sorted(_trigrams(literal)), key=_rarity), []).append(
            (literal, tuple(found))
        )
    return filed


@remembered
def matches(text: str) -> tuple[tuple[Signature, re.Match[str]], ...]:
    """Return the signatures that match the line, in the table's order, each with its match."""
    tried = ((signature, signature.regex.search(text)) for signature in candidates(text))
    return tuple((signature, match) for signature, match in tried if match is not None)


def candidates(text: str) -> tuple[Signature, ...]:
    """Return the signatures whose literals are in the line, in the table's order."""
    found: set[int] = set()
    filed = _filed()
    for trigram in filed.keys() & _trigrams(text):
        for literal, places in filed[trigram]:
            if literal in text:
                found.update(places)
    return tuple(SIGNATURES[place] for place in sorted(found))


def _trigrams(text: str) -> set[tuple[str, ...]]:
    return set(zip(text, text[1:], text[2:], strict=False))
