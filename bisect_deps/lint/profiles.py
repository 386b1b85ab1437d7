"""What a file or a group of dependencies is for, judged by its name."""

from __future__ import annotations

import re

from bisect_deps.lint.rules.base import Profile

_DEV_WORDS = frozenset(
    {"dev", "devel", "develop", "development", "test", "tests", "testing", "lint", "linting"}
    | {"doc", "docs", "documentation", "ci", "typing", "typecheck", "mypy", "style", "format"}
    | {"bench", "benchmark"}
)
# Commands and hooks that run where the project is made, and the groups of tools for that.
_DEV_GROUPS = (
    "workflow.",
    "nox.",
    "hooks",
    "testenv",
    "env.",
    "tox.",
    "tool.poetry.group.",
    "tool.poetry.dev-dependencies",
    "tool.pdm.dev-dependencies",
    "tool.uv.dev-dependencies",
    "tool.hatch.env",
    "tool.tox.",
    "env_",
    "requires",
    "envs.",
    "tool.flit.metadata.dev-requires",
    "dev-packages",
    "options.tests_require",
)
_LIBRARY_GROUPS = (
    "project.",
    "options.",
    "build-system",
    "tool.poetry",
    "tool.flit",
    "tool.hatch.build",
    "build.",
)
_DEV_FOLDERS = frozenset(("doc", "docs", "test", "tests", "ci"))
_WORD = re.compile(r"[a-z]+")


def profile_of(file: str, group: str, *, compiled: bool = False) -> Profile:
    """Return the profile of a requirement's place.

    `group` is "" in a requirements file, else e.g. `project.dependencies`. `compiled`: a lock made
    from this file stands beside it, so that ranges belong here.
    """
    if group.startswith(_DEV_GROUPS):
        return Profile.DEV
    if group.startswith(("RUN.", "shell.", "notebook.")):
        return Profile.PUBLISH
    words = set(_WORD.findall(f"{_stem(file)} {group.rpartition('.')[2]}".lower()))
    if group.startswith("dependency-groups"):
        return Profile.DEV
    if group.startswith(_LIBRARY_GROUPS):
        optional = "optional" in group or "extras" in group
        return Profile.DEV if optional and words & _DEV_WORDS else Profile.LIBRARY
    if words & _DEV_WORDS or _parent(file) in _DEV_FOLDERS:
        return Profile.DEV
    return Profile.LIBRARY if compiled else Profile.PUBLISH


def _parent(file: str) -> str:
    return file.rpartition("/")[0].rpartition("/")[2].lower()


def _stem(file: str) -> str:
    return file.rpartition("/")[2].partition(".")[0]
