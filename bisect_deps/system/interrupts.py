"""Ctrl-C as an exception that comes where nothing swallows it."""

from __future__ import annotations

import _thread
import atexit
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import CodeType, FrameType

_AGAIN = 0.01
_IMPORTING = "<frozen importlib._bootstrap"


@dataclass(slots=True)
class Answer:
    """What a command tells: once that is known, the first interrupt waits until it is told."""

    is_known: bool = False
    interrupted: bool = False

    def known(self) -> None:
        """Have the next interrupt wait; the one after it ends us all the same."""
        self.is_known = True

    def takes(self) -> bool:
        """Say whether an interrupt that comes now waits until the answer is told."""
        waits = self.is_known and not self.interrupted
        self.interrupted = self.interrupted or waits
        return waits


_answers: list[Answer] = []
_outermost: set[CodeType] = set()  # Of who took signals over: without it, nothing of ours runs.


@contextmanager
def answering() -> Iterator[Answer]:
    """Let no interrupt take away an answer that is known, while inside: whoever tells it asks."""
    answer = Answer()
    _answers.append(answer)
    try:
        yield answer
    finally:
        _answers.remove(answer)


def interrupt(number: int, frame: FrameType | None) -> None:
    """Handle a signal that ends a run: raise KeyboardInterrupt once no module is being imported.

    An import runs code in callbacks that swallow exceptions, and dataclasses are made by `exec`: an
    interrupt that leaves it has Python end by the signal, not with our exit code. Once all is done,
    while Python takes itself down, nothing is left to interrupt.
    """
    frames = list(_around(frame))
    if not frames or frames[-1].f_code not in _outermost:
        return
    if any(found.f_code.co_filename.startswith(_IMPORTING) for found in frames):
        # No Thread object: its locks may be held by what was interrupted.
        _thread.start_new_thread(_again, (number,))
        return
    if not any(answer.takes() for answer in _answers):
        # A library that it passes through may log it with its traceback.
        if "logging" in sys.modules:
            sys.modules["logging"].disable()
        raise KeyboardInterrupt


def take_over(name: str) -> None:
    """Have the signal of that name interrupt us, where this system has it and it is not ignored.

    Under `nohup` a signal is ignored, and stays so; other threads than the main one change nothing.
    """
    number = getattr(signal, name, None)
    if number is None or signal.getsignal(number) is signal.SIG_IGN:
        return
    with suppress(ValueError):  # Not the main thread.
        _outermost.add([*_around(sys._getframe())][-1].f_code)
        signal.signal(number, interrupt)
        # Python would give the signal back to the system, and end by it with everything done.
        atexit.register(signal.signal, number, signal.SIG_IGN)


def _around(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _again(number: int) -> None:
    time.sleep(_AGAIN)
    if sys.platform == "win32":
        _thread.interrupt_main(signal.Signals(number))
    else:  # By the system: it ends a wait, which `interrupt_main` sits out.
        signal.pthread_kill(threading.main_thread().ident or 0, number)
