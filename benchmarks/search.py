"""The search on simulated builds: our engine beside its rivals on the same seeded instances.

    python -m benchmarks.search                     every table
    python -m benchmarks.search --only builds --sizes 10,40 --runs 20       a small part

Builds are counted, not made; every instance follows from its seed. `--only command` drives the
whole tool through `--builder command` with a script as the oracle.
"""

from __future__ import annotations

import argparse
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.rivals import RIVALS
from bisect_deps.model import Outcome
from bisect_deps.search.base import Answer, Items
from bisect_deps.search.strategy import Prefer, SearchProblem, SearchResult, State, bisect

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Structure:
    """How many requirements fail alone or together, and the builds that prove it."""

    name: str
    sizes: tuple[int, ...]
    certificate: int

    def hypotheses(self, count: int) -> float:
        """Return log2 of the number of instances."""
        total, left = 0.0, count
        for size in self.sizes:
            total += math.log2(math.comb(left, size))
            left -= size
        for size in set(self.sizes):
            total -= math.log2(math.factorial(self.sizes.count(size)))
        return total

    def draw(self, count: int, seed: int) -> list[Items]:
        """Return the failing sets of one instance."""
        drawn = Random(f"{self.name} {count} {seed}").sample(range(count), sum(self.sizes))
        edges = []
        for size in self.sizes:
            edges.append(frozenset(drawn[:size]))
            drawn = drawn[size:]
        return edges


STRUCTURES = [
    Structure("1 single", (1,), 2),
    Structure("3 singles", (1, 1, 1), 4),
    Structure("1 pair", (2,), 3),
    Structure("1 triple", (3,), 4),
    Structure("2 singles+pair", (1, 1, 2), 5),
]


@dataclass
class World:
    """Simulated builds: which sets fail, how logs name suspects, what goes wrong besides."""

    count: int
    edges: list[Items]
    seed: int = 0
    hint: float | None = None
    unresolved: float = 0.0
    burst: float = 0.0
    anchors: dict[int, int] = field(default_factory=dict)
    builds: int = 0
    cost: float = 0.0

    def __post_init__(self) -> None:
        self.noise = Random(f"noise {self.seed}")

    def fails(self, items: Items) -> bool:
        """Build a set; say whether it fails."""
        self.builds += 1
        self.cost += 0.05 + 0.95 * len(items) / self.count
        return any(edge <= items for edge in self.edges)

    def answer(self, items: Items) -> Answer:
        """Build a set as our search asks for it."""
        if self.noise.random() < self.burst:
            self.builds += 1
            return Answer(Outcome.UNRESOLVED, infrastructure=True)
        for item, needed in self.anchors.items():
            if item in items and needed not in items:
                self.builds += 1
                return Answer(Outcome.UNRESOLVED, missing=frozenset({needed}), suspects=(item,))
        if self.untestable(items):
            self.builds += 1
            return Answer(Outcome.UNRESOLVED)
        fails = self.fails(items)
        return Answer(Outcome.FAIL, self.named(items)) if fails else Answer(Outcome.PASS)

    def untestable(self, items: Items) -> bool:
        """Say whether a set gives no answer: always the same for the same set."""
        return Random(f"{self.seed} {sorted(items)}").random() < self.unresolved

    def named(self, items: Items) -> tuple[int, ...]:
        """Return the suspect of a failing set's log: right with the hint's probability."""
        if self.hint is None:
            return ()
        present = [edge for edge in self.edges if edge <= items]
        if present and self.noise.random() < self.hint:
            return (min(present[0]),)
        return (self.noise.choice(sorted(items)),) if items else ()


@dataclass
class Run:
    """What one search cost and found."""

    builds: int
    rounds: int
    cost: float
    finding: SearchResult
    slowest: float
    world: World

    @property
    def exact(self) -> bool:
        found = {culprit.members for culprit in self.finding.culprits}
        return self.finding.state is State.FOUND and found == set(self.world.edges)

    @property
    def truly_passes(self) -> bool:
        passing = self.finding.passing
        return passing is not None and not any(edge <= passing for edge in self.world.edges)


def search(world: World, **options: object) -> Run:
    """Run our search in a world."""
    whole = frozenset(range(world.count))
    hints = world.named(whole)
    weights = {hints[0]: world.hint or 0.0} if hints else {}
    problem = SearchProblem(
        tuple(range(world.count)),
        weights=weights,
        hints=hints,
        **options,  # type: ignore[arg-type]
    )
    steps = bisect(problem)
    rounds, slowest = 0, 0.0
    start = time.process_time()
    try:
        questions = next(steps)
        while True:
            slowest = max(slowest, time.process_time() - start)
            rounds += 1
            answers = [world.answer(question.items) for question in questions]
            start = time.process_time()
            questions = steps.send(answers)
    except StopIteration as stop:
        return Run(world.builds, rounds, world.cost, stop.value, slowest, world)


def rival(name: str, world: World) -> World:
    """Run a rival in a world, the whole known to fail and no set built twice."""
    known = {frozenset(range(world.count)): True}

    def fails(items: Items) -> bool:
        if items not in known:
            known[items] = world.fails(items)
        return known[items]

    RIVALS[name](range(world.count), fails)
    return world


def spread(values: Sequence[float]) -> str:
    """Return median/p95."""
    return f"{median(values):g}/{p95(values):g}"


def median(values: Sequence[float]) -> float:
    return statistics.median_low(sorted(values))


def p95(values: Sequence[float]) -> float:
    return sorted(values)[min(int(0.95 * len(values)), len(values) - 1)]


def cells(sizes: Sequence[int]) -> Iterator[tuple[int, Structure]]:
    for count in sizes:
        for structure in STRUCTURES:
            yield count, structure


def row(*values: object) -> None:
    print("| " + " | ".join(str(value) for value in values) + " |", flush=True)


def title(text: str, *columns: str) -> None:
    print(f"\n## {text}\n")
    row(*columns)
    row(*("---" for _ in columns))


def table_builds(sizes: Sequence[int], runs: int) -> None:
    title(
        "No hint, one build at a time: builds, median/p95",
        *("n", "structure", "log2+cert", *RIVALS, "**ours**"),
        *("median/(log2+cert)", "p95/(log2+cert)", "median/log2", "beats"),
    )
    for count, structure in cells(sizes):
        bits = structure.hypotheses(count)
        bound = bits + structure.certificate
        others = {
            name: [
                rival(name, World(count, structure.draw(count, seed))).builds
                for seed in range(runs)
            ]
            for name in RIVALS
        }
        ours = [search(World(count, structure.draw(count, seed))) for seed in range(runs)]
        assert all(run.exact and run.truly_passes for run in ours)
        builds = [run.builds for run in ours]
        best = min(others, key=lambda name: median(others[name]))
        row(
            *(count, structure.name, f"{bits:.1f}+{structure.certificate}"),
            *(spread(values) for values in others.values()),
            *(f"**{spread(builds)}**", f"{median(builds) / bound:.2f}"),
            *(f"{p95(builds) / bound:.2f}", f"{median(builds) / bits:.2f}"),
            f"{best} by {statistics.mean(others[best]) - statistics.mean(builds):+.1f} (mean)",
        )


def table_hints(sizes: Sequence[int], runs: int) -> None:
    title(
        "Hints of logs, right with probability p: builds, median/p95 (rounds at k=4)",
        *("n", "structure", "p=0.5, k=1", "p=0.9, k=1", "p=0.9, k=4", "always right, k=2"),
    )
    for count, structure in cells(sizes):
        columns = []
        for hint, slots in ((0.5, 1), (0.9, 1), (0.9, 4), (1.0, 2)):
            done = [
                search(
                    World(count, structure.draw(count, seed), seed, hint=hint),
                    slots=slots,
                    prefer=Prefer.TIME if slots == 4 else Prefer.BUILDS,
                )
                for seed in range(runs)
            ]
            assert all(run.exact for run in done)
            rounds = f" ({spread([run.rounds for run in done])})" if slots > 1 else ""
            columns.append(spread([run.builds for run in done]) + rounds)
        row(count, structure.name, *columns)


def table_parallel(sizes: Sequence[int], runs: int) -> None:
    title(
        "No hint, k builds at once: rounds, median/p95 (builds)",
        *(
            "n",
            "structure",
            "bound k=4",
            "k=1",
            "k=4",
            "k=8",
            "k=8 over k=1",
            "builds k=8 over k=1",
        ),
    )
    for count, structure in cells(sizes):
        done = {
            slots: [
                search(
                    World(count, structure.draw(count, seed)),
                    slots=slots,
                    prefer=Prefer.TIME if slots > 1 else Prefer.BUILDS,
                )
                for seed in range(runs)
            ]
            for slots in (1, 4, 8)
        }
        rounds = {slots: [run.rounds for run in done[slots]] for slots in done}
        builds = {slots: [run.builds for run in done[slots]] for slots in done}
        row(
            *(count, structure.name, math.ceil(structure.hypotheses(count) / 4) + 1),
            *(f"{spread(rounds[slots])} ({spread(builds[slots])})" for slots in done),
            f"{statistics.mean(rounds[1]) / statistics.mean(rounds[8]):.1f}",
            f"{statistics.mean(builds[8]) / statistics.mean(builds[1]):.1f}",
        )


def table_cost(sizes: Sequence[int], runs: int) -> None:
    title(
        "A build costs 0.05 + 0.95 |S|/n: full builds, median/p95",
        *("n", "structure", *RIVALS, "**ours**"),
    )
    for count, structure in cells(sizes):
        others = [
            spread(
                [
                    round(rival(name, World(count, structure.draw(count, seed))).cost, 1)
                    for seed in range(runs)
                ]
            )
            for name in RIVALS
        ]
        ours = [
            search(
                World(count, structure.draw(count, seed)),
                whole_cost=1.0,
                single_cost=0.05 + 0.95 / count,
            )
            for seed in range(runs)
        ]
        row(count, structure.name, *others, f"**{spread([round(run.cost, 1) for run in ours])}**")


def table_failure(sizes: Sequence[int], runs: int) -> None:
    title(
        "Failure: builds, median/p95, and what came out",
        *("n", "world", "found", "fix truly passes", "culprits larger than the truth", "builds"),
    )
    for count in sizes:
        worlds: dict[str, Callable[[int], World]] = {
            "overlapping pairs": lambda seed, count=count: _overlapping(count, seed),
            "10 % of the sets untestable": lambda seed, count=count: World(
                count, STRUCTURES[4].draw(count, seed), seed, unresolved=0.1
            ),
            "10 % an infrastructure failure": lambda seed, count=count: World(
                count, STRUCTURES[4].draw(count, seed), seed, burst=0.1
            ),
            "not monotone: one needs another": lambda seed, count=count: _needing(count, seed),
        }
        for name, world in worlds.items():
            done = [search(world(seed)) for seed in range(runs)]
            found = [run for run in done if run.finding.state is State.FOUND]
            false = sum(
                culprit.members not in run.world.edges
                for run in done
                for culprit in run.finding.culprits
            )
            row(
                *(count, name, f"{len(found)}/{runs}"),
                *(f"{sum(run.truly_passes for run in found)}/{len(found)}", false),
                spread([run.builds for run in done]),
            )


def _overlapping(count: int, seed: int) -> World:
    one, two, three = Random(f"overlap {seed}").sample(range(count), 3)
    return World(count, [frozenset({one, two}), frozenset({two, three})], seed)


def _needing(count: int, seed: int) -> World:
    edges = STRUCTURES[2].draw(count, seed)
    culprits = frozenset().union(*edges)
    others = [item for item in range(count) if item not in culprits]
    item, needed = Random(f"needs {seed}").sample(others, 2)
    return World(count, edges, seed, anchors={item: needed})


def table_speed(sizes: Sequence[int], runs: int) -> None:
    title("Slowest decision of a search, in milliseconds of processor time", "n", "median", "worst")
    for count in (*(size for size in sizes if size <= 300), 3000):
        slowest = [
            1000 * search(World(count, STRUCTURES[4].draw(count, seed))).slowest
            for seed in range(min(runs, 5))
        ]
        row(count, f"{median(slowest):.0f}", f"{max(slowest):.0f}")


ORACLE = """\
import os, pathlib, sys
text = pathlib.Path(os.environ["DEPBISECT_FILE"]).read_text()
kept = {line.split("==")[0] for line in text.splitlines() if "==" in line and line[0] != "#"}
edges = [set(edge.split("+")) for edge in sys.argv[1].split(",")]
sys.exit(any(edge <= kept for edge in edges))
"""


def table_command(sizes: Sequence[int], runs: int) -> None:
    title(
        "The whole tool, `run --builder command`, a script as the oracle: builds",
        *("n", "structure", "verdict", "builds", "seconds"),
    )
    for count, structure in cells([size for size in sizes if size <= 40]):
        for seed in range(min(runs, 2)):
            edges = structure.draw(count, seed)
            row(count, structure.name, *_run_command(count, edges))


def _run_command(count: int, edges: list[Items]) -> tuple[str, int, str]:
    import json

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        names = [f"project-{number}" for number in range(count)]
        text = "".join(f"{name}==1.0\n" for name in names)
        (path / "requirements.txt").write_text(text, encoding="utf-8")
        (path / "oracle.py").write_text(ORACLE, encoding="utf-8")
        failing = ",".join("+".join(names[item] for item in sorted(edge)) for edge in edges)
        start = time.perf_counter()
        subprocess.run(
            [
                *(sys.executable, "-m", "bisect_deps", "run", str(path / "requirements.txt")),
                *("--builder", "command", "--no-evidence", "--no-progress", "-q"),
                *("--build-cmd", f"{sys.executable} {path / 'oracle.py'} {failing}"),
                *("--json", str(path / "report.json")),
            ],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            check=False,
        )
        report = json.loads((path / "report.json").read_text(encoding="utf-8"))
        found = {
            frozenset(names.index(member["name"]) for member in culprit["requirements"])
            for culprit in report["culprits"]
        }
        assert found == set(edges), f"{found} instead of {edges}"
        return report["verdict"], report["builds"], f"{time.perf_counter() - start:.1f}"


TABLES = {
    "builds": table_builds,
    "hints": table_hints,
    "parallel": table_parallel,
    "cost": table_cost,
    "failure": table_failure,
    "speed": table_speed,
    "command": table_command,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", choices=TABLES, action="append", help="print this table")
    parser.add_argument("--sizes", default="10,40,120,300", help="numbers of requirements")
    parser.add_argument("--runs", type=int, default=100, help="seeded instances for each cell")
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    for name in options.only or TABLES:
        TABLES[name](sizes, options.runs)


if __name__ == "__main__":
    main()
