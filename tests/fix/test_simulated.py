"""What simulated builds answer: each kind of fault, each kind of log, each kind of builder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bisect_deps.fix.inquiry import BudgetSpent, Inquiry, Story
from bisect_deps.index import FactKind
from bisect_deps.model import (
    BreakageKind,
    Candidate,
    Cause,
    Diagnosis,
    Edit,
    EditAction,
    Outcome,
    Phase,
    Probe,
    ProbeKind,
    Release,
    RemedyKind,
)
from bisect_deps.run.driver import drive
from tests.fix.drawing import draw
from tests.fix.simulated import (
    LIMITS,
    MOST_ANSWERS,
    ROOT,
    STATUS_ONLY,
    Checks,
    Conditions,
    Endless,
    Quality,
    Scenario,
    SimulatedBuilds,
    delay,
    parts,
)
from tests.fix.world import ELSEWHERE, Fault, Listing, World

# app uses lib; lib pulls in base; side stands beside; tools are asked for by nobody.
PROJECTS = {
    "app": (
        Listing("1.0", ("lib",), "2020-01-01T00:00:00Z"),
        Listing("2.0", ("lib>=2",), "2022-01-01T00:00:00Z"),
    ),
    "lib": (
        Listing("1.0", ("base<2",), "2019-01-01T00:00:00Z"),
        Listing("2.0", ("base",), "2021-01-01T00:00:00Z"),
    ),
    "base": (
        Listing("1.0", (), "2019-01-01T00:00:00Z"),
        Listing("2.0", (), "2021-06-01T00:00:00Z"),
    ),
    "side": (
        Listing("1.0", (), "2020-01-01T00:00:00Z", wheel=ELSEWHERE, sdist=True),
        Listing("1.1", (), "2020-06-01T00:00:00Z", requires_python=">=4"),
        Listing("2.0", (), "2023-01-01T00:00:00Z", yanked=True),
        Listing("3.0", (), "2026-06-01T00:00:00Z"),
    ),
    "tools": (Listing("1.0"), Listing("2.0")),
}
FILE = "app==1.0\nside==1.0\n"
ALONE = Fault("amber", (("lib", frozenset({"2.0"})),), kind=BreakageKind.RAISED)
PAIR = Fault("beryl", (("app", frozenset({"1.0"})), ("lib", frozenset({"2.0"}))), place=1)
TRIPLE = Fault(
    "coral",
    (("app", frozenset({"1.0"})), ("lib", frozenset({"2.0"})), ("base", frozenset({"2.0"}))),
    cause=Cause.ABI_MISMATCH,
    place=2,
)
BUILD = Fault(
    "flint",
    (("side", frozenset({"1.0"})),),
    Phase.BUILD,
    Cause.COMPILE_ERROR,
    remedy="Cython<3",
)
BESIDE = Fault(
    "garnet",
    (("app", frozenset({"1.0", "2.0"})),),
    kind=BreakageKind.DISTRIBUTION_MISSING,
    remedy="tools<2",
)
HOLD = Edit(EditAction.ADD, "lib", None, "==1.0")
MOVE = Edit(EditAction.REPIN, "app", 0, "==2.0")
WITHOUT = Edit(EditAction.DROP, "app", 0)


def scenario(*faults: Fault, text: str = FILE, limits: str = "", **more: object) -> Scenario:
    files = {ROOT: text + (f"-c {LIMITS}\n" if limits else "")}
    if limits:
        files[LIMITS] = limits
    needed = more.pop("needed", frozenset())
    flakes = more.pop("flakes", {})
    world = World(PROJECTS, faults, needed, flakes)  # type: ignore[arg-type]
    return Scenario(world, files, **more)  # type: ignore[arg-type]


def whole(*edits: Edit, **more: object) -> Inquiry:
    return Inquiry(Candidate(edits), ProbeKind.WHOLE, "does it build?", **more)  # type: ignore[arg-type]


def alone(text: str, **more: object) -> Inquiry:
    return replace(whole(**more), kind=ProbeKind.ISOLATED, isolated=text)


def probed(given: Scenario, *inquiries: Inquiry) -> Sequence[Probe]:
    return SimulatedBuilds(given).answer(inquiries)


def said(probe: Probe) -> Diagnosis:
    assert probe.diagnosis is not None
    return probe.diagnosis


def pointed(probe: Probe) -> list[tuple[str, str | None, tuple[str, ...]]]:
    return [
        (suspect.name, suspect.failing and str(suspect.failing), suspect.via)
        for suspect in said(probe).suspects
    ]


# --- what fails -------------------------------------------------------------------------------


def test_a_file_without_faults_passes_and_says_what_it_installed() -> None:
    [probe] = probed(scenario(), whole())
    assert probe.outcome is Outcome.PASS
    assert probe.installed == {"app": "1.0", "lib": "2.0", "base": "2.0", "side": "1.0"}


# Name, the fault, edits, and whether the check passes with them.
SHOWN = [
    ("a release alone", ALONE, (), False),
    ("a release alone, another one taken", ALONE, (HOLD,), True),
    ("a pair", PAIR, (), False),
    ("a pair, its user moved", PAIR, (MOVE,), True),
    ("a pair, what it lacks something in moved", PAIR, (HOLD,), True),
    ("a triple", TRIPLE, (), False),
    ("a triple without its third", TRIPLE, (Edit(EditAction.ADD, "base", None, "<2"),), True),
    ("what is needed beside", BESIDE, (), False),
    ("what is needed beside, added", BESIDE, (Edit(EditAction.ADD, "tools", None, "<2"),), True),
    ("what is needed beside, too new", BESIDE, (Edit(EditAction.ADD, "tools", None, ""),), False),
]


@pytest.mark.parametrize(
    ("fault", "edits", "passes"), [case[1:] for case in SHOWN], ids=[case[0] for case in SHOWN]
)
def test_a_check_fails_where_all_members_are_there(
    fault: Fault, edits: tuple[Edit, ...], passes: bool
) -> None:
    given = scenario(fault)
    builds = SimulatedBuilds(given)
    [probe] = builds.answer([whole(*edits)])
    assert (probe.outcome is Outcome.PASS) == passes == given.state(Candidate(edits)).passes
    if not passes:
        assert builds.shown == {1: (fault.name,)}
        assert said(probe).phase is Phase.CHECK
        assert probe.installed is not None


def test_a_build_fails_in_the_whole_and_alone_and_not_with_its_remedy() -> None:
    given = scenario(BUILD)
    inquiries = (
        whole(),
        alone("side==1.0"),
        alone("side==1.0", build_constraints=("Cython<3",)),
        whole(build_constraints=("Cython<3",)),
        alone("lib==2.0"),
    )
    probes = probed(given, *inquiries)
    assert [probe.outcome.value for probe in probes] == ["fail", "fail", "pass", "pass", "pass"]
    for probe in probes[:2]:
        assert said(probe).phase is Phase.BUILD
        assert pointed(probe) == [("side", "side==1.0", ())]
        assert probe.installed is None
        [remedy] = said(probe).suspects[0].remedies
        assert (remedy.kind, remedy.requirement) == (RemedyKind.BUILD, "Cython<3")
    assert probes[2].installed == {"side": "1.0"}


def test_a_transitive_whose_build_fails_is_shown_with_the_line_that_pulls_it_in() -> None:
    broken = replace(BUILD, members=(("base", frozenset({"2.0"})),))
    [probe] = probed(scenario(broken), whole())
    assert pointed(probe) == [("app", "base==2.0", ("app", "lib"))]


def test_lines_that_conflict_fail_before_anything_is_installed() -> None:
    [probe] = probed(scenario(text="app==2.0\nlib==1.0\nside==1.0\n"), whole())
    assert said(probe).cause is Cause.RESOLVER_CONFLICT
    assert [name for name, _, _ in pointed(probe)] == ["app", "lib"]
    assert {suspect.group for suspect in said(probe).suspects} == {1}


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("lib==9.0", Cause.NO_MATCHING_VERSION),
        ("nothing", Cause.NO_MATCHING_VERSION),
        ("side==1.1", Cause.REQUIRES_PYTHON),
        ("side==3.0", Cause.NO_COMPATIBLE_WHEEL),
    ],
)
def test_a_line_that_nothing_fits_is_named_alone(line: str, cause: Cause) -> None:
    [probe] = probed(scenario(text=f"app==1.0\n{line}\n"), whole())
    assert (said(probe).cause, said(probe).phase) == (cause, Phase.RESOLVE)
    assert [suspect.requirement for suspect in said(probe).suspects] == [line]


def test_a_constraint_holds_what_no_line_names() -> None:
    given = scenario(PAIR, limits="lib==2.0\n")
    moved = whole(Edit(EditAction.REPIN, "lib", 2, "==1.0"))
    first, second = probed(given, whole(), moved)
    assert (first.outcome, second.outcome) == (Outcome.FAIL, Outcome.PASS)
    assert second.installed is not None
    assert second.installed["lib"] == "1.0"


def test_a_side_effect_is_installed() -> None:
    [probe] = probed(scenario(), whole(HOLD))
    assert probe.installed == {"app": "1.0", "lib": "1.0", "base": "1.0", "side": "1.0"}


def test_a_project_that_the_check_needs_is_missed_when_left_out() -> None:
    given = scenario(needed=frozenset({"app"}))
    builds = SimulatedBuilds(given)
    [probe] = builds.answer([whole(WITHOUT)])
    assert probe.outcome is Outcome.FAIL
    assert builds.shown == {1: ("missing app",)}
    assert said(probe).breakages[0].what == "app"


def test_a_replaced_line_is_what_it_says() -> None:
    replaced = Edit(EditAction.REPLACE, "tools", 1, "tools==1.0")
    [probe] = probed(scenario(), whole(replaced))
    assert probe.installed == {"app": "1.0", "lib": "2.0", "base": "2.0", "tools": "1.0"}


# --- what logs show ---------------------------------------------------------------------------


def test_the_next_failure_shows_when_the_first_is_gone() -> None:
    late = replace(ALONE, members=(("app", frozenset({"1.0"})),), place=5)
    given = scenario(PAIR, late, BUILD)
    builds = SimulatedBuilds(given)
    side = Edit(EditAction.DROP, "side", 1)
    for edits in ((), (side,), (side, HOLD), (side, MOVE)):
        builds.answer([whole(*edits)])
    assert builds.shown == {1: ("flint",), 2: ("beryl",), 3: ("amber",)}
    [shown_all] = probed(replace(given, shows_all=True), whole(side))
    assert [breakage.what for breakage in said(shown_all).breakages] == ["beryl", "amber"]
    assert shown_all.signature == said(shown_all).breakages[0].signature


# Quality, suspects by name of what fails, breakage (user, lacks), cause, is the phase reported.
LOGS = [
    (Quality.EXACT, "lacks", ["lib", "app"], ("app", "lib"), Cause.IMPORT_ERROR, True),
    (Quality.HALF, "lacks", ["app"], ("app", ""), Cause.IMPORT_ERROR, True),
    (Quality.HALF, "user", ["lib"], ("", "lib"), Cause.IMPORT_ERROR, True),
    (Quality.SILENT, "lacks", [], None, Cause.UNKNOWN, True),
    (Quality.STATUS, "lacks", [], None, Cause.UNKNOWN, False),
]


@pytest.mark.parametrize(("quality", "blind", "suspects", "sides", "cause", "reported"), LOGS)
def test_logs_tell_as_much_as_their_quality_says(
    quality: Quality,
    blind: str,
    suspects: list[str],
    sides: tuple[str, str] | None,
    cause: Cause,
    reported: bool,
) -> None:
    [probe] = probed(scenario(replace(PAIR, blind=blind), quality=quality), whole())
    seen = said(probe)
    assert [str(suspect.failing) for suspect in seen.suspects] == suspects
    assert [(breakage.user, breakage.lacks) for breakage in seen.breakages] == (
        [sides] if sides else []
    )
    assert (seen.cause, seen.phase is Phase.CHECK) == (cause, reported)


def test_silent_logs_tell_failures_apart_and_a_bare_status_does_not() -> None:
    faults = (PAIR, replace(ALONE, place=5))
    silent = probed(scenario(*faults, quality=Quality.SILENT), whole(), whole(MOVE))
    assert len({probe.signature for probe in silent}) == 2
    bare = probed(scenario(*faults, BUILD, quality=Quality.STATUS), whole(), whole(WITHOUT))
    assert {probe.signature for probe in bare} == {STATUS_ONLY}


def test_every_fault_of_a_scenario_has_a_signature_of_its_own() -> None:
    for seed in range(60):
        given = replace(draw(seed), quality=Quality.EXACT)
        signatures = set()
        for fault in given.world.faults:
            installed = {name: min(versions) for name, versions in fault.members}
            pins = tuple(
                Edit(EditAction.ADD, name, None, f"=={version}")
                for name, version in installed.items()
            )
            world = replace(given.world, faults=(fault,), needed=frozenset())
            [probe] = probed(replace(given, world=world, files={ROOT: ""}), whole(*pins))
            if "conflict" not in probe.signature and probe.outcome is Outcome.FAIL:
                signatures.add(probe.signature)
        assert len({s.rsplit(" | ", 1)[0] for s in signatures}) == len(signatures)


# --- how it is asked --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("checks", "more", "fails"),
    [
        (Checks.COMMAND, {}, True),
        (Checks.COMMAND, {"check": False}, False),
        (Checks.IMPORTS, {}, False),
        (Checks.IMPORTS, {"imports": True}, True),
        (Checks.IMPLIED, {"imports": True}, True),
        (Checks.IMPLIED, {"imports": True, "check": False}, False),
        (Checks.NONE, {"imports": True}, False),
    ],
)
def test_a_check_fails_only_where_it_is_run(
    checks: Checks, more: dict[str, bool], fails: bool
) -> None:
    [probe] = probed(scenario(PAIR, checks=checks), whole(**more))
    assert (probe.outcome is Outcome.FAIL) == fails


def test_a_platform_tells_less_and_checks_always() -> None:
    given = scenario(PAIR, local=False)
    [probe] = probed(given, whole(check=False))
    assert (probe.outcome, probe.installed) == (Outcome.FAIL, None)
    for inquiry in (alone("side==1.0"), whole(build_constraints=("Cython<3",))):
        with pytest.raises(AssertionError, match="a platform"):
            probed(given, inquiry)


def test_a_build_that_takes_longer_than_it_may_is_no_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.fix.simulated.TIMEOUT", 5.0)
    builds = SimulatedBuilds(scenario(BUILD))
    probes = builds.answer([alone("side==1.0", repeat=number) for number in range(40)])
    stopped = [probe for probe in probes if probe.seconds > 5.0]
    assert 0 < len(stopped) < 40
    for probe in probes:
        late = probe.seconds > 5.0
        assert probe.outcome is (Outcome.UNRESOLVED if late else Outcome.FAIL)
        assert said(probe).infrastructure == late
        assert builds.shown[probe.number] == (() if late else ("flint",))


def test_delays_follow_from_their_seed_and_change_no_answer() -> None:
    given = scenario(PAIR, BUILD)
    inquiries = [whole(), whole(MOVE), alone("side==1.0")]
    runs = [SimulatedBuilds(given, Conditions(delays=seed)).answer(inquiries) for seed in (1, 1, 2)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]
    assert [replace(p, seconds=0.0) for p in runs[0]] == [replace(p, seconds=0.0) for p in runs[2]]
    assert max(delay(0, str(number)) for number in range(200)) > 300


def test_answers_keep_their_order_in_whatever_order_builds_end() -> None:
    inquiries = [alone(f"{name}==1.0") for name in ("app", "lib", "base", "side", "tools")]
    numbers = set()
    for order in range(4):
        probes = SimulatedBuilds(scenario(), Conditions(order=order)).answer(inquiries)
        assert [next(iter(probe.installed or ())) for probe in probes] == [
            "app",
            "lib",
            "base",
            "side",
            "tools",
        ]
        numbers.add(tuple(probe.number for probe in probes))
    assert len(numbers) > 1


def test_what_the_journal_answers_is_not_built_again() -> None:
    given = scenario(PAIR)
    first = SimulatedBuilds(given)
    one, same = first.answer([whole(), whole()])
    [repeated] = first.answer([whole(repeat=1)])
    [known] = first.answer([whole()])
    assert one is same
    assert (one.number, repeated.number, known.number) == (1, 2, 1)
    assert (known.from_journal, first.builds) == (True, 2)
    again = SimulatedBuilds(given, Conditions(journal=dict(first.conditions.journal)))
    [replayed] = again.answer([whole()])
    [new] = again.answer([whole(MOVE)])
    assert replayed == replace(one, from_journal=True)
    assert (new.number, again.builds) == (3, 1)


def test_candidates_that_read_alike_are_one_build() -> None:
    builds = SimulatedBuilds(scenario())
    builds.answer([whole(), whole(Edit(EditAction.REPIN, "app", 0, "==1.0"))])
    assert builds.builds == 1


def test_a_flaky_build_fails_now_and_then_and_the_same_try_alike() -> None:
    given = scenario(flakes={"side==1.0": 0.3})
    builds = SimulatedBuilds(given)
    probes = builds.answer([whole(repeat=number) for number in range(100)])
    failed = [probe for probe in probes if probe.outcome is Outcome.FAIL]
    assert 15 < len(failed) < 45
    assert {builds.shown[probe.number] for probe in failed} == {("flake side==1.0",)}
    assert {probe.signature for probe in failed} == {failed[0].signature}
    again = SimulatedBuilds(given).answer([whole(repeat=number) for number in range(100)])
    assert again == probes
    steady = scenario(flakes={"side==9.9": 1.0})
    assert [p.outcome for p in probed(steady, whole(), alone("app==1.0"))] == [Outcome.PASS] * 2
    assert given.state(Candidate()).passes


def test_a_budget_ends_a_story_as_the_driver_does() -> None:
    def story() -> Story[str]:
        yield [whole()]
        try:
            yield [whole(MOVE)]
        except BudgetSpent as spent:
            return spent.message
        return "never stopped"

    builds = SimulatedBuilds(scenario(), max_builds=1)
    assert "limit of 1 builds" in drive(story(), builds)  # type: ignore[arg-type]
    with pytest.raises(BudgetSpent):
        SimulatedBuilds(scenario(), max_builds=0).answer([whole()])


def test_a_story_that_never_ends_is_stopped() -> None:
    def story() -> Story[None]:
        while True:
            yield [whole()]

    builds = SimulatedBuilds(scenario())
    with pytest.raises(Endless):
        drive(story(), builds)  # type: ignore[arg-type]
    assert len(builds.asked) == MOST_ANSWERS + 1


def test_what_the_resolver_says_is_a_probe_that_costs_no_build() -> None:
    given = scenario(text="app==2.0\nlib==1.0\n")
    builds = SimulatedBuilds(given)
    resolver = given.resolver()
    conflict = resolver.resolve(["app==2.0", "lib==1.0"])
    first = builds.resolved(Candidate(), conflict)
    second = builds.resolved(Candidate(), conflict)
    dropped = Candidate((WITHOUT,))
    third = builds.resolved(dropped, resolver.resolve(["lib==1.0"]))
    assert (first.outcome, third.outcome) == (Outcome.FAIL, Outcome.PASS)
    assert (first.number, second.number, third.number) == (1, 1, 2)
    assert (first.kind, builds.builds) == (ProbeKind.RESOLVE, 0)
    assert [suspect.name for suspect in said(first).suspects] == ["app", "lib"]


# --- the index --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        ("app==1.0", []),
        ("side==1.0", [FactKind.NO_USABLE_WHEEL]),
        ("side==1.1", [FactKind.REQUIRES_PYTHON]),
        ("side==2.0", [FactKind.YANKED]),
        ("side==3.0", [FactKind.TOO_NEW]),
        ("side==9.0", [FactKind.NO_SUCH_VERSION]),
        ("nothing==1.0", [FactKind.GONE]),
    ],
)
def test_the_index_states_the_facts_of_a_world(line: str, kinds: list[FactKind]) -> None:
    given = scenario(text=f"{line}\n")
    [requirement] = given.manifest.requirements
    assert [fact.kind for fact in given.index.facts(requirement)] == kinds


def test_the_index_knows_releases_and_their_days() -> None:
    index = scenario().index
    assert [release.version for release in index.releases("lib")] == ["1.0", "2.0"]
    assert [release.version for release in index.releases("side")] == ["1.0", "1.1", "2.0"]
    assert index.exists("tools")
    assert not index.exists("nothing")
    newest = index.newest("app")
    assert newest is not None
    assert newest.version == "2.0"
    assert index.release(Release("lib", "7")) is None
    assert index.latest_upload([Release("app", "1.0"), Release("lib", "2.0")]) == (
        "2021-01-01T00:00:00Z"
    )
    events = index.events(["lib", "base"], "2020-01-01T00:00:00Z", "2021-03-01T00:00:00Z")
    assert [(event.project, event.version) for event in events] == [("lib", "2.0")]
    assert not index.silent_on_age


# --- parts ------------------------------------------------------------------------------------


def test_parts_are_all_parts_of_a_few_and_the_ends_of_many() -> None:
    assert list(parts("ab")) == [(), ("a",), ("b",)]
    assert list(parts("ab", whole=True)) == [(), ("a",), ("b",), ("a", "b")]
    many = list(parts("abcdefg"))
    assert [len(part) for part in many] == [0, *[1] * 7, *[6] * 7]


def test_a_state_says_what_is_missing_in_order_and_whether_it_installs() -> None:
    given = scenario(PAIR, BUILD, needed=frozenset({"tools", "idle", "app"}))
    assert given.state(Candidate()).missing == ("idle", "tools")
    assert not given.state(Candidate()).installs
    assert given.state(Candidate((Edit(EditAction.DROP, "side", 1),))).installs
