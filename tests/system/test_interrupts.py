"""An interrupt that comes while modules are imported comes after that, and ends as any."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bisect_deps.system.interrupts import answering, interrupt, take_over

ROOT = Path(__file__).parents[2]
# An interrupt that leaves an `exec` has Python end by the signal, whatever the exit code.
IMPORTED = """
import os, time
exec("os.kill(os.getpid(), {number}); time.sleep(0.05)")
print("the import goes on to its end", flush=True)
"""
SCRIPT = """
import signal, sys
from bisect_deps.system.interrupts import take_over
signal.signal(signal.SIGTERM, signal.default_int_handler)
for name in {names}:
    take_over(name)
try:
    import imported
    signal.pause()  # Only a signal that the system delivers ends it.
except KeyboardInterrupt:
    sys.exit(130)
"""


def ended(folder: Path, number: int, *names: str) -> tuple[int, str]:
    (folder / "interrupted.py").write_text(SCRIPT.format(names=names))
    (folder / "imported.py").write_text(IMPORTED.format(number=int(number)))
    command = [sys.executable, "-m", "interrupted"]
    place = os.pathsep.join((str(folder), str(ROOT)))
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": place},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_an_interrupt_comes_after_the_import_and_leaves_our_exit_code(
    tmp_path: Path, name: str
) -> None:
    number = getattr(signal, name)
    assert ended(tmp_path, number, name) == (130, "the import goes on to its end\n")
    assert ended(tmp_path, number) == (-signal.SIGINT, ""), "without it, Python ends by the signal"


def test_an_ignored_signal_stays_so_and_other_threads_change_none() -> None:
    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=take_over, args=("SIGINT",))
    thread.start()
    thread.join()
    assert signal.getsignal(signal.SIGINT) is before
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        take_over("SIGINT")
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        signal.signal(signal.SIGINT, before)
        take_over("SIGINT")
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is interrupt
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_answer_that_is_known_is_not_taken_away_by_the_first_interrupt() -> None:
    before = signal.getsignal(signal.SIGINT)
    try:
        take_over("SIGINT")
        with answering() as answer:
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGINT)
            answer.known()
            os.kill(os.getpid(), signal.SIGINT)
            assert answer.interrupted
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
        logging.disable(logging.NOTSET)


# A library that logs whatever passes through it, as servers do.
LOGGED = """
import logging, os, signal, sys
from bisect_deps.system.interrupts import take_over
take_over("SIGINT")
try:
    try:
        logging.error("heard before")
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:
        logging.exception("a request failed")
        raise
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_no_library_logs_an_interrupt_with_its_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOGGED],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (130, "ERROR:root:heard before\n")


# Interrupted when all is done: by what is called at the end, and by an object that goes last.
LAST = """
import atexit, os, signal, sys
from bisect_deps.system.interrupts import take_over
class Last:
    def __del__(self, kill=os.kill, own=os.getpid(), number=signal.SIGINT):
        kill(own, number)
last = Last()
for name in sys.argv[1:]:
    take_over(name)
atexit.register(os.kill, os.getpid(), signal.SIGINT)
sys.exit(3)
"""


def test_an_interrupt_once_all_is_done_changes_no_exit_code_and_is_not_told() -> None:
    def end(*names: str) -> tuple[int, str]:
        command = [sys.executable, "-c", LAST, *names]
        where = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            command, env=where, capture_output=True, text=True, check=False, timeout=60
        )
        return done.returncode, done.stderr

    assert end("SIGINT") == (3, "")
    assert end()[0] == -signal.SIGINT, "without it, Python ends by the signal"


# Interrupted while the module is looked for that takes the signal over.
EARLY = """
import sys
class Finder:
    def find_spec(self, name, *more):
        if name == "bisect_deps.system.interrupts":
            exec("import os, signal; os.kill(os.getpid(), signal.SIGINT)\\nwhile True: pass")
sys.meta_path.insert(0, Finder())
from bisect_deps.__main__ import main
main()
"""


def test_an_interrupt_before_the_signal_is_ours_ends_with_our_code_too(tmp_path: Path) -> None:
    (tmp_path / "early.py").write_text(EARLY)
    done = subprocess.run(
        [sys.executable, "-m", "early"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT)))},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr.count("\n")) == (130, 1), done.stderr
