"""Logs that were labelled before they were read: `fixtures/unseen`, with its scores and counts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from bisect_deps.diagnosis import diagnose
from bisect_deps.model import Diagnosis, Phase
from tests.diagnosis.labelled import plain_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FOLDER = Path(__file__).parent.parent.parent / "fixtures" / "unseen"
LABELS = tomllib.loads((FOLDER / "labels.toml").read_text(encoding="utf-8"))["log"]


def wrong_in(label: dict[str, Any], found: Diagnosis) -> set[str]:
    """Return what the diagnosis gets wrong; a phase is not asked of a log that passes."""
    failed = label["outcome"] == "fail"
    first = found.suspects[0] if found.suspects else None
    own = plain_name(first.requirement or first.name) if first else ""
    culprits = {plain_name(name) for name in label["culprits"]}
    right = {
        "outcome": found.outcome.value == label["outcome"],
        "cause": found.cause.value == label["cause"],
        "phase": not failed or found.phase.value == label["phase"],
        "suspect": own in culprits if culprits else first is None,
    }
    return {name for name, is_right in right.items() if not is_right}


@pytest.mark.parametrize("label", LABELS, ids=[label["file"] for label in LABELS])
def test_unseen_log_is_read_as_labelled(label: dict[str, Any]) -> None:
    log = (FOLDER / label["file"]).read_bytes()
    found = diagnose(log, requirements=label["requirements"])
    assert wrong_in(label, found) == set(label.get("wrong", ()))


def test_installer_that_cannot_import_its_own_modules_is_to_be_made_anew() -> None:
    found = diagnose((FOLDER / "heroku-pip-broken.log").read_bytes(), requirements=["django==2.0"])
    assert (found.phase, found.suspects) == (Phase.RESOLVE, ())
    assert "python -m venv --clear" in found.notes[0]


@pytest.mark.parametrize("name", ["lambda-other-platform", "lambda-json"])
def test_compiled_part_for_another_platform_is_advised_to_be_installed_for_this_one(
    name: str,
) -> None:
    [suspect] = diagnose((FOLDER / f"{name}.log").read_bytes()).suspects
    assert "--only-binary=:all: --target DIR" in suspect.advice
