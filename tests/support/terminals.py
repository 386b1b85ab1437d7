"""Ends what was started in a terminal of its own."""

from __future__ import annotations

import signal

import pexpect


def ended(child: pexpect.spawn[str]) -> None:
    """End a program and wait for it; `close` gives a killed one a tenth of a second."""
    if child.isalive():
        child.kill(signal.SIGKILL)
        child.wait()
    child.close()
