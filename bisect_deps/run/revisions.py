"""Files as they stood at a git revision: read from git's objects, nothing checked out or written.

Only plumbing is used, in a repository that git itself lets the user work in: no hook, filter,
external diff, file monitor or transport of the repository is run. Must not know what a file holds.
"""

from __future__ import annotations

import errno
import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from bisect_deps.errors import InputError
from bisect_deps.policy import POLICY
from bisect_deps.secret import redact
from bisect_deps.system.git import git_command, git_environment

LARGEST_FILE = 64_000_000
_BLOB = re.compile(rb"([0-9a-f]{40,64}) blob (\d+)\n")
_SHA = re.compile(r"[0-9a-f]{40,64}")
_COMMITTED = re.compile(rb"^committer .*> (\d+) [+-]\d{4}$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit: `name` as it was asked for, `date` in UTC, ISO 8601; `top` is the work tree's."""

    name: str
    sha: str
    date: str
    top: Path

    def __str__(self) -> str:
        """Return it as people know it: `v1.2 (0123456789, 2024-05-01)`."""
        return f"{self.name} ({self.sha[:10]}, {self.date[:10]})"

    def read(self, path: str) -> bytes:
        """Return a file's bytes by its absolute path. Raises OSError where it was not there.

        Links are followed within the commit.
        """
        blob, size = self._blob(path)
        if size > LARGEST_FILE:
            raise OSError(errno.EFBIG, "too large", path)
        return _git(self.top, "cat-file", "blob", blob)

    def has(self, path: str) -> bool:
        """Say whether there was a file at this absolute path."""
        try:
            self._blob(path)
        except OSError:
            return False
        return True

    def _blob(self, path: str) -> tuple[str, int]:
        """Return a file's object and its size in bytes. Raises FileNotFoundError."""
        asked = self._key(path)
        words = _git(self.top, "cat-file", "--batch-check", "--follow-symlinks", asked=asked)
        found = _BLOB.fullmatch(words)
        if found is None:
            raise FileNotFoundError(errno.ENOENT, f"not in git revision {self.name}", path)
        return found[1].decode(), int(found[2])

    def _key(self, path: str) -> bytes:
        folder = os.path.realpath(os.path.dirname(path))
        inside = os.path.relpath(os.path.join(folder, os.path.basename(path)), self.top)
        if inside.split(os.sep)[0] == os.pardir:
            raise FileNotFoundError(errno.ENOENT, "outside the git repository", path)
        return f"{self.sha}:".encode() + os.fsencode(inside.replace(os.sep, "/")) + b"\n"


def find_revision(folder: Path, name: str) -> Revision | None:
    """Return the commit that a name means to the repository around `folder`, None for none.

    Raises InputError where there is no repository, or git does not allow its use.
    """
    if not name or name.startswith("-") or any(ord(char) < 32 for char in name):
        return None
    found = _git(folder, "rev-parse", "--show-toplevel").decode("utf-8", "surrogateescape")
    top = Path(os.path.realpath(found.removesuffix("\n")))
    if not Path(os.path.realpath(folder)).is_relative_to(top):
        raise InputError("its git repository has its files elsewhere", place=str(folder))
    sha = _object(top, name)
    sha = sha and _object(top, f"{sha}^{{commit}}")
    if sha is None:
        return None
    committed = _COMMITTED.search(_git(top, "cat-file", "commit", sha))
    if committed is None:
        return None
    moment = datetime.fromtimestamp(int(committed[1]), timezone.utc)
    return Revision(name, sha, moment.strftime("%Y-%m-%dT%H:%M:%SZ"), top)


def _object(top: Path, name: str) -> str | None:
    """Return the one object that a name means, None for none."""
    try:
        sha = _git(top, "rev-parse", "--verify", "--quiet", name).decode().strip()
    except InputError:
        return None
    return sha if _SHA.fullmatch(sha) else None


def is_shallow(folder: Path) -> bool:
    """Say whether the repository around `folder` lacks its older commits."""
    try:
        return _git(folder, "rev-parse", "--is-shallow-repository").strip() == b"true"
    except InputError:
        return False


def _git(folder: Path, *arguments: str, asked: bytes = b"") -> bytes:
    """Return what git answers. Raises InputError with git's own words."""
    try:
        done = subprocess.run(
            git_command(folder, *arguments),
            input=asked,
            capture_output=True,
            timeout=POLICY.reading_timeout,
            check=False,
            env=git_environment(),
        )
    except FileNotFoundError as error:
        raise InputError("git is not installed", hint="install git") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise InputError(f"git does not answer: {error}", place=str(folder)) from error
    if done.returncode == 0:
        return done.stdout
    said = redact(done.stderr.decode("utf-8", "replace")).strip() or "git has no answer"
    raise InputError(_reported(said.splitlines()), place=str(folder), hint=_hint(said, folder))


def _reported(lines: Sequence[str]) -> str:
    return lines[0].removeprefix("fatal: ").removeprefix("error: ")


def _hint(said: str, folder: Path) -> str | None:
    if "dubious ownership" in said:
        return f"if you trust it: git config --global --add safe.directory {folder}"
    if "not a git repository" in said:
        return "git revisions are read where the file lies in a git work tree"
    return None
