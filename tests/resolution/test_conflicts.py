from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisect_deps.errors import IndexUnavailable
from bisect_deps.index import Index
from bisect_deps.model import IndexSettings, Release, Requirement
from bisect_deps.resolution.conflicts import (
    Conflicts,
    by_deletion,
    by_halves,
    find_conflicts,
    is_judged,
)
from bisect_deps.resolution.uv_resolver import Resolution, Resolver, ResolverOutcome
from bisect_deps.system.interpreters import find
from tests.fix.world import Listing, SimulatedIndex, World
from tests.resolution.told import TOLD
from tests.support.local_index import Fault, LocalIndex, Project
from tests.support.scenarios import SCENARIOS, Scenario, read_line, read_world

PYTHON = find(sys.executable)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("resolver-cache")


def smallest_conflicts(resolver: Resolver, requirements: list[Requirement]) -> set[frozenset[int]]:
    """Return every minimal conflict, by asking for every subset."""
    found: set[frozenset[int]] = set()
    for size in range(1, len(requirements) + 1):
        for kept in combinations(requirements, size):
            numbers = frozenset(r.number for r in kept)
            if any(conflict <= numbers for conflict in found):
                continue
            lines = [r.text for r in kept if not r.constraint]
            limits = [r.text for r in kept if r.constraint]
            if not resolver.resolve(lines, constraints=limits).resolved:
                found.add(numbers)
    return found


def test_there_are_scenarios_of_every_kind() -> None:
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS) >= 60


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_conflict_is_minimal_and_the_rest_resolves(
    tmp_path: Path, cache: Path, scenario: Scenario
) -> None:
    requirements = scenario.requirements()
    with LocalIndex(tmp_path, *scenario.projects()).serve() as server:
        settings = IndexSettings(index_url=server.url)
        resolver = Resolver(PYTHON, settings, cache=cache)
        truth = smallest_conflicts(resolver, requirements)
        assert truth == set(scenario.conflicts), "the scenario says otherwise than brute force"
        with Index(settings, PYTHON, cache=tmp_path / "pages") as index:
            for knows in (None, index):
                result = find_conflicts(requirements, resolver, knows)
                found = [conflict.members for conflict in result.found]
                assert set(found) <= truth
                assert len(found) == len(set(found))
                assert bool(found) is bool(truth)
                assert result.rest.resolved, result.rest.log
                assert all(conflict & result.removed for conflict in truth)
                for number in result.removed:
                    kept = result.removed - {number}
                    assert any(not conflict & kept for conflict in truth), "removed in vain"
                assert all(conflict.sentence for conflict in result.found)
            told = tuple(conflict.sentence for conflict in result.found)
            assert told == TOLD.get(scenario.name, told)
    for name, version in scenario.chosen.items():
        assert result.rest.releases[name] == version


SETS = st.lists(st.frozensets(st.integers(0, 15), min_size=1, max_size=4), min_size=1, max_size=5)


@given(SETS)
def test_what_is_left_of_any_failing_set_is_minimal(edges: list[frozenset[int]]) -> None:
    def conflicts(numbers: frozenset[int]) -> bool:
        return any(edge <= numbers for edge in edges)

    whole = frozenset(range(16))
    for found in (
        by_halves(conflicts, frozenset(), frozenset(), sorted(whole)),
        by_deletion(conflicts, whole),
    ):
        assert conflicts(found)
        assert not any(conflicts(found - {number}) for number in found)


class Simulated:
    """A resolver whose lines are numbers: those of an edge conflict. It notes what it is asked."""

    def __init__(self, edges: Iterable[frozenset[int]], *, explains: bool = True) -> None:
        self.edges = tuple(edges)
        self.explains = explains
        self.asked: list[frozenset[int]] = []
        self.ahead: list[list[frozenset[int]]] = []

    def resolve(self, lines: list[str], constraints: list[str]) -> Resolution:
        numbers = frozenset(map(int, [*lines, *constraints]))
        self.asked.append(numbers)
        broken = [edge for edge in self.edges if edge <= numbers]
        if not broken:
            return Resolution(ResolverOutcome.RESOLVED)
        blamed = tuple(f"p{number}" for number in broken[0]) if self.explains else ()
        return Resolution(ResolverOutcome.CONFLICT, blamed=blamed)

    def ask_ahead(self, questions: Iterable[tuple[list[str], list[str]]]) -> None:
        sets = [frozenset(map(int, [*lines, *limits])) for lines, limits in questions]
        assert not set(sets) & set(self.asked), "asked before"
        self.ahead.append(sets)


def found_by(
    resolver: Simulated, count: int, *, limits: Sequence[int] = (), most: int = 20
) -> Conflicts:
    lines = [
        Requirement(number, f"p{number}", "", str(number), "r.txt", 1, constraint=number in limits)
        for number in range(count)
    ]
    return find_conflicts(lines, cast("Resolver", resolver), limit=most)


@given(SETS)
def test_all_minimal_conflicts_are_found_and_no_question_is_asked_twice(
    edges: list[frozenset[int]],
) -> None:
    resolver = Simulated(edges)
    result = found_by(resolver, 16)
    smallest = {edge for edge in edges if not any(other < edge for other in edges)}
    hits = [conflict.members & result.removed for conflict in result.found]
    assert all(hits)
    assert all({number} in hits for number in result.removed), "removed in vain"
    if result.complete:
        assert {conflict.members for conflict in result.found} == smallest
    assert {conflict.members for conflict in result.found} <= smallest
    assert result.rest.resolved or not result.complete
    assert len(resolver.asked) == len(set(resolver.asked))
    assert all(len(sets) > 1 and all(sets) for sets in resolver.ahead)


@pytest.mark.parametrize(
    ("edges", "explains", "questions", "ahead"),
    [
        ([{1, 3}], True, 6, 5),
        ([{1, 3}], False, 11, 2),
        ([{2}], True, 3, 0),
        ([{0, 1}, {1, 2}, {0, 2}], True, 12, 11),
        ([{0, 1}, {2, 3}], True, 12, 12),
        ([{0}, {1, 2}, {3}], True, 10, 5),
        ([{0, 1}, {0, 2}], True, 9, 9),
    ],
    ids=[
        "a pair",
        "a pair unexplained",
        "one alone",
        "three in a ring",
        "two apart",
        "mixed",
        "two that share one",
    ],
)
def test_conflicts_cost_so_many_questions(
    edges: list[set[int]], explains: bool, questions: int, ahead: int
) -> None:
    resolver = Simulated(map(frozenset, edges), explains=explains)
    result = found_by(resolver, 8)
    assert sorted(map(sorted, (conflict.members for conflict in result.found))) == sorted(
        map(sorted, edges)
    )
    assert (len(resolver.asked), sum(map(len, resolver.ahead))) == (questions, ahead)


def test_questions_come_in_the_order_of_the_lines_and_are_looked_ahead_to() -> None:
    resolver = Simulated([frozenset({1, 8, 16}), frozenset({8, 3})])
    result = found_by(resolver, 25)

    def asked(numbers: frozenset[int]) -> str:
        left_out = frozenset(range(25)) - numbers
        few = min(numbers, left_out, key=len)
        return ("all but " if few is left_out else "") + " ".join(map(str, sorted(few)))

    assert [sorted(conflict.members) for conflict in result.found] == [[1, 8, 16], [3, 8]]
    assert result.removed == {8}, "nothing is left of the first that the second does not need"
    assert "; ".join(map(asked, resolver.asked)) == (
        "all but ; 1 8 16; 1 8; 1 16; 8 16; all but 1; 3 8; 3; 8; all but 8; all but 1 3; "
        "all but 3 16"
    )
    assert [", ".join(map(asked, sets)) for sets in resolver.ahead] == [
        "1 8 16, 8 16, 1 16, 1 8",
        "all but 1, all but 8, all but 16",
        "3 8, 8, 3",
        "all but 1 3, all but 1 8",
        "all but 3 16, all but 8 16",
    ]


@pytest.mark.parametrize(
    ("edges", "found"),
    [
        ([{1, 64}, {8, 33}], {8, 33}),
        ([{16, 65}, {1, 64}, {8, 64}], {1, 64}),
        ([{1, 8, 16}, {1, 33, 64}], {1, 8, 16}),
    ],
)
def test_of_several_conflicts_the_first_by_its_last_line_is_found(
    edges: list[set[int]], found: set[int]
) -> None:
    def conflicts(numbers: frozenset[int]) -> bool:
        return any(edge <= numbers for edge in edges)

    rest = [1, 8, 16, 33, 64, 65]
    assert by_halves(conflicts, frozenset(), frozenset(), rest) == found


def test_lines_are_told_in_the_order_of_the_file(tmp_path: Path, cache: Path) -> None:
    world = read_world("x 1 | x 2 | x 3")
    lines = [read_line(16, "x!=1"), read_line(1, "x!=3"), read_line(8, "x!=2")]
    with LocalIndex(tmp_path, *world).serve() as server:
        resolver = Resolver(PYTHON, IndexSettings(index_url=server.url), cache=cache)
        [conflict] = find_conflicts(lines, resolver).found
    assert conflict.sentence == "no release of x suits x!=3, x!=2 and x!=1 together"


def test_of_a_conflict_the_constraint_goes_then_the_later_line() -> None:
    assert found_by(Simulated([frozenset({0, 2})]), 3).removed == {2}
    assert found_by(Simulated([frozenset({0, 2})]), 3, limits=(0,)).removed == {0}


def test_no_more_conflicts_are_looked_for_than_wanted() -> None:
    edges = [frozenset({0, 1}), frozenset({2, 3}), frozenset({4, 5})]
    for most in (1, 2, 3):
        result = found_by(Simulated(edges), 6, most=most)
        assert len(result.found) == most
        assert not result.complete


def test_without_a_word_twenty_conflicts_are_looked_for() -> None:
    resolver = Simulated(frozenset({number}) for number in range(21))
    lines = [Requirement(n, f"p{n}", "", str(n), "r.txt", 1) for n in range(21)]
    result = find_conflicts(lines, cast("Resolver", resolver))
    assert (len(result.found), result.complete) == (20, False)


class Noting(SimulatedIndex):
    """An index that notes what is fetched at once."""

    fetched: tuple[str, ...] = ()

    def prefetch(self, names: Iterable[str]) -> None:
        self.fetched += tuple(names)


def test_what_the_index_has_is_fetched_at_once() -> None:
    texts = ("a==1", "b @ https://files.example/b-1-py3-none-any.whl", "c>2")
    lines = [read_line(number, text) for number, text in enumerate(texts)]
    lines[1] = replace(lines[1], url="https://files.example/b-1-py3-none-any.whl")
    lines.append(replace(lines[2], number=3, editable=True))
    index = Noting(World({}))
    find_conflicts(lines, cast("Resolver", Assuming(())), index)
    assert index.fetched == ("a", "c")


class Assuming(Simulated):
    """A resolver for which all resolves; it notes what is taken to require nothing."""

    assumed: tuple[str, ...] = ()

    def resolve(self, lines: list[str], constraints: list[str]) -> Resolution:
        return Resolution(ResolverOutcome.RESOLVED)

    def assume(self, releases: Iterable[Release]) -> None:
        self.assumed += tuple(map(str, releases))


def test_a_pinned_release_without_any_wheel_is_asked_nothing() -> None:
    source = [Listing(version, wheel="", sdist=True) for version in ("1.0", "2.0")]
    ready = [Listing(version, sdist=True) for version in ("1.0", "2.0")]
    far = [Listing(version, wheel="cp27-cp27m-win32", sdist=True) for version in ("1.0", "2.0")]
    index = SimulatedIndex(World({"source": source, "ready": ready, "far": far}))
    texts = ("source==1.0", "ready==1.0", "far==1.0")
    lines = [read_line(number, text) for number, text in enumerate(texts)]
    resolver = Assuming(())
    find_conflicts(lines, cast("Resolver", resolver), index)
    assert resolver.assumed == ("source==1.0",)


def test_a_conflict_is_told_with_what_brings_it(tmp_path: Path, cache: Path) -> None:
    world = [
        Project("app").release("1", requires=["lib"]),
        Project("lib").release("1", requires=["core<2"]),
        Project("other").release("3", requires=["core>=2"]),
        Project("core").release("1").release("2"),
    ]
    with LocalIndex(tmp_path, *world).serve() as server:
        resolver = Resolver(PYTHON, IndexSettings(index_url=server.url), cache=cache)
        lines = ["app==1", "other==3", "core==1"]
        requirements = [read_line(number, line) for number, line in enumerate(lines)]
        apart, direct = (
            find_conflicts(requirements[:2], resolver),
            find_conflicts(requirements[1:], resolver),
        )
    assert apart.found[0].contested == "core"
    assert apart.found[0].sentence == (
        "app==1 requires core<2 through lib and other==3 requires core>=2: "
        "no release of core suits them together"
    )
    assert direct.found[0].sentence == "other==3 requires core>=2, and the file has core==1"


def test_what_the_installer_would_compile_is_not_refused_by_a_stricter_rule(
    tmp_path: Path, cache: Path
) -> None:
    world = [
        Project("old").release("1", fault=Fault.COMPILE, requires_python="<3.1").release("2"),
        Project("user").release("1", requires=["old>=2"]),
    ]
    local = LocalIndex(tmp_path, *world)
    with local.serve() as server:
        settings = IndexSettings(index_url=server.url)
        requirements = [read_line(0, "user==1"), read_line(1, "old==1")]
        with Index(settings, PYTHON, cache=tmp_path / "pages") as index:
            result = find_conflicts(requirements, Resolver(PYTHON, settings, cache=cache), index)
    assert [conflict.members for conflict in result.found] == [{0, 1}]
    assert result.found[0].sentence == "user==1 requires old>=2, and the file has old==1"
    assert local.builds("metadata") == {}


def test_what_only_a_build_can_judge_is_left_out(tmp_path: Path, cache: Path) -> None:
    index = LocalIndex(tmp_path, Project("a").release("1"))
    settings = IndexSettings(find_links=(str(index.find_links),), no_index=True)
    checkout = Requirement(1, "b", "", "b @ git+https://index.example/b", "r.txt", 2, url="git+x")
    local = Requirement(2, "", "", "./here", "r.txt", 3, url="./here")
    result = find_conflicts(
        [read_line(0, "a"), checkout, local], Resolver(PYTHON, settings, cache=cache)
    )
    assert result.found == ()
    assert result.left_out == {1, 2}
    assert result.rest.releases == {"a": "1"}


def test_a_line_that_the_resolver_cannot_read_is_left_out(tmp_path: Path, cache: Path) -> None:
    index = LocalIndex(tmp_path, Project("a").release("1"))
    settings = IndexSettings(find_links=(str(index.find_links),), no_index=True)
    legacy = Requirement(1, "b", "", "b === == 1", "r.txt", 2)
    lines = [read_line(0, "a==2"), legacy]
    result = find_conflicts(lines, Resolver(PYTHON, settings, cache=cache))
    assert [conflict.members for conflict in result.found] == [{0}]
    assert result.left_out == {1}


def test_an_index_that_is_down_is_no_conflict(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with LocalIndex(tmp_path, Project("a").release("1")).serve() as server:
        server.outage = True
        resolver = Resolver(PYTHON, IndexSettings(index_url=server.url), cache=cache)
        host = urlsplit(server.url).netloc
        with pytest.raises(IndexUnavailable, match=f"cannot reach {re.escape(host)}"):
            find_conflicts([read_line(0, "a")], resolver)


def test_few_questions_are_asked_in_a_long_file(tmp_path: Path, cache: Path) -> None:
    innocents = [Project(f"p{number}").release("1") for number in range(40)]
    world = [
        *innocents,
        Project("left").release("1", requires=["core<2"]),
        Project("right").release("1", requires=["core>=2"]),
        Project("core").release("1").release("2"),
    ]
    index = LocalIndex(tmp_path, *world)
    settings = IndexSettings(find_links=(str(index.find_links),), no_index=True)
    lines = [f"p{number}" for number in range(20)] + ["left"]
    lines += [f"p{number}" for number in range(20, 40)] + ["right"]
    requirements = [read_line(number, line) for number, line in enumerate(lines)]
    result = find_conflicts(requirements, Resolver(PYTHON, settings, cache=cache))
    assert [conflict.members for conflict in result.found] == [{20, 41}]
    assert len(result.asked) <= 6, "the last one shows that there are no other conflicts"


def test_conflicts_that_overlap_are_all_found_in_any_order(tmp_path: Path, cache: Path) -> None:
    world = [
        Project("a").release("1", requires=["core<2"]),
        Project("b").release("1", requires=["core==2"]),
        Project("c").release("1", requires=["core>=3"]),
        Project("core").release("1").release("2").release("3"),
        Project("x").release("1"),
    ]
    index = LocalIndex(tmp_path, *world)
    settings = IndexSettings(find_links=(str(index.find_links),), no_index=True)
    for lines in (["a", "b", "c", "x"], ["x", "c", "a", "b"], ["b", "x", "c", "a"]):
        requirements = [read_line(number, line) for number, line in enumerate(lines)]
        result = find_conflicts(requirements, Resolver(PYTHON, settings, cache=cache))
        found = {
            frozenset(lines[number] for number in conflict.members) for conflict in result.found
        }
        assert found == {frozenset("ab"), frozenset("bc"), frozenset("ac")}
        assert result.complete
        assert result.rest.resolved
        assert len(result.removed) == 2


@pytest.mark.parametrize(
    ("name", "more", "judged"),
    [
        ("a", {}, True),
        ("a", {"editable": True}, False),
        ("", {}, False),
        ("a", {"url": "https://files.example/a-1-py3-none-any.whl#sha256=0"}, True),
        ("a", {"url": "https://files.example/a-1.tar.gz"}, False),
        ("a", {"url": "file:///a-1-py3-none-any.whl"}, False),
    ],
    ids=["a pin", "an editable", "no name", "a wheel", "an archive", "a file"],
)
def test_the_resolver_judges_what_needs_no_build(
    name: str, more: dict[str, Any], judged: bool
) -> None:
    assert is_judged(Requirement(0, name, "==1", "a==1", "r.txt", 1, **more)) is judged
