"""What each of some searches last asked, round by round, and what it found.

    python -m tests.search.searches      write them anew, and look at the difference

The other tests say what a search must find; these say that a change of what guides it changes no
question unseen, for a replay asks the same again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from bisect_deps.model import Outcome
from bisect_deps.search.base import Answer, Items, Question
from bisect_deps.search.strategy import Prefer, SearchProblem, SearchResult
from tests.search.test_strategy import solve

KEPT = Path(__file__).parent.parent.parent / "fixtures" / "searches.txt"
SEEDS = 60


@dataclass(frozen=True)
class Drawn:
    """A search, the sets that fail in it, and how its builds answer.

    A build of a set in `silent` tells nothing; in `lacking` an item needs another; a set that holds
    an item of `hiding` fails otherwise; every set is answered once by `broken` infrastructure.
    """

    problem: SearchProblem
    edges: tuple[Items, ...]
    silent: float = 0.0
    lacking: tuple[int, int] | None = None
    hiding: int | None = None
    broken: float = 0.0
    names: bool = False


def drawn(seed: int) -> Drawn:
    """Return the search of a seed."""
    random = Random(f"search {seed}")
    count = random.choice([3, 5, 8, 12, 16, 24])
    items = tuple(random.sample(range(2 * count), count))
    sizes = random.choice([(1,), (2,), (1, 1), (1, 2), (3,), (2, 2), (4,), (1, 1, 1)])
    edges = tuple(frozenset(random.sample(items, min(size, count))) for size in sizes)
    suspected = random.sample(items, min(3, count))
    kind = seed % 8
    problem = SearchProblem(
        items,
        weights={item: random.choice([0.1, 0.6, 1.0]) for item in suspected} if seed % 3 else {},
        hints=tuple(random.sample(items, min(2, count))) if seed % 4 == 1 else (),
        single_cost=random.choice([1.0, 1.0, 0.1]),
        slots=random.choice([1, 1, 2, 4]),
        prefer=random.choice(list(Prefer)),
        known=((frozenset(items[: count // 4]), Outcome.PASS),) if kind == 6 and count > 8 else (),
    )
    return Drawn(
        problem,
        edges,
        silent=0.2 if kind == 2 else 0.0,
        lacking=(items[0], items[-1]) if kind == 3 else None,
        hiding=items[count // 2] if kind == 4 else None,
        broken=0.3 if kind == 5 else 0.0,
        names=kind in (1, 7),
    )


class Answering:
    """Answers the questions of a drawn search, the same ones alike."""

    def __init__(self, seed: int, search: Drawn) -> None:
        self.seed = seed
        self.search = search
        self.asked: set[Items] = set()

    def __call__(self, items: Items) -> Answer:
        search = self.search
        chance = Random(f"{self.seed} {sorted(items)}").random()
        again = items in self.asked
        self.asked.add(items)
        if chance < search.broken and not again:
            return Answer(Outcome.UNRESOLVED, infrastructure=True)
        if len(items) > 1 and chance < search.silent:
            return Answer(Outcome.UNRESOLVED)
        if search.lacking is not None and search.lacking[0] in items:
            needing, needed = search.lacking
            if needed not in items:
                named = (needing,) if self.seed % 16 == 3 else ()
                return Answer(Outcome.UNRESOLVED, named, missing=frozenset({needed}))
        broken = [edge for edge in search.edges if edge <= items]
        if broken:
            named = tuple(sorted(broken[0]))[:1] if search.names else ()
            return Answer(Outcome.FAIL, named, signature="first")
        if search.hiding is not None and search.hiding in items:
            return Answer(Outcome.UNRESOLVED, signature="second")
        return Answer(Outcome.PASS)


def asked(seed: int) -> Iterator[str]:
    """Yield a search's rounds and its finding, in lines."""
    search = drawn(seed)
    run = solve(search.problem, Answering(seed, search))
    yield " | ".join(map(_set, (search.problem.items, *search.edges)))
    for questions in run.rounds:
        yield f"{'; '.join(map(_question, questions))}{_progress(questions)}"
    yield from _found(run.finding)


def _set(items: Items | tuple[int, ...] | None) -> str:
    return "-" if items is None else " ".join(map(str, sorted(items))) or "none"


def _question(question: Question) -> str:
    return f"{_set(question.items)} {question.purpose}"


def _progress(questions: list[Question]) -> str:
    known = questions[0].progress
    if known is None:
        return ""
    left = f"{known.suspects_left} left, {known.left_one} or {known.left_two} builds"
    return f" [{known.phase}: {_set(known.best_passing)} passes, {left}]"


def _found(found: SearchResult) -> Iterator[str]:
    yield f"{found.state.value}: without {_set(found.removed)}: {_set(found.passing)}"
    for culprit in found.culprits:
        passing = " | ".join(map(_set, culprit.passing))
        yield f"{_set(culprit.members)}: {_set(culprit.failing)} fails, passing {passing}"


def main() -> None:
    lines = [line for seed in range(SEEDS) for line in (f"== {seed}", *asked(seed))]
    KEPT.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
