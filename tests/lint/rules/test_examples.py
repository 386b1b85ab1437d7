"""Every rule reports its bad examples and none of its good ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisect_deps.lint.rules import all_rules
from bisect_deps.lint.rules.base import Example, Needs, Profile, Rule, Severity
from bisect_deps.lint.settings import LintSettings
from tests.support.linted import codes, lint

RULES = all_rules()
OFFLINE = [rule for rule in RULES.values() if rule.needs is Needs.NOTHING]


def cases(which: str) -> list[object]:
    return [
        pytest.param(rule, example, id=f"{rule.code}-{which}-{number}")
        for rule in OFFLINE
        for number, example in enumerate(getattr(rule, which), start=1)
    ]


def reported(folder: Path, rule: Rule, example: str | Example) -> list[str]:
    if isinstance(example, str):
        example = Example({"requirements.txt": example})
    # A rule that is off by default is shown its examples by name.
    named = (rule.code,) if rule.severity is Severity.OFF and not example.profile else ()
    settings = LintSettings(profile=example.profile, targets=example.targets, extend_select=named)
    return codes(lint(folder, example.files, settings=settings))


@pytest.mark.parametrize(("rule", "example"), cases("bad"))
def test_bad_example_is_reported(tmp_path: Path, rule: Rule, example: str | Example) -> None:
    assert rule.code in reported(tmp_path, rule, example)


@pytest.mark.parametrize(("rule", "example"), cases("good"))
def test_good_example_is_not_reported(tmp_path: Path, rule: Rule, example: str | Example) -> None:
    if rule.severity is Severity.OFF and isinstance(example, str):
        assert rule.code not in codes(lint(tmp_path, {"requirements.txt": example}))
    else:
        assert rule.code not in reported(tmp_path, rule, example)


def test_every_rule_is_documented() -> None:
    wrong = [
        rule.code
        for rule in RULES.values()
        if not (rule.bad and rule.good and rule.source and rule.why.endswith("."))
        or rule.summary.endswith(".")
    ]
    assert wrong == []


def test_codes_and_names_are_unique_and_sorted() -> None:
    assert list(RULES) == sorted(RULES)
    assert len({rule.name for rule in RULES.values()}) == len(RULES)


def test_no_rule_is_an_error_in_dev_that_is_a_warning_in_publish() -> None:
    for rule in RULES.values():
        assert rule.severity_in(Profile.DEV).rank <= rule.severity_in(Profile.PUBLISH).rank
