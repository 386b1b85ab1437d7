"""The most downloaded projects, to tell a typing slip in a name from a name of its own.

`well_known.txt` holds their normalised names, most downloaded first. Source: the download counts of
the package index, November 2026.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

# Slips are looked for among so many; a name further down the list is only never called one.
_MEANT = 1500
# Shorter names are too close to each other for one letter to tell anything.
_SHORTEST = 5


def slip_of(name: str) -> str | None:
    """Return the well-known project that a normalised name misses by one slip of the keyboard.

    One letter left out, doubled, replaced, or two swapped. None for names that are known
    themselves, and where several projects are as near.
    """
    if len(name) < _SHORTEST or name in _known():
        return None
    near = {meant for key in _shortened(name) for meant in _by_shortened().get(key, ())}
    found = [meant for meant in near if _is_one_slip(name, meant)]
    return found[0] if len(found) == 1 else None


@cache
def _names() -> tuple[str, ...]:
    text = Path(__file__).with_name("well_known.txt").read_text(encoding="ascii")
    return tuple(text.split())


@cache
def _known() -> frozenset[str]:
    return frozenset(_names())


@cache
def _by_shortened() -> dict[str, list[str]]:
    """Return the names meant by what is left of each without one of its letters."""
    found: dict[str, list[str]] = {}
    for name in _names()[:_MEANT]:
        if len(name) >= _SHORTEST:
            for key in _shortened(name):
                found.setdefault(key, []).append(name)
    return found


def _shortened(name: str) -> Iterator[str]:
    yield name
    for at in range(len(name)):
        yield name[:at] + name[at + 1 :]


def _is_one_slip(name: str, meant: str) -> bool:
    """Say whether one slip makes one name of the other; digits and hyphens are no slips."""
    start = 0
    while start < min(len(name), len(meant)) and name[start] == meant[start]:
        start += 1
    end = 0
    while end < min(len(name), len(meant)) - start and name[-1 - end] == meant[-1 - end]:
        end += 1
    typed, right = name[start : len(name) - end], meant[start : len(meant) - end]
    is_swapped = len(typed) == len(right) == 2 and typed == right[::-1]
    return (max(len(typed), len(right)) <= 1 or is_swapped) and (typed + right).isalpha()
