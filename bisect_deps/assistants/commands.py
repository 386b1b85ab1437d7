"""One command in a process of its own: heard line by line, and ended cleanly where it is cancelled.

Must not know what the command does, nor who asked.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import anyio
from anyio.abc import ByteReceiveStream, Process

import bisect_deps
from bisect_deps.policy import POLICY

Hear: TypeAlias = Callable[[str], Awaitable[None]]

# The current folder is a stranger's: nothing may be imported from there, which `-m` would do.
_START = """
import sys
sys.path[:] = [path for path in sys.path if path] + [sys.argv.pop(1)]
sys.argv[0] = "depbisect"
from bisect_deps.cli import main
main(sys.argv[1:])
"""
_PACKAGES = str(Path(bisect_deps.__file__).parent.parent)
_ERROR = re.compile(r"^error: ", re.IGNORECASE | re.MULTILINE)
_LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit code, and all that it wrote."""

    code: int
    output: str
    messages: str

    def error(self) -> str:
        """Return what went wrong, with its hint; the last messages where nothing says it."""
        found = list(_ERROR.finditer(self.messages))
        text = self.messages[found[-1].start() :] if found else self.messages[-_LONGEST:]
        return text.strip() or f"depbisect ended with exit code {self.code}"


async def call(
    words: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    given: bytes = b"",
    hear: Hear | None = None,
) -> Ended:
    """Run a command in a folder, `given` its standard input; tell `hear` each line of progress.

    Where the caller is cancelled, the command is interrupted as by Ctrl-C, and awaited.
    """
    process = await anyio.open_process(
        [sys.executable, "-c", _START, _PACKAGES, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env=dict(environment),
    )
    output, messages = bytearray(), bytearray()
    async with process:
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_give, process, given)
                tasks.start_soon(_collect, process.stdout, output, None)
                tasks.start_soon(_collect, process.stderr, messages, hear)
            code = await process.wait()
        except BaseException:
            with anyio.CancelScope(shield=True):
                await _stop(process)
            raise
    return Ended(code, output.decode(errors="replace"), messages.decode(errors="replace"))


async def _give(process: Process, given: bytes) -> None:
    assert process.stdin is not None
    try:
        if given:
            await process.stdin.send(given)
    except anyio.BrokenResourceError:
        pass  # It ended before it read all: its own message says why.
    await process.stdin.aclose()


async def _collect(stream: ByteReceiveStream | None, into: bytearray, hear: Hear | None) -> None:
    assert stream is not None
    heard = 0
    async for chunk in stream:
        into += chunk
        while hear is not None and (end := into.find(b"\n", heard)) >= 0:
            line = into[heard:end].decode(errors="replace").strip()
            heard = end + 1
            if line:
                await hear(line)


async def _stop(process: Process) -> None:
    if process.returncode is not None:
        return
    if sys.platform == "win32":
        process.terminate()
    else:
        process.send_signal(signal.SIGINT)
    with anyio.move_on_after(POLICY.assistant_grace):
        await process.wait()
        return
    process.kill()
