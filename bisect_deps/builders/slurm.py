"""Builds as Slurm jobs: `sbatch` on a folder that the nodes share, `squeue`, `scancel`.

A job's folder holds what it is told, its log and, written last, its result: a build has ended when
the result is there, and Slurm is asked only whether a job without one still lives. Jobs outlive us,
and are found again by their name, which tells order and builder. Sources: the manual pages of
sbatch, squeue (job state codes), sacct and scancel.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bisect_deps.builders._installers import deciding, steer
from bisect_deps.builders._job import (
    SCRIPT,
    Credentials,
    Machines,
    Result,
    about_index,
    job_of,
    result_of,
)
from bisect_deps.builders.base import (
    STOPPED,
    Builder,
    BuilderOptions,
    Capabilities,
    Check,
    Handle,
    Order,
    checked,
    setting,
)
from bisect_deps.errors import BuilderUnavailable
from bisect_deps.model import BuildStatus
from bisect_deps.policy import POLICY
from bisect_deps.secret import redact, secrets_of
from bisect_deps.system import processes
from bisect_deps.system.interpreters import find, find_uv
from bisect_deps.system.trust import SCRATCH, STATE_FOLDER

FOLDER = Path(STATE_FOLDER) / SCRATCH / "slurm"
COMMANDS = ("sbatch", "squeue", "scancel")
_WAITS = frozenset(
    {"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESV_DEL_HOLD"}
    | {"SPECIAL_EXIT"}
)
_RUNS = frozenset(
    {"RUNNING", "COMPLETING", "SIGNALING", "STAGE_OUT", "STOPPED", "SUSPENDED", "RESIZING"}
)
# States in which Slurm ended a job for reasons of its own.
_LOST = {
    "BOOT_FAIL": "its node did not start",
    "CANCELLED": "somebody cancelled it",
    "DEADLINE": "it could not end before its deadline",
    "NODE_FAIL": "its node failed",
    "OUT_OF_MEMORY": "it was out of memory",
    "PREEMPTED": "another job took its place",
    "REVOKED": "it was taken back by the cluster",
}
_AWAY = ("unable to contact", "timed out", "temporarily", "connection refused", "try again")


@dataclass(frozen=True, slots=True)
class Options(BuilderOptions):
    """What the Slurm builder is told."""

    slurm_folder: str | None = setting(
        "--slurm-folder",
        "A folder that login and compute nodes share.  [default: .depbisect beside the file]",
        metavar="PATH",
    )
    slurm_options: tuple[str, ...] = setting(
        "--slurm-option",
        "An option for sbatch, as in --slurm-option=--partition=short.",
        metavar="OPTION",
        repeat=True,
    )
    slurm_setup: str | None = setting(
        "--slurm-setup", 'What a job runs first: "module load python/3.11".', metavar="CMD"
    )


def make(options: Options) -> Builder:
    """Return a builder for the cluster that Slurm's commands reach."""
    return SlurmBuilder(options)


def checks(options: Options) -> Iterator[Check]:
    """Look for the commands, and ask the cluster whether it would take a job; starts none."""
    ready = "a job would be accepted; the shared folder is"
    return checked(
        "slurm", lambda: SlurmBuilder(options), lambda builder: f"{ready} {builder.folder}"
    )


@dataclass(slots=True)
class _Job:
    """A job, submitted by us or by an earlier run."""

    id: str
    folder: Path
    digest: str
    limit: float
    status: BuildStatus = BuildStatus.QUEUED
    result: Result | None = None
    gone_since: float | None = None

    @property
    def log(self) -> Path:
        return self.folder / "log"


@dataclass(slots=True)
class _Seen:
    """What Slurm said last of our jobs, and when."""

    states: Mapping[str, str] = field(default_factory=dict)
    at: float = -math.inf


class SlurmBuilder:
    """The builder protocol over Slurm's commands."""

    name = "slurm"

    def __init__(self, options: Options) -> None:
        self._options = options
        self._interpreter = options.interpreter or find()
        self.folder = Path(options.slurm_folder or options.folder / FOLDER).absolute()
        self._credentials = Credentials()
        self._secrets = secrets_of(os.environ)
        self._jobs: dict[str, _Job] = {}
        self._asked: dict[Path, str] = {}
        self._seen = _Seen()
        _sweep(self.folder)

    def identity(self) -> str:
        """Return the Python, the installer, the index and how jobs are submitted."""
        one, options = self._interpreter, self._options
        parts = [
            f"slurm {one.implementation} {one.version} {one.platform}",
            *about_index(options),
            *deciding(os.environ, options.installer),
            *options.slurm_options,
            *([f"setup {options.slurm_setup}"] if options.slurm_setup else []),
        ]
        return redact("; ".join(parts), self._secrets)

    def describe(self) -> Capabilities:
        """Return what a cluster can do; it is for the user to say how much of it to take."""
        return Capabilities(
            max_parallel=self._options.jobs or POLICY.remote_jobs,
            check=True,
            live_log=True,
            cancel=True,
            reattach=True,
            installed=True,
            isolated=True,
        )

    def preflight(self) -> list[str]:
        """Ask whether a job would be accepted, without submitting one."""
        absent = [name for name in COMMANDS if shutil.which(name) is None]
        if absent:
            return [f"{absent[0]} was not found: run depbisect where Slurm's commands are"]
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=self.folder).close()
        except OSError as error:
            return [f"the shared folder {self.folder} cannot be written: {error.strerror}"]
        asked = self._run(["sbatch", "--test-only", *self._options.slurm_options, "--wrap=true"])
        return [] if asked.returncode == 0 else [f"Slurm accepts no job: {_said(asked)}"]

    def start(self, order: Order) -> Handle:
        """Submit a job, or find the one that this or a killed run submitted."""
        for job in self._jobs.values():
            if job.digest == order.digest and not self._poll(job).is_final:
                return self._handle(job)
        name = self._name(order)
        found = self._alive(name) or self._ended(name, order) or self._submit(name, order)
        job = _Job(*found, digest=order.digest, limit=order.timeout)
        self._jobs[job.id] = job
        self._asked.pop(job.folder, None)
        return self._handle(job)

    def poll(self, handle: Handle) -> BuildStatus:
        """Return how a job stands; Slurm is asked of all jobs at once, and not too often."""
        return self._poll(self._job(handle))

    def log(self, handle: Handle, start: int = 0) -> tuple[str, int]:
        """Return the job's output from an offset on, freed of secrets."""
        job = self._job(handle)
        secrets = (*self._secrets, *self._credentials.secrets())
        return processes.read_log(job.log, start, secrets, complete=job.status.is_final)

    def installed(self, handle: Handle) -> Mapping[str, str] | None:
        """Return what the install put in place, as the job told at its end."""
        result = self._job(handle).result
        return result.installed if result else None

    def modules(self, handle: Handle) -> Mapping[str, str] | None:
        """Return the modules that the log mentions, of a job whose check failed."""
        result = self._job(handle).result
        return result.modules if result else None

    def cancel(self, handle: Handle) -> bool:
        """Have a job ended with all its processes."""
        job = self._job(handle)
        if not self._poll(job).is_final:
            self._run(["scancel", job.id])
            job.status = BuildStatus.CANCELLED
        return True

    def close(self) -> None:
        """Cancel what is not ended, and remove the jobs' folders."""
        alive = [job.id for job in self._jobs.values() if not job.status.is_final]
        alive += self._unnoted()
        if alive:
            self._patiently(["scancel", *alive])
        for folder in self._asked:
            _remove(folder)
        self._asked.clear()
        for job in self._jobs.values():
            if not job.status.is_final:
                job.status = BuildStatus.CANCELLED
            _remove(job.folder)
        for folder in (self.folder, *list(self.folder.parents)[:2]):
            if folder == self.folder or folder.name in FOLDER.parts[:-1]:
                _remove_if_empty(folder)

    def _unnoted(self) -> list[str]:
        """Return the ids of jobs whose submission was interrupted before it told them.

        One that is accepted later still finds its folder gone, and ends at once.
        """
        found = []
        for folder, name in self._asked.items():
            asked = self._patiently(["squeue", "--noheader", f"--name={name}", "--format=%i|%Z"])
            lines = [line.split("|", 1) for line in asked.stdout.splitlines() if "|" in line]
            found += [number for number, place in lines if place == str(folder)]
        return found

    def _name(self, order: Order) -> str:
        known_by = f"{order.digest}\0{self.identity()}"
        return f"depbisect-{hashlib.sha256(known_by.encode()).hexdigest()[:16]}"

    def _handle(self, job: _Job) -> Handle:
        kept = {"folder": str(job.folder), "digest": job.digest, "limit": repr(job.limit)}
        return Handle(job.id, None, kept)

    def _job(self, handle: Handle) -> _Job:
        """Return the job of a handle, which may be an earlier run's."""
        if handle.id not in self._jobs:
            kept = handle.extra
            job = _Job(handle.id, Path(kept["folder"]), kept["digest"], float(kept["limit"]))
            self._jobs[handle.id] = job
        return self._jobs[handle.id]

    def _alive(self, name: str) -> tuple[str, Path] | None:
        """Return id and folder of a job of that name which waits or runs."""
        command = ["squeue", "--noheader", f"--name={name}", "--format=%i|%T|%Z"]
        for line in self._run(command).stdout.splitlines():
            number, state, folder = line.split("|", 2)
            # One that has written its result is on its way out, though the queue lists it.
            ended = (Path(folder) / "result.json").exists()
            if state in _WAITS | _RUNS and Path(folder).is_dir() and not ended:
                return number, Path(folder)
        return None

    def _ended(self, name: str, order: Order) -> tuple[str, Path] | None:
        """Return id and folder of a job that a killed run submitted and could not take down.

        However old it is: its name tells the same order, Python, and instant of the index.
        """
        if self._options.fresh or order.again:
            return None
        known = {job.folder for job in self._jobs.values()}
        for folder in sorted(set(self.folder.glob(f"{name}-*")) - known):
            try:
                result = result_of((folder / "result.json").read_text(encoding="utf-8"))
                number = (folder / "id").read_text(encoding="utf-8").strip()
            except OSError:
                continue
            if result and result.status in (BuildStatus.PASSED, BuildStatus.FAILED):
                return number, folder
        return None

    def _submit(self, name: str, order: Order) -> tuple[str, Path]:
        folder = self._write(name, order)
        # Before it is asked for: one that is interrupted here is found, and cancelled, by its name.
        self._asked[folder] = name
        command = [
            "sbatch",
            "--parsable",
            f"--job-name={name}",
            f"--comment=depbisect {order.label}".strip(),
            f"--chdir={folder}",
            f"--output={folder / 'log'}",
            "--open-mode=append",
            "--no-requeue",
            f"--time={math.ceil(order.timeout / 60) + 1}",
            *self._options.slurm_options,
            str(folder / "job.sh"),
        ]
        for tried in range(POLICY.slurm_tries):
            asked = self._run(command)
            if asked.returncode == 0:
                return asked.stdout.strip().partition(";")[0], folder
            if not _is_away(asked):
                break
            time.sleep(2.0**tried)
            alive = self._alive(name)  # It may have been accepted all the same.
            if alive is not None:
                return alive
        del self._asked[folder]
        _remove(folder)
        raise BuilderUnavailable(
            f"Slurm does not accept the job: {_said(asked)}",
            hint="--slurm-option names partition and account; --timeout is the time that is asked",
        )

    def _write(self, name: str, order: Order) -> Path:
        """Write a job's folder: the files, beside the user's own, and what is to be done."""
        self.folder.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder))
        one, uv = self._interpreter, find_uv()
        place = Machines(
            pythons=(one.path, f"python{one.minor}", "python3"),
            version=one.minor,
            uvs=(*([uv] if uv else []), "uv"),
            shared=folder,
        )
        job = job_of(order, self._options, place, self._credentials)
        _write_private(folder / "job.json", json.dumps(job))
        shutil.copyfile(SCRIPT, folder / "job.py")
        _write_private(folder / "job.sh", self._batch(folder))
        (folder / "log").touch(mode=0o600)
        return folder

    def _batch(self, folder: Path) -> str:
        """Return the batch script: any Python can run the job, the right one is looked up there."""
        pythons = [self._interpreter.path, "python3", "python"]
        files = shlex.join([str(folder / name) for name in ("job.py", "job.json", "result.json")])
        return (
            f'#!/bin/sh\necho "$SLURM_JOB_ID" > {shlex.quote(str(folder / "id"))}\n'
            f"{self._options.slurm_setup or ':'}\n"
            f"for python in {shlex.join(pythons)}; do\n"
            f'    command -v "$python" >/dev/null && exec "$python" {files}\n'
            'done\necho "depbisect: there is no Python on $(hostname)"\nexit 2\n'
        )

    def _poll(self, job: _Job) -> BuildStatus:
        if job.status.is_final or self._take_result(job):
            return job.status
        state = self._state(job)
        if state in _WAITS:
            job.status = BuildStatus.QUEUED
        elif state in _RUNS:
            job.status = BuildStatus.RUNNING
        elif not self._take_result(job):
            self._end(job, state)
        return job.status

    def _take_result(self, job: _Job) -> bool:
        try:
            text = (job.folder / "result.json").read_text(encoding="utf-8")
        except OSError:
            return False
        result = result_of(text) or Result(BuildStatus.BROKEN)
        if result.status is BuildStatus.CANCELLED:
            # Not by us: we would not ask any more. Slurm will say why it told the job to end.
            return False
        job.result, job.status = result, result.status
        return True

    def _end(self, job: _Job, state: str) -> None:
        """Note the end of a job that left no result of its own: never evidence."""
        now = time.monotonic()
        if job.gone_since is None:
            job.gone_since = now
        reason = _LOST.get(state)
        if state == "TIMEOUT":
            _append(job.log, f"{STOPPED} after {job.limit:g} s: over its limit")
        elif reason is not None:
            _append(job.log, f"depbisect: Slurm ended the job as {state}: {reason}")
        elif job.result is None and now - job.gone_since < POLICY.seen_late:
            return
        else:
            _append(job.log, f"depbisect: the job left no result; Slurm says {state or 'nothing'}")
        job.status = BuildStatus.BROKEN

    def _state(self, job: _Job) -> str:
        """Return a job's state as Slurm last said; once it no longer knows, what accounts say."""
        youngest = min(POLICY.slurm.most, POLICY.slurm.first * max(1, len(self._jobs) / 10))
        if time.monotonic() - self._seen.at >= youngest:
            self._look()
        return self._seen.states.get(job.id) or self._ended_as(job)

    def _look(self) -> None:
        alive = [job.id for job in self._jobs.values() if not job.status.is_final]
        command = ["squeue", "--noheader", "--states=all", f"--jobs={','.join(alive)}"]
        asked = self._run([*command, "--format=%i|%T"])
        self._seen.at = time.monotonic()
        if asked.returncode == 0 or "invalid job id" in asked.stderr.lower():
            lines = asked.stdout.splitlines()
            self._seen.states = dict(line.split("|", 1) for line in lines if "|" in line)
        # Else the controller is away: what it said last still counts.

    def _ended_as(self, job: _Job) -> str:
        """Return the state that Slurm's accounts keep of a job; empty where there are none."""
        commands = (
            ["squeue", "--noheader", "--states=all", f"--jobs={job.id}", "--format=%T"],
            ["sacct", "--noheader", "--parsable2", "-X", f"--jobs={job.id}", "--format=State"],
        )
        for command in commands:
            if shutil.which(command[0]) is not None:
                asked = self._run(command)
                if asked.returncode and _is_away(asked):
                    return "RUNNING"
                states = asked.stdout.split()
                if asked.returncode == 0 and states:
                    return states[0]
        return ""

    def _patiently(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a command at the end of the run, a few times while the controller is away."""
        for _ in range(POLICY.closing_tries - 1):
            asked = self._run(command)
            if asked.returncode == 0 or not _is_away(asked):
                return asked
            time.sleep(POLICY.slurm.first)
        return self._run(command)

    def _run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        environment = steer(processes.clean_environment(keep=self._options.pass_env))
        try:
            return subprocess.run(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=POLICY.scheduler_timeout,
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, 1, "", f"{command[0]} timed out")
        except OSError as error:
            raise BuilderUnavailable(
                f"{command[0]} cannot be run: {error}",
                hint="`depbisect doctor` says what is missing",
            ) from error


def _said(asked: subprocess.CompletedProcess[str]) -> str:
    """Return the last line that a command of Slurm's wrote, without its own name."""
    lines = [line for line in asked.stderr.splitlines() if line.strip()]
    last = lines[-1] if lines else f"it ended with {asked.returncode}"
    return redact(last.removeprefix("sbatch: ").removeprefix("error: "))


def _is_away(asked: subprocess.CompletedProcess[str]) -> bool:
    """Say whether the controller could not be reached, which may pass."""
    return any(words in asked.stderr.lower() for words in _AWAY)


def _write_private(path: Path, text: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)


def _append(log: Path, line: str) -> None:
    try:
        with log.open("a", encoding="utf-8") as stream:
            stream.write(f"{line}\n")
    except OSError:
        return


def _sweep(folder: Path) -> None:
    """Remove what runs left that were killed long ago, and never resumed."""
    for path in folder.glob("depbisect-*-*"):
        if time.time() - path.stat().st_mtime > POLICY.slurm_kept:
            _remove(path)


def _remove(folder: Path) -> None:
    # A job that is being ended may write once more.
    for _ in range(3):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(POLICY.slurm_look)


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return
