"""Ctrl-C held back where Python would lose it, or end by the signal itself."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")


@contextmanager
def held_back() -> Iterator[None]:
    """Have signals that end a run come after the block: for imports, and what is as short.

    An import runs code in callbacks that swallow exceptions, and dataclasses are made by `exec`:
    an interrupt that leaves it has Python end by the signal, not with our exit code.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    for number, handler in before.items():
        if callable(handler):
            signal.signal(number, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            if callable(handler):
                signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])
