"""Every format tells the same findings, and what reads it accepts it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from bisect_deps.lint.diagnostics import Report
from bisect_deps.lint.outputs import FORMATS, render
from bisect_deps.lint.outputs.base import OutputStyle
from bisect_deps.lint.rules import all_rules
from tests.support.linted import lint

SCHEMA = Path(__file__).parents[2] / "fixtures" / "schemas" / "sarif-2.1.0-rtm.5.json"
TEXT = (
    "flask\nrequests>=2.0  # depbisect: ignore[DB102] the newest on purpose\n"
    "a===1.0\na===1.0\nb==1 \\\n  --pre\n# x\x0cevil==1\nc==1,>=2%,:\n"
)


@pytest.fixture
def report(tmp_path: Path) -> Report:
    return lint(tmp_path, {"requirements.txt": TEXT})


def test_sarif_is_valid_and_complete(report: Report) -> None:
    log = json.loads(render(report, "sarif", OutputStyle()))
    jsonschema.Draft4Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(log)
    [run] = log["runs"]
    assert len(run["results"]) == len(report.diagnostics) + len(report.suppressed)
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == list(all_rules())
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    [silenced] = [result for result in run["results"] if "suppressions" in result]
    assert silenced["suppressions"][0]["justification"] == "the newest on purpose"


def test_sarif_fingerprint_stays_when_lines_move(tmp_path: Path) -> None:
    def prints(text: str) -> list[object]:
        log = json.loads(render(lint(tmp_path, {"requirements.txt": text}), "sarif", OutputStyle()))
        return [result["partialFingerprints"] for result in log["runs"][0]["results"]]

    assert prints("flask\n") == prints("# a comment\n\nflask\n")


def test_json_holds_places_and_fixes(report: Report) -> None:
    document = json.loads(render(report, "json", OutputStyle()))
    assert document["version"] == 1
    assert len(document["findings"]) == len(report.diagnostics)
    [first] = [finding for finding in document["findings"] if finding["code"] == "DB101"]
    assert (first["line"], first["column"], first["end_column"]) == (1, 1, 6)
    fixable = [finding for finding in document["findings"] if finding["fix"]]
    assert fixable
    lines = TEXT.split("\n")
    [edit] = next(finding["fix"]["edits"] for finding in fixable if finding["code"] == "DB105")
    assert lines[edit["line"] - 1][edit["column"] - 1 : edit["end_column"] - 1] == "===1.0"


def test_github_escapes_and_keeps_to_the_limits(tmp_path: Path) -> None:
    many = "".join(f"project{number}\n" for number in range(30)) + "b==1,>=2,%\n"
    text = render(lint(tmp_path, {"re,q:1.txt": many}), "github", OutputStyle())
    lines = text.splitlines()
    assert sum(line.startswith("::error ") for line in lines) == 10
    assert "file=re%2Cq%3A1.txt," in lines[0]
    assert lines[-1].startswith("::notice ")
    assert "21 more findings" in lines[-1]


def test_github_writes_the_rest_into_the_summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    many = "".join(f"project{number}\n" for number in range(12))
    render(lint(tmp_path, {"requirements.txt": many}), "github", OutputStyle())
    assert (tmp_path / "summary.md").read_text(encoding="utf-8").count("DB101") == 12


def test_gitlab_fingerprints_are_unique(report: Report) -> None:
    issues = json.loads(render(report, "gitlab", OutputStyle()))
    assert len({issue["fingerprint"] for issue in issues}) == len(issues) == len(report.diagnostics)
    assert {issue["severity"] for issue in issues} <= {"info", "minor", "major"}
    assert all(issue["location"]["lines"]["begin"] >= 1 for issue in issues)


def test_junit_has_a_case_per_file_and_a_failure_per_finding(report: Report) -> None:
    suite = ElementTree.fromstring(render(report, "junit", OutputStyle()))[0]
    failures = suite.findall("testcase/failure")
    assert [case.get("name") for case in suite] == ["requirements.txt"]
    assert len(failures) == sum(
        diagnostic.severity.value != "info" for diagnostic in report.diagnostics
    )
    assert suite.get("failures") == str(len(failures))


def test_full_text_shows_the_whole_block_with_carets(report: Report) -> None:
    text = render(report, "full", OutputStyle())
    assert (
        "requirements.txt:6:3: DB407 [*] pip ignores --pre after a requirement; give it a line of "
        "its own, or take it out\n  |\n5 | b==1 \\\n6 |   --pre\n  |   ^^^^^ DB407\n" in text
    )


def test_concise_text_counts(report: Report) -> None:
    lines = render(report, "concise", OutputStyle()).splitlines()
    assert lines[0].startswith("requirements.txt:1:1: DB101 flask has no version")
    assert "1 ignored by comments." in lines
    assert any(line.startswith("[*]") for line in lines)


def test_color_only_paints(report: Report) -> None:
    import re

    painted = render(report, "full", OutputStyle(color=True))
    assert painted != render(report, "full", OutputStyle())
    assert re.sub(r"\x1b\[\d*m", "", painted) == render(report, "full", OutputStyle())


def test_nothing_found_says_what_was_looked_at(tmp_path: Path) -> None:
    clean = lint(tmp_path, {"requirements.txt": "flask==3.0.3\n"})
    assert (
        render(clean, "concise", OutputStyle())
        == "All clear: 1 requirement in 1 file (publish; offline).\n"
    )


@pytest.mark.parametrize("output_format", FORMATS)
def test_file_name_of_any_bytes_is_shown(tmp_path: Path, output_format: str) -> None:
    name = os.fsdecode(b"req\xff:,%.txt")
    try:
        report = lint(tmp_path, {name: "flask\n"})
    except OSError:
        pytest.skip("this file system has no such names")
    assert render(report, output_format, OutputStyle())


def test_generated_file_is_never_called_fixable(tmp_path: Path) -> None:
    text = "# This file was autogenerated by uv via the following command:\na===1.0\n"
    report = lint(tmp_path, {"requirements.txt": text})
    assert "[*]" not in render(report, "concise", OutputStyle())
    assert "generated: change its source" in render(report, "full", OutputStyle())
    assert json.loads(render(report, "json", OutputStyle()))["findings"][0]["fix"] is None


def test_how_a_whole_file_is_pinned_is_said_once(tmp_path: Path) -> None:
    files = {"a.txt": "flask\nclick>=1\n", "b.txt": "six\n"}
    lines = render(lint(tmp_path, files, "a.txt", "b.txt"), "concise", OutputStyle()).splitlines()
    assert [line.partition(";")[2] for line in lines[:3]] == [
        " pin all by `depbisect pin a.txt`",
        "",
        " pin all by `depbisect pin b.txt`",
    ]
