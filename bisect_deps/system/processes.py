"""Commands run as process groups: started clean, logged to a file, polled, and killed whole.

No waiting but for the short grace of a kill. Every process of a command carries a mark in its
environment, as continuous-integration servers do it, so that one which left its group and session
is found as well (where the system shows environments: Linux). Must not know what is run.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import IO, Any, Protocol

from bisect_deps.policy import POLICY
from bisect_deps.secret import Secret, looks_secret, names_secret, redact, split_credentials
from bisect_deps.system import leftovers
from bisect_deps.system.passed import is_passed

MARK = "DEPBISECT_BUILD"

# Index addresses that installers read. Their credentials are taken out, and the builder hands
# those over where build backends do not look; without the address, builds would ask another index.
INDEX_VARIABLES = frozenset(
    {
        "PIP_EXTRA_INDEX_URL",
        "PIP_FIND_LINKS",
        "PIP_INDEX_URL",
        "UV_DEFAULT_INDEX",
        "UV_EXTRA_INDEX_URL",
        "UV_FIND_LINKS",
        "UV_INDEX",
        "UV_INDEX_URL",
    }
)
# What is kept of a command's output, in bytes: no build may fill the disk by talking.
HEAD, TAIL = 8 << 20, 2 << 20
_BLOCK = 1 << 16
_HAS_PROC = os.path.isdir("/proc/self")
# prctl(2): no other process of the user may read our memory; what loses its parent becomes ours.
_SET_DUMPABLE, _SET_CHILD_SUBREAPER = 4, 36
# The leaders of sessions that we started and whose exit code was not read yet. The lock is held
# while one starts, so that none is seen as our child before it is known as a leader.
_leaders: set[int] = set()
_starting = threading.Lock()


def clean_environment(
    extra: Mapping[str, str] | None = None,
    *,
    base: Mapping[str, str] | None = None,
    keep: Collection[str] = (),
) -> dict[str, str]:
    """Return the environment for a build: what it needs of `base` (default: ours), then `extra`.

    Only variables that builds are known to need are there (`passed.py`): compilers' flags,
    certificates, proxies, locale, the installers' and build tools' settings; and those named in
    `keep`. Of these, too, are dropped whose name tells of a secret or whose value holds one (a
    URL's user part, a known kind of token, letters and digits drawn by lot). Index addresses stay
    without their credentials. The terminal's size goes: installers wrap their messages to it.
    """
    source = os.environ if base is None else base
    cleaned: dict[str, str] = {}
    for name, value in source.items():
        if name in keep:
            cleaned[name] = value
        elif name in INDEX_VARIABLES:
            cleaned[name] = split_credentials(value)[0]
        elif is_passed(name) and not names_secret(name) and not looks_secret(value):
            cleaned[name] = value
    return {**cleaned, **(extra or {})}


class Enclosure(Protocol):
    """What keeps a command apart from the machine."""

    def enter(self, command: Sequence[str], cwd: Path) -> list[str]:
        """Return the command line that runs the command apart."""


class Process:
    """A running command with all that it starts."""

    def __init__(
        self,
        command: Sequence[str] | str,
        *,
        cwd: Path,
        environment: Mapping[str, str],
        output: Path,
        family: str = "",
        cell: Enclosure | None = None,
    ) -> None:
        """Start it: a string through the shell, a sequence as it is. Raises OSError, as `poll`.

        Output and errors are appended to the file `output` together, as they come; of a flood its
        first HEAD and last TAIL bytes, and the cut is said. `family` is for
        `stop_family`. In a `cell` it is kept apart from the machine.
        """
        if isinstance(command, str):
            command = ["/bin/sh", "-c", command]
        if cell is not None:
            command = cell.enter(command, cwd)
        self._mark = f"{owner()}/{family}/{uuid.uuid4().hex}"
        self._unwritten: list[OSError] = []
        _be_reaper()
        outer = os.environ.get(MARK)
        with contextlib.ExitStack() as undone:
            log = undone.enter_context(output.open("ab", buffering=0))
            self._popen = _lead(
                command,
                cwd=cwd,
                env={**environment, MARK: f"{outer}:{self._mark}" if outer else self._mark},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                bufsize=0,
            )
            undone.pop_all()
        kept = (self._popen.stdout, log, self._unwritten)
        self._pump = threading.Thread(target=_keep_output, args=kept, daemon=True)
        self._pump.start()
        self._swept = False

    def poll(self) -> int | None:
        """Return the exit code, 128 + N for a death by signal N, or None while it runs.

        Once the command has ended, whatever it left running is killed. Raises OSError then where
        its output could not be written down.
        """
        code = self._code()
        if code is None:
            return None
        if not self._swept:
            self._swept = True
            stop([self], grace=0)
            _stop_strays()
            # Nobody is left who could write: the end of what was written comes at once.
            self._pump.join(POLICY.stop_grace)
            if self._unwritten:
                raise self._unwritten[0]
        return code if code >= 0 else 128 - code

    def members(self) -> list[int]:
        """Return the ids of the living processes that belong to the command."""
        leader, running = self._popen.pid, self._code() is None
        found = {leader} if running else set()
        for pid in _process_ids():
            if pid != leader and (_is_of_session(pid, leader) or self._mark in _marks(pid)):
                found.add(pid)
        return sorted(found)

    def signal(self, number: int) -> None:
        """Send a signal to every member, the group at once."""
        if self._code() is None or not _HAS_PROC:
            _send(os.killpg, self._popen.pid, number)
        for pid in self.members():
            _send(os.kill, pid, number)

    def _code(self) -> int | None:
        """Return how the command itself ended; from then on its process id is anybody's."""
        code = self._popen.poll()
        if code is not None:
            _leaders.discard(self._popen.pid)
        return code


def run_apart(
    command: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    data: bytes = b"",
    limit: float,
    grace: float = 0.0,
) -> subprocess.CompletedProcess[bytes]:
    """Run a command of ours until it ends, out of reach of Ctrl-C; output and errors as bytes.

    It is no build: it carries no mark, and no end of a build takes it for a leftover. Raises
    OSError, and subprocess.TimeoutExpired after `limit` seconds, when all its group is killed. When
    we are interrupted, it has `grace` seconds to end by itself.
    """
    pipe = subprocess.PIPE
    process = _lead(command, cwd=cwd, env=environment, stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        with process:
            out, errors = _said(process, data, limit, grace)
    finally:
        _leaders.discard(process.pid)
    return subprocess.CompletedProcess(command, process.returncode, out, errors)


def _said(
    process: subprocess.Popen[bytes], data: bytes, limit: float, grace: float
) -> tuple[bytes, bytes]:
    try:
        return process.communicate(data, limit)
    except KeyboardInterrupt:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=grace)
        raise
    finally:
        if process.poll() is None:
            session = [pid for pid in _process_ids() if _is_of_session(pid, process.pid)]
            with leftovers.removed(session), contextlib.suppress(subprocess.TimeoutExpired):
                _send(os.killpg, process.pid, signal.SIGKILL)
                process.wait(POLICY.unkillable)


def _lead(command: Sequence[str], **settings: Any) -> subprocess.Popen[bytes]:
    """Start a command as the leader of a session of its own."""
    with _starting:
        process = subprocess.Popen(command, start_new_session=True, **settings)
        _leaders.add(process.pid)
    return process


def stop(processes: Iterable[Process], grace: float = POLICY.stop_grace) -> None:
    """Kill the commands with all that they started: asked first, forced after `grace`."""
    members = {process: process.members() for process in processes}
    living = [process for process, found in members.items() if found]
    with leftovers.removed(chain.from_iterable(members.values())):
        if grace and living:
            for process in living:
                process.signal(signal.SIGTERM)
            living = _wait(living, grace)
        deadline = time.monotonic() + POLICY.unkillable
        while living and time.monotonic() < deadline:
            for process in living:
                process.signal(signal.SIGKILL)
            living = _wait(living, 0.2)


def new_family() -> str:
    """Return a name for commands that are to be stopped together."""
    return uuid.uuid4().hex


def stop_family(family: str) -> None:
    """Kill whatever is left of a family, known to its starter or not.

    An interrupt may come after a command was started and before its `Process` was kept.
    """
    prefix = f"{owner()}/{family}/"
    deadline = time.monotonic() + POLICY.unkillable
    while time.monotonic() < deadline:
        left = [
            pid
            for pid in _process_ids()
            if any(mark.startswith(prefix) for mark in _marks(pid)) and _stat(pid)[:1] != ["Z"]
        ]
        if not left:
            _stop_strays()
            return
        for pid in left:
            _send(os.kill, pid, signal.SIGKILL)
        time.sleep(POLICY.process_look)


def stop_orphans() -> int:
    """Kill what is left of commands whose starter is dead; return how many processes that were.

    A run that is killed outright cannot stop its builds: the next one does it.
    """
    orphans = [
        pid
        for pid in _process_ids()
        if pid != os.getpid() and any(is_dead(mark.partition("/")[0]) for mark in _marks(pid))
    ]
    with leftovers.removed(orphans):
        for pid in orphans:
            _send(os.kill, pid, signal.SIGKILL)
    return len(orphans)


@functools.cache
def _be_reaper() -> None:
    """Hide our memory from builds, and become the parent of what they leave without one."""
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError, AttributeError, ImportError):
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0)
        libc.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _stop_strays() -> None:
    """Kill what commands left that carries no mark: it gave up environment, session and parent.

    It has become our child, of another session than ours, as no process that we start ourselves
    is. While other commands run it may be one of theirs: it waits for the last of them. A command
    that has ended counts as running until its exit code was read: whoever else waits for it takes
    the code away, and Python then says 0.
    """
    ours = os.getsid(0)
    deadline = time.monotonic() + POLICY.unkillable
    while time.monotonic() < deadline:
        with _starting:
            strays = [pid for pid in _children() if _session(pid) != ours]
            if _leaders or not strays:
                return
            for pid in strays:
                _send(os.kill, pid, signal.SIGKILL)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
        time.sleep(POLICY.process_look)


def _children() -> list[int]:
    own = str(os.getpid())
    return [pid for pid in _process_ids() if _stat(pid)[1:2] == [own]]


def _session(pid: int) -> int:
    stat = _stat(pid)
    return int(stat[3]) if len(stat) > 3 else os.getsid(0)


def owner() -> str:
    """Return what names this process for as long as the machine runs."""
    return f"{os.getpid()}.{_started(os.getpid())}.{_here()}"


def is_dead(name: str) -> bool:
    """Say whether the process of that `owner()` name is dead; False where we cannot know."""
    parts = name.split(".")
    if len(parts) != 3 or not parts[0].isdecimal() or parts[2] != _here():
        return False
    return _started(int(parts[0])) != parts[1]


def read_log(
    path: Path, start: int, secrets: Collection[Secret], *, complete: bool
) -> tuple[str, int]:
    """Return what a log holds from offset `start` on, freed of secrets, and the next offset.

    Of a log that still grows, whole lines only: no secret is cut in two. One that begins anew is
    read from its start.
    """
    try:
        with path.open("rb") as stream:
            start = start if start <= stream.seek(0, os.SEEK_END) else 0
            stream.seek(start)
            content = stream.read()
    except FileNotFoundError:
        return "", start
    if not complete:
        content = content[: content.rfind(b"\n") + 1]
    return redact(content.decode("utf-8", "replace"), secrets), start + len(content)


def _keep_output(source: IO[bytes], log: IO[bytes], unwritten: list[OSError]) -> None:
    """Write what comes to a log; where it cannot take it, note why, and let the command go on.

    A command that nobody reads would fail for that, and look as if it had failed by itself.
    """
    with source, log:
        try:
            _keep_ends(source, log)
        except OSError as error:
            unwritten.append(error)
            while source.read(_BLOCK):
                pass


def _keep_ends(source: IO[bytes], log: IO[bytes]) -> None:
    """Write head and tail of a flood, and how much lay between."""
    written = dropped = 0
    tail: deque[bytes] = deque()
    kept = 0
    while block := source.read(_BLOCK):
        if written < HEAD:
            _write_all(log, block)
            written += len(block)
            continue
        tail.append(block)
        kept += len(block)
        while kept - len(tail[0]) >= TAIL:
            kept -= len(tail[0])
            dropped += len(tail.popleft())
    if dropped:
        _write_all(log, f"\n[{dropped / 1e6:.0f} MB of output are left out here]\n".encode())
    _write_all(log, b"".join(tail))


def _write_all(log: IO[bytes], data: bytes) -> None:
    """Write all of it: a disk that is nearly full takes a part, and says so at the next write."""
    left = memoryview(data)
    while left:
        left = left[log.write(left) :]


def _wait(processes: list[Process], seconds: float) -> list[Process]:
    """Return those that still live after at most `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        processes = [process for process in processes if process.members()]
        if not processes or time.monotonic() >= deadline:
            return processes
        time.sleep(POLICY.process_look)


def _send(how: Callable[[int, int], None], target: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        how(target, number)


def _process_ids() -> list[int]:
    if not _HAS_PROC:
        return []
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _is_of_session(pid: int, leader: int) -> bool:
    stat = _stat(pid)
    # The fields after the name: state, parent, group, session. A zombie is nobody's process.
    return bool(stat) and stat[0] != "Z" and str(leader) in stat[2:4]


def _stat(pid: int) -> list[str]:
    """Return what the system says of a process, from its state on; empty if it is gone."""
    text = _read(f"/proc/{pid}/stat")
    return text.rpartition(b")")[2].decode().split()


def _marks(pid: int) -> list[str]:
    """Return the marks that a process carries, outermost first."""
    found = re.search(rb"(?:^|\0)" + MARK.encode() + rb"=([^\0]*)", _read(f"/proc/{pid}/environ"))
    return found[1].decode(errors="replace").split(":") if found else []


def _started(pid: int) -> str:
    stat = _stat(pid)
    return stat[19] if len(stat) > 19 and stat[0] != "Z" else ""


def _namespace(pid: int) -> str:
    # A process of a container below us counts its ids apart: they say nothing about ours.
    try:
        return re.sub(r"\D", "", os.readlink(f"/proc/{pid}/ns/pid"))
    except OSError:
        return ""


@functools.cache
def _here() -> str:
    """Return what tells this machine and container from others that may share our folders."""
    machine = os.uname().nodename.encode() + _read("/etc/machine-id")
    return f"{_namespace(os.getpid())}x{hashlib.sha256(machine).hexdigest()[:8]}"


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return b""
