"""Each judge accepts the right answer, made by hand, and says what is wrong with another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from benchmarks.case_judges import (
    JUDGES,
    LOG_X,
    LOG_Y,
    OWN_REPOSITORY,
    Answer,
    Flaky,
    enough_right,
    judge,
    judge_flaky,
    same_fix,
)
from benchmarks.runs import NOTHING, Installed, Run

Report = dict[str, Any]


def member(text: str, line: int = 1, **more: Any) -> Report:
    """Return a member of a culprit: `werkzeug 3.1.9` or `werkzeug 3.1.9 < flask` with its chain."""
    release, _, via = text.partition(" < ")
    name, _, version = release.partition(" ")
    chain = via.split() if via else []
    own = chain[0] if chain else name
    found = {"name": name, "version": version, "via": chain, "text": own, "line": line}
    return {**found, "file": "requirements.txt", **more}


def culprit(*texts: str, **more: Any) -> Report:
    return {
        "requirements": [member(text) for text in texts],
        "cause": "import-error",
        "summary": "",
        "evidence": [],
        "proof": {"failing_probe": 1, "passing_probe": 2},
        "narrowing": None,
        **more,
    }


def narrowing(name: str, failing: str | None, passing: str | None, **more: Any) -> Report:
    ends = {"last_failing": failing, "first_passing": passing}
    return {"name": name, **ends, "tried": [], **more}


def edit(text: str, action: str = "repin", line: int = 1, file: str = "requirements.txt") -> Report:
    name, _, to = text.partition(" ")
    return {"name": name, "to": to or None, "action": action, "line": line, "file": file}


def probe(number: int, kind: str = "whole", edits: Sequence[Report] = ()) -> Report:
    return {"number": number, "kind": kind, "log": f"probes/{number}.log", "edits": list(edits)}


def answer(
    culprits: Sequence[Report] = (),
    edits: Sequence[Report] = (),
    versions: str = "",
    *,
    verdict: str = "fixed",
    exit_code: int | None = 0,
    builds: int = 3,
    out: str = "",
    err: str = "",
    logs: Mapping[str, str] | None = None,
    **more: Any,
) -> Answer:
    """Return an answer; `versions` are what its fix installs: `six 1.16.0, idna 3.7`."""
    installed = dict(item.split() for item in versions.split(", ")) if versions else {}
    report = {
        "verdict": verdict,
        "culprits": list(culprits),
        "fix": {"edits": list(edits)} if edits else None,
        "probes": [probe(1), probe(2)],
        "builds": builds,
        **more,
    }
    return Answer(
        Run(exit_code, 1.0, report, out, err),
        proof=Installed(True, 1.0, installed) if edits else None,
        logs=logs or {},
    )


def wrong_verdict(kind: str, exit_code: int, *culprits: Report, **more: Any) -> Answer:
    return answer(culprits, verdict=kind, exit_code=exit_code, **more)


PAIRS = (("urllib3", "botocore"), ("urllib3", "boto3"), ("botocore", "boto3"))
THREE = [culprit(*(f"{name} 1" for name in pair)) for pair in PAIRS]
MOVED = [edit("boto3 ==1.34.0"), edit("botocore ==1.34.63")]
DEBIAN = {"Debian and Ubuntu": "apt-get install default-libmysqlclient-dev pkg-config"}
HEADERS = culprit("mysqlclient 2.2.0", cause="system-dep-missing", install=DEBIAN)
LINKED = {"probes/1.log": f"{LOG_Y}\n"}
BOUNDED = narrowing("flask", "2.2.3", "2.2.5", not_built=["2.2.4"])
IN_CONSTRAINTS = {
    **culprit(),
    "requirements": [member("flask 1.1.2", file="constraints.txt")],
}
TOOL = culprit("tool 1.0")
INVENTED = culprit("pkg-resources 0.0.0")
SETUPTOOLS = edit("setuptools <81", "add")

RIGHT: dict[str, Answer] = {
    "layers": answer(
        [culprit("werkzeug 3.1.9 < flask"), culprit("sqlalchemy 2.0.58 < flask-sqlalchemy")],
        [edit("werkzeug <3", "add"), edit("sqlalchemy <2", "add")],
        "werkzeug 2.3.8, sqlalchemy 1.4.54",
        builds=6,
    ),
    "range-transitive": answer(
        [culprit("werkzeug 3.1.9 < flask")],
        [edit("werkzeug <3", "add")],
        "werkzeug 2.3.8, flask 2.0.3",
    ),
    "range-soft-unicode": answer(
        [culprit("markupsafe 3.0.4 < jinja2")],
        [edit("markupsafe <2.1", "add")],
        "markupsafe 2.0.1, jinja2 2.11.3",
    ),
    "bare-name": answer([culprit("pydantic 2.12")], [edit("pydantic <2")], "pydantic 1.10.26"),
    "gallop": answer(
        [culprit("huggingface-hub 1.1 < gradio")],
        [edit("huggingface-hub <1", "add")],
        "huggingface-hub 0.36.0, gradio 4.44.1",
        builds=8,
    ),
    "widen-or-advice": answer(
        [culprit("django 2.2.28")], [SETUPTOOLS], "setuptools 80.9.0, django 2.2.28"
    ),
    "second-fault-named": answer(
        [
            culprit("faiss 1.12.0", requirements=[member("faiss 1.12.0", 2)]),
            culprit("packaging", requirements=[member("packaging", 3)]),
        ],
        [edit("faiss-cpu ==1.12.0", "replace", 2), edit("packaging ==25.0", "replace", 3)],
        "faiss-cpu 1.12.0, packaging 25.0, idna 3.10, six 1.17.0",
    ),
    "clock-innocent": answer(
        [culprit("wsgiref 0.1.2")], [edit("wsgiref", "drop")], "six 1.16.0, pycryptodome 3.9.9"
    ),
    "clock-django": answer(
        [culprit("pyyaml 5.4.1")], [edit("pyyaml ==6.0")], "pyyaml 6.0, pillow 8.3.1"
    ),
    "clock-aiohttp": answer(
        [culprit("pyyaml 5.4.1")],
        [edit("pyyaml ==6.0")],
        "pyyaml 6.0, aiohttp 3.7.4, httpx 0.24.0",
    ),
    "three-conflicts": answer(THREE, MOVED, "boto3 1.34.0, botocore 1.34.63"),
    "shared-cause": answer(
        [
            culprit("werkzeug 3.1.9 < flask"),
            culprit("flask-login 0.5.0", "werkzeug 3.1.9 < flask"),
            culprit("werkzeug 3.1.9 < flask-wtf"),
        ],
        [edit("werkzeug <2.1", "add")],
        "werkzeug 2.0.3, flask 2.0.1, flask-login 0.5.0",
    ),
    "one-abi-two-lines": answer(
        [culprit("numpy 2.4 < pandas"), culprit("numpy 2.4 < scikit-learn")],
        [edit("numpy <2", "add")],
        "numpy 1.26.4, pandas 1.5.3, scikit-learn 1.2.2",
    ),
    "constraint-pin": answer(
        [IN_CONSTRAINTS],
        [edit("flask ==2.2.5", file="constraints.txt")],
        "markupsafe 2.1.3, werkzeug 2.3.7, requests 2.31.0",
    ),
    "no-such-version": answer(
        [culprit("click 8.1.99")],
        [edit("click ==8.1.8")],
        "click 8.1.8",
        out="click 8.1.99 does not exist; nearest are 8.1.8 and 8.2.0.",
    ),
    "system-library": wrong_verdict("culprits", 1, HEADERS),
    "dry-run-proof": answer([culprit("numpy 1.21.2")], [edit("numpy ==1.23.2")], "numpy 1.23.2"),
    "another-age": answer(
        [culprit("numpy 1.18.4")],
        [edit("numpy ==1.23.2")],
        "numpy 1.23.2",
        err="10 requirements; Python 3.11.7\nmade for Python 3.8\n  build 1: the whole file\n",
        python_for={"version": "3.8"},
    ),
    "pair-behind-another-failure": wrong_verdict(
        "culprits", 1, culprit("a 1", "broken 1"), logs=LINKED
    ),
    "boundary-on-a-platform": answer(
        [culprit("flask 1.1.2", narrowing=BOUNDED)], [edit("flask ==2.2.5")], "flask 2.2.5"
    ),
    "index-serves-a-page": replace(
        wrong_verdict("unavailable", 4, out="The index at 127.0.0.1:4321 is no index."),
        place="127.0.0.1:4321",
    ),
    "installer-refuses-a-line": wrong_verdict(
        "culprits",
        1,
        TOOL,
        INVENTED,
        out="example.org cannot be reached",
        fallback=[edit("pkg-resources", "drop"), edit("tool", "drop")],
    ),
}

# Case, an answer as it was once given or could be, and what the judge has to say of it.
WRONG: list[tuple[str, Answer, str]] = [
    (
        "layers",
        answer(
            [culprit("sqlalchemy 2"), culprit("markupsafe 3", "werkzeug 3.1.9")],
            [edit("werkzeug ==2.0.1", "add"), edit("sqlalchemy <2", "add")],
            "werkzeug 2.0.1, sqlalchemy 1.4.53",
        ),
        "names markupsafe",
    ),
    ("layers", replace(RIGHT["layers"], proof=Installed(False, 1.0)), "fails a plain install"),
    ("range-transitive", wrong_verdict("culprits", 1, culprit("flask 2.0.3")), "culprits, exit 1"),
    (
        "range-soft-unicode",
        answer([culprit("jinja2 2")], [edit("jinja2 ==3.1.6")], "jinja2 3.1.6, markupsafe 3.0.4"),
        "changes jinja2 instead of markupsafe",
    ),
    ("bare-name", answer([], [edit("pydantic ==2.1")], "pydantic 2.1"), "not ==1.10.*"),
    (
        "gallop",
        answer(
            [culprit("gradio 4.44.1")],
            probes=[probe(n, edits=[edit(f"gradio ==4.4{n}.0")]) for n in range(4)],
            verdict="culprits",
            exit_code=1,
        ),
        "tries 4 releases of gradio",
    ),
    (
        "widen-or-advice",
        answer([culprit("six 1")], [SETUPTOOLS], "setuptools 80, django 2.2.28"),
        "names six",
    ),
    ("second-fault-named", wrong_verdict("culprits", 1, culprit("faiss 1.12.0")), "packaging"),
    (
        "clock-innocent",
        answer(
            [culprit("wsgiref 0.1.2")],
            [edit("wsgiref", "drop"), edit("pycryptodome ==3.10.1", line=3)],
            "six 1.16.0, pycryptodome 3.10.1",
        ),
        "changes pycryptodome, which no culprit names",
    ),
    (
        "clock-django",
        answer(
            [culprit("pyyaml 5.4.1")],
            [edit("pyyaml ==6.0"), edit("pillow ==9.2.0", line=4)],
            "pyyaml 6.0, pillow 9.2.0",
        ),
        "installs pillow 9.2.0",
    ),
    (
        "clock-aiohttp",
        answer([culprit("pyyaml 5.4.1"), culprit("aiohttp 3.7.4")], [edit("pyyaml ==6.0")]),
        "names aiohttp",
    ),
    ("three-conflicts", answer(THREE[:2], MOVED), "does not list boto3 + botocore"),
    (
        "three-conflicts",
        answer(
            [culprit(*PAIRS[0], narrowing=narrowing("botocore", None, "1.34.63")), *THREE[1:]],
            [edit("urllib3 ==1.26.20"), edit("botocore ==1.31.85")],
            "boto3 1.28.0, botocore 1.31.85",
        ),
        "1.34.63, which boto3 forbids",
    ),
    (
        "shared-cause",
        answer(
            [culprit("werkzeug 3.1.9 < flask")],
            [edit("werkzeug <2.1", "add")],
            "werkzeug 2.0.3, flask 2.0.1, flask-login 0.5.0",
        ),
        "does not name flask-login, flask-wtf",
    ),
    (
        "one-abi-two-lines",
        answer([culprit("numpy 2.4 < pandas")], [edit("numpy <2", "add")], "numpy 1.26.4"),
        "does not name scikit-learn",
    ),
    (
        "constraint-pin",
        answer([culprit("flask 1.1.2")], [edit("flask ==2.2.5", line=3)], "flask 2.2.5"),
        "does not name constraints.txt:1",
    ),
    (
        "no-such-version",
        answer(
            [culprit("click 8.1.99", narrowing=narrowing("click", "8.1.99", "8.1.8"))],
            [edit("click ==8.1.8")],
            "click 8.1.8",
            out="click passes up to 8.1.8, fails from 8.1.99.",
        ),
        "8.1.99, which does not exist",
    ),
    (
        "system-library",
        answer([culprit("mysqlclient 2.2.0")], [edit("mysqlclient", "drop")], builds=8),
        "fixed, exit 0",
    ),
    (
        "system-library",
        replace(RIGHT["system-library"], after={"requirements.txt": "six\n"}),
        "the file was changed",
    ),
    (
        "dry-run-proof",
        replace(
            RIGHT["dry-run-proof"],
            logs={"probes/1.log": "numpy has no wheels and building from source is disabled"},
        ),
        "the proof is the resolver's answer",
    ),
    (
        "another-age",
        replace(
            RIGHT["another-age"],
            run=replace(
                RIGHT["another-age"].run, err="  build 1: the whole file\nmade for Python 3.8\n"
            ),
        ),
        "before the first build",
    ),
    (
        "pair-behind-another-failure",
        replace(RIGHT["pair-behind-another-failure"], logs={"probes/1.log": LOG_X}),
        "shows another failure",
    ),
    (
        "boundary-on-a-platform",
        answer(
            [culprit("flask 1.1.2", narrowing=narrowing("flask", "2.2.3", "2.3.0"))],
            [edit("flask ==2.3.0")],
            "flask 2.3.0",
        ),
        "2.2.4, 2.2.5 between them",
    ),
    (
        "index-serves-a-page",
        answer([culprit("p0 1.0")], [edit("p0", "drop")]),
        "fixed, exit 0, instead of unavailable, exit 4",
    ),
    ("installer-refuses-a-line", wrong_verdict("culprits", 1, INVENTED), "does not name tool"),
    (
        "installer-refuses-a-line",
        replace(RIGHT["installer-refuses-a-line"], variant=OWN_REPOSITORY),
        "culprits, exit 1, instead of fixed",
    ),
]


@pytest.mark.parametrize("case", JUDGES)
def test_the_right_answer_is_right(case: str) -> None:
    assert judge(case, RIGHT[case]) == []


@pytest.mark.parametrize(("case", "given", "says"), WRONG, ids=lambda value: str(value)[:40])
def test_a_wrong_answer_is_seen_and_why(case: str, given: Answer, says: str) -> None:
    found = judge(case, given)
    assert any(says in reason for reason in found), found


@pytest.mark.parametrize("case", JUDGES)
def test_no_report_and_no_end_are_wrong(case: str) -> None:
    nothing = Answer(Run(70, 1.0, NOTHING, "", "KeyError: 'x'\n"))
    assert judge(case, nothing) == ["no report, exit 70: KeyError: 'x'"]
    endless = replace(RIGHT[case], run=replace(RIGHT[case].run, exit_code=None, seconds=600.0))
    assert judge(case, endless) == ["stopped after 600 s"]


def test_every_wrong_answer_has_a_judge_and_the_other_way_round() -> None:
    assert {case for case, _, _ in WRONG} == set(JUDGES) == set(RIGHT)


def test_other_bytes_or_culprits_cold_than_warm_are_seen() -> None:
    warm = replace(RIGHT["clock-django"], variant="warm", fixed={"requirements.txt": "PyYAML==6.0"})
    cold = replace(warm, variant="cold")
    assert list(same_fix([warm, cold])) == []
    other = replace(cold, fixed={"requirements.txt": "PyYAML==6.0.1"})
    assert list(same_fix([warm, other])) == ["another fix when cold than when warm"]
    innocent = replace(cold, run=RIGHT["clock-innocent"].run)
    assert list(same_fix([warm, innocent])) == ["other culprits when cold than when warm"]


BAD, SHAKY = culprit("bad 1.1"), culprit("shaky 1.1")
FIXED = [edit("bad ==1.2")]


@pytest.mark.parametrize(
    ("given", "how"),
    [
        (answer([BAD], FIXED), Flaky.RIGHT),
        (wrong_verdict("inconclusive", 3), Flaky.INCONCLUSIVE),
        (wrong_verdict("culprits", 1, BAD), Flaky.INCONCLUSIVE),
        (answer([BAD, SHAKY], FIXED), Flaky.WRONG),
        (answer([BAD], [*FIXED, edit("shaky ==1.2")]), Flaky.WRONG),
        (wrong_verdict("passes", 0), Flaky.WRONG),
        (wrong_verdict("culprits", 1, SHAKY), Flaky.WRONG),
        (answer([BAD], FIXED, exit_code=None), Flaky.WRONG),
    ],
)
def test_a_run_beside_a_flaky_release(given: Answer, how: Flaky) -> None:
    assert judge_flaky(given, "bad", "shaky")[0] is how


def test_a_rare_flaky_release_leaves_most_runs_right() -> None:
    often = [Flaky.RIGHT] * 30 + [Flaky.INCONCLUSIVE] * 30
    assert list(enough_right(often, 0.2)) == []
    assert list(enough_right(often, 0.05)) == ["30 of 60 runs right"]
    assert list(enough_right([*often, Flaky.WRONG], 0.2)) == ["1 of 61 runs wrong"]
