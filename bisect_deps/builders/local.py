"""Builds on this machine: a fresh virtual environment by uv or pip, then the checks.

A build is a chain of commands that `poll` advances; nothing here waits but for the milliseconds
that an empty environment takes. An exact set of releases may go into an environment that an earlier
build left, see `_slots`. In the sandbox, files are linked to uv's cache and the environment is only
read by checks; one that has to write to it gets copies. Wheels built once are shared by the
installer's own cache. Build backends see no secret: credentials reach the installer by a private
netrc file. A build backend is the user's own process and could read that file, as it could read
~/.netrc; what it cannot do is find them in its environment or in the list of processes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import ClassVar

import platformdirs
from packaging.utils import canonicalize_name

from bisect_deps.builders._bytecode import StandardLibrary
from bisect_deps.builders._compiled import Compiled
from bisect_deps.builders._environments import installed, modules
from bisect_deps.builders._installers import (
    LINKED,
    Installer,
    Pip,
    Uv,
    deciding,
    python_of,
    site_packages,
    steer,
)
from bisect_deps.builders._rooms import Cell, Rooms
from bisect_deps.builders._scratch import (
    Netrc,
    WorkFolder,
    expand,
    in_work_folder,
    option_lines,
    requirement_names,
    write_tree,
)
from bisect_deps.builders._slots import Slot, Slots, contents, is_whole
from bisect_deps.builders._uv_settings import keeps_files, write_kept_files
from bisect_deps.builders.base import (
    FENCE,
    STOPPED,
    Builder,
    BuilderOptions,
    Capabilities,
    Check,
    Handle,
    Order,
    begin_fence,
    end_fence,
    setting,
)
from bisect_deps.errors import BuilderUnavailable, DepbisectError, InputError
from bisect_deps.formats import is_embedded, open_manifest
from bisect_deps.model import BuildStatus, Interpreter
from bisect_deps.policy import POLICY
from bisect_deps.secret import redact, secrets_of
from bisect_deps.system import processes
from bisect_deps.system.interpreters import find, find_uv
from bisect_deps.system.sandbox import INSTALL_HINT, Isolation, open_sandbox

_IMPORTS_SCRIPT = Path(__file__).with_name("_imports_script.py")
_ISOLATED = "depbisect-isolated.txt"
_CONVERTED = "depbisect-requirements.txt"
_EXACT = "depbisect-exact.txt"
# The steps that use what is installed.
_USES = ("imports", "check")
# What a system says of a file that cannot be written (EROFS), and how much of a log it ends.
_READ_ONLY = re.compile(r"read-only file system", re.IGNORECASE)
_SAID_AT_THE_END = 256_000
# The first Python that can be told where bytecode goes.
_BYTECODE_APART = (3, 8)
# How an installer ends that was killed from outside, say out of memory.
_KILLED = (128 + 9, 128 + 15)


@dataclass(frozen=True, slots=True)
class Options(BuilderOptions):
    """What the local builder is told: how builds are kept apart from the machine."""

    here: ClassVar[bool] = True

    sandbox: str = setting(
        "--sandbox",
        "Keep builds apart from this machine; auto: where bubblewrap works.",
        default=Isolation.AUTO.value,
        choices=tuple(mode.value for mode in Isolation),
    )
    sandbox_paths: tuple[Path, ...] = setting(
        "--sandbox-path",
        "What builds in the sandbox may read besides; repeatable.",
        metavar="PATH",
        kind=Path,
        repeat=True,
    )
    offline_builds: bool = setting(
        "--offline-builds",
        "Builds have no network; needs the sandbox.",
        kind=bool,
        default=False,
    )


def make(options: Options) -> Builder:
    """Return a builder for this machine. Raises InputError, BuilderUnavailable."""
    return LocalBuilder(options)


def checks(options: Options) -> Iterator[Check]:
    """Try an empty environment by the chosen installer."""
    try:
        builder = LocalBuilder(options)
    except DepbisectError as error:
        yield Check("builder local", False, error.message, error.hint or "")
        return
    problems = builder.preflight()
    detail = problems[0] if problems else builder.identity()
    yield Check("builder local", not problems, detail, "see the checks above" if problems else "")
    builder.close()


@dataclass(frozen=True, slots=True)
class _Step:
    name: str
    command: list[str] | str
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Written:
    """What is to be installed: the file to give to the installer, the projects that it names."""

    file: Path
    names: list[str]
    build_constraints: Path | None
    exact: Path
    uv_project: Path | None = None


@dataclass(slots=True)
class _LocalBuild:
    """A build under way, or ended: then only status, log and what was installed are left."""

    digest: str
    slot: Slot
    log: Path
    limit: float
    deadline: float
    steps: deque[_Step]
    status: BuildStatus = BuildStatus.RUNNING
    step: _Step | None = None
    process: processes.Process | None = None
    installed: dict[str, str] | None = None
    modules: dict[str, str] | None = None
    seed: Mapping[str, str] = field(default_factory=dict)
    cell: Cell | None = None
    # Whether another build may have the environment after this one.
    reusable: bool = False
    # Whether it compiles all that it imports: what is kept may be what failed before.
    unaided: bool = False
    # What to install once more where a kept environment turns out not to be whole.
    afresh: _Step | None = None
    # How often the step was tried, and how much stood in the log before it.
    tries: int = 0
    begun: int = 0
    # The same steps where files are copied, for an environment of links that has to be written to.
    copying: Sequence[_Step] = ()


class LocalBuilder:
    """The builder protocol over subprocesses of this machine."""

    name = "local"

    def __init__(self, options: Options) -> None:
        self._options = options
        self._interpreter = options.interpreter or find()
        self._box, self._kept_apart = open_sandbox(Isolation(options.sandbox))
        self._work = WorkFolder(options.work)
        try:
            self._set_up(options)
        except BaseException:
            self._work.close()
            raise
        processes.stop_orphans()

    def _set_up(self, options: Options) -> None:
        self._work.reserve(self.describe().max_parallel)
        self._library = StandardLibrary(self._work)
        self._family = processes.new_family()
        self._compiled = Compiled(self._interpreter, self._work, self._family)
        self._secrets = secrets_of(os.environ)
        self._netrc = Netrc(self._work, _credentials(options))
        self._installer = self._choose(options.installer)
        self._keeps_files = keeps_files(options.cwd.resolve(), options.index, os.environ)
        self._slots = Slots(self.describe().max_parallel)
        self._rooms = self._open_rooms()
        # Whether checks leave what they use as it is.
        self._links = _minor(self._interpreter) >= _BYTECODE_APART
        self._builds: dict[str, _LocalBuild] = {}
        self._tried: Slot | None = None

    def identity(self) -> str:
        """Return interpreter, platform, installer, index and the settings that decide."""
        one, index = self._interpreter, self._options.index
        parts = [
            f"local {one.implementation} {one.version} {one.platform}",
            self._installer.identity(),
            f"index {index.index_url or 'default'}",
            *(f"extra {url}" for url in index.extra_index_urls),
            *(f"links {link}" for link in index.find_links),
            *(["no index"] if index.no_index else []),
            f"as of {index.exclude_newer or 'now'}",
            *deciding(os.environ, self._options.installer),
            *([f"sandbox {self._kept_apart}"] if self._box else []),
            *(["offline"] if self._options.offline_builds else []),
        ]
        return redact("; ".join(parts), self._secrets)

    def describe(self) -> Capabilities:
        """Return what this machine can do."""
        return Capabilities(
            max_parallel=self._options.jobs or os.cpu_count() or 1,
            check=True,
            live_log=True,
            cancel=True,
            cheap_single=True,
            installed=True,
            isolated=True,
            warm=self._options.installer == "uv",
            sandbox=self._kept_apart if self._box else f"none: {self._kept_apart}",
        )

    @in_work_folder
    def preflight(self) -> list[str]:
        """Try an empty environment, and return what stands in the way; the first build has it."""
        try:
            self._tried = self._made(self._work.take())
        except BuilderUnavailable as error:
            return [error.message]
        return []

    @in_work_folder
    def start(self, order: Order) -> Handle:
        """Make the environment and start the install."""
        for name, running in self._builds.items():
            if running.digest == order.digest and not running.status.is_final:
                return Handle(name)
        number = str(len(self._builds) + 1)
        slot = (self._slots.take() if order.exact is not None else None) or self._empty()
        self._work.clear(slot.folder)
        # First the files: the credentials in them decide what the environment must tell.
        written = self._write(order, slot.folder)
        environment = self._environment()
        cell = None
        if self._rooms is not None:
            apart = self._apart(order) if self._builds_apart(order) else None
            cell = self._rooms.make(slot.folder, order.files, apart)
            environment = cell.environment(environment)
            slot = replace(slot, linked=cell.can_link and self._links_for(order))
        steps = list(self._steps(order, slot, environment, written))
        running = _LocalBuild(
            digest=order.digest,
            slot=slot,
            log=self._work.log(number),
            limit=order.timeout,
            deadline=time.monotonic() + order.timeout,
            steps=deque(steps),
            seed={} if slot.files is not None else installed(site_packages(slot.environment)),
            cell=cell,
            reusable=self._is_reusable(order),
            unaided=order.again,
            afresh=steps[0] if slot.files is not None else None,
        )
        if cell is not None and slot.linked:
            copied = replace(slot, linked=False)
            running.copying = list(self._steps(order, copied, environment, written))
            running.cell = replace(cell, sealed=slot.environment)
        self._builds[number] = running
        self._next(running)
        return Handle(number)

    @in_work_folder
    def poll(self, handle: Handle) -> BuildStatus:
        """Advance the build by the steps that have ended."""
        self._compiled.collect()
        running = self._builds[handle.id]
        if running.status.is_final or running.process is None or running.step is None:
            return running.status
        code = running.process.poll()
        if code is None:
            if time.monotonic() >= running.deadline:
                self._stop(
                    running, BuildStatus.BROKEN, f"after {running.limit:g} s: over its limit"
                )
            return running.status
        if code and self._is_without_room(running):
            self._again(running)
            return running.status
        if code:
            self._work.be_there(running.slot.environment)
        if code and _is_kept_from_writing(running):
            self._begin_writable(running)
            return running.status
        _append(running.log, end_fence(running.step.name, code))
        if code:
            self._note_modules(running)
            was_killed = running.step.name == "install" and code in _KILLED
            self._finish(running, BuildStatus.BROKEN if was_killed else BuildStatus.FAILED)
            return running.status
        if running.step.name == "install":
            self._installed(running)
        self._next(running)
        return running.status

    @in_work_folder
    def log(self, handle: Handle, start: int = 0) -> tuple[str, int]:
        """Return the log from an offset on, freed of secrets."""
        running = self._builds[handle.id]
        return processes.read_log(
            running.log,
            start,
            self._secrets + self._netrc.secrets(),
            complete=running.status.is_final,
        )

    def installed(self, handle: Handle) -> Mapping[str, str] | None:
        """Return what the install put in place; None before it has passed."""
        return self._builds[handle.id].installed

    def modules(self, handle: Handle) -> Mapping[str, str] | None:
        """Return the modules that the log mentions, of an environment whose check failed."""
        return self._builds[handle.id].modules

    def cancel(self, handle: Handle) -> bool:
        """Kill the build with all its processes."""
        running = self._builds[handle.id]
        if not running.status.is_final:
            self._stop(running, BuildStatus.CANCELLED, "on request")
        return True

    def close(self) -> None:
        """Kill what runs, and remove all that was written."""
        processes.stop(
            running.process
            for running in self._builds.values()
            if running.process is not None and not running.status.is_final
        )
        for running in self._builds.values():
            if not running.status.is_final:
                running.status = BuildStatus.CANCELLED
        self._compiled.collect(stopping=True)
        processes.stop_family(self._family)
        self._work.close()

    def _empty(self) -> Slot:
        """Return an empty environment in its folder: that which was tried, or another."""
        tried, self._tried = self._tried, None
        return tried or self._made(self._work.take())

    def _made(self, folder: Path) -> Slot:
        slot = Slot(folder)
        try:
            self._installer.make(slot.environment, self._environment())
        except BuilderUnavailable:
            self._work.drop(folder)
            raise
        return slot

    def _choose(self, name: str) -> Installer:
        uv = find_uv()
        if name == "uv":
            if uv is None:
                raise BuilderUnavailable(
                    "uv was not found", hint="install uv, or use --installer pip"
                )
            return Uv(uv, self._interpreter, self._options.index)
        if name == "pip":
            template = self._work.private / "template"
            return Pip(template, self._interpreter, self._options.index, uv)
        raise InputError(f"there is no installer {name!r}", hint="choose uv or pip")

    def _open_rooms(self) -> Rooms | None:
        """Return what makes the builds' rooms, None where they are not kept apart."""
        options = self._options
        for path in options.sandbox_paths:
            if not path.exists():
                raise InputError(f"--sandbox-path {path} is not there", hint="name what is")
        if self._box is None:
            if options.offline_builds and options.sandbox == Isolation.OFF.value:
                raise InputError(
                    "--offline-builds and --sandbox off exclude each other",
                    hint="choose one of them",
                )
            if options.offline_builds:
                raise BuilderUnavailable(
                    f"--offline-builds needs a sandbox: {self._kept_apart}", hint=INSTALL_HINT
                )
            return None
        uv = find_uv()
        shown = [_IMPORTS_SCRIPT, self._library.folder, *self._compiled.seen]
        shown += [*options.sandbox_paths, *([Path(uv)] if uv else [])]
        offline = options.offline_builds
        rooms = Rooms(self._box, self._work, options, shown, self._interpreter, offline=offline)
        problem = rooms.try_one()
        if not problem:
            return rooms
        if options.sandbox == Isolation.REQUIRE or options.offline_builds:
            raise BuilderUnavailable(f"the sandbox cannot be set up: {problem}", hint=INSTALL_HINT)
        self._box, self._kept_apart = None, f"bubblewrap does not work here ({problem})"
        return None

    def _is_without_room(self, running: _LocalBuild) -> bool:
        """Say whether the room could not be made: nothing was built."""
        return running.cell is not None and _last_line(running.log).startswith("bwrap: ")

    def _again(self, running: _LocalBuild) -> None:
        """Try a step once more: what was to be hidden can be gone when it comes to it.

        Raises BuilderUnavailable where that does not help.
        """
        running.tries += 1
        if running.step is not None and running.tries < POLICY.sandbox_tries:
            os.truncate(running.log, running.begun)
            self._begin(running, running.step)
            return
        problem = _last_line(running.log).removeprefix("bwrap: ")
        self._finish(running, BuildStatus.BROKEN)
        raise BuilderUnavailable(
            f"the sandbox cannot be set up: {problem}",
            hint="use --sandbox off if you trust what is built",
        )

    def _environment(self) -> dict[str, str]:
        extra = {
            **self._netrc.variables(),
            "GIT_TERMINAL_PROMPT": "0",
            "NO_COLOR": "1",
            "PYTHONUNBUFFERED": "1",
        }
        cleaned = processes.clean_environment(extra, keep=self._options.pass_env)
        # Bytecode stays in the environments that are kept.
        cleaned.pop("PYTHONDONTWRITEBYTECODE", None)
        return steer(cleaned)

    def _steps(
        self, order: Order, slot: Slot, environment: Mapping[str, str], written: _Written
    ) -> Iterator[_Step]:
        env, constraints = slot.environment, written.build_constraints
        command = self._installer.command(
            env, written.file, alone=order.isolated is not None, build_constraints=constraints
        )
        if order.exact is not None:
            command = self._installer.sync(env, written.exact) or command
        settings = self._installer.settings(constraints)
        if written.uv_project is not None:
            settings["UV_PROJECT"] = str(written.uv_project)
        if self._builds_apart(order):
            settings |= self._cache_apart(order)
        if slot.linked:
            settings |= LINKED
        yield _Step("install", command, {**environment, **settings})
        if order.isolated is not None:
            return
        path = os.pathsep.join([str(env / "bin"), environment.get("PATH", os.defpath)])
        active = {**environment, "VIRTUAL_ENV": str(env), "PATH": path}
        apart = []
        if slot.linked:
            active["PYTHONPYCACHEPREFIX"] = str(slot.bytecode)
            apart = ["-X", f"pycache_prefix={slot.bytecode}"]
        if order.imports:
            at_once = max(1, (os.cpu_count() or 1) // (self._options.jobs or 1))
            script = [str(python_of(env)), "-I", *apart]
            script += [str(_IMPORTS_SCRIPT), FENCE, str(at_once)]
            yield _Step("imports", [*script, *written.names], active)
        for check in order.check:
            yield _Step("check", check, active)

    def _cache_apart(self, order: Order) -> dict[str, str]:
        """Return a cache of their own for builds with these constraints, or by another Python.

        The installers' caches know a wheel by its source and tags alone: one that was built with
        older tools or an older Python would make every later install pass, ours and the user's.
        """
        cache = self._apart(order)
        return {"UV_CACHE_DIR": str(cache / "uv"), "PIP_CACHE_DIR": str(cache / "pip")}

    def _apart(self, order: Order) -> Path:
        """Return the folder of such a cache; what was built once in any run is not built again."""
        one = self._interpreter
        about = [one.implementation, one.version, one.platform, *order.build_constraints]
        name = hashlib.sha256("\n".join(about).encode()).hexdigest()[:16]
        cache = platformdirs.user_cache_path("depbisect") / "built" / name
        for part in ("uv", "pip"):
            (cache / part).mkdir(parents=True, exist_ok=True)
        return cache

    def _builds_apart(self, order: Order) -> bool:
        return bool(order.build_constraints) or self._options.own_cache

    def _write(self, order: Order, folder: Path) -> _Written:
        """Write what is to be installed, as requirements files whatever its format is."""
        passed = processes.clean_environment(keep=self._options.pass_env)
        hidden = {name: value for name, value in os.environ.items() if name not in passed}
        files = {key: self._netrc.strip(expand(text, hidden)) for key, text in order.files.items()}
        constraints = None
        if order.build_constraints:
            constraints = folder / "build-constraints.txt"
            constraints.write_text("".join(f"{line}\n" for line in order.build_constraints))
        exact = folder / _EXACT
        exact.write_text("".join(f"{line}\n" for line in order.exact or ()))
        path = order.path
        if order.isolated is not None:
            # Options count for all files that are installed together, whichever they stand in.
            options, path = b"".join(map(option_lines, files.values())), _ISOLATED
            files = {path: options + order.isolated.encode() + b"\n"}
        base = write_tree(folder / "tree", files, self._options.folder)
        if is_embedded(Path(path)):
            lines = [own.text for own in open_manifest(base / path).requirements]
            path = _CONVERTED
            (base / path).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
            files = {path: (base / path).read_bytes()}
        asked = [
            name
            for name in requirement_names(files)
            if canonicalize_name(name) not in order.unasked
        ]
        own = self._keeps_files and not any(map(option_lines, files.values()))
        project = write_kept_files(folder) if own else None
        return _Written(base / path, asked, constraints, exact, project)

    def _next(self, running: _LocalBuild) -> None:
        if not running.steps:
            self._finish(running, BuildStatus.PASSED)
            return
        running.tries = 0
        self._begin(running, running.steps.popleft())

    def _begin(self, running: _LocalBuild, step: _Step) -> None:
        running.begun = running.log.stat().st_size
        shown = step.command if isinstance(step.command, str) else " ".join(step.command)
        _append(running.log, begin_fence(step.name), f"$ {shown}")
        running.step = step
        try:
            running.process = processes.Process(
                step.command,
                cwd=self._options.cwd,
                environment=step.environment,
                output=running.log,
                family=self._family,
                cell=running.cell and running.cell.for_step(step.name),
            )
        except OSError as error:
            self._finish(running, BuildStatus.BROKEN)
            raise BuilderUnavailable(f"{step.name} cannot be started: {error}") from error

    def _links_for(self, order: Order) -> bool:
        """Say whether files may be links: whoever uses them, if anyone, only reads them."""
        is_used = order.isolated is None and bool(order.imports or order.check)
        return self._options.installer == "uv" and (self._links or not is_used)

    def _is_reusable(self, order: Order) -> bool:
        return self.describe().warm and order.isolated is None and not order.build_constraints

    def _installed(self, running: _LocalBuild) -> None:
        """Take down what the install left; where a kept environment is not whole, begin afresh."""
        environment = running.slot.environment
        sites = site_packages(environment)
        if running.reusable:
            files = contents(environment)
            if running.afresh is not None and not is_whole(files, sites):
                self._begin_afresh(running, running.afresh)
                return
            running.slot = running.slot.holding(files)
        running.installed = {
            name: version
            for name, version in installed(sites).items()
            if running.seed.get(name) != version
        }
        if running.slot.linked and running.steps:  # Who only installs imports nothing.
            self._library.show(environment, running.slot.bytecode)
            if not running.unaided:
                self._compiled.show(sites, running.slot.bytecode)

    def _begin_afresh(self, running: _LocalBuild, install: _Step) -> None:
        self._work.discard(running.slot.environment, running.slot.bytecode)
        self._installer.make(running.slot.environment, install.environment)
        running.slot = replace(running.slot, files=None)
        running.steps.appendleft(install)
        running.afresh = None

    def _begin_writable(self, running: _LocalBuild) -> None:
        """Build once more with copies, here and from now on: the check writes to what it uses."""
        self._links = False
        for slot in self._slots.clear():
            self._work.drop(slot.folder)
        install, *uses = running.copying
        running.slot = replace(running.slot, linked=False)
        running.cell = running.cell and replace(running.cell, sealed=None)
        running.copying = ()
        running.steps = deque(uses)
        running.log.write_bytes(b"")
        self._begin_afresh(running, install)
        self._next(running)

    def _note_modules(self, running: _LocalBuild) -> None:
        """Take down whose modules they are while the environment is there, where a check failed."""
        if running.step is not None and running.step.name in _USES:
            log = running.log.read_text(encoding="utf-8", errors="replace")
            running.modules = modules(site_packages(running.slot.environment), log)

    def _stop(self, running: _LocalBuild, status: BuildStatus, why: str) -> None:
        if running.process is not None:
            processes.stop([running.process])
        with contextlib.suppress(OSError):  # A log that cannot be written to is no reason to go on.
            _append(running.log, f"{STOPPED} {why}")
        self._finish(running, status)

    def _finish(self, running: _LocalBuild, status: BuildStatus) -> None:
        running.status = status
        running.steps.clear()
        stopped = status in (BuildStatus.BROKEN, BuildStatus.CANCELLED)
        spent = stopped or not running.reusable or (running.slot.linked and not self._links)
        was_used = running.step is not None and running.step.name in _USES
        if was_used and running.slot.linked and not stopped:
            self._compiled.note(site_packages(running.slot.environment), running.slot.bytecode)
        if spent or not self._slots.give_back(running.slot):
            self._work.drop(running.slot.folder, linked=running.slot.linked)
        elif self._rooms is not None and running.slot.linked:
            apart = partial(self._rooms.for_reading, running.slot.environment)
            self._compiled.compile(site_packages(running.slot.environment), apart)


def _is_kept_from_writing(running: _LocalBuild) -> bool:
    """Say whether a step of use failed for an environment that it may only read."""
    if not running.copying or running.step is None or running.step.name not in _USES:
        return False
    return bool(_READ_ONLY.search(_end_of(running.log, _SAID_AT_THE_END)))


def _minor(interpreter: Interpreter) -> tuple[int, int]:
    major, minor = interpreter.minor.split(".")
    return int(major), int(minor)


def _last_line(log: Path) -> str:
    return next(iter(_last_lines(log, 1)), "")


def _last_lines(log: Path, count: int) -> list[str]:
    return _end_of(log, 2_000).splitlines()[-count:]


def _end_of(log: Path, size: int) -> str:
    with log.open("rb") as stream:
        stream.seek(max(0, stream.seek(0, os.SEEK_END) - size))
        return stream.read().decode("utf-8", "replace")


def _append(log: Path, *lines: str) -> None:
    with log.open("rb+") as stream:
        size = stream.seek(0, os.SEEK_END)
        if size:
            stream.seek(-1, os.SEEK_END)
            if stream.read(1) != b"\n":
                stream.write(b"\n")
        # A file's name may hold bytes that are no text.
        stream.write("".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace"))


def _credentials(options: BuilderOptions) -> str:
    """Return all addresses that may hold credentials for the installer, as one text."""
    index = options.index
    given = [index.index_url or "", *index.extra_index_urls, *index.find_links]
    found = [os.environ.get(name, "") for name in sorted(processes.INDEX_VARIABLES)]
    # What counts comes first: of two logins for one host, the first is taken.
    return " ".join([*options.addresses, *given, *found])
