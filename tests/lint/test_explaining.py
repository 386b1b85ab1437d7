"""Rules can be listed, counted and explained; links lead where the settings say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from bisect_deps.lint.explaining import explain, rules_json, rules_table
from bisect_deps.lint.outputs import render
from bisect_deps.lint.outputs.base import OutputStyle
from bisect_deps.lint.rules import all_rules
from tests.support.linted import lint


def test_page_has_what_why_instead_fix_settings_and_since() -> None:
    page = explain(all_rules()["DB101"])
    for part in ("**Why:**", "Source:", "Instead of", "- fix:", "- settings: `from`", "- since:"):
        assert part in page
    assert page.index("```text\nflask\n```") < page.index("write\n\n```text\nflask==3.0.3\n```")


def test_every_rule_is_in_the_list_once() -> None:
    listed = [line.split()[0] for line in rules_table().splitlines()]
    assert listed == list(all_rules())
    as_json = json.loads(rules_json("https://docs.example/rules"))
    assert [rule["code"] for rule in as_json] == listed
    assert as_json[0]["docs"].startswith("https://docs.example/rules#db101-")


def test_statistics_count_by_rule_the_most_frequent_first(tmp_path: Path) -> None:
    report = lint(tmp_path, {"requirements.txt": "a\nb\nc===1.0\n"})
    lines = render(report, "statistics", OutputStyle()).splitlines()
    assert lines[:2] == ["2  DB101  [ ]  unpinned", "1  DB105  [*]  arbitrary-equality"]


def test_links_start_with_the_address_of_the_settings(tmp_path: Path) -> None:
    report = lint(tmp_path, {"requirements.txt": "a\n"})
    style = OutputStyle(docs="https://docs.example/rules")
    found = json.loads(render(report, "json", style))["findings"][0]
    assert found["docs"] == "https://docs.example/rules#db101-unpinned"
    sarif = json.loads(render(report, "sarif", style))
    first = sarif["runs"][0]["tool"]["driver"]["rules"][0]
    assert first["helpUri"].startswith("https://docs.example/rules#")


def test_page_is_rendered_for_a_terminal_and_plain_for_a_program(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bisect_deps", "lint", "--explain", "DB101"]
    plain = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert plain.stdout.startswith("### DB101 unpinned\n")
    rendered = subprocess.run(
        [*command, "--color", "always"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "\x1b[" in rendered.stdout
    assert "**" not in rendered.stdout
    assert "###" not in rendered.stdout
