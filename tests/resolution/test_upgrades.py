from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bisect_deps.index import Index
from bisect_deps.model import EditAction, IndexSettings
from bisect_deps.resolution.upgrades import Aim, Minimum, Upgrade, find_upgrades
from bisect_deps.resolution.uv_resolver import Resolver
from bisect_deps.system.interpreters import find
from tests.support.local_index import LocalIndex, Project
from tests.support.scenarios import read_line, read_world

PYTHON = find(sys.executable)
HERE = "py3-none-any"
ELSEWHERE = "cp27-cp27m-win32"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("resolver-cache")


@contextmanager
def bumps_of(
    tmp_path: Path, cache: Path, world: list[Project], lines: str, *culprits: int, **options: object
) -> Iterator[Iterator[Upgrade]]:
    requirements = [read_line(n, line.strip()) for n, line in enumerate(lines.split("|"))]
    with LocalIndex(tmp_path, *world).serve() as server:
        settings = IndexSettings(index_url=server.url)
        resolver = Resolver(PYTHON, settings, cache=cache)
        with Index(settings, PYTHON, cache=tmp_path / "pages") as index:
            yield find_upgrades(requirements, culprits, resolver, index, **options)  # type: ignore[arg-type]


def compiled(name: str, *versions: str, wheels_from: str) -> Project:
    """Return a project whose releases have a wheel for here from one version on."""
    project = Project(name)
    usable = False
    for version in versions:
        usable = usable or version == wheels_from
        project = project.release(version, wheel=HERE if usable else ELSEWHERE, sdist=True)
    return project


# Name, world, lines, culprits, the edits of the first upgrade (`name version`, `name -` for drop).
FIRST = [
    ("the next release", "a 1 | a 2 | a 3", "a==1", [0], ["a 2"]),
    ("a yanked one between is skipped", "a 1 | a 2 @yanked | a 3", "a==1", [0], ["a 3"]),
    ("a pre-release between is skipped", "a 1 | a 2rc1 | a 3", "a==1", [0], ["a 3"]),
    ("one for a later Python is skipped", "a 1 | a 2 @python>=4 | a 3", "a==1", [0], ["a 3"]),
    ("one for an older Python is skipped", "a 1 | a 2 @python<3.1 | a 3", "a==1", [0], ["a 3"]),
    ("one without a file for here is skipped", "a 1 | a 2 @windows | a 3", "a==1", [0], ["a 3"]),
    ("a wheel before a nearer source", "a 1 | a 2 @source | a 3", "a==1", [0], ["a 3"]),
    (
        "a wheel that another line must move for, before a nearer source",
        "a 1 | a 2 @source | a 3 -> b>=2 | b 1 | b 2 | b 3",
        "a==1 | b==1",
        [0],
        ["a 3", "b 2"],
    ),
    (
        "a source where no line can move for the wheels",
        "a 1 | a 2 @source | a 3 -> b>=9 | b 1 | b 2",
        "a==1 | b==1",
        [0],
        ["a 2"],
    ),
    ("a source where there is no wheel", "a 1 | a 2 @source", "a==1", [0], ["a 2"]),
    (
        "a range goes on where the release before its newest does not suit",
        "a 1 | a 2 -> c<2 | a 3 | a 4 | c 1 | c 2",
        "a<4 | c==2",
        [0],
        ["a 4"],
    ),
    (
        "a line that has sources alone stays where it is",
        "a 1 | a 2 | a 3 | b 1 @source | b 2 @source",
        "a==1 | b",
        [0],
        ["a 2"],
    ),
    ("the post-release", "a 1 | a 1.post1 | a 2", "a==1", [0], ["a 1.post1"]),
    ("the final of a pre-release", "a 1rc1 | a 1rc2 | a 1", "a==1rc1", [0], ["a 1"]),
    ("downwards where nothing is above", "a 1 | a 2 | a 3", "a==3", [0], ["a 2"]),
    (
        "downwards where another line caps it",
        "a 1 | a 2 | a 3 | b 1 -> a<2",
        "b==1 | a==2",
        [1],
        ["a 1"],
    ),
    (
        "only as far as the other lines allow",
        "a 1 | a 2 | a 3 | b 1 -> a!=2",
        "b==1 | a==1",
        [1],
        ["a 3"],
    ),
    (
        "two culprits that suit each other",
        "a 1 | a 2 -> b>=3 | a 3 -> b>=3 | b 1 | b 2 | b 3 | b 4",
        "a==1 | b==1",
        [0, 1],
        ["a 2", "b 3"],
    ),
    (
        "a line in the way moves as well",
        "a 1 | a 2 | b 1 -> a<2 | b 2 -> a<2 | b 3 -> a>=2 | b 4 -> a>=2",
        "a==1 | b==1",
        [0],
        ["a 2", "b 3"],
    ),
    (
        "unpinned others stay at their newest",
        "a 1 | a 2 | b 1 | b 2 | b 3",
        "a==1 | b",
        [0],
        ["a 2"],
    ),
    (
        "both lines of one project",
        "a 1 | a 2",
        "a==1 | a==1; python_version>'3'",
        [0],
        ["a 2", "a 2"],
    ),
    ("a constraint of the same project", "a 1 | a 2", "a==1 | -c a==1", [0], ["a 2", "a 2"]),
    ("a constraint that allows it stays", "a 1 | a 2", "a==1 | -c a<3", [0], ["a 2"]),
    (
        "a missing version: the next of its line",
        "a 1.1 | a 1.1.3 | a 1.2",
        "a==1.1.2",
        [0],
        ["a 1.1.3"],
    ),
    ("missing: the last of its line", "a 1.1.1 | a 1.2", "a==1.1.2", [0], ["a 1.1.1"]),
    ("missing: the next line", "a 1.0 | a 1.3", "a==1.1.2", [0], ["a 1.3"]),
    ("a missing project is dropped", "a 1", "a==1 | nothing==2", [1], ["nothing -"]),
    (
        "one that is for other Pythons in all releases is dropped, others go below",
        "a 1 | a 2 @python>=4 | b 1 @python>=4 | b 2 @python>=4",
        "a==2 | b==2",
        [0, 1],
        ["a 1", "b -"],
    ),
    (
        "a missing project beside a culprit",
        "a 1 | a 2",
        "a==1 | nothing==2",
        [0, 1],
        ["a 2", "nothing -"],
    ),
    (
        "what an unpinned other brings in moves, not the culprit",
        "n 1.0 | n 1.1 | n 2.0 | s 1 -> t | t 1 | t 2 -> n>=2",
        "n==1.0 | s",
        [0],
        ["n 1.1"],
    ),
    (
        "one that never had a wheel does not keep another from its own",
        "a 1 @source | a 2 @source | b 1 @source | b 2 @source | b 3",
        "a==1 | b==1",
        [0, 1],
        ["a 2", "b 3"],
    ),
    (
        "of a conflict only the member that can move does",
        "a 1 -> c<2 | b 1 -> c>=2 | b 2 -> c | c 1 | c 2",
        "a==1 | b==1",
        [0, 1],
        ["b 2"],
    ),
    (
        "of a conflict the member that can go down does",
        "a 1 | b 1 -> a<2 | a 2 | a 3",
        "b==1 | a==3",
        [0, 1],
        ["a 1"],
    ),
    (
        "what no release can fix is dropped",
        "a 1 | b 1 | b 2",
        "a==1 | b==1",
        [0, 1],
        ["a -", "b 2"],
    ),
    (
        "of a conflict that no release can fix one is dropped",
        "a 1 -> c<2 | b 1 -> c>=2 | c 1 | c 2 | d 1",
        "d | a==1 | b==1",
        [1, 2],
        ["a -", "b -"],
    ),
    ("extras stay", "a 1 +x: b | a 2 +x: b | b 1", "a[x]==1", [0], ["a 2"]),
    ("a range: what it took before", "a 0 | a 1 | a 2 | a 3", "a>=0,<3", [0], ["a 1"]),
    ("no clause: what it took before", "a 1 | a 2 | a 3", "a", [0], ["a 2"]),
    ("a range with one release: the next", "a 1 | a 2 | a 3", "a<2", [0], ["a 2"]),
]


# All upgrades of a world with what they aim at, where the nearest is not the only one.
ALL: dict[str, list[str]] = {
    "the next release": ["nearest: a 2", "latest: a 3"],
    "a wheel that another line must move for, before a nearer source": [
        "wheels: a 3, b 2",
        "sources: a 2",
    ],
    "a source where no line can move for the wheels": ["sources: a 2"],
    "the post-release": ["nearest: a 1.post1", "latest: a 2"],
    "downwards where another line caps it": ["below: a 1"],
    "two culprits that suit each other": ["nearest: a 2, b 3", "latest: a 3, b 4"],
    "a line in the way moves as well": ["wheels: a 2, b 3"],
    "a missing version: the next of its line": ["nearest: a 1.1.3", "latest-of-line: a 1.2"],
    "missing: the last of its line": ["nearest: a 1.1.1", "latest-of-line: a 1.2"],
    "what an unpinned other brings in moves, not the culprit": ["nearest: n 1.1", "latest: n 2.0"],
    "of a conflict only the member that can move does": ["wider: b 2"],
    "of a conflict the member that can go down does": ["wider: a 1"],
    "what no release can fix is dropped": ["fewer: a -, b 2"],
    "of a conflict that no release can fix one is dropped": ["fewer: a -, b -"],
    "a line that has sources alone stays where it is": ["nearest: a 2", "latest: a 3"],
    "a range: what it took before": ["nearest: a 1", "latest: a 3"],
    "a range with one release: the next": ["nearest: a 2", "latest: a 3"],
}


def shown(upgrade: Upgrade) -> list[str]:
    return [
        f"{edit.name} {'-' if edit.action is EditAction.DROP else (edit.to or '').lstrip('=')}"
        for edit in upgrade.edits
    ]


@pytest.mark.parametrize("case", FIRST, ids=[case[0] for case in FIRST])
def test_the_nearest_versions_that_suit_come_first(
    tmp_path: Path, cache: Path, case: tuple[str, str, str, list[int], list[str]]
) -> None:
    name, world, lines, culprits, edits = case
    with bumps_of(tmp_path, cache, list(read_world(world)), lines, *culprits) as upgrades:
        found = list(upgrades)
    told = [f"{upgrade.aim.value}: {', '.join(shown(upgrade))}" for upgrade in found]
    assert sorted(shown(found[0])) == sorted(edits)
    assert told == ALL.get(name, [f"nearest: {', '.join(edits)}"])
    for upgrade in found:
        assert upgrade.resolution.resolved
        for moved, version in upgrade.moved.items():
            assert upgrade.resolution.releases.get(moved) == version


def test_two_compiled_projects_move_to_their_first_wheels_together(
    tmp_path: Path, cache: Path
) -> None:
    old = {"requires": ["array<2"], "wheel": ELSEWHERE, "sdist": True}
    world = [
        compiled("array", "1.19", "1.20", "1.26", "1.27", "2.0", wheels_from="1.26"),
        Project("frame")
        .release("1.1", **old)  # type: ignore[arg-type]
        .release("1.2", **old)  # type: ignore[arg-type]
        .release("2.1", requires=["array>=1.26,<2"])
        .release("3.0", requires=["array>=2"]),
        Project("web").release("1"),
    ]
    with bumps_of(tmp_path, cache, world, "array==1.19 | frame==1.1 | web", 0, 1) as upgrades:
        found = {upgrade.aim: upgrade.moved for upgrade in upgrades}
    assert found[Aim.NEAREST] == {"array": "1.26", "frame": "2.1"}
    assert found[Aim.LATEST] == {"array": "2.0", "frame": "3.0"}


def test_a_floor_says_what_is_known_to_fail(tmp_path: Path, cache: Path) -> None:
    world = list(read_world("a 1 | a 2 | a 3 | a 4 | a 5"))
    minimums = {"a": Minimum("2", included=True, excluded=("2", "4"))}
    with bumps_of(tmp_path, cache, world, "a==1", 0, minimums=minimums) as upgrades:
        assert next(upgrades).moved == {"a": "3"}


def test_clauses_beside_hold_in_every_upgrades(tmp_path: Path, cache: Path) -> None:
    world = list(read_world("a 1 -> b | a 2 -> b>=2 | a 3 -> b | b 1 | b 2"))
    with bumps_of(tmp_path, cache, world, "a==1", 0, beside=["b<2"]) as upgrades:
        for upgrade in upgrades:
            assert upgrade.moved == {"a": "3"}
            assert upgrade.resolution.releases["b"] == "1"


def test_other_pins_are_never_edited_where_a_way_leaves_them(tmp_path: Path, cache: Path) -> None:
    world = list(read_world("a 1 | a 2 | b 1 | b 2 | c 1 -> b | c 2"))
    with bumps_of(tmp_path, cache, world, "a==1 | b==1 | c==1", 0) as upgrades:
        assert [{edit.name for edit in upgrade.edits} for upgrade in upgrades] == [{"a"}]


def test_nothing_moves_where_nothing_suits(tmp_path: Path, cache: Path) -> None:
    with bumps_of(tmp_path, cache, list(read_world("a 1 -> b<2 | b 2")), "a", 0) as upgrades:
        assert [upgrade.moved for upgrade in upgrades] == [{}]


def test_a_pin_with_hashes_gets_those_of_the_new_release(tmp_path: Path, cache: Path) -> None:
    local = LocalIndex(tmp_path, *read_world("a 1 | a 2"))
    hashed = replace(read_line(0, "a==1"), hashes=("sha256:" + "0" * 64,))
    with local.serve() as server:
        settings = IndexSettings(index_url=server.url)
        with Index(settings, PYTHON, cache=tmp_path / "pages") as index:
            resolver = Resolver(PYTHON, settings, cache=cache)
            [edit] = next(find_upgrades([hashed], [0], resolver, index)).edits
    new = [file for file in local.files("a") or () if file.release.version == "2"]
    assert edit.hashes == tuple(f"sha256:{file.sha256}" for file in new)


@pytest.mark.parametrize("other", ["b 2 -> c>=2", "b 0"], ids=["newer", "older"])
def test_a_member_that_may_stay_stays(other: str, tmp_path: Path, cache: Path) -> None:
    world = list(read_world(f"a 1 -> c<2 | a 2 -> c | b 1 -> c>=2 | {other} | c 1 | c 2"))
    minimums = {name: Minimum("1", included=True) for name in "ab"}
    with bumps_of(tmp_path, cache, world, "a==1 | b==1", 0, 1, minimums=minimums) as upgrades:
        assert next(upgrades).moved == {"a": "2"}


def test_each_culprit_goes_its_own_way(tmp_path: Path, cache: Path) -> None:
    world = [
        *read_world("gone 0.9 | gone 1.0 | top 1 | top 2"),
        compiled("old", "1", "2", "3", wheels_from="3"),
    ]
    minimums = {
        name: Minimum(version) for name, version in (("gone", "2"), ("top", "2"), ("old", "1"))
    }
    lines = "gone==2 | top==2 | old==1"
    with bumps_of(tmp_path, cache, world, lines, 0, 1, 2, minimums=minimums) as upgrades:
        assert next(upgrades).moved == {"gone": "1.0", "top": "1", "old": "3"}


def test_what_is_given_up_is_dropped_and_the_others_move(tmp_path: Path, cache: Path) -> None:
    world = list(read_world("a 1 | a 2 | b 1 | b 2"))
    with bumps_of(tmp_path, cache, world, "a==1 | b==1", 0, 1, dropped=["b"]) as upgrades:
        first = next(upgrades)
    assert first.moved == {"a": "2"}
    assert first.dropped == {"b"}


def test_no_later_aim_compiles_what_has_a_wheel_elsewhere(tmp_path: Path, cache: Path) -> None:
    world = [
        compiled("a", "1.1", "1.5", "2.1", "3.0", wheels_from="2.1"),
        Project("b").release("1"),
    ]
    with bumps_of(tmp_path, cache, world, "a==1.1 | b", 0) as upgrades:
        assert [upgrade.moved["a"] for upgrade in upgrades] == ["2.1", "3.0"]


def test_of_two_that_no_release_reconciles_the_later_line_is_dropped(
    tmp_path: Path, cache: Path
) -> None:
    world = list(
        read_world("a 1 -> c<2 | a 2 -> c<2 | b 1 -> c>=2 | b 2 -> c>=2 | c 1 | c 2 | d 1 | d 2")
    )
    with bumps_of(tmp_path, cache, world, "a==1 | b==1 | d", 0, 1) as upgrades:
        first = next(upgrades)
    assert (first.aim, first.moved, first.dropped) == (Aim.FEWER, {"a": "2"}, {"b"})
