"""Any shell command as a builder: the way in for container builds, tox, make, and other tools.

The command runs in a scratch copy of the project with the candidate's file in place. Exit 0 passes,
125 cannot be tested, 128 and over aborts the run, any other fails, as in `git bisect run`. Must not
know what the command does.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from bisect_deps.builders._copies import CopiedProject, Copy
from bisect_deps.builders._scratch import WorkFolder, in_work_folder
from bisect_deps.builders.base import (
    STOPPED,
    Builder,
    BuilderOptions,
    Capabilities,
    Check,
    Handle,
    Order,
    setting,
)
from bisect_deps.errors import BuilderUnavailable, DepbisectError, InputError
from bisect_deps.model import BuildStatus
from bisect_deps.secret import redact, secrets_of
from bisect_deps.system import processes

CANNOT_BE_TESTED = 125
ABORTS = 128
FILE_VARIABLE = "DEPBISECT_FILE"


@dataclass(frozen=True, slots=True)
class Options(BuilderOptions):
    """What the command builder is told."""

    instead_of_check: ClassVar[str] = "put the check into --build-cmd, or use another builder"

    build_cmd: str | None = setting(
        "--build-cmd", "What the command builder runs; {file} is the file.", metavar="CMD"
    )


def make(options: Options) -> Builder:
    """Return a builder for the options' `build_cmd`. Raises InputError without one."""
    return CommandBuilder(options)


def checks(options: Options) -> Iterator[Check]:
    """Copy the project, without running the command."""
    try:
        builder = CommandBuilder(options)
        files = sum(len(files) for _, _, files in os.walk(builder.project.kept))
        builder.close()
    except DepbisectError as error:
        yield Check("builder command", False, error.message, error.hint or "")
        return
    yield Check("builder command", True, f"{files} files of {builder.project.top} are copied")


@dataclass(slots=True)
class _CommandBuild:
    digest: str
    log: Path
    limit: float
    deadline: float
    process: processes.Process
    copy: Copy | None
    status: BuildStatus = BuildStatus.RUNNING


class CommandBuilder:
    """The builder protocol over one shell command."""

    name = "command"

    def __init__(self, options: Options) -> None:
        if not options.build_cmd:
            raise InputError(
                "the command builder needs a command",
                hint='give it with --build-cmd, for example --build-cmd "make image REQ={file}"',
            )
        self._command = options.build_cmd
        self._options = options
        self._secrets = secrets_of(os.environ)
        self._work = WorkFolder(options.work)
        with self._work.guarded():
            self.project = CopiedProject(
                options.folder, options.cwd, self._work.private / "project"
            )
        self._free: list[Copy] = []
        self._copies = 0
        self._builds: dict[str, _CommandBuild] = {}
        self._family = processes.new_family()
        processes.stop_orphans()

    def identity(self) -> str:
        """Return the command and where it runs; changes of the project are the user's to know."""
        return redact(f"command {self._command}; in {self.project.cwd}", self._secrets)

    def describe(self) -> Capabilities:
        """Return what is known of a command: little. Builds at once are for the user to allow."""
        return Capabilities(
            max_parallel=self._options.jobs or 1,
            check=False,
            exercised=True,
            live_log=True,
            cancel=True,
        )

    def preflight(self) -> list[str]:
        """Return nothing: what the command needs is known to the command alone."""
        return []

    @in_work_folder
    def start(self, order: Order) -> Handle:
        """Put the candidate's files into a scratch copy, and start the command in it."""
        for name, running in self._builds.items():
            if running.digest == order.digest and not running.status.is_final:
                return Handle(name)
        number = str(len(self._builds) + 1)
        log = self._work.log(number)
        copy = self._take_copy()
        folder, cwd = copy.root / self.project.folder, copy.root / self.project.cwd
        copy.write(folder, order.files)
        file = folder / order.path
        command = self._command.replace("{file}", shlex.quote(os.path.relpath(file, cwd)))
        try:
            process = processes.Process(
                command,
                cwd=cwd,
                environment=self._environment(file),
                output=log,
                family=self._family,
            )
        except OSError as error:
            raise BuilderUnavailable(f"the build command cannot be started: {error}") from error
        deadline = time.monotonic() + order.timeout
        self._builds[number] = _CommandBuild(
            order.digest, log, order.timeout, deadline, process, copy
        )
        return Handle(number)

    @in_work_folder
    def poll(self, handle: Handle) -> BuildStatus:
        """Return how the command stands. Raises BuilderUnavailable when it aborts the run."""
        running = self._builds[handle.id]
        if running.status.is_final:
            return running.status
        code = running.process.poll()
        if code is None:
            if time.monotonic() >= running.deadline:
                self._stop(
                    running, BuildStatus.BROKEN, f"after {running.limit:g} s: over its limit"
                )
            return running.status
        if code and running.copy is not None:
            self._work.be_there(running.copy.root)
        self._finish(running, _status(code))
        if code >= ABORTS:
            said = self.log(handle)[0].strip().splitlines()
            raise BuilderUnavailable(
                f"the build command ended with {code}, which aborts the run",
                hint=f"its last line: {said[-1]}" if said else "it wrote nothing",
            )
        return running.status

    @in_work_folder
    def log(self, handle: Handle, start: int = 0) -> tuple[str, int]:
        """Return the command's output from an offset on, freed of secrets."""
        running = self._builds[handle.id]
        return processes.read_log(
            running.log, start, self._secrets, complete=running.status.is_final
        )

    def installed(self, handle: Handle) -> Mapping[str, str] | None:
        """Return None: only the command knows."""
        return None

    def modules(self, handle: Handle) -> Mapping[str, str] | None:
        """Return None: only the command knows."""
        return None

    def cancel(self, handle: Handle) -> bool:
        """Kill the command with all its processes."""
        running = self._builds[handle.id]
        if not running.status.is_final:
            self._stop(running, BuildStatus.CANCELLED, "on request")
        return True

    def close(self) -> None:
        """Kill what runs, and remove the copies."""
        running = [build for build in self._builds.values() if not build.status.is_final]
        processes.stop([build.process for build in running])
        for build in running:
            build.status = BuildStatus.CANCELLED
        processes.stop_family(self._family)
        self._work.close()

    def _take_copy(self) -> Copy:
        if not self._free:
            self._copies += 1
            return Copy(self.project, self._work.path / f"copy{self._copies}")
        copy = self._free.pop()
        copy.reset()
        return copy

    def _environment(self, file: Path) -> dict[str, str]:
        return processes.clean_environment(
            {FILE_VARIABLE: str(file), "GIT_TERMINAL_PROMPT": "0"}, keep=self._options.pass_env
        )

    def _stop(self, running: _CommandBuild, status: BuildStatus, why: str) -> None:
        processes.stop([running.process])
        # A log that cannot be written to is no reason to go on.
        with contextlib.suppress(OSError), running.log.open("ab") as stream:
            stream.write(f"\n{STOPPED} {why}\n".encode())
        self._finish(running, status)

    def _finish(self, running: _CommandBuild, status: BuildStatus) -> None:
        running.status = status
        if running.copy is not None:
            self._free.append(running.copy)
            running.copy = None


def _status(code: int) -> BuildStatus:
    if code == 0:
        return BuildStatus.PASSED
    if code >= ABORTS:
        return BuildStatus.BROKEN
    return BuildStatus.CANCELLED if code == CANNOT_BE_TESTED else BuildStatus.FAILED
