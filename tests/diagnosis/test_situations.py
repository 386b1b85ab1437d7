"""Failures that people report, retold in a few lines each, are told for what they are."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from bisect_deps.diagnosis import diagnose
from bisect_deps.model import Phase
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


def test_the_folder_that_a_command_ran_in_names_the_project_without_a_slash_at_its_end() -> None:
    log = (
        "  × Getting requirements to build wheel did not run successfully.\n  │ exit code: 1\n"
        "  ╰─> See above for output.\n\n"
        "  cwd: /tmp/pip-install-fbmefnq8/video2x_eddd2409a1c6472fafa0186672d5e031\n"
        "  Getting requirements to build wheel ... error\nerror: subprocess-exited-with-error\n"
    )
    [suspect] = diagnose(log).suspects
    assert (suspect.name, suspect.phase) == ("video2x", Phase.METADATA)
