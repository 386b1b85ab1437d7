"""The most downloaded projects, to tell a typing slip in a name from a name of its own.

`well_known.txt` holds the normalised names of the 1,500 most downloaded, which slips are looked for
among, and `known.txt` the others: a name that stands there is no slip, and few names need it read.
Source: the download counts of the package index, November 2026.
"""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path

# Shorter names are too close to each other for one letter to tell anything.
_SHORTEST = 5
# In names of several parts, so is the part that the slip is in: google-cloud-iam and -iap. Letters
# that are swapped tell enough.
_SHORTEST_PART = 4


@lru_cache(maxsize=1024)
def slip_of(name: str) -> str | None:
    """Return the well-known project that a normalised name misses by one slip of the keyboard.

    One letter left out, doubled, replaced, or two swapped. None for names that are known
    themselves, and where several projects are as near.
    """
    if len(name) < _SHORTEST or name in _meant():
        return None
    # A slip leaves the first two letters alone, or the last two.
    near = {
        meant
        for end in (name[:2], name[-2:])
        for length in range(len(name) - 1, len(name) + 2)
        for meant in _by_end().get((end, length), ())
    }
    found = [meant for meant in near if _is_one_slip(name, meant)]
    return found[0] if len(found) == 1 and f"\n{name}\n" not in _others() else None


@cache
def _meant() -> frozenset[str]:
    return frozenset(_read("well_known.txt").split())


@cache
def _others() -> str:
    """Return the other names, each between two line ends: a set of them takes longer to make."""
    return _read("known.txt")


def _read(file: str) -> str:
    return "\n" + Path(__file__).with_name(file).read_text(encoding="utf-8")


@cache
def _by_end() -> dict[tuple[str, int], list[str]]:
    """Return the names meant by their first and their last two letters, with their length."""
    found: dict[tuple[str, int], list[str]] = {}
    for name in _meant():
        if len(name) >= _SHORTEST:
            for end in {name[:2], name[-2:]}:
                found.setdefault((end, len(name)), []).append(name)
    return found


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
    if "-" in name and not is_swapped and len(_part_at(name, start)) < _SHORTEST_PART:
        return False
    return (max(len(typed), len(right)) <= 1 or is_swapped) and (typed + right).isalpha()


def _part_at(name: str, at: int) -> str:
    """Return the part of a name, between hyphens, that a place is in."""
    return name[name.rfind("-", 0, at) + 1 :].partition("-")[0]
