"""Which processes live, as the system tells it: a zombie does not."""

from __future__ import annotations

import os
from pathlib import Path


def lives(pid: int) -> bool:
    """Say whether a process still runs."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def living(word: str) -> list[str]:
    """Return the command lines of the other processes that hold a word."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if word in line and lives(int(folder.name)):
                found.append(line)
    return found
