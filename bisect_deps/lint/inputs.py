"""Which files are linted, and their manifests: given paths, known names in folders, stdin.

A file that another given file includes is judged as a part of that one and not by itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from bisect_deps.errors import InputError
from bisect_deps.formats import is_found
from bisect_deps.formats.base import Manifest
from bisect_deps.system.files import (
    PIPES,
    hint_for_missing,
    project_of,
    read_inside,
    read_regular,
)

if TYPE_CHECKING:
    from bisect_deps.formats._embedded import Follow

STDIN = "-"
_INCLUDE = re.compile(rb"(?m)^[ \t]*(?:-r|-c|--requirement|--constraint)[ \t=]*([^\s#]+)")
_SKIPPED_FOLDERS = frozenset(
    ("node_modules", "site-packages", "__pycache__", "build", "dist", "venv", "env")
)
# What tools keep for themselves; other hidden folders hold what people wrote (`.devcontainer`).
_KEPT_BY_TOOLS = re.compile(
    r"\.(?:git|hg|svn|bzr|jj|tox|nox|venv|env|direnv|eggs|pixi|pyenv|conda|local|cache|\w+_cache|"
    r"ipynb_checkpoints|pytype|pants\.d|depbisect|vscode\w*|idea|npm|nvm|cargo|rustup|terraform)"
)


@dataclass(slots=True)
class Inputs:
    """The files of a run. `drafts` holds text that is not on the disk (yet), by absolute path.

    `missing` says which requirements files are named somewhere and are not here.
    """

    folder: Path
    exclude: tuple[str, ...] = ()
    drafts: dict[str, bytes] = field(default_factory=dict)
    variables: Mapping[str, str] | None = None
    missing: list[str] = field(default_factory=list)
    _read: dict[str, bytes] = field(default_factory=dict)
    _given: frozenset[str] = frozenset()

    def read(self, path: str) -> bytes:
        """Return a file's bytes by absolute path, a draft where there is one."""
        if path in self.drafts:
            return self.drafts[path]
        if path not in self._read:
            is_own = os.path.realpath(path) == path or path.startswith(PIPES)
            read = read_regular(path, pipe=True) if is_own else read_inside(path, self._homes(path))
            self._read[path] = read
        return self._read[path]

    def read_included(self, path: str, root: str) -> bytes:
        """Return the bytes of a file that `root` includes. Raises OutsideProject for a stranger's.

        The project's own are in its folder, in this one, or beside a file that the user named.
        """
        if path in self.drafts or path in self._given:
            return self.read(path)
        return read_inside(path, self._homes(root))

    def _homes(self, path: str) -> list[str]:
        return [project_of(os.path.dirname(path)), project_of(self.folder)]

    def absolute(self, shown: str) -> str:
        """Return the absolute path of a file as reports name it."""
        return os.path.normpath(os.path.join(self.folder, shown))

    def roots(self, paths: Sequence[str]) -> list[tuple[str, Manifest]]:
        """Return the root files, by the name that reports use, with their manifests."""
        manifests: dict[str, Manifest] = {}
        included: dict[str, str] = {}
        given = {self.absolute(shown): shown for shown in self._files(paths)}
        self._given = frozenset(given)
        self.missing = []
        targets = {target for absolute in given for target in self._targets(absolute)}
        # What others seem to include comes last, so that it is read once, with them.
        for absolute in sorted(given, key=lambda absolute: absolute in targets):
            shown = given[absolute]
            if included.get(absolute) in manifests:
                continue
            manifest = self._manifest(shown, absolute)
            manifests[absolute] = manifest
            for other in self._followed(absolute, manifest):
                if other not in given:
                    given[other] = self._shown(other)
                    manifests[other] = self._manifest(given[other], other)
            for key in list(manifest.files)[1:]:
                other = os.path.normpath(os.path.join(os.path.dirname(absolute), key))
                included.setdefault(other, absolute)
                manifests.pop(other, None)
        return [
            (shown, manifests[absolute])
            for absolute, shown in given.items()
            if absolute in manifests
        ]

    def constraints_of(self, absolute: str, manifest: Manifest) -> Iterator[tuple[str, str]]:
        """Yield the constraints files that another format names, by absolute path, and for what.

        That is the group that it constrains, "" for all.
        """
        for follow in _follows(manifest):
            path = self._beside(absolute, follow.path)
            if follow.constraint and path is not None:
                yield path, follow.group

    def unread_constraints(self, absolute: str, manifest: Manifest) -> frozenset[str]:
        """Return the groups of another format whose constraints file is not here, "" for all."""
        return frozenset(
            follow.group
            for follow in _follows(manifest)
            if follow.constraint and self._beside(absolute, follow.path) is None
        )

    def _followed(self, absolute: str, manifest: Manifest) -> Iterator[str]:
        """Yield the requirements files that another format names and that are here."""
        for follow in _follows(manifest):
            path = self._beside(absolute, follow.path)
            if path is None and absolute.endswith("setup.py"):
                # Such names are often given to a function that knows the folder.
                path = self._beside(absolute, f"requirements/{follow.path}")
            if path is None:
                where = f"{self._shown(absolute)}:{follow.line}"
                why = "is only known where it runs" if "$" in follow.path else "is not here"
                if not follow.path.startswith("setup.") and "://" not in follow.path:
                    self.missing.append(f"{where}: {follow.path} {why}")
            elif not follow.constraint:
                yield path

    def _beside(self, absolute: str, path: str) -> str | None:
        """Return the file that a command means, as seen from its own folder or the working one."""
        for named in _as_here(path):
            for folder in (os.path.dirname(absolute), str(self.folder)):
                found = os.path.normpath(os.path.join(folder, named))
                if found in self.drafts or os.path.isfile(found):
                    return found
        return None

    def constraints(self, absolute: str) -> Manifest:
        """Return the manifest of a constraints file. Raises InputError."""
        return self._manifest(self._shown(absolute), absolute, constraint=True)

    def _targets(self, absolute: str) -> Iterator[str]:
        """Yield what a file seems to include; only a guess, for the order of reading."""
        try:
            data = self.read(absolute)
        except OSError:
            return
        folder = os.path.dirname(absolute)
        for named in _INCLUDE.findall(data):
            yield os.path.normpath(os.path.join(folder, os.fsdecode(named)))

    def _shown(self, absolute: str) -> str:
        return shown_path(absolute, self.folder)

    def _manifest(self, shown: str, absolute: str, *, constraint: bool = False) -> Manifest:
        from bisect_deps.lint.setup import open_manifest

        try:
            data = self.read(absolute)
        except OSError as error:
            raise InputError(
                f"cannot read the file: {error.strerror}",
                place=shown,
                hint=hint_for_missing(
                    Path(shown), "give the path of a requirements file, or a folder"
                ),
            ) from error
        return open_manifest(
            data,
            Path(absolute),
            folder=self.folder,
            variables=self.variables,
            read=lambda path: self.read_included(path, absolute),
            constraint=constraint,
        )

    def _files(self, paths: Sequence[str]) -> Iterator[str]:
        for path in paths:
            absolute = self.absolute(path)
            if absolute not in self.drafts and os.path.isdir(absolute):
                yield from self._found_in(absolute)
            else:
                yield self._shown(absolute)

    def _found_in(self, folder: str) -> Iterator[str]:
        found = []
        for at, folders, files in os.walk(folder):
            folders[:] = sorted(name for name in folders if self._is_entered(at, name))
            for name in sorted(files):
                path = os.path.join(at, name)
                if is_found(path.replace(os.sep, "/")):
                    found.append(self._shown(path))
        if not found:
            raise InputError(
                "no requirements file, lock or pyproject.toml was found here",
                place=self._shown(folder),
                hint="name the files to lint",
            )
        return (shown for shown in found if not self._is_excluded(shown))

    def _is_entered(self, at: str, name: str) -> bool:
        if name in _SKIPPED_FOLDERS or _KEPT_BY_TOOLS.fullmatch(name):
            return False
        return not os.path.exists(os.path.join(at, name, "pyvenv.cfg"))

    def _is_excluded(self, shown: str) -> bool:
        return any(fnmatch(shown, pattern) for pattern in self.exclude)


def _as_here(path: str) -> Iterator[str]:
    """Yield a path, and what it may be called outside of the image that it is copied into.

    `/usr/src/app/requirements.txt` is `requirements.txt` where the image is built, or as much of
    the path as is there.
    """
    yield path
    if path.startswith("/"):
        parts = path.strip("/").split("/")
        yield from ("/".join(parts[start:]) for start in range(len(parts)))


def _follows(manifest: Manifest) -> Sequence[Follow]:
    embedding = getattr(manifest, "embedding", None)
    return embedding.follows if embedding is not None else ()


def shown_path(absolute: str, folder: Path) -> str:
    """Return the path as reports name it: relative where it is inside the working folder."""
    base = str(folder)
    if absolute.startswith(base.rstrip(os.sep) + os.sep):
        absolute = absolute[len(base.rstrip(os.sep)) + 1 :]
    return absolute.replace(os.sep, "/")
