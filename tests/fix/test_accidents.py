"""A culprit that may have failed by accident is built again before it is named."""

from __future__ import annotations

from bisect_deps.fix.accidents import without_accidents
from bisect_deps.fix.ask import Seen, noting
from bisect_deps.fix.culprits import described
from bisect_deps.fix.inquiry import Inquiry, Story
from bisect_deps.model import Candidate, Culprit, Note, Outcome, Probe, ProbeKind
from bisect_deps.policy import POLICY
from tests.fix.simulated import Checks, Quality
from tests.fix.small import Small, small, unbuildable, yearly

PROJECTS = {"alpha": yearly("1.0", "2.0"), "beta": yearly("1.0", "2.0")}
TEXT = "alpha==1.0\nbeta==1.0\n"
BETA = unbuildable("flint", "beta", "1.0")
ALPHA = unbuildable("slate", "alpha", "1.0")


def alone(release: str, repeat: int = 0) -> Inquiry:
    return Inquiry(Candidate(), ProbeKind.ISOLATED, "?", isolated=release, repeat=repeat)


def failed(here: Small, seen: Seen, release: str) -> Culprit:
    """Return the culprit that a release is which fails by its first builds."""
    name, _, version = release.partition("==")

    def built() -> Story[Probe]:
        for repeat in range(9):
            [probe] = yield [alone(release, repeat)]
            if probe.outcome is Outcome.FAIL:
                return probe
        raise AssertionError(f"{release} never failed")

    probe = here.told(noting(seen, built()))
    member = here.case.member(name, version)
    assert member is not None
    return described([member], probe)


def left(here: Small, seen: Seen, *culprits: Culprit) -> tuple[list[str], tuple[Note, ...], int]:
    """Return the names of the culprits that are left, the notes, and the builds it took."""
    before = here.builds.builds
    told = here.told(noting(seen, without_accidents(here.case, culprits, seen)))
    return [c.members[0].name for c in told[0]], told[1], here.builds.builds - before


def flaky(seed: int, *, local: bool = True) -> Small:
    flakes = {"alpha==1.0": 0.5}
    return small(TEXT, PROJECTS, BETA, flakes=flakes, checks=Checks.NONE, seed=seed, local=local)


def test_a_single_culprit_costs_no_build() -> None:
    here, seen = small(TEXT, PROJECTS, BETA, checks=Checks.NONE), Seen()
    assert left(here, seen, failed(here, seen, "beta==1.0")) == (["beta"], (), 0)


def test_of_two_that_only_logs_accuse_each_is_built_until_it_is_sure() -> None:
    found = []
    for seed in range(6):
        here, seen = flaky(seed), Seen()
        both = [failed(here, seen, release) for release in ("alpha==1.0", "beta==1.0")]
        names, notes, builds = left(here, seen, *both)
        assert "beta" in names
        assert len(names) + len(notes) == 2
        assert builds <= 2 * (POLICY.doubted_failures - 1)
        found.append(names)
    assert ["beta"] in found, "alpha builds now and then"


def test_a_failure_alone_is_the_proof_where_the_log_of_the_file_is_mute() -> None:
    here = small(TEXT, PROJECTS, ALPHA, BETA, checks=Checks.NONE, quality=Quality.SILENT)
    seen = Seen()

    def whole() -> Story[Probe]:
        [probe] = yield [Inquiry(Candidate(), ProbeKind.WHOLE, "?")]
        return probe

    probe = here.told(noting(seen, whole()))
    members = [here.case.member(name, "1.0") for name in ("alpha", "beta")]
    both = [described([member], probe) for member in members if member is not None]
    culprits, _ = here.told(noting(seen, without_accidents(here.case, both, seen)))
    asked = {probe.number: inquiry.isolated for inquiry, probe in seen.answers}
    proofs = [asked[culprit.proof.failing_probe or 0] for culprit in culprits]
    assert proofs == ["alpha==1.0", "beta==1.0"]


def test_who_installed_in_another_build_is_none_and_costs_nothing() -> None:
    here, seen = flaky(1), Seen()
    culprit = failed(here, seen, "alpha==1.0")

    def installed() -> Story[None]:
        outcomes = set()
        for repeat in range(10, 20):
            [probe] = yield [alone("alpha==1.0", repeat)]
            outcomes.add(probe.outcome)
        assert Outcome.PASS in outcomes

    here.told(noting(seen, installed()))
    names, [note], builds = left(here, seen, culprit)
    assert (names, builds) == ([], 0)
    assert note.probe == culprit.proof.failing_probe
    assert note.text.startswith("alpha 1.0 failed once and installed once")


def test_where_a_build_failed_and_passed_alike_one_is_repeated_too() -> None:
    here, seen = flaky(1), Seen()
    culprit = failed(here, seen, "beta==1.0")

    def shaken() -> Story[None]:
        for repeat in range(10):
            yield [alone("alpha==1.0", repeat)]

    here.told(noting(seen, shaken()))
    assert seen.is_shaken
    assert left(here, seen, culprit) == (["beta"], (), POLICY.doubted_failures - 1)


def test_the_files_own_build_is_one_of_the_failures() -> None:
    here, seen = small(TEXT, PROJECTS, BETA, ALPHA, checks=Checks.NONE), Seen()

    def built() -> Story[Probe]:
        [probe] = yield [Inquiry(Candidate(), ProbeKind.WHOLE, "?")]
        return probe

    whole = here.told(noting(seen, built()))
    alpha = here.case.member("alpha", "1.0")
    assert alpha is not None
    both = described([alpha], whole), failed(here, seen, "beta==1.0")
    names, notes, builds = left(here, seen, *both)
    assert (names, notes) == (["alpha", "beta"], ())
    assert builds == 2 * (POLICY.doubted_failures - 1)
