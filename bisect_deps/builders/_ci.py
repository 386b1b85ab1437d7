"""What all CI systems share: the order as text, the log as they give it, and the way of one build.

A `CiBuilder` fulfils the builder protocol over a `System`, which knows one API. The order carries
the script that builds it (`_ci_script.py`), so that the file in the user's repository stays small
and need not change with depbisect. Must not know any system's routes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import secrets
import subprocess
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

from packaging.utils import canonicalize_name

from bisect_deps.builders._http import HttpError, Reply
from bisect_deps.builders._scratch import option_lines, requirement_names
from bisect_deps.builders.base import FENCE, STOPPED, BuilderOptions, Capabilities, Handle, Order
from bisect_deps.errors import BuilderUnavailable, InputError, NotTrusted
from bisect_deps.formats import is_embedded, open_manifest
from bisect_deps.model import BuildStatus
from bisect_deps.secret import Secret, redact, split_credentials
from bisect_deps.trust import trusted

# An environment variable holds at most 128 KiB on Linux, all inputs of a GitHub dispatch 65,535
# characters; a larger order goes into a file of a scratch branch.
LARGEST_INPUT = 60_000
ORDER_FILE = ".depbisect-order"
ORDER_VARIABLE = "DEPBISECT_ORDER"
SCRATCH = "depbisect/"
# What the file in the user's repository runs; the order's script does the rest.
BOOTSTRAP = f"""\
import base64, json, os, zlib
text = os.environ.get("{ORDER_VARIABLE}") or open("{ORDER_FILE}").read()
order = json.loads(zlib.decompress(base64.b64decode(text)).decode())
names = {{"__name__": "depbisect"}}
exec(compile(order["script"], "depbisect", "exec"), names)
names["main"](order)
"""
JOBS = 4
# A build that nobody was told of is taken over for so long after it was made.
RECENT = 3600.0
# How often a run that was asked for and not yet seen is looked for before it is left.
CLOSING_TRIES = 3

_SCRIPT = Path(__file__).with_name("_ci_script.py")
_IMPORTS = Path(__file__).with_name("_imports_script.py")
_ISOLATED = "depbisect-isolated.txt"
_CONVERTED = "depbisect-requirements.txt"
_PREFIX = re.compile(r"^\ufeff?\d{4}-\d\d-\d\dT[\d:.]+Z (?:\d\d[OE][ +])?")
_CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|section_(?:start|end):\d+:\S+?\r")
_END = re.compile(rf"{FENCE} order end rc=(\d+)")
_MARKER = re.compile(r"\[([0-9a-f]{16}-[0-9a-f]{8})\]")
_RAN_OUT = 124
# https://host/owner/name.git, ssh://git@host:22/owner/name, git@host:owner/name.git
_REMOTE = re.compile(r"(?:\w+://(?:[^@/]+@)?|[^@/]+@)([^:/]+)(?::\d+)?[:/](.+?)(?:\.git)?/?")


def stem_of(digest: str, identity: str) -> str:
    """Return the part of a marker that all builds of one order by one builder share."""
    return hashlib.sha256(f"{identity}\0{digest}".encode()).hexdigest()[:16]


def marker_in(title: str) -> str:
    """Return the marker in a run's name, "" without one."""
    found = _MARKER.search(title)
    return found[1] if found else ""


def titled(order: Order, marker: str) -> str:
    """Return the name of a run: what is built, and its marker."""
    return f"{order.label or 'probe'} [{marker}]"


def packed(order: Order, marker: str, options: BuilderOptions, folder: str, cwd: str) -> str:
    """Return the order with its script as text; `folder` and `cwd` are relative to the repository.

    Raises InputError for credentials, which every reader of the runs could read.
    """
    files, path = _to_install(order, options.folder)
    names = [
        name for name in requirement_names(files) if canonicalize_name(name) not in order.unasked
    ]
    content = {
        "marker": marker,
        "script": _SCRIPT.read_text(encoding="utf-8"),
        "folder": folder,
        "cwd": cwd,
        "files": {key: base64.b64encode(data).decode() for key, data in files.items()},
        "path": path,
        "installer": options.installer,
        "index_options": _index_options(options),
        "uv_options": _uv_options(options),
        "isolated": order.isolated,
        "build_constraints": order.build_constraints,
        "imports": _IMPORTS.read_text(encoding="utf-8") if order.imports else "",
        "names": names,
        "checks": order.check,
        "timeout": order.timeout,
    }
    data = json.dumps(content, separators=(",", ":")).encode()
    return base64.b64encode(zlib.compress(data, 9)).decode()


@dataclass(frozen=True, slots=True)
class Seen:
    """What a log tells: the order's part of it, and how it ended.

    `code` is the order's exit code, None where it did not get there. `began`: it was reached.
    """

    text: str
    began: bool = False
    code: int | None = None
    installed: Mapping[str, str] | None = None
    modules: Mapping[str, str] | None = None


def read_log(raw: str, marker: str, *, complete: bool) -> Seen:
    """Return what is between the order's fences, freed of the system's own marks.

    A log whose order never began is returned whole once it is `complete`, "" before.
    """
    lines = [_PREFIX.sub("", _CONTROL.sub("", line)) for line in raw.split("\n")]
    lines = [line.rstrip("\r") for line in (lines if complete else lines[:-1])]
    begin = f"{FENCE} order begin {marker}"
    if begin not in lines:
        return Seen("\n".join(lines) if complete else "")
    kept: list[str] = []
    told: dict[str, Mapping[str, str]] = {}
    code = None
    for line in lines[lines.index(begin) + 1 :]:
        end = _END.fullmatch(line)
        if end is not None:
            code = int(end[1])
            break
        word, _, value = line.removeprefix(f"{FENCE} ").partition(" ")
        if line.startswith(FENCE) and word in ("installed", "modules"):
            told[word] = _mapping(value)
            continue
        kept.append(line)
    text = "".join(f"{line}\n" for line in kept)
    return Seen(text, True, code, told.get("installed"), told.get("modules"))


@dataclass(frozen=True, slots=True)
class Run:
    """A run as its system tells of it. `jobs` are asked for separately where that is so.

    `status` is None where the system does not say how the build ended, only that it did.
    """

    id: str
    url: str | None = None
    title: str = ""
    status: BuildStatus = BuildStatus.QUEUED
    made: float = 0.0
    job: str = ""
    note: str = ""


class System(Protocol):
    """One CI system's API; each method is one request but `begin`, which may take several.

    `pause` is the least pause between two requests that the system's limits allow.
    """

    name: str
    hint: str
    secrets: tuple[Secret, ...]
    live_log: bool
    pause: float

    def identity(self) -> str:
        """Return what answers depend on: project, reference, and the file that builds."""

    def preflight(self) -> Sequence[str]:
        """Return what stands in the way, one sentence each."""

    def begin(self, order: Order, marker: str, text: str) -> Run | None:
        """Start a build; None where the system does not say which run it made."""

    def recent(self) -> list[Run]:
        """Return the newest runs, in any order."""

    def run(self, run: Run) -> Run:
        """Return how a run stands; BROKEN where the system says that it lost it."""

    def job(self, run: Run) -> Run:
        """Return an ended run with its job, and what the job's steps tell of its end."""

    def trace(self, run: Run) -> str:
        """Return the log of the run's job."""

    def cancel(self, run: Run) -> None:
        """Ask for the run to be stopped."""

    def drop(self, marker: str) -> None:
        """Delete the scratch branch of a build."""

    def close(self) -> None:
        """Close the connections."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a system is asked: growing pauses in seconds, one build at a time.

    `patience` is for a system that does not answer, `appear` for a run that is not listed yet.
    """

    first: float = 5.0
    most: float = 20.0
    growth: float = 1.3
    patience: float = 600.0
    appear: float = 120.0


class Stage(Enum):
    """What is to be asked next of a build."""

    FIND = "which run it is"
    RUN = "how it stands"
    JOB = "which job it was"
    TRACE = "its log"
    DONE = "nothing"


@dataclass(slots=True)
class Track:
    """What is known of one build."""

    marker: str
    began: float
    run: Run | None = None
    stage: Stage = Stage.FIND
    status: BuildStatus = BuildStatus.QUEUED
    seen: Seen = field(default_factory=lambda: Seen(""))
    pause: float = 0.0
    due: float = 0.0
    silent_since: float | None = None
    log_tries: int = 0
    cancelled: bool = False


class CiBuilder:
    """The builder protocol over a CI system."""

    def __init__(
        self,
        system: System,
        options: BuilderOptions,
        pace: Pace,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = system.name
        self._system = system
        self._options = options
        self._pace = pace
        self._clock, self._sleep = clock, sleep
        self._folder, self._cwd = places(options)
        self._tracks: dict[str, Track] = {}
        self._earlier: list[Run] | None = None
        self._scratch: set[str] = set()

    def identity(self) -> str:
        """Return the system, its project and reference, Python and installer."""
        python = self._options.interpreter
        parts = [self._system.identity(), self._options.installer, *_index_options(self._options)]
        parts += _uv_options(self._options)
        return " ".join([*parts, f"python {python_of(self._options)}" if python else ""]).strip()

    def describe(self) -> Capabilities:
        """Return as many builds at once as the user allows; a runner is fresh each time."""
        return Capabilities(
            max_parallel=self._options.jobs or JOBS,
            check=True,
            live_log=self._system.live_log,
            cancel=True,
            reattach=True,
            installed=True,
            isolated=True,
            typical=30.0,
            pause=min(self._pace.first, 1.0),
        )

    def preflight(self) -> Sequence[str]:
        """Return what stands in the way, as the system tells."""
        return self._system.preflight()

    def start(self, order: Order) -> Handle:
        """Start a build, or find the run that this or an earlier process started."""
        stem = stem_of(order.digest, self.identity())
        known = self._under_way(stem) or self._left_over(order, stem)
        if known is not None:
            return self._handle(known)
        marker = f"{stem}-{secrets.token_hex(4)}"
        text = packed(order, marker, self._options, self._folder, self._cwd)
        if len(text) > LARGEST_INPUT:
            self._scratch.add(marker)
        track = Track(marker, self._clock())
        # Before it is asked for: one that is interrupted here is found, and cancelled, by its name.
        self._tracks[marker] = track
        try:
            track.run = self._begun(order, marker, text)
        except BuilderUnavailable:
            del self._tracks[marker]
            raise
        track.stage = Stage.FIND if track.run is None else Stage.RUN
        track.due = self._clock() + self._pace.first
        return self._handle(track)

    def poll(self, handle: Handle) -> BuildStatus:
        """Return the state; at most one request, none before the next is due."""
        track = self._track(handle)
        if track.stage is Stage.DONE or self._clock() < track.due:
            return track.status
        track.pause = min(self._pace.most, max(self._pace.first, track.pause * self._pace.growth))
        track.due = self._clock() + max(track.pause, self._system.pause)
        try:
            self._step(track)
            track.silent_since = None
        except HttpError as error:
            self._refused(track, error)
        return track.status

    def log(self, handle: Handle, start: int = 0) -> tuple[str, int]:
        """Return the log from `start` on, freed of secrets."""
        text = redact(self._track(handle).seen.text, self._system.secrets)
        return text[start:], max(start, len(text))

    def installed(self, handle: Handle) -> Mapping[str, str] | None:
        """Return what the install put in place, as the run tells."""
        track = self._track(handle)
        return track.seen.installed if track.status is BuildStatus.PASSED else None

    def modules(self, handle: Handle) -> Mapping[str, str] | None:
        """Return whose modules a failing check mentions, as the run tells."""
        return self._track(handle).seen.modules

    def cancel(self, handle: Handle) -> bool:
        """Ask for the run to be stopped; the next polls see it end."""
        track = self._track(handle)
        if track.stage is Stage.DONE:
            return True
        track.cancelled = True
        try:
            if track.run is None:
                track.run = self._found(track.marker)
            if track.run is not None:
                self._system.cancel(track.run)
        except HttpError as error:
            # It may have ended in between; the next poll tells.
            if error.status not in (404, 409):
                raise unavailable(error, self._system) from None
        track.due = 0.0
        return True

    def close(self) -> None:
        """Cancel what runs, delete scratch branches. Raises BuilderUnavailable for what is left."""
        left: list[str] = []
        for track in self._tracks.values():
            if track.stage is not Stage.DONE and not track.cancelled:
                left += self._left(track)
            track.stage = Stage.DONE
        for marker in sorted(self._scratch):
            error = self._drop(marker)
            if error is not None:
                left.append(f"branch {SCRATCH}{marker}: {error}")
        self._scratch.clear()
        self._system.close()
        if left:
            raise BuilderUnavailable(
                "not cleaned up: " + "; ".join(left), hint="cancel or delete it by hand"
            )

    # Starting.

    def _under_way(self, stem: str) -> Track | None:
        alive = (track for track in self._tracks.values() if track.stage is not Stage.DONE)
        return next((track for track in alive if track.marker.startswith(stem)), None)

    def _left_over(self, order: Order, stem: str) -> Track | None:
        """Return the run of an order that a killed process started and could not take down."""
        if self._options.fresh or order.again:
            return None
        if self._earlier is None:
            try:
                self._earlier = self._system.recent()
            except HttpError as error:
                raise unavailable(error, self._system) from None
        for run in self._earlier:
            marker = marker_in(run.title)
            usable = run.status is not BuildStatus.CANCELLED and run.made > self._clock() - RECENT
            if usable and marker.startswith(stem) and marker not in self._tracks:
                track = Track(marker, self._clock(), run, Stage.RUN)
                self._tracks[marker] = track
                return track
        return None

    def _begun(self, order: Order, marker: str, text: str) -> Run | None:
        """Start the run, waiting while the system is away or wants us to be slower."""
        until = self._clock() + self._pace.patience
        pause = self._pace.first
        told = False
        while isinstance(answer := self._begin(order, marker, text), HttpError):
            wait = wait_of(answer, self._clock())
            wait = pause if wait is None and answer.transient else wait
            if wait is None or self._clock() + wait > until:
                raise unavailable(answer, self._system)
            if not told and self._options.tell is not None:
                self._options.tell(
                    f"{self.name}: {answer.message}; waiting for up to {wait:.0f} s."
                )
                told = True
            self._sleep(wait)
            pause = min(pause * 2, 60.0)
            # One that was not answered may have been taken all the same.
            unsure = answer.status is None or answer.status >= 500
            found = self._found(marker) if unsure else None
            if found is not None:
                return found
        return answer

    def _begin(self, order: Order, marker: str, text: str) -> Run | HttpError | None:
        try:
            return self._system.begin(order, marker, text)
        except HttpError as error:
            return error

    def _found(self, marker: str) -> Run | None:
        try:
            runs = self._system.recent()
        except HttpError:
            return None
        return next((run for run in runs if marker_in(run.title) == marker), None)

    # Watching.

    def _step(self, track: Track) -> None:
        if track.stage is Stage.FIND or track.run is None:
            self._find(track)
        elif track.stage is Stage.RUN:
            self._look(track)
        elif track.stage is Stage.JOB:
            note = track.run.note
            track.run = self._system.job(track.run)
            track.stage = Stage.TRACE
            if not track.run.job:
                self._end(track, track.run.note or note or "the run had no job")
            self._soon(track)
        else:
            self._read(track)

    def _soon(self, track: Track) -> None:
        if track.stage is not Stage.DONE:
            track.due = min(track.due, self._clock() + min(self._pace.first, 1.0))

    def _find(self, track: Track) -> None:
        runs = self._system.recent()
        track.run = next((run for run in runs if marker_in(run.title) == track.marker), None)
        if track.run is not None:
            track.stage = Stage.RUN
        elif self._clock() - track.began > self._pace.appear:
            self._end(track, f"no run named [{track.marker}] has appeared")

    def _look(self, track: Track) -> None:
        assert track.run is not None
        track.run = self._system.run(track.run)
        if track.run.status.is_final:
            track.stage = Stage.TRACE if track.run.job else Stage.JOB
            self._soon(track)
            return
        track.status = track.run.status
        if self._system.live_log and track.run.job and track.status is BuildStatus.RUNNING:
            track.stage = Stage.TRACE

    def _read(self, track: Track) -> None:
        assert track.run is not None
        is_final = track.run.status.is_final
        try:
            raw = self._system.trace(track.run)
        except HttpError as error:
            if error.status not in (404, 410) or not is_final or track.log_tries >= 3:
                if error.status not in (404, 410):
                    raise
                raw = ""
            else:
                track.log_tries += 1
                return
        track.seen = read_log(raw, track.marker, complete=is_final)
        if is_final:
            self._end(track, track.run.note)
        else:
            track.stage = Stage.RUN

    def _end(self, track: Track, note: str = "") -> None:
        track.stage = Stage.DONE
        track.status = _status_of(track)
        text = track.seen.text
        if track.status is BuildStatus.BROKEN and STOPPED not in text:
            reason = note or "the run ended before the build did"
            track.seen = Seen(f"{text}{_gap(text)}{STOPPED}: {reason}\n", track.seen.began)
        if track.marker in self._scratch:
            self._drop(track.marker)

    def _left(self, track: Track) -> list[str]:
        """Cancel a build at the end of the run; returns what could not be cancelled."""
        for _ in range(CLOSING_TRIES):
            track.run = track.run or self._found(track.marker)
            if track.run is not None:
                break
            self._sleep(self._pace.first)
        try:
            self.cancel(self._handle(track))
        except BuilderUnavailable as error:
            return [f"run {track.run.id if track.run else track.marker}: {error}"]
        return []

    def _drop(self, marker: str) -> HttpError | None:
        """Delete a scratch branch, which may be gone already; returns what stood in the way."""
        try:
            self._system.drop(marker)
        except HttpError as error:
            if error.status not in (404, 422):
                return error
        self._scratch.discard(marker)
        return None

    def _refused(self, track: Track, error: HttpError) -> None:
        """Wait where the system asks for it, or is away; give up where it says no."""
        now = self._clock()
        if error.status == 404 and track.stage is Stage.RUN:
            self._end(track, "the run is gone")
            return
        wait = wait_of(error, now)
        if wait is not None:
            track.due = now + wait
            return
        if not error.transient:
            raise unavailable(error, self._system)
        track.silent_since = track.silent_since or now
        if now - track.silent_since > self._pace.patience:
            raise unavailable(error, self._system)

    # Handles.

    def _handle(self, track: Track) -> Handle:
        run = track.run
        extra = {"marker": track.marker, "run": run.id if run else ""}
        return Handle(track.marker, run.url if run else None, extra)

    def _track(self, handle: Handle) -> Track:
        """Return what is known of a build; one of an earlier process is asked for anew."""
        marker = handle.extra.get("marker", handle.id)
        if marker not in self._tracks:
            run_id = handle.extra.get("run", "")
            run = Run(run_id, handle.url) if run_id else None
            stage = Stage.RUN if run else Stage.FIND
            self._tracks[marker] = Track(marker, self._clock(), run, stage)
            self._scratch.add(marker)
        return self._tracks[marker]


def unavailable(error: HttpError, system: System) -> BuilderUnavailable:
    """Return the user's error for a refused request."""
    return BuilderUnavailable(f"{system.name}: {error}", hint=system.hint)


def wait_of(error: HttpError, now: float) -> float | None:
    """Return the seconds to wait where a request came too early or too often, None elsewhere.

    Source: "Rate limits for the REST API" of GitHub (403 or 429, `retry-after`, else
    `x-ratelimit-reset` once nothing remains, else a minute for secondary limits).
    """
    if error.retry_after is not None and (error.status == 403 or error.transient):
        return error.retry_after
    if error.status not in (403, 429):
        return None
    headers = error.reply.headers if error.reply is not None else {}
    if _header(headers, "remaining") == 0:
        reset = _header(headers, "reset")
        return max(1.0, (reset or now) - now)
    if error.status == 429 or "rate limit" in error.message.lower():
        return 60.0
    return None


def slower(reply: Reply, now: float) -> float:
    """Return the least pause between requests that what remains of the limit allows; 0 mostly."""
    remaining, reset = _header(reply.headers, "remaining"), _header(reply.headers, "reset")
    if remaining is None or reset is None or remaining > 200:
        return 0.0
    return max(0.0, reset - now) / max(1.0, remaining)


def python_of(options: BuilderOptions) -> str:
    """Return the Python that a runner is to have, as `3.11`."""
    return options.interpreter.minor if options.interpreter is not None else "3"


def places(options: BuilderOptions) -> tuple[str, str]:
    """Return the file's folder and the checks' folder, relative to the repository around them."""
    root = git(options.folder, "rev-parse", "--show-toplevel")
    top = Path(root).resolve() if root else options.folder.resolve()
    found = []
    for path in (options.folder.resolve(), options.cwd.resolve()):
        inside = path.is_relative_to(top)
        found.append(path.relative_to(top).as_posix() if inside else ".")
    return found[0], found[1]


def git(folder: Path, *arguments: str) -> str:
    """Return what git says there, "" where it fails or is not installed."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def project_of(folder: Path) -> tuple[str, str]:
    """Return host and path of the repository's `origin`: `github.com`, `owner/name`; else ""."""
    url = git(folder, "remote", "get-url", "origin")
    found = _REMOTE.fullmatch(url)
    return (found[1], found[2]) if found else ("", "")


def own_host(folder: Path, *public: str) -> str:
    """Return the host of the repository's origin, "" for a public one or none.

    A clone's origin is nobody's word on where a token may go: raises NotTrusted for a host that the
    user has not named.
    """
    host, _ = project_of(folder)
    if not host or host in public:
        return ""
    if not trusted().has_host(host):
        raise NotTrusted(
            f"the clone's origin is on {host}, which would get your token",
            hint=f"depbisect trust {host}, once; or name the server with --api-address",
        )
    return host


def token_from(*variables: str) -> Secret | None:
    """Return the first of these environment variables that is set."""
    found = (os.environ.get(name, "").strip() for name in variables)
    return next((Secret(value) for value in found if value), None)


def _status_of(track: Track) -> BuildStatus:
    """Return how a build ended: by its log where the order began, else by the system's word."""
    assert track.stage is Stage.DONE
    seen, said = track.seen, track.run.status if track.run else BuildStatus.BROKEN
    if seen.code == 0 and said is BuildStatus.PASSED:
        return BuildStatus.PASSED
    if seen.code is not None and seen.code not in (0, _RAN_OUT, 125, 130):
        return BuildStatus.FAILED
    if track.cancelled or said is BuildStatus.CANCELLED:
        return BuildStatus.CANCELLED if track.cancelled else BuildStatus.BROKEN
    if not seen.began and not seen.text:
        # No log is to be had: the system's word on the step is all there is.
        return said if said in (BuildStatus.PASSED, BuildStatus.FAILED) else BuildStatus.BROKEN
    return BuildStatus.BROKEN


def _to_install(order: Order, folder: Path) -> tuple[dict[str, bytes], str]:
    """Return the order's files and the one to install, as requirements files whatever it is."""
    files, path = dict(order.files), order.path
    if order.isolated is not None:
        options = b"".join(map(option_lines, files.values()))
        return {**files, _ISOLATED: options + order.isolated.encode() + b"\n"}, _ISOLATED
    if not is_embedded(Path(path)):
        return files, path

    def read(name: str) -> bytes:
        return files[os.path.relpath(name, folder)]

    lines = [own.text for own in open_manifest(folder / path, read=read).requirements]
    converted = os.path.join(os.path.dirname(path), _CONVERTED)
    return {**files, converted: "".join(f"{line}\n" for line in lines).encode()}, converted


def _index_options(options: BuilderOptions) -> list[str]:
    index = options.index
    found = ["--index-url", index.index_url] if index.index_url else []
    found += [part for url in index.extra_index_urls for part in ("--extra-index-url", url)]
    found += [part for link in index.find_links for part in ("--find-links", link)]
    found += ["--no-index"] if index.no_index else []
    if split_credentials(" ".join(found))[1]:
        raise InputError(
            "the index's password would stand in the run's inputs, where others read it",
            hint="set PIP_INDEX_URL in the workflow from a secret, and leave --index-url out",
        )
    return found


def _uv_options(options: BuilderOptions) -> list[str]:
    newer = options.index.exclude_newer
    return ["--exclude-newer", newer] if newer else []


def _mapping(text: str) -> Mapping[str, str]:
    try:
        value: Any = json.loads(text)
    except ValueError:
        return {}
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else {}


def _gap(text: str) -> str:
    return "" if not text or text.endswith("\n") else "\n"


def _header(headers: Mapping[str, str], name: str) -> float | None:
    text = headers.get(f"x-ratelimit-{name}") or headers.get(f"ratelimit-{name}")
    try:
        return float(text) if text else None
    except ValueError:
        return None
