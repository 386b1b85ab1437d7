"""Does bubblewrap work on this machine? In many containers it is there and does not."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from bisect_deps.system.sandbox import Isolation, Room, open_sandbox


def _works() -> bool:
    sandbox, _ = open_sandbox(Isolation.AUTO)
    if sandbox is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        room = Room(home=Path(folder), temporary=Path(folder))
        return not subprocess.run(sandbox.enter(["true"], room, Path("/")), check=False).returncode


WORKS_HERE = _works()
