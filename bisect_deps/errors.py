"""The errors that users meet, and the exit codes of the command line.

One base error with a hint: what happened, where, and what to do next. Nothing here knows who raises
an error or how it is shown.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process ends with; the README lists the meanings."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    INCONCLUSIVE = 3
    UNAVAILABLE = 4
    INTERNAL = 70
    INTERRUPTED = 130


class DepbisectError(Exception):
    """An error with one clear sentence, and a `hint` that says what to do about it.

    `place` is `file` or `file:line` where the error has one.
    """

    exit_code: ExitCode = ExitCode.USAGE

    def __init__(self, message: str, *, place: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.hint = hint

    def __str__(self) -> str:
        """Return `place: message`; the hint is shown on a line of its own by the command line."""
        return f"{self.place}: {self.message}" if self.place else self.message


class InputError(DepbisectError):
    """The user's input cannot be used: a missing file, an invalid requirement, a wrong option."""


class BuilderUnavailable(DepbisectError):
    """The builder cannot build at all: not installed, not reachable, access denied."""

    exit_code = ExitCode.UNAVAILABLE


class IndexUnavailable(DepbisectError):
    """The package index cannot be reached or refuses to answer."""

    exit_code = ExitCode.UNAVAILABLE


class JournalError(DepbisectError):
    """The journal cannot be read, written or trusted: locked, of a newer version, not writable."""

    exit_code = ExitCode.UNAVAILABLE


class NotTrusted(DepbisectError):
    """A project's own files ask for what its user did not allow: a key sent, a command run."""

    exit_code = ExitCode.UNAVAILABLE
