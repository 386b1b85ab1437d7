"""At the end, every edit of a fix is needed and belongs to a culprit (law 2)."""

from __future__ import annotations

from dataclasses import replace

from bisect_deps.fix.certify import certify
from bisect_deps.fix.culprits import described
from bisect_deps.model import Candidate, Culprit, Outcome, Probe
from tests.fix.simulated import Checks, Quality
from tests.fix.small import Small, at, breaks, said, small, unbuildable, yearly
from tests.fix.world import Fault

PROJECTS = {
    "app": [at("1.0", "2020-01-01", "lib"), at("2.0", "2023-01-01", "lib")],
    "lib": yearly("1.0", "2.0", "3.0"),
}
TEXT = "app==1.0\nlib==3.0\n"
AMBER = breaks("amber", app="1.0/2.0", lib="3.0")


def certified(here: Small, **versions: str) -> tuple[Probe, tuple[Culprit, ...], int]:
    """Certify a fix with these versions, both lines accused; return how many builds it took."""
    failing = here.probe()
    fixed = here.probe(here.case.settled(Candidate(), versions))
    assert (failing.outcome, fixed.outcome) == (Outcome.FAIL, Outcome.PASS)
    members = [here.case.member(name, v) for name, v in (("app", "1.0"), ("lib", "3.0"))]
    culprits = [described([member], failing) for member in members if member is not None]
    built = here.builds.builds
    smaller, left = here.told(certify(here.case, fixed, culprits, [failing, fixed]))
    return smaller, left, here.builds.builds - built


def names(culprits: tuple[Culprit, ...]) -> list[str]:
    return [member.name for culprit in culprits for member in culprit.members]


def test_an_edit_that_is_not_needed_goes_and_its_culprit_with_it() -> None:
    smaller, left, builds = certified(small(TEXT, PROJECTS, AMBER), app="2.0", lib="2.0")
    assert said(smaller.candidate) == "lib==2.0"
    assert names(left) == ["lib"]
    assert builds == 1, "with lib alone moved"


def test_what_a_log_shows_to_fail_without_an_edit_costs_no_build() -> None:
    beryl = breaks("beryl", place=1, app="1.0", side="2.0")
    projects = {**PROJECTS, "side": yearly("1.0", "2.0")}
    here = small("app==1.0\nlib==3.0\nside==2.0\n", projects, AMBER, beryl, shows_all=True)
    smaller, left, builds = certified(here, lib="2.0", side="1.0")
    assert said(smaller.candidate) == "lib==2.0 side==1.0"
    assert builds == 0
    assert names(left) == ["lib", "side"], "app stays: it is not moved; side gets its culprit"


def test_what_a_build_without_an_edit_shows_gets_its_culprit() -> None:
    # The log of the file stops at amber; that side is needed, only a build tells.
    beryl = breaks("beryl", place=1, app="1.0", side="2.0")
    projects = {**PROJECTS, "side": yearly("1.0", "2.0")}
    here = small("app==1.0\nlib==3.0\nside==2.0\n", projects, AMBER, beryl)
    smaller, left, builds = certified(here, lib="2.0", side="1.0")
    assert said(smaller.candidate) == "lib==2.0 side==1.0"
    assert builds == 1
    assert names(left) == ["lib", "side"]


def test_who_needs_what_a_fix_adds_stays_where_it_is_and_is_at_fault() -> None:
    fault = replace(breaks("garnet", app="1.0"), remedy="tools<3")
    here = small("app==1.0\n", {**PROJECTS, "tools": yearly("1.0", "2.0", "3.0")}, fault)
    failing = here.probe()
    fixed = here.probe(here.case.settled(Candidate(), {"tools": "2.0"}))
    member = here.case.member("app", "1.0")
    assert member is not None
    culprit = replace(described([member], failing), summary="It is known.")
    _, left = here.told(certify(here.case, fixed, [culprit], [failing, fixed]))
    assert [culprit.summary for culprit in left] == ["It is known."]


def test_a_line_is_not_accused_of_what_breaks_beneath_it() -> None:
    # Holding app back holds lib back, which alone is at fault.
    projects = {
        "app": [at("1.0", "2019-01-01", "lib<2"), at("2.0", "2021-01-01", "lib")],
        "lib": yearly("1.0", "2.0"),
    }
    here = small("app==2.0\n", projects, breaks("amber", lib="2.0"))
    failing = here.probe()
    fixed = here.probe(here.case.settled(Candidate(), {"app": "1.0"}))
    _, left = here.told(certify(here.case, fixed, [], [failing, fixed]))
    [culprit] = left
    [member] = culprit.members
    assert (member.requirement.text, member.name, member.version) == ("app==2.0", "lib", "2.0")


def test_what_a_line_at_fault_pulls_in_is_not_accused_beside_it() -> None:
    projects = {
        "app": [at("1.0", "2019-01-01", "lib==1.0"), at("2.0", "2021-01-01", "lib==2.0")],
        "lib": yearly("1.0", "2.0"),
    }
    faults = (unbuildable("slate", "app", "1.0"), unbuildable("flint", "lib", "1.0"))
    here = small("app==1.0\n", projects, *faults, checks=Checks.NONE)
    alone = [here.alone(release) for release in ("app==1.0", "lib==1.0")]
    fixed = here.probe(here.case.settled(Candidate(), {"app": "2.0"}))
    member = here.case.member("app", "1.0")
    assert member is not None
    culprit = described([member], alone[0])
    _, left = here.told(certify(here.case, fixed, [culprit], [*alone, fixed]))
    assert names(left) == ["app"], "lib comes and goes with it"
    _, left = here.told(certify(here.case, fixed, [], [*alone, fixed]))
    assert names(left) != [], "else it is all that explains the edit"


def test_a_release_that_installed_alone_explains_no_edit() -> None:
    here = small("app==1.0\n", PROJECTS, flakes={"app==1.0": 0.5}, checks=Checks.NONE, seed=1)
    probes = [here.alone("app==1.0", repeat) for repeat in range(6)]
    assert {probe.outcome for probe in probes} == {Outcome.PASS, Outcome.FAIL}
    fixed = here.probe(here.case.settled(Candidate(), {"app": "2.0"}))
    _, left = here.told(certify(here.case, fixed, [], [*probes, fixed]))
    assert left == ()


def test_what_the_file_installed_is_not_read_from_a_build_of_one_release() -> None:
    projects = {**PROJECTS, "side": yearly("1.0")}
    here = small("app==1.0\nside==1.0\n", projects, unbuildable("flint", "lib", "3.0"))
    alone, failing = here.alone("side==1.0"), here.probe()
    fixed = here.probe(here.case.settled(Candidate(), {"lib": "2.0"}))
    member = here.case.member("lib", "3.0", here.case.resolve(Candidate()))
    assert member is not None
    culprit = replace(described([member], failing), summary="It is known.")
    _, left = here.told(certify(here.case, fixed, [culprit], [alone, failing, fixed]))
    assert [culprit.summary for culprit in left] == ["It is known."]


def test_a_release_that_failed_to_install_once_is_tried_again_without_its_edit() -> None:
    text, flint = "app==1.0\nlib==1.0\n", unbuildable("flint", "app", "1.0")
    fixes = []
    for seed in range(12):
        here = small(text, PROJECTS, flint, flakes={"lib==1.0": 0.4}, checks=Checks.NONE, seed=seed)
        probes = [here.probe(), here.probe(here.case.settled(Candidate(), {"app": "2.0"}))]
        fixed = here.probe(here.case.settled(Candidate(), {"app": "2.0", "lib": "2.0"}))
        member = here.case.member("lib", "1.0")
        assert member is not None
        if probes[1].outcome is Outcome.PASS or "lib==1.0" not in str(probes[1].diagnosis):
            continue
        culprit = described([member], probes[1])
        smaller, _ = here.told(certify(here.case, fixed, [culprit], [*probes, fixed]))
        fixes.append(said(smaller.candidate))
    assert "app==2.0" in fixes, "lib builds now and then"


def test_what_a_source_rules_out_is_no_reason_to_pin() -> None:
    # Nothing is known of what a source asks for; app 2.0 cannot be taken beside lib 1.0.
    wheelless = {"wheel": "", "sdist": True}
    app = [at("1.0", "2020-01-01", "lib"), at("2.0", "2023-01-01", "lib>=3", **wheelless)]
    faults = (unbuildable("flint", "app", "2.0"), unbuildable("beryl", "lib", "3.0"))
    lib = [at("1.0", "2020-01-01"), at("3.0", "2021-01-01", **wheelless)]
    here = small(
        "app\nlib==3.0\n", {"app": app, "lib": lib}, *faults, checks=Checks.NONE, local=False
    )
    failing = here.probe()
    fixed = here.probe(here.case.settled(Candidate(), {"app": "1.0", "lib": "1.0"}))
    member = here.case.member("app", "2.0")
    assert member is not None
    culprit = described([member], failing)
    smaller, left = here.told(certify(here.case, fixed, [culprit], [failing, fixed]))
    assert said(smaller.candidate) == "lib==1.0"
    assert "app" in names(left), "that it failed, its own log shows"


def test_lines_that_only_move_together_are_one_culprit_where_no_log_tells_more() -> None:
    projects = {
        "app": [at("1.0", "2020-01-01", "base<2"), at("2.0", "2021-01-01", "base>=2")],
        "base": yearly("1.0", "2.0"),
    }
    here = small(
        "app==1.0\nbase==1.0\n",
        projects,
        breaks("amber", app="1.0", base="1.0"),
        quality=Quality.STATUS,
        local=False,
    )
    failing = here.probe()
    fixed = here.probe(here.case.settled(Candidate(), {"app": "2.0", "base": "2.0"}))
    _, left = here.told(certify(here.case, fixed, [], [failing, fixed]))
    assert [[member.name for member in culprit.members] for culprit in left] == [["app", "base"]]


def test_what_a_source_is_guessed_to_be_explains_no_edit_where_builds_tell() -> None:
    source = {"wheel": "", "sdist": True}
    projects = {
        "app": yearly("1.0", "2.0"),
        "lib": [at("1.0", "2020-01-01", **source), at("2.0", "2021-01-01", "base>=2", **source)],
        "base": yearly("1.0"),
    }
    # The resolver takes lib 2.0; an installer that builds it finds that base 2 is not there.
    here = small("app==1.0\nlib\nbase==1.0\n", projects, breaks("amber", app="1.0"))
    failing = here.probe()
    refused = here.probe(here.case.settled(Candidate(), {"lib": "2.0"}))
    fixed = here.probe(here.case.settled(Candidate(), {"app": "2.0", "lib": "1.0"}))
    assert (failing.installed or {})["lib"] == "1.0"
    assert refused.diagnosis is not None
    assert refused.diagnosis.suspects
    _, left = here.told(certify(here.case, fixed, [], [failing, refused, fixed]))
    assert names(left) == ["app"]


def _shaken(*faults: Fault) -> tuple[Small, Probe, Probe]:
    """Return a file whose build failed once of lib, by accident, and a fix that passes."""
    for seed in range(40):
        here = small(
            "app==1.0\nlib==1.0\n",
            PROJECTS,
            *faults,
            flakes={"lib==1.0": 0.4},
            seed=seed,
            local=False,
        )
        failing, again = here.probe(), here.probe(repeat=1)
        fixed = here.probe(here.case.settled(Candidate(), {"app": "2.0"}))
        flaked = ["flake lib==1.0" in here.builds.shown.get(p.number, ()) for p in (failing, again)]
        if flaked == [True, False] and fixed.outcome is Outcome.PASS:
            return here, failing, fixed
    raise AssertionError("no such seed")


def test_a_log_that_names_what_installed_elsewhere_proves_no_edit() -> None:
    here, failing, fixed = _shaken(breaks("amber", app="1.0"))
    smaller, [culprit] = here.told(certify(here.case, fixed, [], [failing, fixed]))
    assert said(smaller.candidate) == "app==2.0"
    shown = here.builds.shown[culprit.proof.failing_probe or 0]
    assert (names((culprit,)), shown) == (["app"], ("amber",))


def test_a_file_that_only_failed_by_accident_needs_no_edit() -> None:
    here, failing, fixed = _shaken()
    smaller, left = here.told(certify(here.case, fixed, [], [failing, fixed]))
    assert (said(smaller.candidate), left) == ("", ())
