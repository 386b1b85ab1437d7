"""What programs of this machine say of themselves, kept in the user's cache until they change.

Asking a Python takes 0.05 s, and one run may ask five. An answer holds as long as the file that
gave it and the kernel are the same; a script's is never kept, since it may run anything.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import platformdirs

from bisect_deps.errors import InputError
from bisect_deps.system.files import read_regular, write_private

_MOST_BYTES = 1 << 20


def cached_output(command: Sequence[str], ask: Callable[[], str | None]) -> str | None:
    """Return what a command printed when it was asked last, from `ask` where nobody knows.

    None is what `ask` returns for no answer; it is never kept.
    """
    state = state_of(command[0])
    if state is None:
        return ask()
    key = json.dumps([list(command), state])
    path = platformdirs.user_cache_path("depbisect", appauthor=False) / "outputs" / _name(command)
    known = _read(path, key)
    if known is not None:
        return known
    answer = ask()
    if answer is not None:
        with contextlib.suppress(OSError, InputError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_private(path, json.dumps({"asked": key, "output": answer}).encode())
    return answer


def state_of(program: str) -> list[object] | None:
    """Return what changes when a program does; None where that cannot be told."""
    real = os.path.realpath(program)
    beside = Path(program).parent.parent / "pyvenv.cfg"
    try:
        with open(real, "rb") as stream:
            if stream.read(2) == b"#!":
                return None
        states = [_stamp(real), _stamp(beside) if beside.exists() else None]
    except OSError:
        return None
    kernel = os.uname() if hasattr(os, "uname") else None
    return [real, *states, list(kernel or ())]


def _stamp(path: str | Path) -> list[int]:
    found = os.stat(path)
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def _name(command: Sequence[str]) -> str:
    return f"{hashlib.sha256(json.dumps(list(command)).encode()).hexdigest()[:40]}.json"


def _read(path: Path, key: str) -> str | None:
    try:
        kept = json.loads(read_regular(path, most=_MOST_BYTES))
        answer = kept["output"] if kept["asked"] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return answer if isinstance(answer, str) else None
