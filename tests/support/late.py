"""A request whose sender is interrupted while waiting: the platform does what it asks later on.

    hub.late.is_due = True
    with interrupted():
        builder.start(order)    # the emulator takes the request, interrupts and does not answer

Nothing waits for a clock: what was taken is done once somebody looked in vain.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest


class Late:
    """What an emulator took and has not done yet."""

    def __init__(self) -> None:
        self.is_due = False
        self._taken: Callable[[], object] | None = None

    def takes(self, request: Callable[[], object]) -> bool:
        """Say whether a request is put off; the main thread, which waits for it, is interrupted."""
        if not self.is_due:
            return False
        self.is_due, self._taken = False, request
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        return True

    def looked(self) -> None:
        """Do what was put off: a look at the platform did not show it."""
        if self._taken is not None:
            self._taken()
            self._taken = None


@contextmanager
def interrupted() -> Iterator[None]:
    """Expect that what is inside is interrupted by SIGINT, wherever the tests run."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGINT, before)
