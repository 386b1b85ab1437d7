"""The rules' page is what the rules say; regenerate with `depbisect lint --explain ALL`."""

from __future__ import annotations

import re
from pathlib import Path

from bisect_deps.lint.explaining import explain, explain_all
from bisect_deps.lint.outputs.base import docs_of
from bisect_deps.lint.rules import all_rules
from bisect_deps.lint.rules.base import Rule
from bisect_deps.lint.settings import _KEYS

ROOT = Path(__file__).parents[2]


def test_page_of_the_rules_is_up_to_date() -> None:
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    assert page == explain_all(), "run: depbisect lint --explain ALL > docs/rules.md"


def test_every_link_leads_to_its_heading() -> None:
    lost = [rule.code for rule in all_rules().values() if not docs_of(rule).endswith(_anchor(rule))]
    assert lost == []


def _anchor(rule: Rule) -> str:
    heading = explain(rule).splitlines()[0].removeprefix("### ")
    return "#" + re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")


def test_guide_names_every_key() -> None:
    guide = (ROOT / "docs" / "lint.md").read_text(encoding="utf-8")
    section = guide.split("## Configuration")[1].split("## Formats")[0]
    assert [key for key in _KEYS if not re.search(rf"\b{key}\b", section)] == []
