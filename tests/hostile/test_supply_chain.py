"""What we depend on: bounded where it may break us, pinned for development, audited."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DECLARED = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
# What is called deeper than its documented surface, or is not at 1.0: a next major may break it.
BOUNDED = ("click", "pypi-simple", "cachecontrol", "tomlkit")


def pins() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in (ROOT / "constraints-dev.txt").read_text(encoding="utf-8").splitlines():
        name, _, rest = line.partition("==")
        found.setdefault(canonicalize_name(name), []).append(rest.split(";")[0].strip())
    return found


@pytest.mark.parametrize("text", DECLARED)
def test_the_constraints_for_development_fit_each_dependency(text: str) -> None:
    requirement = Requirement(text)
    versions = pins()[canonicalize_name(requirement.name)]
    assert all(requirement.specifier.contains(version) for version in versions), versions


@pytest.mark.parametrize("name", BOUNDED)
def test_what_may_break_us_has_an_upper_bound(name: str) -> None:
    [found] = [
        one
        for one in map(Requirement, PROJECT["dependencies"])
        if canonicalize_name(one.name) == name
    ]
    assert any(clause.operator == "<" for clause in found.specifier)


def test_the_workflow_audits_and_lists_the_components_of_a_release() -> None:
    text = (ROOT / ".github/workflows/security.yml").read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    commands = "\n".join(
        step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"]
    )
    assert re.search(r"pip-audit .*constraints-dev\.txt", commands)
    assert "cyclonedx-json" in commands
    assert workflow["permissions"] == {"contents": "read"}
