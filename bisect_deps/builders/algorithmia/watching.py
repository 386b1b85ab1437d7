"""The way of one build: listed, built, logged, called.

A track is what is known of a build; the watcher moves it on by at most one request a step, when the
next is due. The two requests that answer late (compile, and the call of the built version) run
beside it in threads. Knows nothing of git and of the handles that tracks are kept under.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from bisect_deps.builders._http import HttpError
from bisect_deps.builders.algorithmia.api import Algorithm, Api, Called, RemoteBuild
from bisect_deps.builders.algorithmia.calling import is_near, is_over, log_of, note_of
from bisect_deps.builders.algorithmia.patience import Patience
from bisect_deps.builders.algorithmia.rights import explained
from bisect_deps.builders.algorithmia.settings import AlgorithmiaSettings
from bisect_deps.builders.base import FENCE, STOPPED, begin_fence, end_fence
from bisect_deps.model import BuildStatus
from bisect_deps.policy import POLICY, Pace
from bisect_deps.secret import redact

NO_LOGS = (
    'The platform says "logs unavailable" of failed builds, so their status alone was evidence: '
    "no log names a release, and more builds are needed. Its documents say to ask its support for "
    "the logs (support@algorithmia.com, or who runs your cluster)."
)
SUCCEEDED, FAILED, IN_PROGRESS = "succeeded", "failed", "in-progress"


class Stage(Enum):
    """How far a build has come."""

    LISTING = "waiting to be listed"
    BUILDING = "building"
    LOG = "its log is asked for"
    COMPILATION = "its version's log is asked for"
    CALLING = "called with the sample input"
    DONE = "done"


@dataclass(slots=True)
class Track:
    """What is known of one build under way."""

    algorithm: Algorithm
    commit: str
    digest: str
    began: float
    limit: float
    stage: Stage = Stage.LISTING
    build_id: str = ""
    marker: str | None = None
    pages: int = 0
    status: BuildStatus = BuildStatus.QUEUED
    passed: bool = False
    log: str = ""
    pause: float = 0.0
    next_request: float = 0.0
    listed_by: float = 0.0
    compiled: bool = False
    refusal: str = ""
    missing_logs: int = 0
    silent_since: float | None = None
    calling: Calling | None = None

    def end(self, status: BuildStatus, words: str = "") -> None:
        """End the track; `words` become the log's last line."""
        self.stage, self.status = Stage.DONE, status
        if words:
            gap = "" if not self.log or self.log.endswith("\n") else "\n"
            self.log += f"{gap}{words}\n"


@dataclass(slots=True)
class Calling:
    """A call of a built version in a thread of its own; `ended` is set last.

    `note` is what the user should know of it, of any but the first only where `is_slow`.
    """

    ended: threading.Event = field(default_factory=threading.Event)
    status: BuildStatus = BuildStatus.BROKEN
    text: str = ""
    note: str = ""
    is_slow: bool = False
    refusal: HttpError | None = None


class Watcher:
    """Moves tracks on. `head` tells which commit of a branch was pushed last.

    `notes` are what the user should know at the end, each once.
    """

    def __init__(
        self,
        api: Api,
        settings: AlgorithmiaSettings,
        pace: Pace,
        clock: Callable[[], float],
        head: Callable[[Algorithm], str],
    ) -> None:
        self._api = api
        self._settings = settings
        self._pace = pace
        self._clock = clock
        self._head = head
        self.notes: dict[str, None] = {}
        # Whether the platform had the log of any build that failed, and which orders had none.
        self._has_logs = False
        self._unlogged: set[str] = set()
        self._has_called = False

    def watch(self, track: Track) -> None:
        """Move a track on where a request is due; never sleeps."""
        now = self._clock()
        if track.stage is Stage.CALLING:
            self._hear_call(track)
        elif track.stage is not Stage.DONE and now >= track.next_request:
            self._step(track, now)
        if track.stage is not Stage.DONE and now > track.began + track.limit + POLICY.call_slack:
            words = f"{STOPPED}: over its limit of {track.limit:g} s"
            track.end(BuildStatus.BROKEN, words)

    def _step(self, track: Track, now: float) -> None:
        """Send the one request that is due, and plan the next."""
        steps = {
            Stage.LISTING: self._look_for_build,
            Stage.BUILDING: self._ask_build,
            Stage.LOG: self._ask_log,
            Stage.COMPILATION: self._ask_compilation,
        }
        stage = track.stage
        try:
            steps[stage](track, now)
        except HttpError as error:
            self._hear_outage(track, error, now)
            return
        track.silent_since = None
        if track.stage is not stage or track.marker is not None:
            track.pause, track.next_request = 0.0, now
            return
        grown = track.pause * self._pace.growth or self._pace.first
        track.pause = min(grown, self._pace.most)
        track.next_request = now + track.pause

    def _look_for_build(self, track: Track, now: float) -> None:
        page = self._api.builds(track.algorithm, marker=track.marker)
        build = _build_of(track.commit, page.builds)
        if build is not None:
            track.build_id = build.id
            track.stage = Stage.BUILDING
            self._hear_status(track, build)
            return
        if now < track.listed_by:
            return
        # Newest first is in every example but promised nowhere: look behind the first page once.
        track.marker, track.pages = page.marker, track.pages + 1
        if page.marker and track.pages < POLICY.listed_pages:
            return
        track.pages = 0
        if track.compiled:
            why = f": {track.refusal}" if track.refusal else ""
            track.end(BuildStatus.BROKEN, f"no build of the pushed commit ever appeared{why}")
        elif self._head(track.algorithm) != track.commit:
            track.end(BuildStatus.BROKEN, "a later push came before this commit was built")
        else:
            self._compile(track, now)

    def _compile(self, track: Track, now: float) -> None:
        """Ask once for a build; its answer comes after the build, so nobody waits for it."""
        track.compiled = True
        track.listed_by = now + self._pace.appear
        api = self._api.copy()

        def ask() -> None:
            try:
                api.compile(track.algorithm)
            except HttpError as error:
                # The build may have started all the same: the listing tells.
                track.refusal = str(error)
            finally:
                api.close()

        threading.Thread(target=ask, name="depbisect-compile", daemon=True).start()

    def _ask_build(self, track: Track, now: float) -> None:
        self._hear_status(track, self._api.build(track.algorithm, track.build_id))

    def _hear_status(self, track: Track, build: RemoteBuild) -> None:
        track.status = BuildStatus.RUNNING
        if build.status in (SUCCEEDED, FAILED):
            track.passed = build.status == SUCCEEDED
            track.stage = Stage.LOG
        elif build.status != IN_PROGRESS:
            words = redact(build.status)[:60]
            track.end(BuildStatus.BROKEN, f"the platform calls this build {words!r}")

    def _ask_log(self, track: Track, now: float) -> None:
        text = self._api.build_log(track.algorithm, track.build_id)
        if text:
            self._hear_log(track, text)
            return
        track.missing_logs += 1
        if track.missing_logs >= self._pace.log_tries:
            track.stage = Stage.COMPILATION

    def _ask_compilation(self, track: Track, now: float) -> None:
        self._hear_log(track, self._api.compilation_log(track.algorithm, track.commit) or "")

    def _hear_log(self, track: Track, text: str) -> None:
        track.log = redact(text, self._settings.secrets)
        if not track.passed:
            self._hear_failure(track, is_logged=bool(text.strip()))
        elif self._settings.calls:
            self._call(track)
        else:
            track.end(BuildStatus.PASSED)

    def _hear_failure(self, track: Track, *, is_logged: bool) -> None:
        """End a failed build; where logs are unavailable for good, its status alone is evidence."""
        if is_logged:
            self._has_logs = True
            track.end(BuildStatus.FAILED)
        elif self._has_logs and track.digest not in self._unlogged:
            # Others have theirs: this one may have been lost with the build's end, so once more.
            self._unlogged.add(track.digest)
            track.end(BuildStatus.BROKEN, "the platform has no log of this build")
        else:
            self.notes[NO_LOGS] = None
            track.end(BuildStatus.FAILED, f"{FENCE} note: logs unavailable, failed by its status")

    def _call(self, track: Track) -> None:
        calling = Calling()
        track.calling, track.stage = calling, Stage.CALLING
        api = self._api.copy()

        def ask() -> None:
            try:
                self._answer(api, track, calling)
            except HttpError as error:
                calling.text = f"the call was not answered: {error}"
                calling.refusal = error if error.status in (400, 401, 403) else None
            finally:
                api.close()
                calling.ended.set()

        threading.Thread(target=ask, name="depbisect-call", daemon=True).start()

    def _answer(self, api: Api, track: Track, calling: Calling) -> None:
        """Call the version and read the platform's error entries for that request."""
        value, limit = self._settings.check_input, self._settings.call_timeout
        patience = Patience(self._pace.patience, first=self._pace.first, most=self._pace.most)
        called = patience.ask(lambda: api.call(track.algorithm, track.commit, value, limit))
        calling.text = log_of(called, limit)
        calling.note, calling.is_slow = note_of(called, limit), is_near(called, limit)
        if called.error is None:
            calling.status = BuildStatus.PASSED
            return
        over = is_over(called, limit)
        calling.status = BuildStatus.CANCELLED if over else BuildStatus.FAILED
        texts = _entries_of(api, track, called) or [called.error]
        calling.text = "\n".join([calling.text, *texts])

    def _hear_call(self, track: Track) -> None:
        calling = track.calling
        if calling is None or not calling.ended.is_set():
            return
        if calling.refusal is not None:
            raise explained(calling.refusal, str(track.algorithm)) from None
        code = 0 if calling.status is BuildStatus.PASSED else 1
        text = redact(calling.text, self._settings.secrets)
        if calling.note and (calling.is_slow or not self._has_called):
            self.notes[redact(calling.note, self._settings.secrets)] = None
        self._has_called = True
        lines = [begin_fence("check"), *([text] if text else []), end_fence("check", code)]
        track.end(calling.status, "\n".join(lines))

    def _hear_outage(self, track: Track, error: HttpError, now: float) -> None:
        """Wait where that may help; else say what is wrong with the rights or the address."""
        if not error.transient and not error.html:
            self._hear_refusal(track, error)
            return
        track.silent_since = now if track.silent_since is None else track.silent_since
        if now - track.silent_since > self._pace.patience:
            track.end(BuildStatus.BROKEN, f"the platform has a failure of its own: {error}")
            return
        track.pause = min(max(track.pause, self._pace.first) * 2, self._pace.most)
        wait = track.pause if error.retry_after is None else error.retry_after
        track.next_request = now + wait

    def _hear_refusal(self, track: Track, error: HttpError) -> None:
        """End what one build's loss explains; raise what concerns every build."""
        if track.stage is Stage.LISTING or error.status in (401, 403):
            raise explained(error, str(track.algorithm)) from None
        if track.stage is Stage.LOG:
            track.stage = Stage.COMPILATION
        elif track.stage is Stage.COMPILATION:
            self._hear_log(track, "")
        else:
            track.end(BuildStatus.BROKEN, f"the platform lost this build: {error}")


def _entries_of(api: Api, track: Track, called: Called) -> list[str]:
    """Return the texts of the platform's error entries of a call; none where it keeps none."""
    try:
        entries = api.errors(track.algorithm)
    except HttpError:
        return []
    return [
        entry.text.rstrip()
        for entry in entries
        if (called.request_id and entry.request_id == called.request_id)
        or (
            not called.request_id
            and entry.algoversion == track.commit
            and entry.created >= called.began - 1
        )
    ]


def finished_build(api: Api, algorithm: Algorithm, commit: str) -> RemoteBuild | None:
    """Return the newest finished build of a commit, or None. Raises HttpError."""
    marker: str | None = None
    found: list[RemoteBuild] = []
    for _ in range(POLICY.listed_pages):
        page = api.builds(algorithm, marker=marker)
        found += [b for b in page.builds if _is_of(b, commit) and b.status in (SUCCEEDED, FAILED)]
        marker = page.marker
        if marker is None:
            break
    return max(found, key=lambda build: build.started, default=None)


def _is_of(build: RemoteBuild, commit: str) -> bool:
    """Say whether a build is of a commit; either may be written short."""
    return len(build.commit) >= 7 and (
        commit.startswith(build.commit) or build.commit.startswith(commit)
    )


def _build_of(commit: str, builds: Sequence[RemoteBuild]) -> RemoteBuild | None:
    """Return the build of a commit: one that has ended before one under way, then the oldest."""
    found = [build for build in builds if _is_of(build, commit)]
    return min(found, key=lambda build: (build.status == IN_PROGRESS, build.started), default=None)
