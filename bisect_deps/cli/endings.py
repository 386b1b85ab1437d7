"""How a process of ours ends: by a signal, without a standard stream, or by an error of our own.

Each ending has one message and the contract's exit code. Must not know what the commands do.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from typing import Any

import click

from bisect_deps import __version__
from bisect_deps.errors import DepbisectError, ExitCode, InputError
from bisect_deps.system.interrupts import take_over

# Signals that ask a process to end, and leave it the time to.
_ENDING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
_STDERR = 2
_ADDRESS_READERS = ("urllib/parse.py", "ipaddress.py")
_TOO_MANY_DIGITS = "Exceeds the limit ("


class OutputClosed(Exception):
    """Nobody reads what we write any more."""


def be_steady() -> None:
    """Take over streams and signals, so that whatever comes has one ending.

    Raises InputError where there is no standard output, or no current folder.
    """
    for name in _ENDING:
        take_over(name)
    has_output = _is_open(1)
    _fill_streams()
    _be_content_without_stderr()
    if not has_output:
        raise InputError(
            "standard output is closed", hint="send it to a file, or to /dev/null, not to nowhere"
        )
    if (nowhere := _nowhere()) is not None:
        raise nowhere


def as_ours(error: Exception) -> DepbisectError | None:
    """Return what a foreign error tells of the user's input or output, None where it is a bug."""
    if isinstance(error, RecursionError):
        return InputError("the input is nested too deeply", hint="give a file made for people")
    if isinstance(error, ValueError) and str(error).startswith(_TOO_MANY_DIGITS):
        return InputError("a number in the input has too many digits")
    if isinstance(error, ValueError) and _raised_in(error).endswith(_ADDRESS_READERS):
        from bisect_deps.secret import redact

        return InputError(
            f"an address cannot be read: {redact(str(error))}",
            hint="check --index-url, and the addresses in files and variables",
        )
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
        place = str(error.filename) if error.filename else None
        return InputError(f"cannot be written: {error.strerror}", place=place or "standard output")
    return _nowhere() if isinstance(error, FileNotFoundError) else None


def _nowhere() -> InputError | None:
    """Return the error of a current folder that has been removed, also while we ran."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return InputError(
            "the current folder has been removed", hint="cd to a folder that is there"
        )
    return None


def _raised_in(error: BaseException) -> str:
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    return frames[-1].filename if frames else ""


def crash(error: BaseException) -> tuple[str, str]:
    """Write what is known of an error of ours to a file; return the two lines to show."""
    import platform
    import tempfile
    import traceback

    from bisect_deps.secret import redact, secrets_of

    secrets = secrets_of(os.environ)
    text = redact("".join(traceback.format_exception(error)), secrets)
    about = [
        f"depbisect {__version__}, Python {platform.python_version()}, {platform.platform()}",
        redact(" ".join(sys.argv), secrets),
    ]
    what = redact(f"{type(error).__name__}: {error}", secrets).splitlines()[0][:200]
    said = f"error: depbisect itself failed: {what}"
    try:
        handle, name = tempfile.mkstemp(prefix="depbisect-crash-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as stream:
            stream.write("\n".join([*about, text]))
    except OSError:
        return said, f"hint: please report it, with this: {text.splitlines()[-1][:300]}"
    return said, f"hint: please report it, with {name}; nothing was concluded"


def say(line: str) -> None:
    """Write a last line to standard error, wherever that leads: what it says is in the code too."""
    with contextlib.suppress(OSError, OutputClosed):
        click.echo(line, err=True)


def close_output() -> int:
    """Write out what is left for standard output; return an exit code, OK where that works."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _to_nowhere(sys.stdout.fileno())
        return ExitCode.USAGE
    except OSError as error:
        _to_nowhere(sys.stdout.fileno())
        say(f"error: standard output cannot be written: {error.strerror}")
        return ExitCode.USAGE
    return ExitCode.OK


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _fill_streams() -> None:
    """Open what is closed: else the next file that is opened would be taken for it."""
    for descriptor in range(3):
        if not _is_open(descriptor):
            _to_nowhere(descriptor)
    sys.stdin = sys.stdin or os.fdopen(0, "r", encoding="utf-8", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)


class _Lenient(io.FileIO):
    """A stream whose text may be lost: on a full disk, or a terminal that is gone."""

    def write(self, data: Any) -> int:
        """Write what can be written; what cannot is taken as written. Raises OutputClosed."""
        try:
            return super().write(data) or 0
        except BrokenPipeError:
            _to_nowhere(self.fileno())
            raise OutputClosed from None
        except OSError:
            return memoryview(data).nbytes


def _be_content_without_stderr() -> None:
    """Let no message that cannot be written change how a command ends: results go elsewhere."""
    stream = sys.__stderr__
    if stream is not None and stream is sys.stderr and stream.fileno() == _STDERR:
        sys.stderr = io.TextIOWrapper(
            io.BufferedWriter(_Lenient(_STDERR, "w", closefd=False)),
            encoding=stream.encoding,
            errors=stream.errors,
            line_buffering=True,
            write_through=True,
        )


def _to_nowhere(descriptor: int) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    if nowhere != descriptor:
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
