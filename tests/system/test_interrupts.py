"""An interrupt that comes while modules are read comes after that, and ends as any."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bisect_deps.system.interrupts import held_back

ROOT = Path(__file__).parents[2]
# An interrupt that leaves an `exec` has Python end by the signal, whatever the exit code.
SCRIPT = """
import os, signal, sys
from contextlib import nullcontext
from bisect_deps.system.interrupts import held_back
signal.signal(signal.SIGTERM, signal.default_int_handler)
try:
    with {around}():
        exec("os.kill(os.getpid(), {number}); list(range(9))")
        print("the block goes on to its end", flush=True)
except KeyboardInterrupt:
    sys.exit(130)
"""


def ended(folder: Path, around: str, number: int) -> tuple[int, str]:
    (folder / "interrupted.py").write_text(SCRIPT.format(around=around, number=int(number)))
    command = [sys.executable, "-m", "interrupted"]
    place = os.pathsep.join((str(folder), str(ROOT)))
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": place},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_comes_after_the_block_and_leaves_our_exit_code(
    tmp_path: Path, number: int
) -> None:
    assert ended(tmp_path, "held_back", number) == (130, "the block goes on to its end\n")
    code, said = ended(tmp_path, "nullcontext", number)
    assert (code, said) == (-signal.SIGINT, ""), "without it, Python ends by the signal"


def test_handlers_are_as_they_were_and_other_threads_change_none() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), held_back():
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
    seen: list[object] = []

    def other() -> None:
        with held_back():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert seen == [before]
