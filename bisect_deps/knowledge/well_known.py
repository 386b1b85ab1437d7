"""The most downloaded projects, to tell a typing slip in a name from a name of its own.

`well_known.txt` holds their normalised names: the 1,500 most downloaded, which slips are looked for
among, then a blank line and the others in the order of the alphabet. Source: the download counts of
the package index, November 2026.
"""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path

# Shorter names are too close to each other for one letter to tell anything.
_SHORTEST = 5


@lru_cache(maxsize=1024)
def slip_of(name: str) -> str | None:
    """Return the well-known project that a normalised name misses by one slip of the keyboard.

    One letter left out, doubled, replaced, or two swapped. None for names that are known
    themselves, and where several projects are as near.
    """
    line = f"\n{name}\n"
    if len(name) < _SHORTEST or line in _parts()[0] or line in _others(name[0]):
        return None
    # A slip leaves the first two letters alone, or the last two.
    near = {
        meant
        for end in (name[:2], name[-2:])
        for length in range(len(name) - 1, len(name) + 2)
        for meant in _by_end().get((end, length), ())
    }
    found = [meant for meant in near if _is_one_slip(name, meant)]
    return found[0] if len(found) == 1 else None


@cache
def _parts() -> tuple[str, str]:
    """Return the names meant and the others, each name between two line ends: no set of them all."""
    text = Path(__file__).with_name("well_known.txt").read_text(encoding="utf-8")
    end = text.index("\n\n") + 1
    return f"\n{text[:end]}", text[end:]


@cache
def _others(letter: str) -> str:
    """Return the others that begin with a letter."""
    text = _parts()[1]
    first, last = text.find(f"\n{letter}"), text.rfind(f"\n{letter}")
    return text[first : text.index("\n", last + 1) + 1] if first >= 0 else ""


@cache
def _by_end() -> dict[tuple[str, int], list[str]]:
    """Return the names meant by their first and their last two letters, with their length."""
    found: dict[tuple[str, int], list[str]] = {}
    for name in _parts()[0].split():
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
    return (max(len(typed), len(right)) <= 1 or is_swapped) and (typed + right).isalpha()
