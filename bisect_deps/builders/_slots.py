"""Environments kept from build to build, and what makes sure that they are as good as fresh ones.

A kept environment is brought to the next candidate by an exact sync. It is only used again where
nothing but bytecode was written to it since its install: a check that rewrites, adds or removes a
file makes it worthless, and so does a file that two releases claim, since an uninstall of one takes
it from the other. One whose files are links into a cache is only read by checks, and its bytecode
stands beside it. Must not know who installs, or what is checked.
"""

from __future__ import annotations

import contextlib
import glob
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from bisect_deps.builders._environments import records
from bisect_deps.system.files import folder_below

# Path below the environment to size, time of the last change of content or name, and file number.
Files: TypeAlias = Mapping[str, tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class Slot:
    """An environment in its folder; `files` are what its install left, None before one.

    `linked`: the files are links, which nothing but an installer may touch.
    """

    folder: Path
    files: Files | None = None
    linked: bool = False

    @property
    def environment(self) -> Path:
        """Return the environment."""
        return self.folder / "env"

    @property
    def bytecode(self) -> Path:
        """Return where bytecode goes if not beside its source."""
        return self.folder / "bytecode"

    def holding(self, files: Files) -> Slot:
        """Return the slot after an install; bytecode of what is no longer there is forgotten."""
        for path, about in (self.files or {}).items():
            # The time changes with each link to the file, wherever it is made.
            if path.endswith(".py") and about[::2] != files.get(path, (0, 0, 0))[::2]:
                _forget(self.bytecode, Path(path))
        return replace(self, files=files)


class Slots:
    """The kept environments of one builder, at most `most`, the last used first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: list[Slot] = []

    def take(self) -> Slot | None:
        """Return a kept environment, which is the caller's from now on; None where none is kept."""
        return self._kept.pop() if self._kept else None

    def give_back(self, slot: Slot) -> bool:
        """Keep an environment; False where it was written to, or where enough are kept."""
        if slot.files is None or len(self._kept) >= self._most:
            return False
        if not slot.linked and contents(slot.environment) != slot.files:
            return False
        self._kept.append(slot)
        return True

    def clear(self) -> list[Slot]:
        """Keep none any longer, and return those that were kept."""
        kept, self._kept = self._kept, []
        return kept


def contents(environment: Path) -> Files:
    """Return what an environment holds, bytecode left out; links are not followed."""
    found: dict[str, tuple[int, int, int]] = {}
    folders = [str(environment)]
    while folders:
        for entry in os.scandir(folders.pop()):
            if entry.is_dir(follow_symlinks=False):
                if entry.name != "__pycache__":
                    folders.append(entry.path)
            elif not entry.name.endswith(".pyc"):
                about = entry.stat(follow_symlinks=False)
                found[entry.path] = (about.st_size, about.st_ctime_ns, about.st_ino)
    return found


def is_whole(files: Files, sites: Iterable[Path]) -> bool:
    """Say whether all that the records of the installed releases list is there, each file once.

    What two releases claim depends on who was installed last, and goes with the first to leave.
    """
    claimed: set[str] = set()
    for path in _recorded(sites):
        if path in claimed or path not in files:
            return False
        claimed.add(path)
    return True


def _forget(bytecode: Path, source: Path) -> None:
    # A check that is gone by now could have left links there.
    with contextlib.suppress(OSError):
        folder = folder_below(bytecode, source.parent.relative_to("/"))
        for compiled in folder.glob(f"{glob.escape(source.stem)}.*.pyc"):
            compiled.unlink()


def _recorded(sites: Iterable[Path]) -> Iterator[str]:
    for info, record in records(sites):
        site = os.path.dirname(info)
        for line in record.decode("utf-8", "replace").splitlines():
            name = line.rsplit(",", 2)[0].strip('"')
            if name and not name.endswith(".pyc"):
                yield os.path.normpath(f"{site}/{name}") if name[0] != "/" else name
