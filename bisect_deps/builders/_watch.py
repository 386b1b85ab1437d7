"""A build on a hosted platform, watched by requests: at growing pauses, and through outages.

Must not know any platform's routes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from bisect_deps.builders._http import HttpError
from bisect_deps.builders.base import Handle
from bisect_deps.errors import BuilderUnavailable
from bisect_deps.model import BuildStatus
from bisect_deps.policy import POLICY
from bisect_deps.secret import Secret, redact


@dataclass(slots=True)
class Watch:
    """What is known of one build; `limit` in seconds, other times by the builder's clock."""

    digest: str
    limit: float
    status: BuildStatus = BuildStatus.QUEUED
    log: str = ""
    pause: float = 0.0
    due: float = 0.0
    silent_since: float | None = None

    def break_off(self, why: str) -> None:
        """End it as lost: no evidence."""
        self.log += f"depbisect: {why}\n"
        self.status = BuildStatus.BROKEN


W = TypeVar("W", bound=Watch)


def ask(
    watch: W,
    now: float,
    step: Callable[[W], None],
    unavailable: Callable[[HttpError], BuilderUnavailable],
) -> BuildStatus:
    """Return how a build stands: `step` sends one request, and none before it is due.

    An outage is waited out, but not for ever. Raises what `unavailable` makes of a refusal.
    """
    if watch.status.is_final or now < watch.due:
        return watch.status
    pace = POLICY.watched
    watch.pause = min(pace.most, max(pace.first, watch.pause * pace.growth))
    watch.due = now + watch.pause
    try:
        step(watch)
        watch.silent_since = None
    except HttpError as error:
        if not error.transient:
            raise unavailable(error) from None
        _wait(watch, now, error)
    return watch.status


class Watched(ABC, Generic[W]):
    """What builders share whose platform only installs: a watched build, and its log at the end."""

    _clock: Callable[[], float]
    _secrets: Sequence[Secret]

    @abstractmethod
    def _build(self, handle: Handle) -> W:
        """Return the build of a handle, which may be an earlier run's."""

    @abstractmethod
    def _step(self, build: W) -> None:
        """Send one request, and note what it says of the build. Raises HttpError."""

    @abstractmethod
    def _unavailable(self, error: HttpError) -> BuilderUnavailable:
        """Return what a refusal means to the user."""

    def poll(self, handle: Handle) -> BuildStatus:
        """Return how a build stands; at most one request, and none before it is due."""
        return ask(self._build(handle), self._clock(), self._step, self._unavailable)

    def log(self, handle: Handle, start: int = 0) -> tuple[str, int]:
        """Return the build's log once it has ended, freed of secrets."""
        text = redact(self._build(handle).log, self._secrets)
        return text[start:], max(start, len(text))

    def installed(self, handle: Handle) -> Mapping[str, str] | None:
        """Return None: the platform does not tell."""
        return None

    def modules(self, handle: Handle) -> Mapping[str, str] | None:
        """Return None: the platform does not tell."""
        return None


def _wait(watch: Watch, now: float, error: HttpError) -> None:
    if watch.silent_since is None:
        watch.silent_since = now
    if now - watch.silent_since > POLICY.watched.patience:
        watch.break_off(f"the platform has not answered for {POLICY.watched.patience:g} s")
    watch.due = now + (error.retry_after or watch.pause)
