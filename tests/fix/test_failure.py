"""What a failure is: its fingerprints, and when two are the same (law 4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bisect_deps.fix.failure import (
    failing_release,
    fingerprints,
    first_fingerprint,
    installs,
    involved,
    is_infrastructure,
    outcome_of,
    shows,
)
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
    Release,
    Suspect,
)

BUILD = "build | compile-error | numpy | error: no such header"
BUILD_AGAIN = "build | compile-error | numpy | error: another line of the same failure"
OTHER = "build | compile-error | scipy | error: no such header"
LOST = "check | import-error | werkzeug | url_quote"
GONE = "check | import-error | sqlalchemy | __all__"
# What is left of a log that says nothing.
MUTE = "resolve | unknown |  | "


def probe(
    signature: str,
    *breakages: str,
    suspects: tuple[Suspect, ...] = (),
    outcome: Outcome = Outcome.FAIL,
    phase: Phase = Phase.BUILD,
    cause: Cause = Cause.UNKNOWN,
) -> Probe:
    broken = tuple(Breakage(BreakageKind.NAME_GONE, signature=breakage) for breakage in breakages)
    phase = Phase.CHECK if breakages else phase
    found = Diagnosis(Outcome.FAIL, cause, phase, suspects, signature, breakages=broken)
    return Probe(1, ProbeKind.WHOLE, Candidate(), outcome, signature=signature, diagnosis=found)


PASSED = Probe(1, ProbeKind.WHOLE, Candidate(), Outcome.PASS, signature=BUILD)
UNSEEN = Probe(1, ProbeKind.WHOLE, Candidate(), Outcome.FAIL)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (PASSED, set()),
        (UNSEEN, set()),
        (probe(MUTE), set()),
        (probe(BUILD), {BUILD}),
        (probe(BUILD, suspects=(Suspect("scipy", signature=OTHER),)), {BUILD, OTHER}),
        (probe(LOST, LOST, GONE), {LOST, GONE}),
        (probe(LOST, LOST, suspects=(Suspect("scipy", signature=OTHER),)), {LOST}),
    ],
    ids=[
        "a pass",
        "no log",
        "a log without a word",
        "one failure",
        "each suspect's own",
        "each breakage's own",
        "breakages instead of suspects",
    ],
)
def test_fingerprints_are_of_all_that_a_log_shows(given: Probe, shown: set[str]) -> None:
    assert fingerprints(given) == shown


@pytest.mark.parametrize(
    ("given", "chased", "is_it"),
    [
        (probe(BUILD), BUILD, True),
        (probe(BUILD_AGAIN), BUILD, True),
        (probe(OTHER), BUILD, False),
        (probe(LOST, LOST, GONE), GONE, True),
        (probe(LOST, LOST), GONE, False),
        (probe(OTHER), "", True),
        (probe(MUTE), BUILD, True),
        (UNSEEN, BUILD, True),
        (PASSED, BUILD, False),
        (replace(probe(BUILD), outcome=Outcome.UNRESOLVED), BUILD, False),
    ],
    ids=[
        "the same",
        "the same release and cause in other words",
        "another release",
        "behind another breakage",
        "another breakage of the same kind",
        "nothing is chased",
        "a log without a word",
        "no log",
        "a pass",
        "not ended",
    ],
)
def test_a_probe_shows_the_failure_that_is_chased(given: Probe, chased: str, is_it: bool) -> None:
    assert shows(given, chased) is is_it


def test_another_failure_is_unresolved_to_a_search() -> None:
    assert outcome_of(probe(OTHER), BUILD) is Outcome.UNRESOLVED
    assert outcome_of(probe(BUILD), BUILD) is Outcome.FAIL
    assert outcome_of(PASSED, BUILD) is Outcome.PASS


def test_the_first_breakage_is_followed_and_nothing_where_the_log_is_mute() -> None:
    assert first_fingerprint(probe(GONE, LOST, GONE)) == LOST
    assert first_fingerprint(probe(GONE, LOST, "")) == LOST
    assert first_fingerprint(probe(GONE, "", LOST)) == GONE
    assert first_fingerprint(probe(BUILD)) == BUILD
    assert first_fingerprint(probe(MUTE)) == ""


def test_a_failed_check_installs_and_a_failed_build_does_not() -> None:
    assert installs(PASSED)
    assert installs(probe(LOST, LOST))
    assert not installs(probe(BUILD))
    assert not installs(replace(probe(LOST, LOST), outcome=Outcome.UNRESOLVED))


def test_infrastructure_is_no_failure_of_the_file() -> None:
    assert is_infrastructure(probe(BUILD, cause=Cause.NETWORK))
    assert not is_infrastructure(probe(BUILD, cause=Cause.COMPILE_ERROR))
    assert not is_infrastructure(UNSEEN)


@pytest.mark.parametrize(
    ("suspect", "release"),
    [
        (
            Suspect("app", "1.0", failing=Mention.parse("Lib_b==2.0"), via=("app",)),
            Release("lib-b", "2.0"),
        ),
        (Suspect("app", "1.0"), Release("app", "1.0")),
        (Suspect("app", "1.0", failing=Mention.parse("lib")), None),
        (Suspect("app"), None),
    ],
    ids=["what it pulls in", "itself", "no version told", "no version at all"],
)
def test_the_failing_release_is_the_one_the_log_names(
    suspect: Suspect, release: Release | None
) -> None:
    assert failing_release(suspect) == release


def test_who_is_involved_is_told_from_the_inside_out() -> None:
    broken = Breakage(BreakageKind.NAME_GONE, "user", "lacks", through=("app", "middle", "user"))
    found = Diagnosis(
        Outcome.FAIL,
        Cause.IMPORT_ERROR,
        Phase.CHECK,
        (Suspect("app", failing=Mention.parse("last==1.0"), via=("top",)),),
        breakages=(broken,),
    )
    given = replace(UNSEEN, diagnosis=found)
    assert involved(given) == ("lacks", "user", "middle", "app", "last", "top")


@pytest.mark.parametrize(
    ("suspect", "release"),
    [
        (Suspect("pandas", version="1.0.4", via=("pandas",)), Release("pandas", "1.0.4")),
        (
            Suspect(
                "app",
                version="2.0",
                via=("app", "pandas"),
                evidence=(Evidence(7, "error: Failed to build `pandas==1.0.4`"),),
            ),
            Release("pandas", "1.0.4"),
        ),
        (Suspect("app", version="2.0", via=("app", "pandas")), None),
    ],
    ids=["a line", "what a line pulls in", "no version is named"],
)
def test_where_a_build_requirement_broke_it_is_the_release_to_be_built(
    suspect: Suspect, release: Release | None
) -> None:
    broken = replace(suspect, failing=Mention.parse("numpy==1.14.5"), cause=Cause.BUILD_DEP_FAILED)
    assert failing_release(broken) == release


@pytest.mark.parametrize(
    ("file", "release"),
    [
        ("Some_Thing-1.0-py3-none-any.whl", Release("some-thing", "1.0")),
        ("some-thing-1.0.tar.gz", Release("some-thing", "1.0")),
        ("some_thing-1.0.zip", Release("some-thing", "1.0")),
        ("thing.whl", None),
        ("thing.tar.gz", None),
        (f"{'x' * 300}-1.0.tar.gz", None),
    ],
)
def test_a_file_that_failed_tells_its_release(file: str, release: Release | None) -> None:
    assert failing_release(Suspect("app", failing=Mention.parse(file))) == release
