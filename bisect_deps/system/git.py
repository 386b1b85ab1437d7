"""git in a repository that may be a stranger's: it is read, and runs nothing of it.

A repository's own settings can name programs (a file system monitor, hooks, a pager, helpers): one
that came as an archive brings its settings along. Must not know what is asked.
"""

from __future__ import annotations

import os
from pathlib import Path

_SAFELY = (
    "--no-pager",
    "--no-optional-locks",
    "--literal-pathspecs",
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    # A bare repository inside a work tree is somebody's file, not the user's repository.
    *("-c", "safe.bareRepository=explicit"),
)


def git_command(folder: Path, *arguments: str) -> list[str]:
    """Return the command line that asks git in a folder, with no program of the repository's."""
    return ["git", *_SAFELY, "-C", str(folder), *arguments]


def git_environment() -> dict[str, str]:
    """Return ours without what would lead git elsewhere, make it ask, or have it fetch."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    # A clone without all objects would fetch them, by whatever its configuration names.
    fetching = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"}
    return {**kept, **fetching, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
