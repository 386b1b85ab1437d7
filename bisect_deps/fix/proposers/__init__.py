"""Who proposes the next move for a failing check: one file each, in the order of prior and price.

To add one: a file with `propose(case, scene) -> Iterator[Move]`, and a line here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from bisect_deps.fix.case import Case
from bisect_deps.fix.proposers import advice, day, pair, past, step, together
from bisect_deps.fix.proposers.base import Move, Scene

Proposer: TypeAlias = "Callable[[Case, Scene], Iterator[Move]]"

PROPOSERS: tuple[Proposer, ...] = (
    advice.propose,
    pair.propose,
    step.propose,
    day.propose,
    together.propose,
    past.propose,
)


def moves(case: Case, scene: Scene) -> Iterator[Move]:
    """Yield the moves that all proposers offer for a failure, each candidate once."""
    seen = {scene.candidate}
    for proposer in PROPOSERS:
        for move in proposer(case, scene):
            if move.candidate not in seen:
                seen.add(move.candidate)
                yield move
