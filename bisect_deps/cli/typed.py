"""What a person types or pastes into a terminal: lines, and pastes of any size and line length.

A terminal in its line mode cuts lines at 4095 characters, so a paste is read without it. Must not
know what is asked.
"""

from __future__ import annotations

import os
import re
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager

END_OF_PASTE = b"."
END_OF_INPUT = b"\x04"
CHUNK = 65536
# "Bracketed paste", as in xterm's control sequences: the terminal marks where a paste begins, ends.
_BEGIN_MARK, _END_MARK = b"\x1b[200~", b"\x1b[201~"
_MARKS_ON, _MARKS_OFF = "\x1b[?2004h", "\x1b[?2004l"


class Typed:
    """Reads one terminal; what was typed ahead is kept for the next question."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._ahead = b""

    def line(self) -> str:
        """Return the next line without its end. Raises EOFError at the end of input."""
        while b"\n" not in self._ahead:
            more = os.read(self._descriptor, CHUNK)
            if not more:
                raise EOFError
            self._ahead += more
        line, _, self._ahead = self._ahead.partition(b"\n")
        return line.decode("utf-8", "replace").rstrip("\r")

    def drop_ahead(self) -> bool:
        """Throw away what was typed ahead; say whether there was anything."""
        dropped = bool(self._ahead)
        self._ahead = b""
        while select.select([self._descriptor], [], [], 0.05)[0]:
            if not os.read(self._descriptor, CHUNK):
                break
            dropped = True
        return dropped

    @contextmanager
    def pasting(self) -> Iterator[None]:
        """Take input as it comes, unseen, till the end of the block."""
        import termios

        old = termios.tcgetattr(self._descriptor)
        new = termios.tcgetattr(self._descriptor)
        new[0] |= termios.ICRNL
        new[3] &= ~(termios.ICANON | termios.ECHO)
        marks = sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        termios.tcsetattr(self._descriptor, termios.TCSADRAIN, new)
        try:
            if marks:
                sys.stdout.write(_MARKS_ON)
                sys.stdout.flush()
            yield
        finally:
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, old)
            if marks:
                sys.stdout.write(_MARKS_OFF)
                sys.stdout.flush()

    def paste(self) -> bytes:
        """Return what is pasted: to the terminal's mark, a line with `.` alone, or Ctrl-D.

        Call it inside `pasting`.
        """
        buffer = bytearray(self._ahead)
        at = 0
        while True:
            found = _end(buffer, at)
            if found is not None:
                end, rest = found
                self._ahead = bytes(buffer[rest:]).removeprefix(b"\n")
                return bytes(buffer[:end]).replace(_BEGIN_MARK, b"")
            at = max(0, len(buffer) - len(_END_MARK))
            more = os.read(self._descriptor, CHUNK)
            if not more:
                raise EOFError
            buffer += more


def _end(buffer: bytearray, at: int) -> tuple[int, int] | None:
    """Return where the paste ends and where the rest begins, None while there is more to come.

    In a paste that the terminal marks, nothing but its mark is the end.
    """
    if buffer.startswith(_BEGIN_MARK):
        place = buffer.find(_END_MARK, at)
        return None if place < 0 else (place, place + len(_END_MARK))
    found = _LAST_LINE.search(buffer, max(0, at - 2))
    return (found.start(), found.end()) if found else None


_LAST_LINE = re.compile(
    rb"(?:(?<=\n)|\A)" + re.escape(END_OF_PASTE) + rb"\r?\n|" + re.escape(END_OF_INPUT)
)
