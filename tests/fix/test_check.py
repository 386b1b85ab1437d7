"""Following a failing check: another failure keeps the move, the old one takes it back (law 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pytest

from bisect_deps.diagnosis import diagnose
from bisect_deps.fix.check import Followed, breakage_of, follow
from bisect_deps.fix.inquiry import Inquiry
from bisect_deps.fix.repair import repair
from bisect_deps.model import (
    Breakage,
    BreakageKind,
    Candidate,
    Cause,
    Diagnosis,
    Evidence,
    Mention,
    Outcome,
    Phase,
    Probe,
    ProbeKind,
    Suspect,
    VerdictKind,
)
from bisect_deps.policy import POLICY
from bisect_deps.run.driver import drive
from tests.fix.simulated import Quality, SimulatedBuilds
from tests.fix.small import Small, at, breaks, said, small, yearly


def followed(here: Small) -> Followed:
    return here.told(follow(here.case, here.probe()))


def layered(**more: object) -> Small:
    # Build 1 lacks a name in lib; with lib held, one in base; with both held it passes.
    projects = {
        "app": [at("1.0", "2020-06-01", "lib", "base")],
        "lib": [at("1.0", "2020-01-01"), at("2.0", "2022-01-01")],
        "base": [at("1.0", "2020-01-01"), at("2.0", "2022-01-01")],
    }
    faults = (
        breaks("amber", app="1.0", lib="2.0"),
        breaks("beryl", place=1, app="1.0", base="2.0"),
    )
    return small("app==1.0\n", projects, *faults, **more)  # type: ignore[arg-type]


def test_a_new_failure_is_a_layer_deeper_and_the_move_stays() -> None:
    found = followed(layered())
    assert found.passing is not None
    assert [layer.part.breakage.lacks for layer in found.layers] == ["lib", "base"]
    held = {edit.name for edit in found.layers[1].part.move.candidate.edits}
    assert held == {"lib", "base"}, "the first move is kept beneath the second"


def independent(**more: object) -> Small:
    # Two programs, each broken by a library of its own; one log shows both.
    projects = {
        "app": [at("1.0", "2020-06-01", "lib")],
        "bot": [at("1.0", "2020-06-01", "base")],
        "lib": [at("1.0", "2020-01-01"), at("2.0", "2022-01-01")],
        "base": [at("1.0", "2020-01-01"), at("2.0", "2022-01-01")],
    }
    faults = (
        breaks("amber", app="1.0", lib="2.0"),
        breaks("beryl", place=1, bot="1.0", base="2.0"),
    )
    return small("app==1.0\nbot==1.0\n", projects, *faults, **more)  # type: ignore[arg-type]


def test_independent_failures_of_one_check_are_moved_in_one_build() -> None:
    found = followed(independent(shows_all=True))
    assert found.passing is not None
    assert len(found.probes) == 2, "the failing one, and the one with both moves"
    told = [(layer.part.breakage.user, sorted(layer.part.own)) for layer in found.layers]
    assert told == [("app", ["lib"]), ("bot", ["base"])]


def test_failures_that_are_shown_one_after_the_other_take_a_build_each() -> None:
    found = followed(independent())
    assert found.passing is not None
    assert len(found.probes) == 3


def test_the_same_failure_takes_the_move_back() -> None:
    projects = {
        "app": [at("1.0", "2020-06-01", "lib")],
        "lib": yearly("1.0", "2.0", "3.0", "4.0", start=2016),
    }
    here = small("app==1.0\n", projects, breaks("amber", app="1.0", lib="3.0/4.0"))
    found = followed(here)
    assert found.passing is not None
    assert [layer.after.outcome for layer in found.layers] == [Outcome.PASS]
    assert len(found.passing.candidate.edits) == 1


def test_the_same_failure_behind_a_new_one_takes_the_move_back_too() -> None:
    projects = {
        "app": [at("1.0", "2020-06-01", "lib")],
        "lib": [at("1.0", "2018-01-01"), at("2.0", "2020-01-01"), at("3.0", "2022-01-01")],
    }
    faults = (
        breaks("amber", place=1, app="1.0", lib="2.0/3.0"),
        breaks("beryl", app="1.0", lib="2.0"),
    )
    found = followed(small("app==1.0\n", projects, *faults, shows_all=True))
    assert found.passing is not None
    assert said(found.probes[1].candidate) == "lib==2.0", "it was tried, and showed beryl first"
    assert len(found.layers) == 1


def test_what_resolves_to_the_same_is_not_built_twice() -> None:
    # Holding lib brings side down: what was loose, as of that day, is the same.
    projects = {
        "app": [at("1.0", "2020-03-01", "lib", "side")],
        "lib": [at("1.0", "2019-01-01", "side<2"), at("2.0", "2021-01-01", "side")],
        "side": [at("1.0", "2019-01-01"), at("2.0", "2020-06-01")],
    }
    found = followed(small("app==1.0\n", projects, breaks("amber", app="1.0", lib="1.0/2.0")))
    assert found.passing is None
    resolved = [tuple(sorted((probe.installed or {}).items())) for probe in found.probes]
    assert len(resolved) > 1
    assert len(resolved) == len(set(resolved))


def test_two_failures_of_one_project_are_met_one_after_the_other() -> None:
    here = layered(shows_all=True)
    assert followed(here).passing is not None
    assert here.asked == ["", "lib==1.0", "lib==1.0 base==1.0"] or here.asked == [
        "",
        "lib==1.0",
        "base==1.0 lib==1.0",
    ]
    assert "lib==1.0" in here.builds.asked[1][0].purpose, "said to whoever watches"


def test_where_nothing_helps_it_ends_with_the_deepest_layers() -> None:
    projects = {
        "app": [at("1.0", "2020-06-01", "lib", "base")],
        "lib": [at("1.0", "2020-01-01"), at("2.0", "2022-01-01")],
        "base": [at("1.0", "2020-01-01"), at("2.0", "2022-01-01")],
    }
    faults = (
        breaks("amber", app="1.0", lib="2.0"),
        breaks("beryl", place=1, app="1.0", base="1.0/2.0"),
    )
    found = followed(small("app==1.0\n", projects, *faults))
    assert found.passing is None
    assert [layer.part.breakage.lacks for layer in found.layers] == ["lib"]
    assert len(found.probes) <= POLICY.check_builds + 1


def test_a_move_that_breaks_the_install_or_brings_an_old_failure_back_is_no_progress() -> None:
    projects = {
        "app": [at("1.0", "2020-06-01", "lib")],
        "lib": [at("1.0", "2020-01-01"), at("2.0", "2022-01-01")],
    }
    faults = (
        breaks("amber", app="1.0", lib="2.0"),
        breaks("beryl", place=1, app="1.0", lib="1.0"),
    )
    found = followed(small("app==1.0\n", projects, *faults))
    assert found.passing is None
    candidates = [said(layer.part.move.candidate) for layer in found.layers]
    assert candidates in ([], ["lib==1.0"]), "it does not go round in a circle"


def test_the_first_breakage_of_the_log_is_followed() -> None:
    here = layered(shows_all=True)
    assert breakage_of(here.probe()).lacks == "lib"
    moved = here.case.settled(Candidate(), {"lib": "1.0"})
    assert breakage_of(here.probe(moved)).lacks == "base"


def test_a_log_that_names_nobody_is_followed_by_days_and_series() -> None:
    found = followed(layered(quality=Quality.SILENT))
    assert found.passing is not None
    assert found.layers[-1].part.breakage.lacks == ""


@pytest.mark.parametrize(
    ("error", "repeats"),
    [
        ("RuntimeError: another process holds the lock", [1, 2]),
        ("ImportError: pyarrow requires NumPy", []),
        ("SyntaxError: invalid syntax", []),
        ("the interpreter ended with 0 while importing", []),
        ("killed by signal 11 while importing", [1, 2]),
    ],
)
def test_only_an_error_that_may_come_and_go_is_repeated(error: str, repeats: list[int]) -> None:
    here = layered()
    failed = here.probe()
    assert failed.diagnosis is not None
    other = Breakage(BreakageKind.OTHER, user="app", evidence=(Evidence(3, error),))
    failing = replace(failed, diagnosis=replace(failed.diagnosis, breakages=(other,)))
    asked = next(follow(here.case, failing), ())
    assert [inquiry.repeat for inquiry in asked if inquiry.repeat] == repeats


@dataclass(frozen=True)
class Calming:
    """Builds, of which those that are repeated pass; what an accident says is no import's error."""

    builds: SimulatedBuilds

    def answer(self, inquiries: Sequence[Inquiry]) -> list[Probe]:
        """Return one probe per inquiry, in the same order."""
        return [
            replace(probe, outcome=Outcome.PASS) if inquiry.repeat else busy(probe)
            for inquiry, probe in zip(inquiries, self.builds.answer(inquiries), strict=True)
        ]


def busy(probe: Probe) -> Probe:
    if probe.diagnosis is None:
        return probe
    evidence = (Evidence(3, "RuntimeError: another process holds the lock"),)
    breakages = tuple(
        replace(one, evidence=evidence) if one.kind is BreakageKind.OTHER else one
        for one in probe.diagnosis.breakages
    )
    return replace(probe, diagnosis=replace(probe.diagnosis, breakages=breakages))


@pytest.mark.parametrize(
    ("place", "edits"), [(0, []), (1, ["lib==1.0"])], ids=["at once", "a layer deeper"]
)
def test_a_failure_that_is_an_accident_ends_the_way(place: int, edits: list[str]) -> None:
    projects = {
        "app": [at("1.0", "2020-06-01", "lib", "base")],
        "lib": [at("1.0", "2020-01-01"), at("2.0", "2022-01-01")],
        "base": [at("1.0", "2020-01-01")],
    }
    first = breaks("amber", app="1.0", lib="2.0")
    accident = replace(breaks("beryl", place=1, app="1.0", base="1.0"), kind=BreakageKind.OTHER)
    here = small("app==1.0\n", projects, *(first, accident)[1 - place :])
    found = drive(follow(here.case, busy(here.probe())), Calming(here.builds))  # type: ignore[arg-type]
    assert found.passing is not None
    assert found.unsteady == 1
    assert [said(layer.after.candidate) for layer in found.layers] == edits
    assert all(layer.after == found.passing for layer in found.layers)


@pytest.mark.parametrize(
    ("suspects", "user", "lacks"),
    [
        ((), "", ""),
        ((("lib", "lib==1.0", 1),), "", "lib"),
        ((("app", "lib==1.0", 1),), "app", "lib"),
        ((("lib", None, 1), ("app", None, 1)), "app", "lib"),
        ((("lib", None, 1), ("app", None, 2)), "", "lib"),
    ],
    ids=["nobody", "one", "what it pulls in", "both by one line", "another line"],
)
def test_where_a_log_tells_no_breakage_its_suspects_do(
    suspects: tuple[tuple[str, str | None, int], ...], user: str, lacks: str
) -> None:
    found = tuple(
        Suspect(
            name,
            failing=Mention.parse(failing) if failing else None,
            evidence=(Evidence(line, "it failed"),),
        )
        for name, failing, line in suspects
    )
    diagnosis = Diagnosis(Outcome.FAIL, Cause.RUNTIME_ERROR, Phase.CHECK, found)
    probe = Probe(1, ProbeKind.WHOLE, Candidate(), Outcome.FAIL, diagnosis=diagnosis)
    assert (breakage_of(probe).user, breakage_of(probe).lacks) == (user, lacks)


def test_nothing_else_is_said_to_be_at_fault_where_a_culprit_was_never_left_out() -> None:
    here = small("tool==1.0\nghost==1.0\n", {"tool": [at("1.0")]}, breaks("amber", tool="1.0"))
    conclusion = here.told(repair(here.case))
    assert {member.name for c in conclusion.culprits for member in c.members} == {"tool", "ghost"}
    assert conclusion.notes == (), "tool is in every build that failed: it is no build without it"


def drifted(kit: str) -> Small:
    # The log names who fails, not that it fails with the newest kit.
    projects = {
        "app": [at(f"{n}.0", f"20{n + 10}-01-01", "kit") for n in range(1, 6)],
        "kit": [at("1.0", "2010-01-01"), at("2.0", f"{kit}-01-01")],
    }
    older = replace(breaks("beryl", app="1.0/2.0/3.0", place=1), blind="user")
    faults = (
        replace(breaks("amber", app="5.0/4.0", kit="2.0"), kind=BreakageKind.RAISED),
        replace(older, kind=BreakageKind.ATTRIBUTE_GONE),
    )
    return small("app==5.0\n", projects, *faults, quality=Quality.HALF)


def test_what_a_pinned_release_pulls_in_newer_than_itself_is_held_back_first() -> None:
    here = drifted("2020")
    found = followed(here)
    assert found.passing is not None
    assert here.asked == ["", "kit==1.0"]


def test_where_the_checks_own_code_fails_with_an_older_release_it_went_too_far() -> None:
    here = drifted("2012")
    found = followed(here)
    assert found.passing is not None
    assert said(found.passing.candidate) == "kit==1.0"
    assert [layer.failure.candidate for layer in found.layers] == [Candidate()]


_NO_SETTINGS = """::depbisect install begin
::depbisect install end rc=0
::depbisect check begin
Traceback (most recent call last):
  File "/app/env/lib/python3.12/site-packages/django/conf/__init__.py", line 61, in _setup
    raise ImproperlyConfigured(
django.core.exceptions.ImproperlyConfigured: Requested setting A, but settings are not configured.
::depbisect check end rc=1
"""


_NO_MODULE = """::depbisect install begin
::depbisect install end rc=0
::depbisect check begin
Traceback (most recent call last):
  File "/app/env/lib/python3.12/site-packages/user/__init__.py", line 1, in <module>
    import packaging
ModuleNotFoundError: No module named 'packaging'
::depbisect check end rc=1
"""


@dataclass(frozen=True)
class Logged:
    """Builds that fail with these logs, by a part of what `said` puts for them: the last counts."""

    builds: SimulatedBuilds
    logs: Mapping[str, str]

    def answer(self, inquiries: Sequence[Inquiry]) -> list[Probe]:
        """Return one probe per inquiry, in the same order."""
        return [self._told(probe) for probe in self.builds.answer(inquiries)]

    def _told(self, probe: Probe) -> Probe:
        logs = [log for part, log in self.logs.items() if part in said(probe.candidate)]
        if not logs:
            return probe
        found = diagnose(logs[-1], exit_status=1)
        told = {"diagnosis": found, "signature": found.signature, "outcome": Outcome.FAIL}
        return replace(probe, **told)  # type: ignore[arg-type]


def test_who_needs_what_was_missing_is_named_where_nothing_mends_what_is_behind() -> None:
    projects = {"user": yearly("1.0"), "packaging": yearly("1.0")}
    here = small("user==1.0\n", projects)
    logs = {"": _NO_MODULE, "packaging": _NO_SETTINGS}
    conclusion = drive(repair(here.case), Logged(here.builds, logs))  # type: ignore[arg-type]
    assert [culprit.members[0].name for culprit in conclusion.culprits] == ["user"]
    [note] = [note.text for note in conclusion.notes if "no release can mend" in note.text]
    assert note.startswith("With packaging==1.0 the check gets as far")


def test_a_check_without_settings_of_its_own_is_followed_no_further() -> None:
    here = layered()
    builds = Logged(here.builds, {"lib==": _NO_SETTINGS})
    conclusion = drive(repair(here.case), builds)  # type: ignore[arg-type]
    assert here.asked == ["", "lib==1.0"]
    assert [culprit.members[0].name for culprit in conclusion.culprits] == ["lib"]
    assert any("DJANGO_SETTINGS_MODULE" in note.text for note in conclusion.notes)


@pytest.mark.parametrize(
    "lacking", ["1.0/2.0/3.0/4.0", "2.0/3.0/4.0"], ids=["in no release", "in one"]
)
def test_what_a_check_asks_for_in_vain_accuses_no_release(lacking: str) -> None:
    """An older release fails of what Python lost, before the check gets as far."""
    projects = {
        "kit": [at("1.0", "2020-01-01", "part==1.0"), *yearly("2.0", "3.0", "4.0", start=2021)],
        "part": yearly("1.0", start=2020),
    }
    asked = replace(
        breaks("amber", kit=lacking, place=1), blind="user", kind=BreakageKind.NAME_GONE
    )
    lost = replace(breaks("flint", part="1.0"), kind=BreakageKind.NAME_GONE)
    faults = (asked, lost) if "1.0" in lacking else (asked,)
    here = small("kit==3.0\n", projects, *faults)
    conclusion = here.told(repair(here.case))
    if "1.0" not in lacking:
        assert [said(way.candidate) for way in conclusion.ways] == ["kit==1.0"]
        return
    assert conclusion.culprits == ()
    assert conclusion.kind is VerdictKind.INCONCLUSIVE
    assert any("4.0, 3.0, 2.0" in note.text for note in conclusion.notes)
