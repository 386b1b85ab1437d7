"""Only the failure being chased is FAIL; everything uncertain is UNRESOLVED."""

from __future__ import annotations

import pytest

from bisect_deps.diagnosis import diagnose, judge, same_failure
from bisect_deps.diagnosis.fingerprint import fingerprint_of, signature_of, tells_something
from bisect_deps.model import BuildStatus, Cause, Diagnosis, Outcome, Phase

NO_VERSION = diagnose("ERROR: No matching distribution found for idna==99.1\n", exit_status=1)
OTHER = diagnose("ERROR: No matching distribution found for six==99.1\n", exit_status=1)
NETWORK = diagnose(
    "ERROR: Could not install packages due to an OSError: Max retries exceeded with url: /x\n"
)


@pytest.mark.parametrize(
    ("status", "diagnosis", "chased", "outcome"),
    [
        (BuildStatus.PASSED, NO_VERSION, None, Outcome.PASS),
        (BuildStatus.FAILED, NO_VERSION, None, Outcome.FAIL),
        (BuildStatus.FAILED, NO_VERSION, NO_VERSION.signature, Outcome.FAIL),
        (BuildStatus.FAILED, OTHER, NO_VERSION.signature, Outcome.UNRESOLVED),
        (BuildStatus.FAILED, NETWORK, None, Outcome.UNRESOLVED),
        (BuildStatus.BROKEN, NO_VERSION, NO_VERSION.signature, Outcome.UNRESOLVED),
        (BuildStatus.CANCELLED, NO_VERSION, None, Outcome.UNRESOLVED),
    ],
)
def test_outcome_of_a_build(
    status: BuildStatus, diagnosis: Diagnosis, chased: str | None, outcome: Outcome
) -> None:
    assert judge(status, diagnosis, chased) is outcome


def test_failure_among_several_is_still_the_one_chased() -> None:
    both = diagnose(
        "ERROR: No matching distribution found for six==99.1\n"
        "ERROR: No matching distribution found for idna==99.1\n"
    )
    assert judge(BuildStatus.FAILED, both, NO_VERSION.signature) is Outcome.FAIL


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x.c:12: fatal error: y.h", "x.c:409: fatal error: y.h"),
        ("in /tmp/pip-install-a1b2/yarl/setup.py", "in /scratch/pip-install-zz/yarl/setup.py"),
        ("at 0x7f0012ab", "at 0x55aa00ff"),
        ("from https://a.example/x#sha256=12", "from https://b.example/y#sha256=99"),
    ],
)
def test_what_varies_from_run_to_run_is_masked(one: str, other: str) -> None:
    assert fingerprint_of(one) == fingerprint_of(other)


def test_different_projects_are_different_failures() -> None:
    first = signature_of(Phase.BUILD, Cause.COMPILE_ERROR, "yarl", "error: x")
    second = signature_of(Phase.BUILD, Cause.COMPILE_ERROR, "numpy", "error: x")
    assert same_failure(first, first)
    assert not same_failure(first, second)


def conflict(*names: str) -> Diagnosis:
    wishes = "".join(f"    {name} 1.0 depends on shared=={at}\n" for at, name in enumerate(names))
    listed = " and ".join(f"{name}==1.0" for name in names)
    return diagnose(
        f"ERROR: Cannot install {listed} because these package versions have conflicting "
        f"dependencies.\n\nThe conflict is caused by:\n{wishes}\nERROR: ResolutionImpossible\n",
        requirements=[f"{name}==1.0" for name in ("anchor", "bolt", "cable")],
    )


def test_a_conflict_is_known_by_all_that_it_names() -> None:
    first, again, other = (
        conflict("anchor", "bolt"),
        conflict("bolt", "anchor"),
        conflict("anchor", "cable"),
    )
    assert judge(BuildStatus.FAILED, again, first.signature) is Outcome.FAIL
    assert judge(BuildStatus.FAILED, other, first.signature) is Outcome.UNRESOLVED


def check(name: str) -> Diagnosis:
    site = "/e/lib/python3.11/site-packages"
    return diagnose(
        "::depbisect check begin\nTraceback (most recent call last):\n"
        f'  File "{site}/flask_login/utils.py", line 13, in <module>\n'
        f"ImportError: cannot import name '{name}' from 'werkzeug.urls' ({site}/werkzeug/urls.py)\n"
        "::depbisect check end rc=1\n",
        requirements=["flask-login", "werkzeug"],
        exit_status=1,
    )


def test_a_check_that_lacks_another_name_of_the_same_project_is_another_failure() -> None:
    first = check("url_decode")
    assert judge(BuildStatus.FAILED, check("url_decode"), first.signature) is Outcome.FAIL
    assert judge(BuildStatus.FAILED, check("url_quote"), first.signature) is Outcome.UNRESOLVED


@pytest.mark.parametrize(
    ("signature", "tells"),
    [
        ("", False),
        ("build | unknown |  | ", False),
        ("build | unknown |  | some words | more", True),
        ("build | unknown | numpy | ", True),
        ("build | compile-error |  | ", True),
    ],
)
def test_a_log_without_a_word_tells_nothing(signature: str, tells: bool) -> None:
    assert tells_something(signature) is tells


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("build | compile-error | a | x", "build | compile-error | a | y | z", True),
        ("build | compile-error | a | x", "build | compile-error | b | x", False),
        ("build | compile-error |  | x", "build | compile-error |  | y", False),
        ("build | compile-error | a | x", "metadata | compile-error | a | x", False),
        ("check | import-error | a | x", "check | import-error | a | y", False),
        ("check | import-error | a | x", "check | import-error | a | x", True),
        ("build | a", "build | a | b", False),
    ],
)
def test_one_failure_is_known_by_its_project(one: str, other: str, same: bool) -> None:
    assert same_failure(one, other) is same
