"""Every format of the table shows every verdict, and each culprit on its own line of the file."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import jsonschema
import pytest

from bisect_deps.cli import group
from bisect_deps.reports import REPORTS, concise, github, render, sarif
from bisect_deps.reports.base import file_of, headline
from bisect_deps.reports.json import from_json, to_json
from bisect_deps.text import shown
from tests.reports.verdicts import PAIR, READY, VERDICTS

SCHEMA = Path(__file__).parents[2] / "fixtures" / "schemas" / "sarif-2.1.0-rtm.5.json"


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("verdict", VERDICTS)
def test_every_format_shows_every_verdict_also_of_a_saved_run(
    name: str, verdict: str, tmp_path: Path
) -> None:
    text = render(name, VERDICTS[verdict], tmp_path)
    assert text.strip()
    saved = json.loads(json.dumps(to_json(VERDICTS[verdict])))
    again = render(name, from_json(saved), tmp_path)
    assert "".join(again.split()) == "".join(text.split()), "a saved run is told alike"
    for culprit in VERDICTS[verdict].culprits:
        assert all(member.name in text for member in culprit.members)


@pytest.mark.parametrize("command", ["run", "report"])
def test_every_format_is_an_option(command: str) -> None:
    found = group.get_command(click.Context(group), command)
    assert found is not None
    names = {param.name for param in found.params}
    assert {f"{name}_to" for name in REPORTS} <= names
    assert "concise" in names


def places(results: list[dict[str, Any]]) -> list[tuple[str, int]]:
    found = []
    for result in results:
        for location in (*result["locations"], *result.get("relatedLocations", ())):
            place = location["physicalLocation"]
            found.append((place["artifactLocation"]["uri"], place["region"]["startLine"]))
    return found


@pytest.mark.parametrize("verdict", VERDICTS)
def test_sarif_has_each_culprit_on_its_line_and_its_cause_as_rule(verdict: str) -> None:
    [run] = json.loads(sarif.render(VERDICTS[verdict]))["runs"]
    members = [member for culprit in VERDICTS[verdict].culprits for member in culprit.members]
    assert places(run["results"]) == [
        (quote(file_of(member, VERDICTS[verdict])), member.requirement.line) for member in members
    ]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
    assert len({rule["id"] for rule in rules}) == len(rules)


def test_a_sarif_message_says_no_name_twice_and_no_advice_beside_a_fix() -> None:
    summary = "numpy==1.19.5: the build script imports distutils."
    culprit = replace(READY.culprits[0], summary=summary, advice="build it with `setuptools<81`")
    for verdict, advised in ((READY, False), (replace(READY, fix=None), True)):
        text = sarif.render(replace(verdict, culprits=(culprit,)))
        message = json.loads(text)["runs"][0]["results"][0]["message"]["text"]
        assert message.startswith(f"{summary} ")
        assert ("Build it with" in message) is advised


@pytest.mark.parametrize("name", ["sarif", "github"])
def test_a_file_in_a_folder_is_named_as_seen_from_the_working_folder(
    name: str, tmp_path: Path
) -> None:
    verdict = replace(READY, file="app/requirements.txt")
    assert "app/requirements.txt" in render(name, verdict, tmp_path)


@pytest.mark.parametrize("verdict", VERDICTS)
def test_sarif_is_valid(verdict: str) -> None:
    jsonschema.validate(
        json.loads(sarif.render(VERDICTS[verdict])), json.loads(SCHEMA.read_text(encoding="utf-8"))
    )


def test_a_sarif_result_is_the_same_alert_where_its_line_moved() -> None:
    [run] = json.loads(sarif.render(READY))["runs"]
    prints = [result["partialFingerprints"]["depbisect/v1"] for result in run["results"]]
    assert len(set(prints)) == len(READY.culprits)


@pytest.mark.parametrize("verdict", VERDICTS)
def test_annotations_are_one_command_a_line(verdict: str) -> None:
    lines = github.render(VERDICTS[verdict]).splitlines()
    assert all(re.match(r"::(error|warning|notice) [^:]+=[^:]*::\S", line) for line in lines)
    members = [member for culprit in VERDICTS[verdict].culprits for member in culprit.members]
    assert len(lines) == len(members) + 1
    for member, line in zip(members, lines, strict=False):
        place = f"file={file_of(member, VERDICTS[verdict])},line={member.requirement.line}"
        assert line.startswith(f"::error {place},")


def test_an_annotation_of_a_combination_names_the_other_line() -> None:
    lines = [f"{PAIR.file}:{m.requirement.line}" for m in PAIR.culprits[0].members]
    first, second, _ = github.render(PAIR).splitlines()
    assert first.endswith(f". The other line: {lines[1]}.")
    assert second.endswith(f". The other line: {lines[0]}.")
    assert "The other" not in github.render(READY)


def test_concise_is_a_line_a_culprit_and_the_diff() -> None:
    assert READY.fix is not None
    text = concise.render(READY)
    head, _, _ = text.partition("--- ")
    assert len(head.splitlines()) == len(READY.culprits)
    assert text.endswith(READY.fix.diff)


def test_the_headline_counts_the_entries_below_it() -> None:
    first, *_ = READY.culprits
    several = replace(READY, culprits=(first, replace(first, summary="another")))
    assert headline(several).startswith("2 problems in ")


def test_the_mark_of_a_logs_own_lines_is_not_shown() -> None:
    said = shown("::depbisect stopped after 60 s: over its limit")
    assert said == "stopped after 60 s: over its limit"
