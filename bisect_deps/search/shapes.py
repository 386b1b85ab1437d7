"""Which sets of items can be built: what needs what, and what every build must keep.

Turns items into bitmasks of their places and back. Knows neither answers nor questions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bisect_deps.search.base import Items, bits


class Shapes:
    """The sets that may be asked: closed under needs, with all anchors.

    A need is learned from a log that names both sides. Where a log names only what was missing,
    that item becomes an anchor: it stays in every set from then on.
    """

    def __init__(self, items: Sequence[int]) -> None:
        self._items = items
        self._place = {item: place for place, item in enumerate(items)}
        self._anchors = 0
        self.full = (1 << len(items)) - 1
        self._needs: dict[int, int] = {}

    def mask(self, items: Iterable[int]) -> int:
        """Return the bitmask of items; those that are not removable are left out."""
        return sum(1 << place for place in self.places(dict.fromkeys(items)))

    def items(self, mask: int) -> Items:
        """Return the items of a mask."""
        return frozenset(self._items[place] for place in bits(mask))

    def places(self, items: Iterable[int]) -> tuple[int, ...]:
        """Return the places of items, in the same order."""
        return tuple(self._place[item] for item in items if item in self._place)

    def anchor(self, mask: int, missing: Items, needed_by: Iterable[int]) -> None:
        """Learn that a set lacked something: its items named need it, or else all sets do."""
        lacking = self.mask(missing) & ~mask
        needing = [place for place in self.places(needed_by) if mask >> place & 1]
        for place in needing:
            self._needs[place] = self._needs.get(place, 0) | lacking
        if not needing:
            self._anchors |= lacking

    def release(self, failing: Iterable[int]) -> None:
        """Let go of anchors that fail without anything else: they are at fault themselves."""
        for mask in failing:
            if mask and not mask & ~self._anchors:
                self._anchors &= ~mask

    def nearest(self, mask: int) -> tuple[int, int]:
        """Return the sets nearest to a mask that may be asked: with more, and with less."""
        return self.closed(mask), self.closed(self.without(mask, 0))

    def closed(self, mask: int) -> int:
        """Return the smallest set with the mask's items that may be asked."""
        mask |= self._anchors
        while True:
            more = mask
            for place in bits(mask) if self._needs else ():
                more |= self._needs.get(place, 0)
            if more == mask:
                return mask
            mask = more

    def without(self, mask: int, gone: int) -> int:
        """Return the largest set in the mask that does without `gone` and may be asked."""
        mask &= ~gone
        while True:
            left = mask
            for place, needed in self._needs.items():
                if needed & ~mask:
                    left &= ~(1 << place)
            if left == mask:
                return mask
            mask = left

    def members(self, mask: int) -> int:
        """Return the fewest items that bring all of a mask: none that others need anyway."""
        members = mask & ~self._anchors
        for place in reversed(list(bits(members))) if self._needs else ():
            fewer = members & ~(1 << place)
            if not mask & ~self.closed(fewer):
                members = fewer
        return members

    def reductions(self, mask: int) -> list[int]:
        """Return what is left of a mask when one member goes, for each member."""
        return [self.without(mask, 1 << place) for place in bits(self.members(mask))]
