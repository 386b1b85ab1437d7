"""Whose project is built: the repository around a folder, its origin, and whose token may go there.

Must not know any system's API.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from bisect_deps.builders.base import BuilderOptions
from bisect_deps.errors import NotTrusted
from bisect_deps.policy import POLICY
from bisect_deps.secret import Secret
from bisect_deps.system.git import git_command, git_environment
from bisect_deps.system.trust import trusted

# https://host/owner/name.git, ssh://git@host:22/owner/name, git@host:owner/name.git
_REMOTE = re.compile(r"(?:\w+://(?:[^@/]+@)?|[^@/]+@)([^:/]+)(?::\d+)?[:/](.+?)(?:\.git)?/?")


def python_of(options: BuilderOptions) -> str:
    """Return the Python that a runner is to have, as `3.11`."""
    return options.interpreter.minor if options.interpreter is not None else "3"


def places(options: BuilderOptions) -> tuple[str, str]:
    """Return the file's folder and the checks' folder, relative to the repository around them."""
    root = git(options.folder, "rev-parse", "--show-toplevel")
    top = Path(root).resolve() if root else options.folder.resolve()
    found = []
    for path in (options.folder.resolve(), options.cwd.resolve()):
        inside = path.is_relative_to(top)
        found.append(path.relative_to(top).as_posix() if inside else ".")
    return found[0], found[1]


def git(folder: Path, *arguments: str) -> str:
    """Return what git says there, "" where it fails or is not installed."""
    try:
        done = subprocess.run(
            git_command(folder, *arguments),
            capture_output=True,
            text=True,
            timeout=POLICY.answer_timeout,
            check=True,
            env=git_environment(),
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def project_of(folder: Path) -> tuple[str, str]:
    """Return host and path of the repository's `origin`: `github.com`, `owner/name`; else ""."""
    url = git(folder, "remote", "get-url", "origin")
    found = _REMOTE.fullmatch(url)
    return (found[1], found[2]) if found else ("", "")


def own_host(folder: Path, *public: str) -> str:
    """Return the host of the repository's origin, "" for a public one or none.

    A clone's origin is nobody's word on where a token may go: raises NotTrusted for a host that the
    user has not named.
    """
    host, _ = project_of(folder)
    if not host or host in public:
        return ""
    if not trusted().has_host(host):
        raise NotTrusted(
            f"the clone's origin is on {host}, which would get your token",
            hint=f"depbisect trust {host}, once; or name the server with --api-address",
        )
    return host


def token_from(*variables: str) -> Secret | None:
    """Return the first of these environment variables that is set."""
    found = (os.environ.get(name, "").strip() for name in variables)
    return next((Secret(value) for value in found if value), None)
