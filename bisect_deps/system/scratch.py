"""Temporary folders that bear their process's name, so that the next run removes a dead one's."""

from __future__ import annotations

import functools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bisect_deps.errors import BuilderUnavailable
from bisect_deps.system import processes

_PREFIX = "depbisect-"


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield an empty folder, which is removed at the end. Raises BuilderUnavailable."""
    folder = new_scratch()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_scratch() -> Path:
    """Return an empty folder that nobody else may read. Raises BuilderUnavailable."""
    try:
        _clear(tempfile.gettempdir())
        return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{processes.owner()}-"))
    except OSError as error:
        raise BuilderUnavailable(
            f"no temporary folder can be made: {error.strerror}",
            hint="make room, or set TMPDIR to a folder that can be written",
        ) from error


@functools.cache
def _clear(place: str) -> None:
    """Remove, once, what killed processes of this user left there."""
    with suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            owner = entry.name.removeprefix(_PREFIX).rpartition("-")[0]
            is_named = entry.name.startswith(_PREFIX) and processes.is_dead(owner)
            if is_named and _is_own(entry):
                shutil.rmtree(entry.path, ignore_errors=True)


def _is_own(entry: os.DirEntry[str]) -> bool:
    with suppress(OSError):
        is_folder = entry.is_dir(follow_symlinks=False)
        return is_folder and entry.stat(follow_symlinks=False).st_uid == os.getuid()
    return False
