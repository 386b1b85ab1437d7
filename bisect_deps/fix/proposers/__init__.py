"""Who proposes the next move for a failing check: one file each, in the order of prior and price.

To add one: a file with `propose(case, scene) -> Iterator[Move]`, and a line here.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import TypeAlias

from bisect_deps.fix.case import Case
from bisect_deps.fix.proposers.base import Move, Scene

Proposer: TypeAlias = "Callable[[Case, Scene], Iterator[Move]]"

# The modules of this folder, the likeliest and cheapest first.
PROPOSERS = (
    "advice",
    "pair",
    "step",
    "day",
    "all_pins",
    "past",
)


def moves(case: Case, scene: Scene) -> Iterator[Move]:
    """Yield the moves that all proposers offer for a failure, each candidate once."""
    seen = {scene.candidate}
    for name in PROPOSERS:
        propose: Proposer = importlib.import_module(f"{__name__}.{name}").propose
        for move in propose(case, scene):
            if move.candidate not in seen:
                seen.add(move.candidate)
                yield move
