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
        requirement
        for requirement in map(Requirement, PROJECT["dependencies"])
        if canonicalize_name(requirement.name) == name
    ]
    assert any(clause.operator == "<" for clause in found.specifier)


def commands_of(name: str) -> str:
    text = (ROOT / ".github/workflows" / name).read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    return "\n".join(
        step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"]
    )


def test_the_workflow_audits_what_is_depended_on() -> None:
    assert re.search(r"pip-audit .*constraints-dev\.txt", commands_of("security.yml"))


def test_a_release_lists_its_components_and_checks_its_files() -> None:
    commands = commands_of("release.yml")
    assert "cyclonedx-py environment" in commands
    assert "check-wheel-contents" in commands
    assert "twine check --strict" in commands


def test_only_the_job_that_publishes_may_do_so_and_it_keeps_no_token() -> None:
    text = (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["jobs"]
    publishing = [
        name
        for name, job in jobs.items()
        if any("pypi-publish" in str(step) for step in job["steps"])
    ]
    assert publishing == ["publish"]
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    assert len(jobs["publish"]["steps"]) == 2, "it runs nothing of the project"
    assert "secrets." not in text
