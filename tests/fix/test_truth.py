"""The judge is right: it finds what fails by itself, and every law broken on purpose is seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisect_deps.fix.inquiry import Inquiry
from bisect_deps.model import (
    Candidate,
    Cause,
    Culprit,
    Edit,
    EditAction,
    Member,
    Narrowing,
    Outcome,
    Phase,
    Probe,
    ProbeKind,
    Proof,
    Tried,
    VerdictKind,
)
from tests.fix.drawing import draw
from tests.fix.ideal import fix_of, solve_ideally
from tests.fix.simulated import LIMITS, ROOT, Conditions, Endless, Quality, Scenario
from tests.fix.solving import Reported
from tests.fix.truth import Failing, Truth, as_seen, judged, minimal_sets
from tests.fix.world import ELSEWHERE, Fault, Listing, World

# app 1.0 lacks something in lib from 3.0 on; old 1.0 cannot be built; idle is innocent.
WORLD = World(
    {
        "app": (
            Listing("1.0", ("lib",), "2020-01-01T00:00:00Z"),
            Listing("2.0", ("lib",), "2023-01-01T00:00:00Z"),
        ),
        "lib": tuple(
            Listing(f"{number}.0", (), f"20{18 + number}-01-01T00:00:00Z") for number in range(1, 5)
        ),
        "old": (
            Listing("1.0", (), "2019-01-01T00:00:00Z", wheel=ELSEWHERE, sdist=True),
            Listing("2.0", (), "2022-01-01T00:00:00Z"),
        ),
        "idle": (Listing("1.0"), Listing("2.0")),
    },
    (
        Fault("amber", (("app", frozenset({"1.0"})), ("lib", frozenset({"3.0", "4.0"})))),
        Fault("flint", (("old", frozenset({"1.0"})),), Phase.BUILD, Cause.COMPILE_ERROR),
    ),
)
SCENARIO = Scenario(WORLD, {ROOT: "app==1.0\nidle==1.0\nold==1.0\n"})
APP, IDLE, OLD = SCENARIO.manifest.requirements
HOLD = Edit(EditAction.ADD, "lib", None, "==2.0")
NEAR = Edit(EditAction.ADD, "lib", None, "==3.0")
LIFT = Edit(EditAction.REPIN, "old", 2, "==2.0")
SHIFT = Edit(EditAction.REPIN, "idle", 1, "==2.0")
MOVE = Edit(EditAction.REPIN, "app", 0, "==2.0")
PAIR = Culprit(
    (Member(APP, "app", "1.0"), Member(APP, "lib", "4.0", ("app",))),
    Phase.CHECK,
    Cause.IMPORT_ERROR,
    "app lacks amber",
    proof=Proof(2, 3),
    narrowings=(Narrowing("lib", "3.0", "2.0"),),
)
BUILD = Culprit(
    (Member(OLD, "old", "1.0"),), Phase.BUILD, Cause.COMPILE_ERROR, "old", proof=Proof(1, 3)
)


def probe(number: int, outcome: Outcome, *edits: Edit) -> Probe:
    return Probe(number, ProbeKind.WHOLE, Candidate(edits), outcome)


RIGHT = Reported(
    VerdictKind.FIXED,
    (PAIR, BUILD),
    Candidate((LIFT, HOLD)),
    probes=(
        probe(1, Outcome.FAIL),
        probe(2, Outcome.FAIL, LIFT),
        probe(3, Outcome.PASS, LIFT, HOLD),
    ),
    shown={1: ("flint",), 2: ("amber",)},
)


def laws(reported: Reported, scenario: Scenario = SCENARIO) -> list[int]:
    return [violation.law for violation in Truth(scenario).violations(reported)]


def narrowed(*narrowings: Narrowing) -> Reported:
    return replace(RIGHT, culprits=(replace(PAIR, narrowings=narrowings), BUILD))


def proven(failing: int | None, passing: int | None) -> Reported:
    return replace(RIGHT, culprits=(replace(PAIR, proof=Proof(failing, passing)), BUILD))


def fixed(*edits: Edit) -> Reported:
    return replace(RIGHT, fix=Candidate(edits), culprits=(replace(PAIR, narrowings=()), BUILD))


def accused(*culprits: Culprit) -> Reported:
    return replace(RIGHT, culprits=culprits)


LIB_ALONE = replace(PAIR, members=PAIR.members[1:])
IDLE_TOO = replace(BUILD, members=(Member(IDLE, "idle", "1.0"),))
OLDER_LIB = replace(PAIR, members=(Member(APP, "lib", "2.0", ("app",)),), narrowings=())

# What is said, and the laws that it breaks.
SAID = [
    ("all of it right", RIGHT, []),
    ("another fix that is right", fixed(MOVE, LIFT), []),
    ("no range", narrowed(), []),
    ("a proof that nobody claims", proven(None, None), []),
    ("the file is said to pass", Reported(VerdictKind.PASSES), [9]),
    ("the system is said to be at fault", Reported(VerdictKind.UNAVAILABLE), [9]),
    ("fixed without a fix", replace(RIGHT, fix=None), [9, 8]),
    ("a fix that fails", fixed(LIFT), [9]),
    ("an edit that is not needed", fixed(LIFT, HOLD, SHIFT), [2]),
    ("an edit of nobody's", accused(PAIR), [2, 3]),
    ("one edit that fixes what another fixes", fixed(MOVE, LIFT, HOLD), [2, 2]),
    ("a side of a pair is not named", accused(LIB_ALONE, BUILD), [3]),
    (
        "a side is not named that was seen to fail in another release",
        replace(
            accused(LIB_ALONE, BUILD),
            probes=(RIGHT.probes[0], probe(2, Outcome.FAIL, LIFT, NEAR), RIGHT.probes[2]),
        ),
        [],
    ),
    ("a release that fails is not named", accused(PAIR), [2, 3]),
    ("an innocent is named", accused(PAIR, BUILD, IDLE_TOO), [5]),
    ("a version that does not fail is named", accused(PAIR, BUILD, OLDER_LIB), [5]),
    ("a probe of another failure as proof", proven(1, 3), [4]),
    ("a probe that passed as failing", proven(3, 3), [4]),
    ("a probe that failed as passing", proven(2, 2), [4]),
    ("a range the wrong way", narrowed(Narrowing("lib", "2.0", "3.0")), [6]),
    ("a range whose failing end passes", narrowed(Narrowing("lib", "2.0", "1.0")), [6]),
    ("a range whose passing end fails", narrowed(Narrowing("lib", "4.0", "3.0")), [6]),
    ("a range to a release that is not there", narrowed(Narrowing("lib", "3.5", "2.0")), [6]),
    ("a range with releases between", narrowed(Narrowing("lib", "4.0", "2.0")), [6]),
    (
        "a range that says what is between",
        narrowed(Narrowing("lib", "4.0", "2.0", not_built=("3.0",))),
        [],
    ),
    (
        "a range that skipped what is between",
        narrowed(Narrowing("lib", "4.0", "2.0", skipped=(Tried("3.0", Outcome.UNRESOLVED),))),
        [],
    ),
    ("a range of the other side", narrowed(Narrowing("app", "1.0", "2.0")), []),
    (
        "a line left out",
        fixed(HOLD, Edit(EditAction.DROP, "old", 2)),
        [7],
    ),
    ("given up", Reported(VerdictKind.CULPRITS, (PAIR, BUILD)), [8]),
    ("given up with nothing known", Reported(VerdictKind.INCONCLUSIVE), [8]),
]


@pytest.mark.parametrize(
    ("reported", "broken"), [case[1:] for case in SAID], ids=[case[0] for case in SAID]
)
def test_what_is_said_is_judged(reported: Reported, broken: list[int]) -> None:
    assert laws(reported) == broken


def test_a_file_that_cannot_be_fixed_may_be_given_up() -> None:
    faults = (
        replace(WORLD.faults[0], members=(("lib", frozenset({"1.0", "2.0", "3.0", "4.0"})),)),
    )
    hopeless = replace(SCENARIO, world=replace(WORLD, faults=faults))
    culprit = replace(PAIR, members=PAIR.members[1:], proof=Proof(None, None), narrowings=())
    reported = Reported(VerdictKind.CULPRITS, (culprit,), shown={1: ("amber",)})
    assert hopeless.passing is None
    assert laws(reported, hopeless) == []
    assert laws(replace(reported, culprits=()), hopeless) == [3]


def test_what_no_log_showed_is_hidden_and_no_violation() -> None:
    users = tuple(
        Fault(name, ((user, frozenset({"1.0"})), ("lib", frozenset({"3.0", "4.0"}))), place=place)
        for place, (name, user) in enumerate((("amber", "app"), ("beryl", "idle")))
    )
    hub = replace(SCENARIO, world=replace(WORLD, faults=users))
    reported = replace(RIGHT, culprits=(PAIR,), fix=Candidate((HOLD,)), shown={2: ("amber",)})
    assert laws(reported, hub) == []
    assert [failing.name for failing in Truth(hub).hidden(reported)] == ["beryl"]
    assert laws(replace(reported, shown={2: ("amber",), 4: ("beryl",)}), hub) == [3]
    bare = replace(hub, quality=Quality.STATUS)
    assert laws(replace(reported, shown={2: ("amber",), 4: ("beryl",)}), bare) == []


@pytest.mark.parametrize(
    ("text", "strict", "broken"),
    [("app==1.0\n", False, []), ("app==1.0\n", True, [3]), ("app==1.0\nleaf\n", False, [3])],
)
def test_what_only_a_source_asks_for_that_does_not_build_is_not_shown_of_the_file(
    text: str, strict: bool, broken: list[int]
) -> None:
    source = Listing("2.0", ("leaf",), wheel="", sdist=True)
    world = World(
        {
            "app": (Listing("1.0", ("middle",)), Listing("2.0")),
            "middle": (Listing("1.0", ("leaf",)), source),
            "leaf": (Listing("1.0", wheel="", sdist=True), Listing("2.0", yanked=True)),
        },
        (
            Fault("flint", (("middle", frozenset({"2.0"})),), Phase.BUILD),
            Fault("slate", (("leaf", frozenset({"1.0"})),), Phase.BUILD),
        ),
    )
    scenario = Scenario(world, {ROOT: text})
    app = scenario.manifest.requirements[0]
    member = Member(app, "middle", "2.0", ("app",))
    culprit = Culprit((member,), Phase.BUILD, Cause.COMPILE_ERROR, "", proof=Proof(1, 3))
    held = Edit(EditAction.ADD, "middle", None, "==1.0")
    reported = Reported(
        VerdictKind.FIXED,
        (culprit,),
        Candidate((Edit(EditAction.REPIN, "app", 0, "==2.0"),)),
        probes=(probe(1, Outcome.FAIL), probe(2, Outcome.FAIL, held)),
        shown={1: ("flint",), 2: ("slate",)},
    )
    found = {violation.law for violation in Truth(scenario, strict=strict).violations(reported)}
    assert sorted(found & {3}) == broken


@pytest.mark.parametrize(
    ("named", "strict", "broken"),
    [
        (["app", "lib"], True, False),
        (["app"], True, True),
        (["app"], False, False),
        (["lib"], False, False),
        ([], False, True),
    ],
)
def test_one_side_of_a_pair_is_enough_where_not_all_is_asked_for(
    named: list[str], strict: bool, broken: bool
) -> None:
    # The chain to `lib` leads through `app`: without it, only what is named itself counts.
    members = tuple(replace(member, via=()) for member in PAIR.members if member.name in named)
    culprits = (replace(PAIR, members=members, narrowings=()), BUILD) if members else (BUILD,)
    found = Truth(SCENARIO, strict=strict).violations(accused(*culprits))
    assert (3 in {violation.law for violation in found}) == broken


# Logs, what is named for a release that cannot be built, whether that is an innocent's name.
PULLED_IN = [
    (Quality.EXACT, "app", False, True),
    (Quality.SILENT, "app", False, False),
    (Quality.SILENT, "app", True, True),
    (Quality.SILENT, "idle", False, True),
]


@pytest.mark.parametrize(("quality", "named", "strict", "innocent"), PULLED_IN)
def test_a_line_may_be_named_for_what_it_pulls_in_where_logs_do_not_tell(
    quality: Quality, named: str, strict: bool, innocent: bool
) -> None:
    faults = (replace(WORLD.faults[0], members=(("lib", frozenset({"3.0", "4.0"})),)),)
    scenario = replace(SCENARIO, world=replace(WORLD, faults=faults), quality=quality)
    line = APP if named == "app" else IDLE
    culprit = replace(PAIR, members=(Member(line, named, "1.0"),), narrowings=())
    fix = Candidate((HOLD,))
    reported = replace(RIGHT, culprits=(culprit,), fix=fix, shown={2: ("amber",)})
    found = Truth(scenario, strict=strict).violations(reported)
    assert (5 in {violation.law for violation in found}) == innocent


def test_an_edit_may_follow_from_another_where_not_all_is_asked_for() -> None:
    projects = {
        **WORLD.projects,
        "app": (WORLD.projects["app"][0], replace(WORLD.projects["app"][1], requires=("idle>=2",))),
    }
    scenario = replace(SCENARIO, world=replace(WORLD, projects=projects))
    reported = fixed(MOVE, LIFT, SHIFT)
    assert laws(reported, scenario) == [2]
    [silent] = Truth(scenario, strict=False).violations(reported)
    assert "no note says why" in silent.text
    told = replace(reported, notes=(f"{SHIFT.text} moves along: app requires it.",))
    assert Truth(scenario, strict=False).violations(told) == []


def test_only_logs_that_tell_all_oblige_to_a_fix_where_not_all_is_asked_for() -> None:
    given_up = Reported(VerdictKind.INCONCLUSIVE)
    for quality, strict, broken in (
        (Quality.EXACT, False, [8]),
        (Quality.HALF, False, []),
        (Quality.HALF, True, [8]),
    ):
        truth = Truth(replace(SCENARIO, quality=quality), strict=strict)
        assert [violation.law for violation in truth.violations(given_up)] == broken


def test_every_minimal_conflict_is_to_be_named() -> None:
    world = World(
        {
            "app": (Listing("1.0", ("lib<2", "old<2")), Listing("2.0")),
            "lib": (Listing("1.0"), Listing("2.0")),
            "old": (Listing("1.0"), Listing("2.0")),
        }
    )
    text = f"app==1.0\nlib==2.0\n-c {LIMITS}\nold==2.0\n"
    scenario = Scenario(world, {ROOT: text, LIMITS: "lib<9\n"})
    found = {failing.names for failing in Truth(scenario).failing(Candidate())}
    assert found == {frozenset({"app", "lib"}), frozenset({"app", "old"})}
    app, lib, _, old = scenario.manifest.requirements
    fix = Candidate((Edit(EditAction.REPIN, "app", 0, "==2.0"),))
    pairs = [
        Culprit(
            (Member(app, "app", "1.0"), Member(line, line.name, "2.0")),
            Phase.RESOLVE,
            Cause.RESOLVER_CONFLICT,
            "",
        )
        for line in (lib, old)
    ]
    assert laws(Reported(VerdictKind.FIXED, tuple(pairs), fix), scenario) == []
    assert laws(Reported(VerdictKind.FIXED, tuple(pairs[:1]), fix), scenario) == [3]


def test_what_appears_when_the_first_is_gone_may_be_named() -> None:
    late = Fault("coral", (("lib", frozenset({"2.0"})),), place=3)
    layered = replace(SCENARIO, world=replace(WORLD, faults=(*WORLD.faults, late)))
    further = Edit(EditAction.ADD, "lib", None, "==1.0")
    second = replace(
        PAIR, members=(Member(APP, "lib", "2.0", ("app",)),), proof=Proof(None, None), narrowings=()
    )
    reported = replace(RIGHT, fix=Candidate((LIFT, further)), culprits=(narrow_to("1.0"), BUILD))
    assert laws(reported, layered) == []
    assert laws(replace(reported, culprits=(*reported.culprits, second)), layered) == [5]


def narrow_to(version: str) -> Culprit:
    between = () if version == "2.0" else ("2.0",)
    return replace(PAIR, narrowings=(Narrowing("lib", "3.0", version, not_built=between),))


def test_a_member_put_back_makes_its_part_of_a_layer_count() -> None:
    late = Fault("coral", (("app", frozenset({"2.0"})), ("lib", frozenset({"4.0"}))), place=3)
    layered = replace(SCENARIO, world=replace(WORLD, faults=(*WORLD.faults, late)))
    hold = Edit(EditAction.ADD, "lib", None, "==3.0")
    second = replace(
        PAIR,
        members=(Member(APP, "app", "2.0"), Member(APP, "lib", "4.0", ("app",))),
        proof=Proof(None, None),
        narrowings=(),
    )
    reported = fixed(MOVE, LIFT, hold)
    assert laws(reported, layered) == [2]
    assert laws(replace(reported, culprits=(*reported.culprits, second)), layered) == []


@given(st.sets(st.frozensets(st.integers(0, 5), min_size=1), max_size=5))
def test_all_minimal_sets_are_found_and_nothing_is_asked_twice(edges: set[frozenset[int]]) -> None:
    asked: list[frozenset[int]] = []

    def fails(some: frozenset[int]) -> bool:
        asked.append(some)
        return any(edge <= some for edge in edges)

    found = minimal_sets(range(6), fails)
    every = [frozenset(members) for size in range(7) for members in combinations(range(6), size)]
    failing = [members for members in every if any(edge <= members for edge in edges)]
    smallest = [members for members in failing if not any(other < members for other in failing)]
    assert found == sorted(smallest, key=lambda members: (len(members), sorted(members)))
    assert len(asked) == len(set(asked))


@given(st.integers(0, 1_000_000))
def test_a_story_that_knows_the_truth_breaks_no_law(seed: int) -> None:
    scenario = draw(seed)
    reported, violations = judged(scenario, solve_ideally)
    assert violations == []
    assert (reported.fix is None) == (scenario.passing is None)


@given(st.integers(0, 1_000_000))
def test_a_true_story_made_worse_breaks_a_law(seed: int) -> None:
    scenario = draw(seed)
    truth = Truth(scenario)
    reported = solve_ideally(scenario)
    failing = truth.failing(Candidate())
    shown = {1: tuple(failure.name for failure in failing)}
    seen = replace(reported, shown=shown)
    unnamed = replace(seen, culprits=())
    if scenario.quality is not Quality.STATUS or reported.fix is not None:
        assert {violation.law for violation in truth.violations(unnamed)} & {2, 3}
    edits = reported.fix.edits if reported.fix is not None else ()
    for edit in edits:
        rest = Candidate(tuple(kept for kept in edits if kept is not edit))
        assert 9 in {v.law for v in truth.violations(replace(seen, fix=rest))}


def test_the_verdict_may_not_depend_on_clock_order_or_journal() -> None:
    def moody(change: Callable[[Conditions], bool]) -> Callable[[Scenario, Conditions], Reported]:
        def solve(scenario: Scenario, conditions: Conditions) -> Reported:
            journal = {"asked": RIGHT.probes[0]}
            return replace(fixed(MOVE, LIFT) if change(conditions) else RIGHT, journal=journal)

        return solve

    changes: dict[str, Callable[[Conditions], bool]] = {
        "otherwise long": lambda conditions: conditions.delays > 0,
        "another order": lambda conditions: conditions.order > 0,
        "on replay": lambda conditions: bool(conditions.journal),
    }
    for words, change in changes.items():
        _, violations = judged(SCENARIO, moody(change))
        assert [violation.law for violation in violations] == [1]
        assert words in str(violations[0])
    assert judged(SCENARIO, moody(lambda _: False))[1] == []


def test_a_replay_that_builds_and_a_story_without_end_are_seen() -> None:
    def building(scenario: Scenario, conditions: Conditions) -> Reported:
        return replace(RIGHT, builds=3, journal={"asked": RIGHT.probes[0]})

    def endless(scenario: Scenario, conditions: Conditions) -> Reported:
        raise Endless("no verdict")

    def endless_now_and_then(scenario: Scenario, conditions: Conditions) -> Reported:
        if conditions.delays:
            raise Endless("no verdict")
        return RIGHT

    assert [str(v) for v in judged(SCENARIO, building)[1]] == ["law 1: 3 builds on replay"]
    assert [v.law for v in judged(SCENARIO, endless)[1]] == [0]
    assert [str(v) for v in judged(SCENARIO, endless_now_and_then)[1]] == [
        "law 0: no verdict when builds take otherwise long"
    ]


def test_a_release_that_is_not_there_is_proven_by_a_build_of_its_own() -> None:
    scenario = replace(SCENARIO, files={ROOT: "app==2.0\nidle==1.5\n"})
    idle = scenario.manifest.requirements[1]
    culprit = Culprit(
        (Member(idle, "idle", "1.5"),), Phase.RESOLVE, Cause.UNKNOWN, "", proof=Proof(1, None)
    )
    isolated = Probe(1, ProbeKind.ISOLATED, Candidate(), Outcome.FAIL)
    reported = Reported(
        VerdictKind.FIXED,
        (culprit,),
        Candidate((SHIFT,)),
        probes=(isolated,),
        shown={1: ("conflict",)},
    )
    for text, broken in (("idle==1.5", []), ("lib==7.0", [4])):
        inquiry = Inquiry(Candidate(), ProbeKind.ISOLATED, "is it there?", isolated=text)
        assert laws(replace(reported, asked=((inquiry, isolated),)), scenario) == broken


def test_build_constraints_are_a_part_of_the_fix() -> None:
    faults = (WORLD.faults[0], replace(WORLD.faults[1], remedy="Cython<3"))
    scenario = replace(SCENARIO, world=replace(WORLD, faults=faults))
    reported = replace(RIGHT, fix=Candidate((HOLD,)), build_constraints=("Cython<3",))
    assert laws(reported, scenario) == []
    assert laws(replace(reported, build_constraints=("numpy<2",)), scenario) == [9, 6]
    assert laws(replace(reported, fix=Candidate((HOLD, LIFT))), scenario) == [2, 2]


def test_a_conflict_is_proven_by_a_probe_of_that_conflict() -> None:
    world = World(
        {
            "app": (Listing("1.0", ("lib<2",)), Listing("2.0")),
            "lib": (Listing("1.0"), Listing("2.0")),
            "old": (Listing("1.0", ("idle<2",)), Listing("2.0")),
            "idle": (Listing("1.0"), Listing("2.0")),
        }
    )
    scenario = Scenario(world, {ROOT: "app==1.0\nlib==2.0\nold==1.0\nidle==2.0\n"})
    app, lib, old, idle = scenario.manifest.requirements
    pairs = [
        Culprit(
            (Member(line, line.name, line.pin), Member(other, other.name, other.pin)),
            Phase.RESOLVE,
            Cause.RESOLVER_CONFLICT,
            "",
            proof=Proof(number, None),
        )
        for number, line, other in ((1, app, lib), (2, old, idle))
    ]
    lifted = [Edit(EditAction.REPIN, line.name, line.number, "==2.0") for line in (app, old)]
    reported = Reported(
        VerdictKind.FIXED,
        tuple(pairs),
        Candidate(tuple(lifted)),
        probes=(probe(1, Outcome.FAIL), probe(2, Outcome.FAIL, lifted[0])),
        shown={1: ("conflict",), 2: ("conflict",)},
    )
    assert laws(reported, scenario) == []
    swapped = replace(pairs[0], proof=Proof(2, None))
    assert laws(replace(reported, culprits=(swapped, pairs[1])), scenario) == [4]


def test_a_fix_that_the_file_cannot_say_is_seen() -> None:
    twice = Edit(EditAction.REPIN, "old", 2, ">=2.0")
    assert 9 in laws(fixed(LIFT, twice, HOLD))


def test_failing_sets_say_who_takes_part() -> None:
    failing = Failing("amber", (("app", frozenset({"1.0"})), ("lib", None)))
    assert str(failing) == "amber (app, lib)"
    assert failing.holds(PAIR)
    assert not failing.holds(replace(PAIR, members=(Member(APP, "tools", None),)))
    assert not failing.holds(replace(PAIR, members=(Member(APP, "app", "2.0"),)))
    assert not failing.holds(BUILD)


def test_the_ideal_fix_is_minimal() -> None:
    fix = fix_of(Truth(SCENARIO))
    assert fix is not None
    assert {edit.name for edit in fix.edits} in ({"app", "old"}, {"lib", "old"})


FLAKY = replace(SCENARIO, world=replace(WORLD, faults=WORLD.faults[:1], flakes={"old==1.0": 0.3}))


def asked(shown: str, outcome: Outcome, isolated: str | None = None) -> Reported:
    """Return what is reported of two builds: one that failed of a flake, and one more."""
    first, second = probe(1, Outcome.FAIL), probe(2, outcome)
    inquiries = (
        Inquiry(Candidate(), ProbeKind.WHOLE, ""),
        Inquiry(Candidate(), ProbeKind.ISOLATED, "", isolated=isolated),
    )
    both = tuple(zip(inquiries, (first, second), strict=True))
    flaked = "flake old==1.0"
    return Reported(VerdictKind.FIXED, asked=both, shown={1: (flaked,), 2: (shown,)})


@pytest.mark.parametrize(
    ("reported", "is_a_fault"),
    [
        (asked("flake old==1.0", Outcome.FAIL, "old==1.0"), True),
        (asked("amber", Outcome.FAIL, "app==1.0"), False),
        (asked("", Outcome.PASS, "old==1.0"), False),
    ],
    ids=["failed twice", "failed once", "installed once"],
)
def test_what_failed_for_no_reason_in_each_build_is_not_told_from_a_fault(
    reported: Reported, is_a_fault: bool
) -> None:
    seen = as_seen(FLAKY, reported)
    assert [fault.name for fault in seen.world.faults] == ["flake old==1.0"] * is_a_fault + [
        "amber"
    ]
