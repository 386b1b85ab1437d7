"""The JSON report has the contract's shape, survives a round trip and tells no secret."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import pytest

from bisect_deps.errors import InputError
from bisect_deps.model import (
    Cause,
    EditAction,
    Note,
    Outcome,
    Phase,
    ProbeKind,
    Verdict,
    VerdictKind,
)
from bisect_deps.reports.base import named_probe, proof_text
from bisect_deps.reports.json import dumps, from_json, schema, to_json
from tests.reports.verdicts import (
    ANOTHER_AGE,
    FIX,
    HOSTILE,
    NOT_FIXED,
    NUMPY,
    PAIR,
    PASSES,
    READY,
    UNAVAILABLE,
    VERDICTS,
)

each_verdict = pytest.mark.parametrize("verdict", VERDICTS.values(), ids=VERDICTS)


@each_verdict
def test_report_fits_the_schema_that_ships(verdict: Verdict) -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(json.loads(dumps(verdict)), schema())


@each_verdict
def test_report_read_again_says_the_same(verdict: Verdict) -> None:
    report = to_json(verdict)
    assert to_json(from_json(report)) == report


def test_reading_gives_back_all_that_reports_show() -> None:
    fix, other = replace(FIX, files={}), tuple(READY.other_fixes)
    assert from_json(to_json(READY)) == replace(READY, fix=fix, other_fixes=other)


def test_shape_is_that_of_the_contract() -> None:
    report = to_json(READY)
    assert report["schema"] == "depbisect.report/1"
    assert report["verdict"] == "fixed"
    assert report["target"] == {
        "python": "3.12.3",
        "platform": "linux-x86_64",
        "builder": "local",
        "installer": "uv 0.13.9",
        "index_as_of": "2026-11-21T00:00:00Z",
    }
    numpy, _, flask = report["culprits"]
    wanted = {"name": "numpy", "version": "1.19.5", "file": "requirements.txt", "line": 1}
    assert {**wanted, "text": "numpy==1.19.5", "via": []}.items() <= numpy["requirements"][
        0
    ].items()
    assert numpy["evidence"][1] == {
        "log": "probes/3.log",
        "line": 120,
        "text": "ModuleNotFoundError: No module named 'distutils'",
    }
    assert numpy["proof"] == {"failing_probe": 3, "passing_probe": 5}
    assert numpy["narrowing"]["last_failing"] == "1.25.2"
    assert numpy["narrowing"]["first_passing"] == "1.26.0"
    assert flask["requirements"][0]["name"] == "jinja2"
    assert flask["requirements"][0]["text"] == "flask==1.1.2"
    assert flask["requirements"][0]["via"] == ["flask"]
    assert report["fix"]["edits"][0] == {
        "file": "requirements.txt",
        "line": 1,
        "name": "numpy",
        "from": "==1.19.5",
        "to": "==1.26.0",
        "action": "repin",
    }
    assert report["fix"]["probe"] == 13
    assert report["fix"]["diff"].startswith("--- a/requirements.txt\n+++ b/requirements.txt\n@@")
    assert report["builds"] == 12


def test_each_claim_names_what_shows_it() -> None:
    report = to_json(READY)
    assert report["notes"] == [
        {
            "text": "requests==2.25.1 is not at fault: build 5 passes with it.",
            "probe": 5,
            "fact": "",
        },
        {
            "text": "pandas 2.1.1 needs a newer numpy",
            "probe": None,
            "fact": "pandas 2.1.1 asks for numpy>=1.26",
        },
    ]
    assert report["culprits"][0]["narrowing"]["tried"][0]["probe"] == 7
    assert (report["seconds"], report["seconds_to_fix"]) == (47.7, 31.4)
    assert to_json(PASSES)["seconds_to_fix"] is None


def test_what_lies_between_the_neighbours_is_listed() -> None:
    [pair] = to_json(PAIR)["culprits"]
    assert pair["narrowing"]["not_built"] == ["2.0.2", "2.0.3", "2.0.4", "2.1.0", "2.2.0"]
    assert to_json(READY)["culprits"][0]["narrowing"]["not_built"] == []


def test_what_the_machine_lacks_is_told_by_system() -> None:
    [culprit] = to_json(NOT_FIXED)["culprits"]
    assert culprit["install"]["Fedora"] == "dnf install mysql-devel"


def test_the_python_of_the_file_is_told_with_its_facts() -> None:
    report = to_json(ANOTHER_AGE)
    assert report["python_for"] == {
        "version": "3.8",
        "facts": list(ANOTHER_AGE.python_for.facts) if ANOTHER_AGE.python_for else [],
        "path": "/opt/python3.8/bin/python3.8",
        "probe": 2,
        "failing_probe": None,
    }
    assert report["unpinned"] == {"flask>=2.0,<2.1": "2.0.3", "six": "1.17.0"}
    assert to_json(READY)["python_for"] is None


def test_several_files_survive_a_round_trip() -> None:
    report = to_json(replace(READY, files=("a.txt", "b.txt")))
    assert report["files"] == ["a.txt", "b.txt"]
    assert from_json(report).files == ("a.txt", "b.txt")


def test_a_build_is_called_the_same_in_json_and_in_words() -> None:
    names = [probe["name"] for probe in to_json(READY)["probes"]]
    assert names == [*(f"build {number}" for number in range(1, 14)), "resolver answer 1"]


def test_older_reports_count_the_answers_of_the_resolver_as_builds() -> None:
    older = to_json(READY)
    older["probes"][1] = {
        **{
            name: value
            for name, value in older["probes"][1].items()
            if name not in ("name", "tries")
        },
        "kind": "resolve",
    }
    older["culprits"][0]["proof"]["passing_probe"] = 2
    verdict = from_json(older)
    assert "finds a solution" in proof_text(verdict.culprits[0], verdict.probes)
    assert named_probe(2, verdict.probes) == "resolver answer 2"


def test_notes_of_older_reports_are_sentences_alone() -> None:
    old = {**to_json(READY), "notes": ["numpy is old."]}
    jsonschema.validate(old, schema())
    assert from_json(old).notes == (Note("numpy is old."),)


def test_no_fix_is_null() -> None:
    assert to_json(VERDICTS["explained, not fixed"])["fix"] is None
    assert (
        to_json(replace(READY, culprits=(replace(NUMPY, narrowings=()),)))["culprits"][0][
            "narrowing"
        ]
        is None
    )


def test_a_fixed_verdict_without_a_fix_does_not_fit_the_schema() -> None:
    report = {**to_json(READY), "fix": None}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(report, schema())


@pytest.mark.parametrize(
    ("words", "enum"),
    [
        (("properties", "verdict"), VerdictKind),
        (("$defs", "culprit", "properties", "phase"), Phase),
        (("$defs", "culprit", "properties", "cause"), Cause),
        (("$defs", "probe", "properties", "kind"), ProbeKind),
        (("$defs", "probe", "properties", "outcome"), Outcome),
        (("$defs", "edit", "properties", "action"), EditAction),
        (
            ("$defs", "fix", "properties", "edits", "items", "properties", "action"),
            EditAction,
        ),
    ],
)
def test_schema_knows_every_word_of_the_model(words: tuple[str, ...], enum: type) -> None:
    node = schema()
    for word in words:
        node = node[word]
    assert node["enum"] == [member.value for member in enum]  # type: ignore[attr-defined]


@each_verdict
def test_report_holds_no_control_character_and_no_password(verdict: Verdict) -> None:
    text = dumps(verdict)
    assert all(char.isprintable() or char == "\n" for char in text)
    assert "hunter2" not in text
    text.encode()


def test_a_diff_stays_as_it_is_so_that_it_applies() -> None:
    diff = "-a==1\f\r\n+a==2\f\r\n"
    report = to_json(replace(READY, fix=replace(FIX, diff=diff)))
    assert report["fix"]["diff"] == diff


def test_passwords_are_hidden_and_names_of_variables_stay() -> None:
    assert "https://***@index.example" in dumps(UNAVAILABLE)
    kept = replace(UNAVAILABLE, summary="see https://${USER}:${TOKEN}@index.example/simple")
    assert "https://${USER}:${TOKEN}@index.example" in dumps(kept)
    assert "***@index.example" in dumps(HOSTILE)


@pytest.mark.parametrize(
    "damage",
    [
        {"schema": "depbisect.report/2"},
        {"schema": None},
        {"verdict": "splendid"},
        {"culprits": [{}]},
        {"probes": [3]},
        {"target": "here"},
    ],
)
def test_a_damaged_report_is_an_error_with_a_hint(damage: dict[str, object]) -> None:
    with pytest.raises(InputError) as caught:
        from_json({**to_json(READY), **damage})
    assert caught.value.hint


def test_reports_of_others_need_the_contract_fields_alone() -> None:
    report = to_json(READY)
    additions = ("summary", "other_fixes", "fallback", "confidence", "notes", "environment")
    for addition in (*additions, "seconds_to_fix", "python_for", "unpinned"):
        del report[addition]
    for culprit in report["culprits"]:
        del culprit["advice"], culprit["narrowings"], culprit["install"]
        del culprit["narrowing"]["not_built"]
        del culprit["requirements"][0]["requirement"]
    verdict = from_json(report)
    assert verdict.culprits[0].narrowings == NUMPY.narrowings
    assert verdict.culprits[2].members[0].requirement.name == "flask"
