"""What commands that are killed leave half done in the caches of installers.

An installer unpacks and builds in a temporary folder of its cache, and moves what is whole; one
that is killed leaves that folder for ever: a gigabyte for some wheels. Which one is known from the
command itself while it lives: from its open files, and from what it tells its children. Only
folders below the tag of a cache are removed (CACHEDIR.TAG, https://bford.info/cachedir/). Must not
know which installer it is.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bisect_deps.policy import POLICY

_TAG = "CACHEDIR.TAG"
_BETWEEN = re.compile(rb"[\0:=\"'\n]")
_TEMPORARY = re.compile(rb"/\.tmp\w{6}(?=/|\Z)")


@contextmanager
def removed(pids: Iterable[int]) -> Iterator[None]:
    """Remove what the processes have half done in caches, once they are killed inside."""
    folders = {folder for pid in pids for folder in _half_done(pid)}
    yield
    for _ in range(POLICY.removals):
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        folders = {folder for folder in folders if folder.exists()}
        if not folders:
            return
        time.sleep(POLICY.process_look)  # Who is killed may still end a write there.


def _half_done(pid: int) -> Iterator[Path]:
    """Yield the temporary folders of caches that a living process names."""
    for text in _told(f"/proc/{pid}"):
        for word in _BETWEEN.split(text):
            found = _TEMPORARY.search(word)
            if found is None or not word.startswith(b"/"):
                continue
            path = Path(os.fsdecode(word[: found.end()]))
            is_cached = any((above / _TAG).is_file() for above in (path.parent, path.parent.parent))
            if is_cached and os.path.realpath(path) == str(path):
                yield path


def _told(process: str) -> Iterator[bytes]:
    """Yield variables, arguments and open files of a process, as far as they can be read."""
    for name in ("environ", "cmdline"):
        with contextlib.suppress(OSError):
            yield Path(process, name).read_bytes()
    with contextlib.suppress(OSError):
        for name in os.listdir(f"{process}/fd"):
            with contextlib.suppress(OSError):
                yield os.fsencode(os.readlink(f"{process}/fd/{name}"))
