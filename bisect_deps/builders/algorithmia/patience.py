"""Waits a platform out where a request cannot wait for the next poll: at start-up, push and call.

A gateway's page, 429 and 5xx are asked again at growing pauses; so is a lost connection, once the
platform has answered before (until then the address is the likelier fault).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from bisect_deps.builders._http import TRANSIENT, HttpError
from bisect_deps.policy import POLICY

T = TypeVar("T")

# What git says of a gateway's answer, and of a connection that was never made or was lost.
_GIT_STATUS = re.compile(r"(?:HTTP |returned error: )(?:408|425|429|5\d\d)\b")
_GIT_LOST = re.compile(
    r"Could not resolve|Failed to connect|Connection (?:refused|reset|timed out)|timed out"
    r"|hung up unexpectedly|RPC failed|early EOF|unexpected disconnect",
    re.IGNORECASE,
)


class GitError(Exception):
    """Git failed; the text is its own words, made safe to show."""


class Patience:
    """Asks again while an outage lasts, for at most `longest` seconds; 0 never waits.

    `tell` hears once of each outage.
    """

    def __init__(
        self,
        longest: float = 0.0,
        *,
        first: float = POLICY.algorithmia.first,
        most: float = POLICY.algorithmia.most,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self._longest = longest
        self._first, self._most = first, most
        self._clock, self.sleep = clock, sleep
        self._tell = tell
        self._met = False

    def ask(self, question: Callable[[], T]) -> T:
        """Return the question's answer. Raises its error where that is none that passes."""
        until: float | None = None
        pause = self._first
        while isinstance(answer := _answer_of(question), _Refused):
            error = answer.error
            if self._longest <= 0 or not self._passes(error):
                raise error
            if until is None:
                until = self._clock() + self._longest
                self._announce(error)
            if self._clock() > until:
                raise error
            asked = error.retry_after if isinstance(error, HttpError) else None
            self.sleep(pause if asked is None else asked)
            pause = min(pause * 2, self._most)
        self._met = True
        return answer

    def _passes(self, error: Exception) -> bool:
        """Say whether an error is an outage, which passes, and no refusal."""
        if isinstance(error, HttpError):
            return self._met if error.status is None else error.status in TRANSIENT
        words = str(error)
        return bool(_GIT_STATUS.search(words)) or (self._met and bool(_GIT_LOST.search(words)))

    def _announce(self, error: Exception) -> None:
        if self._tell is not None:
            minutes = self._longest / 60
            self._tell(
                f"The platform does not answer ({error}); asking again for up to {minutes:g} min."
            )


@dataclass(frozen=True, slots=True)
class _Refused:
    error: HttpError | GitError


def _answer_of(question: Callable[[], T]) -> T | _Refused:
    try:
        return question()
    except (HttpError, GitError) as error:
        return _Refused(error)
