"""The way of one build on a CI system: started, found, watched, read, cancelled.

A `CiBuilder` fulfils the builder protocol over a `System`, which knows one API. Must not know any
system's routes.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from bisect_deps.builders._ci_logs import (
    LARGEST_INPUT,
    SCRATCH,
    JobLog,
    marker_in,
    read_log,
    stem_of,
)
from bisect_deps.builders._ci_projects import places, python_of
from bisect_deps.builders._http import HttpError
from bisect_deps.builders._job import Credentials, Machines, about_index, job_of, packed
from bisect_deps.builders._limits import wait_of
from bisect_deps.builders.base import STOPPED, BuilderOptions, Capabilities, Handle, Order
from bisect_deps.errors import BuilderUnavailable
from bisect_deps.model import BuildStatus
from bisect_deps.policy import POLICY, Pace
from bisect_deps.secret import Secret, redact


@dataclass(frozen=True, slots=True)
class Run:
    """A run as its system tells of it.

    `job` is known once the system was asked for it; `note` says why a run is BROKEN.
    """

    id: str
    url: str | None = None
    title: str = ""
    status: BuildStatus = BuildStatus.QUEUED
    job: str = ""
    note: str = ""


class System(Protocol):
    """One CI system's API; each method is a request or two but `begin`, which may take more.

    `pause` is the least pause between two requests that the system's limits allow. `exact`: a run
    passes or fails as the job's own exit code says, so that it counts where the log was cut short.
    """

    name: str
    hint: str
    secrets: tuple[Secret, ...]
    live_log: bool
    exact: bool
    pause: float

    def slots(self) -> int:
        """Return how many builds at once suit it."""

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


class CiStage(Enum):
    """What is to be asked next of a build."""

    FIND = "which run it is"
    RUN = "how it stands"
    JOB = "which job it was"
    TRACE = "its log"
    DONE = "nothing"


@dataclass(slots=True)
class CiTrack:
    """What is known of one build."""

    marker: str
    began: float
    run: Run | None = None
    stage: CiStage = CiStage.FIND
    status: BuildStatus = BuildStatus.QUEUED
    seen: JobLog = field(default_factory=lambda: JobLog(""))
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
        place: Machines | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = system.name
        self._system = system
        self._options = options
        self._pace = pace
        self._clock, self._sleep = clock, sleep
        self._place = place or Machines(checkout=places(options))
        self._slots: int | None = options.jobs
        self._tracks: dict[str, CiTrack] = {}
        self._earlier: list[Run] | None = None
        self._scratch: set[str] = set()

    def identity(self) -> str:
        """Return the system, its project and reference, Python and installer."""
        python = self._options.interpreter
        parts = [self._system.identity(), *about_index(self._options)]
        return " ".join([*parts, f"python {python_of(self._options)}" if python else ""]).strip()

    def describe(self) -> Capabilities:
        """Return as many builds at once as the user allows; a runner is fresh each time."""
        if self._slots is None:
            self._slots = self._system.slots()
        return Capabilities(
            max_parallel=self._slots,
            check=True,
            live_log=self._system.live_log,
            cancel=True,
            reattach=True,
            installed=True,
            isolated=True,
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
        text = packed(job_of(order, self._options, self._place, Credentials(), marker))
        if len(text) > LARGEST_INPUT:
            self._scratch.add(marker)
        track = CiTrack(marker, self._clock())
        # Before it is asked for: one that is interrupted here is found, and cancelled, by its name.
        self._tracks[marker] = track
        track.run = self._begun(order, marker, text)
        track.stage = CiStage.FIND if track.run is None else CiStage.RUN
        track.due = self._clock() + self._pace.first
        return self._handle(track)

    def poll(self, handle: Handle) -> BuildStatus:
        """Return the state; at most one request, none before the next is due."""
        track = self._track(handle)
        if track.stage is CiStage.DONE or self._clock() < track.due:
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
        result = self._track(handle).seen.result
        return result.installed if result else None

    def modules(self, handle: Handle) -> Mapping[str, str] | None:
        """Return whose modules a failing check mentions, as the run tells."""
        result = self._track(handle).seen.result
        return result.modules if result else None

    def cancel(self, handle: Handle) -> bool:
        """Ask for the run to be stopped; the next polls see it end."""
        track = self._track(handle)
        if track.stage is CiStage.DONE:
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
            if track.stage is not CiStage.DONE and not track.cancelled:
                left += self._left(track)
            track.stage = CiStage.DONE
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

    def _under_way(self, stem: str) -> CiTrack | None:
        alive = (track for track in self._tracks.values() if track.stage is not CiStage.DONE)
        return next((track for track in alive if track.marker.startswith(stem)), None)

    def _left_over(self, order: Order, stem: str) -> CiTrack | None:
        """Return the run of an order that a killed process started and could not take down."""
        if self._options.fresh or order.again:
            return None
        if self._earlier is None:
            self._earlier = self._runs_before()
        for run in self._earlier:
            marker = marker_in(run.title)
            usable = run.status not in (BuildStatus.CANCELLED, BuildStatus.BROKEN)
            if usable and marker.startswith(stem) and marker not in self._tracks:
                track = CiTrack(marker, self._clock(), run, CiStage.RUN)
                self._tracks[marker] = track
                return track
        return None

    def _runs_before(self) -> list[Run]:
        """Return the newest runs, waiting as a start does."""
        wait_after = self._waits()
        while True:
            try:
                return self._system.recent()
            except HttpError as error:
                wait = wait_after(error)
                if wait is None:
                    raise unavailable(error, self._system) from None
            self._sleep(wait)

    def _waits(self) -> Callable[[HttpError], float | None]:
        """Return what tells how long to wait after an error; None where that is of no use."""
        until = self._clock() + self._pace.patience
        pause = self._pace.first

        def wait_after(error: HttpError) -> float | None:
            nonlocal pause
            wait = wait_of(error, time.time())
            wait = pause if wait is None and error.transient else wait
            pause = min(pause * 2, 60.0)
            return None if wait is None or self._clock() + wait > until else wait

        return wait_after

    def _begun(self, order: Order, marker: str, text: str) -> Run | None:
        """Start the run, waiting while the system is away or wants us to be slower."""
        wait_after = self._waits()
        reported = False
        while isinstance(answer := self._begin(order, marker, text), HttpError):
            wait = wait_after(answer)
            # One that was not answered, or oddly, may have been taken all the same.
            is_unsure = answer.status is None or answer.status >= 500 or answer.status < 300
            if wait is None:
                found = self._found(marker) if is_unsure else None
                if found is not None:
                    return found
                if not is_unsure:
                    del self._tracks[marker]
                raise unavailable(answer, self._system)
            if not reported and self._options.tell is not None:
                self._options.tell(
                    f"{self.name}: {answer.message}; waiting for up to {wait:.0f} s."
                )
                reported = True
            self._sleep(wait)
            found = self._found(marker) if is_unsure else None
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

    def _step(self, track: CiTrack) -> None:
        if track.stage is CiStage.FIND or track.run is None:
            self._find(track)
        elif track.stage is CiStage.RUN:
            self._look(track)
        elif track.stage is CiStage.JOB:
            note = track.run.note
            track.run = self._system.job(track.run)
            track.stage = CiStage.TRACE
            if not track.run.job:
                self._end(track, track.run.note or note or "the run had no job")
            self._soon(track)
        else:
            self._read(track)

    def _soon(self, track: CiTrack) -> None:
        if track.stage is not CiStage.DONE:
            track.due = min(track.due, self._clock() + min(self._pace.first, 1.0))

    def _find(self, track: CiTrack) -> None:
        runs = self._system.recent()
        track.run = next((run for run in runs if marker_in(run.title) == track.marker), None)
        if track.run is not None:
            track.stage = CiStage.RUN
        elif self._clock() - track.began > self._pace.appear:
            self._end(track, f"no run named [{track.marker}] has appeared")

    def _look(self, track: CiTrack) -> None:
        assert track.run is not None
        track.run = self._system.run(track.run)
        if track.run.status.is_final:
            track.stage = CiStage.TRACE if track.run.job else CiStage.JOB
            self._soon(track)
            return
        track.status = track.run.status
        if self._system.live_log and track.run.job and track.status is BuildStatus.RUNNING:
            track.stage = CiStage.TRACE

    def _read(self, track: CiTrack) -> None:
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
            track.stage = CiStage.RUN

    def _end(self, track: CiTrack, note: str = "") -> None:
        track.stage = CiStage.DONE
        track.status = _status_of(track, exact=self._system.exact)
        text = track.seen.text
        if track.status is BuildStatus.BROKEN and STOPPED not in text:
            reason = note or "the run ended before the build did"
            track.seen = JobLog(f"{text}{_gap(text)}{STOPPED}: {reason}\n", track.seen.began)
        if track.marker in self._scratch:
            self._drop(track.marker)

    def _left(self, track: CiTrack) -> list[str]:
        """Cancel a build at the end of the run; returns what could not be cancelled."""
        for _ in range(POLICY.closing_tries):
            track.run = track.run or self._found(track.marker)
            if track.run is not None:
                break
            self._sleep(max(self._pace.first, POLICY.watched.first))
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

    def _refused(self, track: CiTrack, error: HttpError) -> None:
        """Wait where the system asks for it, or is away; give up where it says no."""
        now = self._clock()
        if error.status == 404 and track.stage is CiStage.RUN:
            self._end(track, "the run is gone")
            return
        wait = wait_of(error, time.time())
        if wait is not None:
            track.due = now + wait
            return
        if not error.transient:
            raise unavailable(error, self._system)
        track.silent_since = track.silent_since or now
        if now - track.silent_since > self._pace.patience:
            raise unavailable(error, self._system)

    # Handles.

    def _handle(self, track: CiTrack) -> Handle:
        run = track.run
        extra = {"marker": track.marker, "run": run.id if run else ""}
        return Handle(track.marker, run.url if run else None, extra)

    def _track(self, handle: Handle) -> CiTrack:
        """Return what is known of a build; one of an earlier process is asked for anew."""
        marker = handle.extra.get("marker", handle.id)
        if marker not in self._tracks:
            run_id = handle.extra.get("run", "")
            run = Run(run_id, handle.url) if run_id else None
            stage = CiStage.RUN if run else CiStage.FIND
            self._tracks[marker] = CiTrack(marker, self._clock(), run, stage)
            self._scratch.add(marker)
        return self._tracks[marker]


def unavailable(error: HttpError, system: System) -> BuilderUnavailable:
    """Return the user's error for a refused request."""
    return BuilderUnavailable(f"{system.name}: {error}", hint=system.hint)


def _status_of(track: CiTrack, *, exact: bool) -> BuildStatus:
    """Return how a build ended: by the job's own word, else by the system's."""
    assert track.stage is CiStage.DONE
    seen, said = track.seen, track.run.status if track.run else BuildStatus.BROKEN
    reported = seen.result.status if seen.result else None
    if reported is BuildStatus.FAILED or (reported is BuildStatus.PASSED and said is reported):
        return reported
    if track.cancelled or said is BuildStatus.CANCELLED:
        return BuildStatus.CANCELLED if track.cancelled else BuildStatus.BROKEN
    is_cut = exact and seen.began and reported is None
    if is_cut or (not seen.began and not seen.text):
        # No end of the log is to be had: the system's word on the step is all there is.
        return said if said in (BuildStatus.PASSED, BuildStatus.FAILED) else BuildStatus.BROKEN
    return BuildStatus.BROKEN


def _gap(text: str) -> str:
    return "" if not text or text.endswith("\n") else "\n"
