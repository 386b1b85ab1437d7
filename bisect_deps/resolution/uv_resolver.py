"""What a candidate resolves to, asked of `uv pip compile`: no own resolver, and no build.

uv is kept from building by a cache of its own in which it cannot make a build environment. Where it
would need one to learn what a source distribution requires, that release is taken to require
nothing and named in `needs_build`: what conflicts all the same, conflicts for certain.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Protocol

from packaging.utils import canonicalize_name

from bisect_deps.errors import BuilderUnavailable
from bisect_deps.index.base import Place, completed, indexes, place, with_credentials
from bisect_deps.model import IndexSettings, Interpreter, Release
from bisect_deps.policy import POLICY
from bisect_deps.secret import redact
from bisect_deps.system import interpreters
from bisect_deps.system.scratch import scratch

_BUILD_NEEDED = re.compile(
    r"Failed to (?:download and )?build `(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^`\s]+)`"
)
_NO_SOLUTION = "No solution found"
_UNREADABLE = "has invalid metadata"
_UNREACHABLE = re.compile(
    r"Failed to fetch|Request failed after|error sending request|dns error|Could not connect"
    r"|lack of valid authentication credentials|operation timed out|Network connectivity",
    re.IGNORECASE,
)
_HOST = re.compile(r"https?://(?:[^\s/@`]*@)?([^\s/`)]+)")
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>\S+)")
_VENDORS = {"linux": "unknown-linux-gnu", "windows": "pc-windows-msvc", "macos": "apple-darwin"}
_LOGIN = ("USERNAME", "PASSWORD")
# uv's names for the folder of build environments: as a file, it keeps uv from making any.
_BUILD_FOLDERS = ("builds-v0", "builds-v1")
# The nearest file wins over the user's own: whatever that says, the output is what is read here.
_OUTPUT = """[pip]
universal = false
generate-hashes = false
no-annotate = false
"""
_INDEXES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL")
# Variables that would make uv resolve for something else, or say more than is read here.
_DROPPED = frozenset({"VIRTUAL_ENV", "CONDA_PREFIX", "UV_PYTHON", "RUST_LOG", "UV_NO_CONFIG"})


class ResolverOutcome(str, Enum):
    """How a resolution ended. INVALID: uv cannot read a line, or failed in a way not known here."""

    RESOLVED = "resolved"
    CONFLICT = "conflict"
    INFRASTRUCTURE = "infrastructure"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Resolution:
    """What the resolver made of some lines.

    `releases` maps normalised names to versions, `parents` to the names that require them ("" for
    the user's own lines). `needs_build` are releases whose requirements only a build would tell.
    `blamed` are the projects that the resolver's explanation names: a hint, never a culprit.
    """

    answered: ResolverOutcome
    releases: Mapping[str, str] = field(default_factory=dict)
    parents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    log: str = ""
    seconds: float = 0.0
    needs_build: tuple[Release, ...] = ()
    blamed: tuple[str, ...] = ()

    @property
    def resolved(self) -> bool:
        """Say whether there is a resolution."""
        return self.answered is ResolverOutcome.RESOLVED

    @property
    def conflicting(self) -> bool:
        """Say whether no versions suit the lines together."""
        return self.answered is ResolverOutcome.CONFLICT

    @property
    def infrastructure(self) -> bool:
        """Say whether the index, not a requirement, is at fault."""
        return self.answered is ResolverOutcome.INFRASTRUCTURE

    @property
    def unreachable(self) -> str:
        """Return the host that did not answer, "" where uv does not say which."""
        failed = _UNREACHABLE.search(self.log)
        address = _HOST.search(self.log, failed.start()) if failed else None
        return address[1] if address else ""

    def chain(self, name: str) -> tuple[str, ...]:
        """Return the shortest chain from one of the user's requirements to `name`, both included.

        A requirement of the user has itself alone; () for a project that is not in the resolution.
        """
        return self._chain("", name)

    def chain_from(self, top: str, name: str) -> tuple[str, ...]:
        """Return the shortest chain from one project to another, both included; () for none."""
        return self._chain(canonicalize_name(top), name)

    def _chain(self, top: str, name: str) -> tuple[str, ...]:
        paths: list[tuple[str, ...]] = [(canonicalize_name(name),)]
        seen = {paths[0][0]}
        for path in paths:
            parents = self.parents.get(path[0], ())
            if top in parents:
                return (top, *path) if top else path
            for parent in parents:
                if parent not in seen:
                    seen.add(parent)
                    paths.append((parent, *path))
        return ()

    def brought_by(self, name: str) -> frozenset[str]:
        """Return all projects that a project requires, through any chain, itself included."""
        found: set[str] = {canonicalize_name(name)}
        growing = True
        while growing:
            more = {child for child, parents in self.parents.items() if found & set(parents)}
            growing = not more <= found
            found |= more
        return frozenset(found)


class AnswerStore(Protocol):
    """Keeps answers by the digest of all that they depend on."""

    def get(self, key: str) -> str | None:
        """Return what was kept for a key."""

    def put(self, key: str, text: str) -> None:
        """Keep a text for a key."""


class Resolver:
    """Asks uv what lines resolve to on `interpreter`, with the index of `settings`.

    `uv` is the program (default: the one installed with this package, else on PATH), `cache` the
    folder of its pages and metadata. Where `platform` is given, it resolves for that one, named as
    `Interpreter.platform` is. `merged` takes the releases of all indexes together, as pip does.
    `calls` counts what was asked of uv; the same question is asked once, by however many threads,
    and in all runs that share a `memory` where the index is read as of an instant.
    """

    def __init__(
        self,
        interpreter: Interpreter,
        settings: IndexSettings,
        *,
        uv: str | None = None,
        cache: Path | None = None,
        platform: str | None = None,
        merged: bool = False,
        environ: Mapping[str, str] | None = None,
        memory: AnswerStore | None = None,
    ) -> None:
        self.interpreter = interpreter
        self.settings = settings
        self._memory = memory if settings.exclude_newer else None
        self.calls = 0
        self.seconds = 0.0
        self._uv = uv
        self._cache = cache or default_cache()
        self._platform = platform
        self._merged = merged
        self._environ = dict(os.environ if environ is None else environ)
        if "UV_CONFIG_FILE" in self._environ:
            # uv takes one such file, and it will be ours: what the user's says goes on here.
            self.settings = completed(settings, "uv", self._environ)
        self._opaque: dict[Release, None] = {}
        self._keeps_pages = False
        self._answers: dict[tuple[object, ...], Future[Resolution]] = {}
        self._unreadable: dict[str, Resolution] = {}
        # Starts no thread before it is asked.
        self._ahead = ThreadPoolExecutor(POLICY.questions_at_once, thread_name_prefix="ask")
        self._lock = threading.Lock()
        self._running = _Processes()
        self._before: Callable[[], None] | None = None

    def assume(self, releases: Iterable[Release]) -> None:
        """Take these releases to require nothing: known to have no wheel, so nobody asks them."""
        self._opaque.update(dict.fromkeys(releases))

    def guarded(self, before: Callable[[], None]) -> Resolver:
        """Return this resolver with a look before each question; answers are shared.

        What `before` raises, the one who asks hears.
        """
        other = copy(self)
        other._before = before
        return other

    def keep_pages(self) -> None:
        """Let uv keep index pages for ten minutes: for an index that is silent on their age.

        Without a word from the index uv fetches every page again in each call.
        """
        self._keeps_pages = True

    def resolve(
        self,
        lines: Iterable[str],
        *,
        constraints: Iterable[str] = (),
        overrides: Iterable[str] = (),
        wheels_only: bool | Iterable[str] = False,
        resolution: str = "highest",
        preferences: Mapping[str, str] | None = None,
        exclude_newer_package: Mapping[str, str] | None = None,
    ) -> Resolution:
        """Return what the lines resolve to; at most one uv call per release that needs a build.

        `wheels_only` forbids source distributions, for all or for the projects named. `resolution`
        is uv's: `highest`, `lowest-direct`, `lowest`. `preferences` are versions to keep where
        they fit. Raises BuilderUnavailable where uv is missing.
        """
        question = _Question(
            tuple(lines),
            tuple(constraints),
            tuple(overrides),
            wheels_only if isinstance(wheels_only, bool) else tuple(sorted(set(wheels_only))),
            resolution,
            tuple(sorted((preferences or {}).items())),
            tuple(sorted((exclude_newer_package or {}).items())),
        )
        key = question.key()
        if self._before is not None:
            self._before()
        with self._lock:
            known = self._answers.get(key)
            answer = self._answers.setdefault(key, Future())
        if known is None:
            try:
                answer.set_result(self._refused(question) or self._resolve(question))
            except BaseException as error:
                self._answers.pop(key, None)
                answer.set_exception(error)
                raise
        return answer.result()

    def ask_ahead(self, questions: Iterable[tuple[Sequence[str], Sequence[str]]]) -> None:
        """Have questions answered side by side that will be asked soon: lines and constraints."""
        for lines, limits in questions:
            with suppress(RuntimeError):  # It was ended.
                self._ahead.submit(self.resolve, lines, constraints=limits)

    def end(self) -> None:
        """End the questions that are being answered: at the end of a run nobody waits for them."""
        self._ahead.shutdown(wait=False, cancel_futures=True)
        self._running.end()

    def _refused(self, question: _Question) -> Resolution | None:
        """Return the answer to one line with others, where uv cannot read what that release says.

        uv keeps no metadata that it cannot read, so it fetches them for every question anew.
        """
        lines = question.lines if not question.overrides else ()
        return next((self._unreadable[line] for line in lines if line in self._unreadable), None)

    def _resolve(self, question: _Question) -> Resolution:
        answer = self._completed(question)
        if len(question.lines) == 1 and not question.overrides and _UNREADABLE in answer.log:
            [line] = question.lines
            if _PIN.match(line):
                self._unreadable[line] = answer
        return answer

    def _completed(self, question: _Question) -> Resolution:
        seconds = 0.0
        while True:
            answer = self._ask(question)
            seconds += answer.seconds
            missing = [release for release in answer.needs_build if release not in self._opaque]
            if not missing:
                chosen = tuple(
                    release
                    for release in tuple(self._opaque)
                    if answer.releases.get(release.name) == release.version
                )
                return replace(answer, seconds=seconds, needs_build=chosen)
            self.assume(missing)

    def _ask(self, question: _Question) -> Resolution:
        key = self._key(question) if self._memory is not None else ""
        kept = _kept_answer(self._memory.get(key)) if self._memory is not None else None
        if kept is not None:
            return _read(*kept)
        code, text, log, seconds = self._asked_of_uv(question)
        answer = _read(code, text, log, seconds)
        is_fact = answer.resolved or answer.conflicting or answer.needs_build
        if self._memory is not None and is_fact:
            self._memory.put(key, json.dumps([code, text, log, seconds]))
        return answer

    def _asked_of_uv(self, question: _Question) -> tuple[int, str, str, float]:
        """Return uv's exit code, the lines it resolved to, what it said, and the seconds."""
        self._prepare_cache()
        with scratch() as folder:
            command = [self.program, *self._arguments(question, folder)]
            started = time.monotonic()
            code, log = _run(command, folder, self._environment(), self._running)
            seconds = time.monotonic() - started
            output = folder / "resolved.txt"
            text = output.read_text(encoding="utf-8") if code == 0 else ""
        self.calls += 1
        self.seconds += seconds
        return code, text, redact(log), round(seconds, 3)

    def _key(self, question: _Question) -> str:
        """Return the digest of all that an answer depends on."""
        about = (
            question.key(),
            sorted(map(str, tuple(self._opaque))),
            redact(repr(self.settings)),
            self._merged,
            self._platform,
            (self.interpreter.path, self.interpreter.version, self.interpreter.platform),
            sorted(item for item in self._environ.items() if item[0].startswith("UV_")),
        )
        return hashlib.sha256(repr(about).encode()).hexdigest()

    def _arguments(self, question: _Question, folder: Path) -> list[str]:
        """Write the files that uv reads, and return its arguments."""
        arguments = ["pip", "compile", _write(folder, "requirements.in", question.lines)]
        arguments += ["--python", self.interpreter.path, "--resolution", question.resolution]
        arguments += ["--no-header", "--annotation-style", "line", "--no-emit-index-url"]
        arguments += ["--output-file", str(folder / "resolved.txt")]
        if question.preferences:
            _write(folder, "resolved.txt", [f"{n}=={v}" for n, v in question.preferences])
        if question.constraints:
            arguments += ["--constraints", _write(folder, "limits.txt", question.constraints)]
        if question.overrides:
            arguments += ["--overrides", _write(folder, "overrides.txt", question.overrides)]
        names = [":all:"] if question.wheels_only is True else question.wheels_only or ()
        for name in names:
            arguments += ["--only-binary", name]
        if self._platform:
            arguments += ["--python-platform", _uv_platform(self._platform)]
        if self.settings.exclude_newer:
            arguments += ["--exclude-newer", self.settings.exclude_newer]
        for name, date in question.exclude_newer_package:
            arguments += ["--exclude-newer-package", f"{name}={date}"]
        tables = [_OUTPUT, *(_index_table(*entry) for entry in self._kept_indexes())]
        tables += [_metadata_table(release) for release in tuple(self._opaque)]
        _write(folder, "uv.toml", tables)
        return [*arguments, *self._places()]

    def _places(self) -> list[str]:
        """Return the arguments for index and find-links; addresses with credentials go by env."""
        arguments = ["--no-index"] if self.settings.no_index else []
        for spot in self._links():
            if not spot.auth:
                # uv runs in a folder of its own, and the user's paths are relative to ours.
                local = "://" not in spot.url
                links = os.path.abspath(spot.url) if local else spot.url
                arguments += ["--find-links", links]
        return arguments

    def _links(self) -> list[Place]:
        logins = self.settings.logins
        return [place(spot, self._environ, logins) for spot in self.settings.find_links]

    def _environment(self) -> dict[str, str]:
        env = {name: value for name, value in self._environ.items() if name not in _DROPPED}
        env.update(UV_CACHE_DIR=str(self._cache), UV_NO_PROGRESS="1", NO_COLOR="1")
        env.update(UV_PYTHON_DOWNLOADS="never")
        if self._merged:
            env["UV_INDEX_STRATEGY"] = "unsafe-best-match"
        if self._merged or {"UV_NO_CONFIG", "UV_CONFIG_FILE"} & self._environ.keys():
            # Our own file is still to be read, and with one given, uv looks for no other: where pip
            # installs, the indexes of uv's own settings are none.
            env["UV_CONFIG_FILE"] = "uv.toml"
        secret = [with_credentials(spot) for spot in self._links() if spot.auth]
        if secret:
            env["UV_FIND_LINKS"] = " ".join(secret)
        if not self.settings.no_index:
            self._add_indexes(env)
        return env

    def _add_indexes(self, env: dict[str, str]) -> None:
        *extra, default = indexes(self.settings, self._environ)
        if self._keeps_pages or self._merged:
            for name in _INDEXES:
                env.pop(name, None)
        if self._keeps_pages:
            for name, spot, _ in self._kept_indexes():
                if spot.auth:
                    user, password = (f"UV_INDEX_{name.upper()}_{x}" for x in _LOGIN)
                    env[user], env[password] = spot.auth
            return
        if self.settings.index_url:
            env["UV_DEFAULT_INDEX"] = with_credentials(default)
        if extra:
            env["UV_INDEX"] = " ".join(map(with_credentials, extra))

    def _kept_indexes(self) -> list[tuple[str, Place, bool]]:
        """Return name, place and whether it is the default one, if their pages are to be kept."""
        if not self._keeps_pages or self.settings.no_index:
            return []
        settings = self.settings
        if not self._merged:
            settings = completed(settings, "uv", self._environ)
        found = indexes(settings, self._environ)
        last = len(found) - 1
        return [(f"index{n}", spot, n == last) for n, spot in enumerate(found)]

    @property
    def program(self) -> str:
        """Return the path of uv. Raises BuilderUnavailable."""
        if self._uv is None:
            self._uv = find_uv()
        return self._uv

    def _prepare_cache(self) -> None:
        self._cache.mkdir(parents=True, exist_ok=True)
        for name in _BUILD_FOLDERS:
            path = self._cache / name
            if not path.exists():
                path.write_text(
                    "A file in place of a folder: here, uv resolves and never builds.\n"
                )


def find_uv() -> str:
    """Return the path of the uv to use. Raises BuilderUnavailable without one."""
    if not (found := interpreters.find_uv()):
        raise BuilderUnavailable("uv is not installed", hint="python -m pip install uv")
    return found


def default_cache() -> Path:
    """Return the folder in the user's cache that uv resolves with."""
    from platformdirs import user_cache_path

    return user_cache_path("depbisect", appauthor=False) / "resolver"


@dataclass(frozen=True, slots=True)
class _Question:
    lines: tuple[str, ...]
    constraints: tuple[str, ...]
    overrides: tuple[str, ...]
    wheels_only: bool | tuple[str, ...]
    resolution: str
    preferences: tuple[tuple[str, str], ...]
    exclude_newer_package: tuple[tuple[str, str], ...]

    def key(self) -> tuple[object, ...]:
        """Return what the answer depends on: the order of lines does not matter."""
        return (
            tuple(sorted(self.lines)),
            tuple(sorted(self.constraints)),
            tuple(sorted(self.overrides)),
            self.wheels_only,
            self.resolution,
            self.preferences,
            self.exclude_newer_package,
        )


# uv wraps what it explains at the terminal's width: a sentence that is quoted should be whole.
_COLUMNS = "400"


class _Processes:
    """Processes that answer questions; once it is ended, none lives on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._processes: set[subprocess.Popen[bytes]] = set()
        self.is_over = False

    def add(self, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._processes.add(process)
            if self.is_over:
                process.kill()

    def remove(self, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._processes.discard(process)

    def end(self) -> None:
        with self._lock:
            self.is_over = True
            for process in self._processes:
                process.kill()


def _run(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    running: _Processes,
) -> tuple[int, str]:
    """Return uv's exit code and all that it said; its process is among `running` meanwhile.

    Where uv cannot build, it starts no process that would outlive it: no group is to be watched.
    Raises BuilderUnavailable where somebody else ended it.
    """
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**environment, "COLUMNS": _COLUMNS},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        running.add(process)
        try:
            output, _ = process.communicate(timeout=POLICY.resolver_timeout)
        except BaseException as error:
            process.kill()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            return 124, "uv pip compile: operation timed out"
        finally:
            running.remove(process)
    if process.returncode < 0:
        if running.is_over:
            return 124, "uv pip compile: operation timed out"
        raise _ended_by(-process.returncode)
    return process.returncode, output.decode("utf-8", errors="replace")


def _ended_by(number: int) -> BuilderUnavailable:
    """Return the error for a uv that a signal ended: it says nothing about the lines."""
    names = {known.value: known.name for known in signal.Signals}
    return BuilderUnavailable(
        f"uv was ended by {names.get(number, f'signal {number}')} while it resolved",
        hint="the system may be out of memory (`dmesg` tells), or have a limit: see `ulimit -a`",
    )


def _read(code: int, text: str, log: str, seconds: float) -> Resolution:
    if code == 0:
        releases, parents = _annotated(text)
        return Resolution(ResolverOutcome.RESOLVED, releases, parents, log, seconds)
    needed = _BUILD_NEEDED.search(log)
    if needed and not _UNREACHABLE.search(log):
        release = Release(canonicalize_name(needed["name"]), needed["version"])
        return Resolution(ResolverOutcome.INVALID, {}, {}, log, seconds, (release,))
    if _UNREACHABLE.search(log):
        return Resolution(ResolverOutcome.INFRASTRUCTURE, {}, {}, log, seconds)
    if _NO_SOLUTION in log:
        return Resolution(ResolverOutcome.CONFLICT, {}, {}, log, seconds, blamed=_blamed(log))
    return Resolution(ResolverOutcome.INVALID, {}, {}, log, seconds)


def _kept_answer(kept: str | None) -> tuple[int, str, str, float] | None:
    """Return an answer as `_asked_of_uv` gave it; None for none that makes sense."""
    try:
        code, text, log, seconds = json.loads(kept or "null")
        return int(code), str(text), str(log), float(seconds)
    except (TypeError, ValueError):
        return None


def _annotated(text: str) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Return versions and parents from lines like `jinja2==3.1.6   # via flask, -r x.in`."""
    releases: dict[str, str] = {}
    parents: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        match = _PIN.match(line)
        if not match:
            continue
        name = canonicalize_name(match["name"])
        releases[name] = match["version"]
        listed = line.partition("# via")[2].split(",")
        words = [word.strip() for word in listed if word.strip()]
        own = any(word.startswith("-r") for word in words)
        others = sorted({_project(word) for word in words if not word.startswith("-")})
        parents[name] = (*([""] if own else []), *others)
    return releases, parents


def _project(word: str) -> str:
    return canonicalize_name(re.split(r"[\[\s(]", word, maxsplit=1)[0])


def _blamed(log: str) -> tuple[str, ...]:
    """Return the projects that uv's sentence says the user requires, then the others it names."""
    text = " ".join(log.split())
    required = [
        word
        for phrase in re.findall(r"you require ([^.]*?)(?:, we can conclude|\.|$)", text)
        for word in re.split(r",| and |we can conclude", phrase)
    ]
    named = re.findall(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?(?:[=<>!~]=|[<>])", text)
    found: dict[str, None] = {}
    for word in [*required, *named]:
        match = re.match(r"\s*(?:and )?(?:you require )?([A-Za-z0-9][A-Za-z0-9._-]*)", word)
        if match:
            found[canonicalize_name(match[1].rstrip("."))] = None
    return tuple(found)


def _write(folder: Path, name: str, lines: Iterable[str]) -> str:
    path = folder / name
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(path)


def _uv_platform(platform: str) -> str:
    """Return what uv calls a platform like `linux-aarch64`; other words go to uv as they are."""
    system, _, machine = platform.partition("-")
    if not machine or system not in _VENDORS:
        return platform
    machine = {"arm64": "aarch64", "amd64": "x86_64"}.get(machine.lower(), machine)
    return f"{machine}-{_VENDORS[system]}"


def _index_table(name: str, spot: Place, is_default: bool) -> str:
    return (
        f'[[index]]\nname = "{name}"\nurl = "{spot.url}"\ndefault = {str(is_default).lower()}\n'
        f'cache-control = {{ api = "max-age={POLICY.page_age}", '
        'files = "max-age=31536000, immutable" }\n'
    )


def _metadata_table(release: Release) -> str:
    return (
        f'[[dependency-metadata]]\nname = "{release.name}"\nversion = "{release.version}"\n'
        "requires-dist = []\n"
    )
