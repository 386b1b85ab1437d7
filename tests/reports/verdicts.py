"""Verdicts of every kind, as runs conclude them; the reports' tests render each."""

from __future__ import annotations

import re

from bisect_deps.model import (
    RESOLVER_NUMBERS,
    Candidate,
    Cause,
    Culprit,
    Edit,
    EditAction,
    Evidence,
    Fix,
    FixEdit,
    Member,
    Narrowing,
    Note,
    Outcome,
    Phase,
    Probe,
    ProbeKind,
    Proof,
    PythonFor,
    Requirement,
    Target,
    Tried,
    Verdict,
    VerdictKind,
)
from bisect_deps.reports.diff import unified

PASS, FAIL, UNRESOLVED = Outcome.PASS, Outcome.FAIL, Outcome.UNRESOLVED
# The first answer of the resolver.
ANSWER = RESOLVER_NUMBERS + 1
TARGET = Target("3.12.3", "linux-x86_64", "local", "uv 0.13.9", "2026-11-21T00:00:00Z")
SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

OLD = b"numpy==1.19.5\npandas==1.1.5\nflask==1.1.2\nrequests==2.25.1\n"
NEW = b"numpy==1.26.0\npandas==2.1.1\nflask==2.2.5\nrequests==2.25.1\n"


def required(number: int, text: str, file: str = "requirements.txt") -> Requirement:
    name = re.split("[=<>]", text, maxsplit=1)[0]
    return Requirement(number, name, text.removeprefix(name), text, file, number + 1)


def member(number: int, text: str, via: tuple[str, ...] = (), broke: str = "") -> Member:
    requirement = required(number, text)
    name, _, version = (broke or text).partition("==")
    return Member(requirement, name, version or None, via)


def dropped(*edits: tuple[int, str]) -> Candidate:
    return Candidate(tuple(Edit(EditAction.DROP, name, number) for number, name in edits))


def repinned(number: int, name: str, to: str) -> Candidate:
    return Candidate((Edit(EditAction.REPIN, name, number, to),))


NUMPY = Culprit(
    members=(member(0, "numpy==1.19.5"),),
    phase=Phase.BUILD,
    cause=Cause.BUILD_API_REMOVED,
    summary=(
        "numpy 1.19.5 has no wheel for Python 3.12, and its source build fails: its setup needs "
        "distutils, which Python 3.12 removed"
    ),
    evidence=(
        Evidence(
            118, '  File "numpy/distutils/ccompiler.py", line 10, in <module>', "probes/3.log"
        ),
        Evidence(120, "ModuleNotFoundError: No module named 'distutils'", "probes/3.log"),
    ),
    remedies=("setuptools<60",),
    proof=Proof(3, 5),
    narrowings=(
        Narrowing(
            "numpy",
            "1.25.2",
            "1.26.0",
            (Tried("1.26.0", PASS, 7), Tried("1.25.2", FAIL, 8), Tried("1.19.5", FAIL, 3)),
            (Tried("1.26.0rc1", UNRESOLVED, None, "pre-release"),),
        ),
    ),
    advice="the first numpy with wheels for Python 3.12 is 1.26.0",
)
PANDAS = Culprit(
    members=(member(1, "pandas==1.1.5"),),
    phase=Phase.BUILD,
    cause=Cause.BUILD_DEP_FAILED,
    summary=(
        "pandas 1.1.5 has no wheel for Python 3.12, and its source build fails: it builds "
        "against numpy 1.17.3, which does not build on Python 3.12 either"
    ),
    evidence=(Evidence(64, "error: metadata-generation-failed: numpy==1.17.3", "probes/4.log"),),
    proof=Proof(4, 5),
    narrowings=(
        Narrowing("pandas", "2.0.3", "2.1.1", (Tried("2.0.3", FAIL, 10), Tried("2.1.1", PASS, 9))),
    ),
)
FLASK = Culprit(
    members=(member(2, "flask==1.1.2", ("flask",), "jinja2==3.1.6"),),
    phase=Phase.CHECK,
    cause=Cause.IMPORT_ERROR,
    summary=(
        "flask 1.1.2 cannot be imported: it takes `escape` from jinja2, and jinja2 3.1 removed it"
    ),
    evidence=(
        Evidence(
            12,
            "ImportError: cannot import name 'escape' from 'jinja2' "
            "(/venv/lib/python3.12/site-packages/jinja2/__init__.py)",
            "probes/6.log",
        ),
    ),
    proof=Proof(6, 11),
    narrowings=(
        Narrowing(
            "jinja2", "3.1.0", "3.0.3", (Tried("3.1.0", FAIL, ANSWER), Tried("3.0.3", PASS, 12))
        ),
    ),
    advice="flask 2.2.5 is the smallest change of your own line that passes",
)


def probe(
    number: int,
    kind: ProbeKind,
    outcome: Outcome,
    seconds: float,
    candidate: Candidate | None = None,
    *,
    from_journal: bool = False,
) -> Probe:
    return Probe(
        number=number,
        kind=kind,
        candidate=candidate or Candidate(),
        outcome=outcome,
        seconds=seconds,
        log="" if kind is ProbeKind.RESOLVE else f"probes/{number}.log",
        signature="" if outcome is PASS else "build:ModuleNotFoundError:distutils",
        from_journal=from_journal,
    )


PROBES = (
    probe(1, ProbeKind.WHOLE, FAIL, 6.2),
    probe(2, ProbeKind.SUBSET, PASS, 0.4, dropped((0, "numpy"), (1, "pandas"), (2, "flask"))),
    probe(3, ProbeKind.ISOLATED, FAIL, 5.1, dropped((1, "pandas"), (2, "flask"))),
    probe(4, ProbeKind.ISOLATED, FAIL, 9.4, dropped((0, "numpy"), (2, "flask"))),
    probe(5, ProbeKind.SUBSET, PASS, 1.2, dropped((0, "numpy"), (1, "pandas"))),
    probe(6, ProbeKind.SUBSET, FAIL, 1.1, dropped((0, "numpy"), (1, "pandas"))),
    probe(7, ProbeKind.VERSION, PASS, 2.8, repinned(0, "numpy", "==1.26.0")),
    probe(8, ProbeKind.VERSION, FAIL, 4.4, repinned(0, "numpy", "==1.25.2")),
    probe(9, ProbeKind.VERSION, PASS, 3.0, repinned(1, "pandas", "==2.1.1")),
    probe(10, ProbeKind.VERSION, FAIL, 8.7, repinned(1, "pandas", "==2.0.3")),
    probe(11, ProbeKind.SUBSET, PASS, 0.9, dropped((2, "flask"))),
    probe(12, ProbeKind.VERSION, PASS, 1.0, from_journal=True),
    probe(
        13,
        ProbeKind.FIX,
        PASS,
        3.3,
        Candidate(
            (
                Edit(EditAction.REPIN, "numpy", 0, "==1.26.0"),
                Edit(EditAction.REPIN, "pandas", 1, "==2.1.1"),
                Edit(EditAction.REPIN, "flask", 2, "==2.2.5"),
            )
        ),
    ),
    probe(ANSWER, ProbeKind.RESOLVE, UNRESOLVED, 0.1),
)
FIX = Fix(
    edits=(
        FixEdit("requirements.txt", 1, "numpy", "==1.19.5", "==1.26.0", EditAction.REPIN),
        FixEdit("requirements.txt", 2, "pandas", "==1.1.5", "==2.1.1", EditAction.REPIN),
        FixEdit("requirements.txt", 3, "flask", "==1.1.2", "==2.2.5", EditAction.REPIN),
    ),
    diff=unified({"requirements.txt": OLD}, {"requirements.txt": NEW}),
    probe=13,
    files={"requirements.txt": NEW},
    style="bump",
    reason="it keeps every requirement, and moves each to the nearest version that passes",
)
PINNED_JINJA = Fix(
    edits=(
        *FIX.edits[:2],
        FixEdit("requirements.txt", 5, "jinja2", None, "<3.1", EditAction.ADD),
    ),
    diff="",
    probe=15,
    files={},
    style="smallest-change",
    reason="it keeps flask 1.1.2, and holds back what it is not ready for",
)
READY = Verdict(
    kind=VerdictKind.FIXED,
    file="requirements.txt",
    sha256=SHA,
    target=TARGET,
    culprits=(NUMPY, PANDAS, FLASK),
    fix=FIX,
    other_fixes=(PINNED_JINJA,),
    probes=PROBES,
    builds=12,
    seconds=47.7,
    notes=(
        Note("requests==2.25.1 is not at fault: build 5 passes with it.", 5),
        Note("pandas 2.1.1 needs a newer numpy", None, "pandas 2.1.1 asks for numpy>=1.26"),
    ),
    seconds_to_fix=31.4,
    environment={"numpy": "1.26.0", "pandas": "2.1.1", "flask": "2.2.5", "requests": "2.25.1"},
)
PASSES = Verdict(
    kind=VerdictKind.PASSES,
    file="requirements.txt",
    sha256=SHA,
    target=TARGET,
    probes=(probe(1, ProbeKind.WHOLE, PASS, 3.4),),
    builds=1,
    seconds=3.6,
)
PAIR = Verdict(
    kind=VerdictKind.FIXED,
    file="requirements.txt",
    sha256=SHA,
    target=TARGET,
    culprits=(
        Culprit(
            members=(
                member(3, "botocore==1.29.0"),
                member(7, "urllib3==2.2.1"),
            ),
            phase=Phase.RESOLVE,
            cause=Cause.RESOLVER_CONFLICT,
            summary=(
                "botocore 1.29.0 needs urllib3 below 1.27, and another line asks for urllib3 2.2.1"
            ),
            evidence=(
                Evidence(
                    3,
                    "Because botocore==1.29.0 depends on urllib3>=1.25.4,<1.27 and you require "
                    "urllib3==2.2.1, we can conclude that your requirements are unsatisfiable.",
                    "probes/1.log",
                ),
            ),
            proof=Proof(2, 3),
            narrowings=(
                Narrowing(
                    "urllib3",
                    "2.2.1",
                    "1.26.20",
                    (Tried("1.26.20", PASS, 4), Tried("2.2.1", FAIL, 2)),
                    not_built=("2.0.2", "2.0.3", "2.0.4", "2.1.0", "2.2.0"),
                ),
            ),
        ),
    ),
    fix=Fix(
        edits=(
            FixEdit("requirements.txt", 8, "urllib3", "==2.2.1", "==1.26.20", EditAction.REPIN),
        ),
        diff=unified(
            {"requirements.txt": b"boto3\nbotocore==1.29.0\nurllib3==2.2.1"},
            {"requirements.txt": b"boto3\nbotocore==1.29.0\nurllib3==1.26.20"},
        ),
        probe=4,
        files={},
        reason="urllib3 moves one version line; botocore would have to move seven",
    ),
    probes=(probe(1, ProbeKind.WHOLE, FAIL, 0.3), probe(4, ProbeKind.FIX, PASS, 2.2)),
    builds=2,
    seconds=4.9,
)
BUILD_CONSTRAINT = Verdict(
    kind=VerdictKind.FIXED,
    file="requirements.txt",
    sha256=SHA,
    target=TARGET,
    culprits=(
        Culprit(
            members=(member(0, "parsimonious==0.8.1"),),
            phase=Phase.BUILD,
            cause=Cause.BUILD_API_REMOVED,
            summary="parsimonious 0.8.1 is built with a setuptools function that is gone",
            proof=Proof(1, None),
        ),
    ),
    fix=Fix(
        edits=(FixEdit("build-constraints.txt", 1, "setuptools", None, "<58", EditAction.ADD),),
        diff=unified({}, {"build-constraints.txt": b"setuptools<58\n"}),
        probe=2,
        files={"build-constraints.txt": b"setuptools<58\n"},
        style="build-constraint",
        reason="no release of yours has to move",
        commands=("uv pip install -r requirements.txt --build-constraints build-constraints.txt",),
    ),
    probes=(probe(1, ProbeKind.WHOLE, FAIL, 5.0), probe(2, ProbeKind.FIX, PASS, 6.0)),
    builds=2,
    seconds=12.0,
)
NOT_FIXED = Verdict(
    kind=VerdictKind.CULPRITS,
    file="requirements.txt",
    sha256=SHA,
    target=TARGET,
    culprits=(
        Culprit(
            members=(member(4, "mysqlclient==1.3.7"),),
            phase=Phase.BUILD,
            cause=Cause.SYSTEM_DEP_MISSING,
            summary="mysqlclient 1.3.7 needs the program mysql_config, which is not installed here",
            evidence=(Evidence(31, "OSError: mysql_config not found", "probes/2.log"),),
            proof=Proof(2, 3),
            narrowings=(
                Narrowing(
                    "mysqlclient",
                    "2.2.4",
                    None,
                    (Tried("1.3.7", FAIL, 2), Tried("1.4.6", FAIL, 4), Tried("2.2.4", FAIL, 5)),
                ),
            ),
            advice="install the MySQL client headers (on Debian: apt-get install "
            "default-libmysqlclient-dev), then run again",
            install={
                "Debian and Ubuntu": "apt-get install default-libmysqlclient-dev",
                "Fedora": "dnf install mysql-devel",
            },
        ),
    ),
    fallback=dropped((4, "mysqlclient")),
    probes=(probe(1, ProbeKind.WHOLE, FAIL, 4.0), probe(3, ProbeKind.SUBSET, PASS, 14.0)),
    builds=5,
    seconds=66.0,
)
FLAKY = Verdict(
    kind=VerdictKind.INCONCLUSIVE,
    file="requirements.txt",
    sha256=SHA,
    target=TARGET,
    summary=(
        "the budget of 20 builds is spent; one of 6 requirements is at fault, and it is not yet "
        "known which."
    ),
    fallback=dropped((2, "scipy"), (3, "scikit-learn")),
    probes=(probe(1, ProbeKind.WHOLE, FAIL, 400.0), probe(2, ProbeKind.SUBSET, UNRESOLVED, 1.0)),
    builds=20,
    seconds=5025.0,
    confidence=0.81,
    notes=(Note("Go on with --max-builds 40: no finished build is repeated."),),
)
NO_DEPENDENCY = Verdict(
    kind=VerdictKind.INCONCLUSIVE,
    file="requirements.txt",
    sha256=SHA,
    target=TARGET,
    summary=(
        "the check fails even with every requirement left out, so no line of requirements.txt is "
        "at fault."
    ),
    probes=(probe(1, ProbeKind.WHOLE, FAIL, 4.0), probe(2, ProbeKind.SUBSET, FAIL, 0.2)),
    builds=2,
    seconds=4.4,
)
UNAVAILABLE = Verdict(
    kind=VerdictKind.UNAVAILABLE,
    file="requirements.txt",
    sha256=SHA,
    target=TARGET,
    summary="the package index at https://me:hunter2@index.example/simple does not answer.",
    notes=(Note("Check the network, or name another index with --index-url."),),
)
HOSTILE = Verdict(
    kind=VerdictKind.CULPRITS,
    file="<script>alert(1)</script>.txt",
    sha256=SHA,
    target=TARGET,
    culprits=(
        Culprit(
            members=(member(0, "evil==1.0\x1b[2J\u202e"),),
            phase=Phase.BUILD,
            cause=Cause.UNKNOWN,
            summary="\x1b]0;owned\x07<img src=x onerror=alert(2)> [bold]\x00\udcff",
            evidence=(
                Evidence(
                    1, "</pre><script>document.title='owned'</script>\x1b[31m", "probes/1.log"
                ),
                Evidence(2, "Looking in https://me:hunter2@index.example/simple\r\n\x9b2J", ""),
            ),
        ),
    ),
    probes=(probe(1, ProbeKind.WHOLE, FAIL, 4.0),),
    builds=1,
    notes=(Note("{{ 7 * 7 }} <style>body{display:none}</style>", 1, "<b>\x1b[2J</b>"),),
    python_for=PythonFor("<i>3.8</i>", ("<script>\x1b[2J",), "/opt/\x1b[2J", 1),
    unpinned={"evil<b>\x1b[2J": "1.0\u202e"},
)
ANOTHER_AGE = Verdict(
    kind=VerdictKind.INCONCLUSIVE,
    file="requirements.txt",
    sha256=SHA,
    target=TARGET,
    summary="Nothing but the Python is at fault.",
    probes=(probe(1, ProbeKind.WHOLE, FAIL, 4.0), probe(2, ProbeKind.WHOLE, PASS, 9.0)),
    builds=2,
    seconds=13.0,
    python_for=PythonFor(
        "3.8",
        (
            "9 of 10 pins have wheels there and none here",
            "numpy 1.17.3 says that it needs Python <3.9.",
        ),
        "/opt/python3.8/bin/python3.8",
        2,
    ),
    environment={"flask": "2.0.3", "six": "1.17.0"},
    unpinned={"flask>=2.0,<2.1": "2.0.3", "six": "1.17.0"},
)

VERDICTS = {
    "three culprits, fixed": READY,
    "passes as it is": PASSES,
    "a pair, fixed": PAIR,
    "fixed by a build constraint": BUILD_CONSTRAINT,
    "explained, not fixed": NOT_FIXED,
    "flaky and out of budget": FLAKY,
    "no dependency's fault": NO_DEPENDENCY,
    "index unavailable": UNAVAILABLE,
    "hostile log": HOSTILE,
    "made for another Python": ANOTHER_AGE,
}
