"""Failures that people report, retold in a few lines each, are told for what they are."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from bisect_deps.diagnosis import diagnose
from tests.diagnosis.labelled import FOLDER

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SITUATIONS: list[dict[str, Any]] = tomllib.loads(
    (FOLDER / "situations.toml").read_text(encoding="utf-8")
)["situation"]


@pytest.mark.parametrize("case", SITUATIONS, ids=lambda case: case["name"])
def test_situation_gives_its_cause_and_its_suspect(case: dict[str, Any]) -> None:
    found = diagnose(case["log"], requirements=case.get("requirements", []))
    assert found.cause.value in case["cause"]
    if "phase" in case:
        assert found.phase.value == case["phase"]
    if not case["suspect"]:
        assert found.suspects == ()
        return
    first = found.suspects[0]
    broke = first.broken
    assert {first.name, broke} & set(case["suspect"])


def test_dependency_without_a_chain_is_laid_to_the_requirement_of_like_name() -> None:
    log = (
        "Collecting app-one==1\nCollecting Flask-MySQLdb==0.2.0\nCollecting mysqlclient\n"
        "  ERROR: Command errored out with exit status 1:\n   Complete output (1 lines):\n"
        "    OSError: mysql_config not found\n    ----------------------------------------\n"
        "ERROR: Command errored out with exit status 1: python setup.py egg_info\n"
    )
    first = diagnose(log, requirements=["app-one==1", "Flask-MySQLdb==0.2.0"]).suspects[0]
    assert (first.requirement, str(first.failing)) == ("Flask-MySQLdb==0.2.0", "mysqlclient")
    assert first.confidence < 0.7
