"""What a run announces while it works; silent by default.

Pure interface: nothing here knows how an event is shown, or whether anyone looks. Announcing never
changes what a run does, and no event carries a secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bisect_deps.model import Fix, Probe, ProbeKind, Target, Verdict


@dataclass(frozen=True, slots=True)
class Overview:
    """What a run is about: the file as the user named it, how many requirements it declares.

    `includes` are all further files; where several were named, `file` lists those.
    """

    file: str
    requirements: int
    includes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StartedProbe:
    """A probe that begins: why it is asked, what is in and what is out.

    `kept` and `dropped` hold requirements as the user wrote them; `edits` what else differs from
    the file, one short text each (`numpy==1.26.0`). `imports` says that imports are tried, too.
    """

    number: int
    kind: ProbeKind
    purpose: str
    kept: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    edits: tuple[str, ...] = ()
    imports: bool = False


class Progress(Protocol):
    """Someone who watches a run. Calls come from one thread; probes may overlap."""

    def run_started(self, target: Target, overview: Overview) -> None:
        """Hear what is going to be built, for what and by whom; called once, first."""

    def statement(self, text: str) -> None:
        """Hear a sentence of the verdict that is certain before anything is built."""

    def phase(self, name: str, detail: str = "") -> None:
        """Hear which part of the work begins, in words for people."""

    def probe_started(self, probe: StartedProbe) -> None:
        """Hear that a probe begins; one `probe_finished` of the same number follows."""

    def output(self, number: int, text: str) -> None:
        """Hear the newest part of the log of a probe under way; may never be called."""

    def probe_finished(self, probe: Probe) -> None:
        """Hear what a probe answered, and what it cost."""

    def note(self, text: str) -> None:
        """Hear one sentence that the user should know."""

    def steps_left(self, one: int, two: int) -> None:
        """Hear roughly how many builds are left if one culprit, or two, are still to be found."""

    def culprits_known(self, culprits: Sequence[str]) -> None:
        """Hear what is known to be at fault so far, one short text each."""

    def fix_proven(self, fix: Fix, seconds: float, *, smaller: bool = False) -> None:
        """Hear the fix that a build proved, `seconds` after the start; only narrowing follows.

        `smaller` says that a fix with fewer changes is looked for first; it is heard, too, or else
        `fix_stays`.
        """

    def fix_stays(self) -> None:
        """Hear that no smaller fix was found than the one that was proven first."""

    def finished(self, verdict: Verdict) -> None:
        """Hear the verdict; called once, last, and not at all where an error ends the run."""


class Silent:
    """A watcher that shows nothing; base of those that care for some events only."""

    def run_started(self, target: Target, overview: Overview) -> None:
        """Show nothing."""

    def statement(self, text: str) -> None:
        """Show nothing."""

    def phase(self, name: str, detail: str = "") -> None:
        """Show nothing."""

    def probe_started(self, probe: StartedProbe) -> None:
        """Show nothing."""

    def output(self, number: int, text: str) -> None:
        """Show nothing."""

    def probe_finished(self, probe: Probe) -> None:
        """Show nothing."""

    def note(self, text: str) -> None:
        """Show nothing."""

    def steps_left(self, one: int, two: int) -> None:
        """Show nothing."""

    def culprits_known(self, culprits: Sequence[str]) -> None:
        """Show nothing."""

    def fix_proven(self, fix: Fix, seconds: float, *, smaller: bool = False) -> None:
        """Show nothing."""

    def fix_stays(self) -> None:
        """Show nothing."""

    def finished(self, verdict: Verdict) -> None:
        """Show nothing."""
