"""The driver: renders a candidate, looks it up, has it built, judges and records the answer.

One loop serves many builds at once and owns the clock: builders start, are polled and never wait.
It does not know why a candidate is asked. A failure of the system that builds is tried again with
growing pauses and is never taken for an answer.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from bisect_deps.builders.base import Builder, Handle, Order
from bisect_deps.diagnosis import judge
from bisect_deps.errors import DepbisectError
from bisect_deps.fix.failure import failing_release, suspects_of
from bisect_deps.fix.inquiry import BudgetSpent, Inquiry, Rounds, Story
from bisect_deps.formats.base import Manifest
from bisect_deps.model import (
    RESOLVER_NUMBERS,
    Build,
    BuildStatus,
    Candidate,
    Diagnosis,
    EditAction,
    Outcome,
    Probe,
    ProbeKind,
    Requirement,
)
from bisect_deps.policy import POLICY
from bisect_deps.progress import Progress, Silent, StartedProbe
from bisect_deps.resolution.edits import edited
from bisect_deps.resolution.uv_resolver import Resolution
from bisect_deps.run.journal import Answered, Journal, Started, digest
from bisect_deps.system.files import read_regular
from bisect_deps.text import counted

T = TypeVar("T")

TIME_LIMIT = "time limit"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may spend: builds at once, builds in all, seconds a build, tries after failure."""

    slots: int = 1
    max_builds: int | None = None
    timeout: float = POLICY.timeout
    retries: int = POLICY.retries


@dataclass(frozen=True, slots=True)
class Recalled:
    """How a build ended that another run made, for a question that it answers, too."""

    status: BuildStatus
    log: str
    seconds: float = 0.0
    installed: Mapping[str, str] | None = None
    modules: Mapping[str, str] | None = None


class Memory(Protocol):
    """What other runs found out, asked before anything is built."""

    def recall(
        self, key: str, inquiry: Inquiry, requirements: Sequence[Requirement]
    ) -> Recalled | None:
        """Return the answer to an inquiry whose candidate has these requirements, if known."""

    def learn(self, key: str, answer: Recalled) -> None:
        """Take note of a build that has ended."""

    def reported(self) -> Sequence[str]:
        """Return what was recalled, one sentence each, for the verdict's notes."""


@dataclass(slots=True)
class _Flight:
    """A build under way; `began` is when it was last seen to wait in a queue, or was asked."""

    place: int
    number: int
    inquiry: Inquiry
    order: Order
    key: str
    handle: Handle
    asked: float
    began: float
    tries: int
    built: int = 1
    read: int = 0
    ended: float | None = None


@dataclass(slots=True)
class _Early:
    """A build that nobody asked for as yet; `ended` is when it was seen to have ended.

    `announced` says that the fix which it proved was told; `probe` is its answer, without a number,
    None where it has none as yet.
    """

    inquiry: Inquiry
    order: Order
    handle: Handle
    began: float
    ended: float | None = None
    announced: bool = False
    probe: Probe | None = None


class Foresight(Protocol):
    """Someone who knows what is likely to be asked next."""

    def likely(
        self, answers: Sequence[Probe | None], early: Mapping[Hashable, Probe]
    ) -> Sequence[Inquiry] | None:
        """Return it by the answers of the open round so far; None for no news. Never waits.

        `early` are the answers of builds that ended before they were asked for, by `Inquiry.build`.
        """

    def answered(self, answers: Sequence[Probe]) -> None:
        """Take the answers of a round that is closed."""

    def still_likely(self) -> Sequence[Inquiry] | None:
        """Return what was foreseen in the round that is closed; None for no news. Never waits."""


class Prober:
    """Answers inquiries by the journal or by a builder; counts what was really built."""

    def __init__(
        self,
        manifest: Manifest,
        builder: Builder,
        journal: Journal,
        progress: Progress,
        limits: Limits,
        checks: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        memory: Memory | None = None,
    ) -> None:
        self.manifest = manifest
        self.builder = builder
        self.journal = journal
        self.progress = progress
        self.limits = limits
        self.checks = tuple(checks)
        self.probes: list[Probe] = []
        self.builds = 0
        self._clock = clock
        self._sleep = sleep
        self._memory = memory
        self._root = next(iter(manifest.files))
        self._identity = builder.identity()
        self._can = builder.describe()
        self._reported: set[str] = set()
        # Signatures of failure within one release that stayed through every try.
        self._lasting: set[str] = set()
        self._failure = ""
        # What the round that is open has been answered so far.
        self._round: list[tuple[Inquiry, Probe]] = []
        self._running: list[_Flight] = []
        self._told_at = clock()
        # Builds of questions that are likely to be asked next, by key: under way or ended, waiting.
        self._early: dict[str, _Early] = {}
        self._likely: dict[str, tuple[Inquiry, Order]] = {}
        self._thread = threading.get_ident()
        # Tells what to build ahead where a slot would be idle.
        self.foresight: Foresight | None = None
        # Hears of a fix that an early build proved, before anyone asks for it.
        self.proven: Callable[[Candidate], None] | None = None

    def expect(self, inquiries: Sequence[Inquiry]) -> None:
        """Start what is likely to be asked next wherever a slot is free; stop what no longer is.

        Nothing is announced, numbered or counted before it is asked: what is expected changes how
        long an answer takes, and no answer. Only of builds that end with us.
        """
        keyed = [(self._key(i, order), i, order) for i in inquiries for order in [self._order(i)]]
        wanted = {key for key, _, _ in keyed}
        for key in [key for key, early in self._early.items() if early.ended is None]:
            if key not in wanted:
                self.builder.cancel(self._early.pop(key).handle)
        self._likely = {
            key: (inquiry, order)
            for key, inquiry, order in keyed
            if key not in self._early and self._known(key, inquiry, order) is None
        }
        self._start_early()

    def _look_ahead(self, answers: Sequence[Probe | None]) -> None:
        """Start what the answers of a round so far make likely, where a slot would be idle."""
        if self.foresight is None:
            return
        early = {
            early.inquiry.build: early.probe
            for early in self._early.values()
            if early.probe is not None
        }
        self._expect_news(self.foresight.likely(answers, early))

    def meanwhile(self) -> None:
        """Start what is likely to be asked next while the one who asks is busy with the resolver.

        Does nothing in another thread than ours, where somebody else asks.
        """
        if self.foresight is None or threading.get_ident() != self._thread:
            return
        self._expect_news(self.foresight.still_likely())
        self._start_early()

    def _expect_news(self, likely: Sequence[Inquiry] | None) -> None:
        if likely is not None:
            with contextlib.suppress(DepbisectError):  # Whoever asks will hear of it.
                self.expect(likely)

    def _start_early(self) -> None:
        if self.limits.max_builds is not None or self._can.reattach:
            self._likely.clear()
        # Asked first: an early build that has ended is seen to have ended, whatever waits.
        while self._under_way() < self.limits.slots and self._likely:
            key = next(iter(self._likely))
            inquiry, order = self._likely.pop(key)
            began = self._clock()
            with contextlib.suppress(DepbisectError):  # Whoever asks will hear of it.
                self._early[key] = _Early(inquiry, order, self.builder.start(order), began)

    def _forget_named(self, probe: Probe) -> None:
        """Build no release alone ahead that a log names: it is seldom asked for then."""
        named = {str(failing_release(suspect)) for suspect in suspects_of(probe)}
        for key, (inquiry, _) in [*self._likely.items()]:
            if inquiry.isolated in named:
                del self._likely[key]

    def _under_way(self) -> int:
        for early in self._early.values():
            if early.ended is None and self.builder.poll(early.handle).is_final:
                early.ended = self._clock()
                with contextlib.suppress(DepbisectError):  # Whoever asks will hear of it.
                    early.probe = self._glance(early)
            if early.ended is not None:
                self._announce(early)
        return len(self._running) + sum(early.ended is None for early in self._early.values())

    def _glance(self, early: _Early) -> Probe | None:
        """Return the answer of an early build as far as a guess needs it, recorded nowhere."""
        status, handle, inquiry = self.builder.poll(early.handle), early.handle, early.inquiry
        build = Build(
            status=status,
            log=self.builder.log(handle, 0)[0],
            seconds=0.0,
            installed=self.builder.installed(handle),
            modules=self.builder.modules(handle),
        )
        if early.order.exact is not None and build.installed is None:
            return None
        diagnosis = self._diagnose(inquiry, build)
        outcome = judge(status, diagnosis, None, over_time=False)
        if outcome is Outcome.UNRESOLVED:
            return None
        return Probe(
            number=0,
            kind=inquiry.kind,
            candidate=inquiry.candidate,
            outcome=outcome,
            seconds=0.0,
            log="",
            signature=diagnosis.signature,
            diagnosis=diagnosis,
            installed=build.installed,
            warm=early.order.exact is not None,
            isolated=inquiry.isolated or "",
            reported=diagnosis.reported,
        )

    def _announce(self, early: _Early) -> None:
        """Tell of a fix that was built before it was asked for, once the file as it is failed."""
        inquiry = early.inquiry
        is_fix = inquiry.kind is ProbeKind.FIX and inquiry.exact is None
        if early.announced or not is_fix or self.proven is None:
            return
        if not self._has_failed(inquiry.imports):
            return
        if self.builder.poll(early.handle) is BuildStatus.PASSED:
            early.announced = True
            self.proven(inquiry.candidate)

    def _has_failed(self, imports: bool) -> bool:
        """Say whether the file as it is failed in what a build with or without `imports` tries.

        A release that fails alone does not tell that; where the file installs, its imports failed.
        """
        whole = [p for p in self.probes if p.kind is ProbeKind.WHOLE and not p.candidate.edits]
        outcomes = {probe.outcome for probe in whole}
        return Outcome.FAIL in outcomes and (imports or Outcome.PASS not in outcomes)

    def unheard(self) -> list[tuple[Inquiry, Probe]]:
        """Return the answers that a run which ends now has not heard, and keep them.

        Those of the open round, and of early builds that have ended: one may be a fix that was
        announced.
        """
        self.progress = Silent()
        kept = [*self._round]
        for key, early in [*self._early.items()]:
            if early.ended is not None:
                with contextlib.suppress(DepbisectError):  # The run ends for another reason.
                    probe = self._known(key, early.inquiry, early.order)
                    probe = probe or self._finish(self._adopted(0, key, early))
                    kept += [(early.inquiry, probe)] if probe is not None else []
                del self._early[key]
        return kept

    def answer(self, inquiries: Sequence[Inquiry]) -> list[Probe]:
        """Return one probe per inquiry, in the same order. Raises BuilderUnavailable, BudgetSpent.

        Interrupted at any point, running builds are cancelled before the exception goes on.
        """
        self._round.clear()
        answers: list[Probe | None] = [None] * len(inquiries)
        waiting: list[tuple[int, Inquiry, Order, str]] = []
        first: dict[str, int] = {}
        places: list[int] = []
        for place, inquiry in enumerate(inquiries):
            order = self._order(inquiry)
            key = self._key(inquiry, order)
            places.append(first.setdefault(key, place))
            if places[place] != place:
                continue
            known = self._known(key, inquiry, order)
            if known is not None:
                answers[place] = known
                self._round.append((inquiry, known))
                self._keep(known)
            else:
                waiting.append((place, inquiry, order, key))
        self._build_all(waiting, answers)
        found = [probe for place in places if (probe := answers[place]) is not None]
        if self.foresight is not None:
            self.foresight.answered(found)
        return found

    def give(self, inquiry: Inquiry, log: bytes, status: BuildStatus = BuildStatus.FAILED) -> None:
        """Record an answer that was found elsewhere: a log that the user has, a person's word."""
        order = self._order(inquiry)
        key = self._key(inquiry, order)
        if self.journal.answer(key) is not None:
            return
        number = self.journal.next_number()
        name = self._keep_log(number, log.decode("utf-8", "replace"))
        self.journal.record(Answered(key, number, inquiry.kind.value, status.value, 0.0, name))

    def resolved(self, candidate: Candidate, resolution: Resolution) -> Probe:
        """Record what the resolver alone says of a candidate: a probe that costs no build."""
        order = self._order(Inquiry(candidate, ProbeKind.RESOLVE, ""))
        key = digest("resolved", *_file_parts(order.files), self._identity)
        status = BuildStatus.PASSED if resolution.resolved else BuildStatus.FAILED
        known = self.journal.answer(key)
        number = self.journal.next_resolver_number() if known is None else known.number
        log = self._keep_log(number, resolution.log)
        kind = ProbeKind.RESOLVE
        if known is None:
            seconds = resolution.seconds
            self.journal.record(Answered(key, number, kind.value, status.value, seconds, log))
        build = Build(status, resolution.log, resolution.seconds)
        diagnosis = self._diagnose(Inquiry(candidate, kind, ""), build)
        probe = Probe(
            number=number,
            kind=kind,
            candidate=candidate,
            outcome=Outcome.PASS if resolution.resolved else Outcome.FAIL,
            seconds=resolution.seconds,
            log=log,
            signature=diagnosis.signature,
            diagnosis=with_log(diagnosis, log),
            from_journal=known is not None,
            reported=diagnosis.reported,
        )
        if self._keep(probe):
            self.progress.probe_finished(probe)
        return probe

    def _build_all(
        self,
        waiting: list[tuple[int, Inquiry, Order, str]],
        answers: list[Probe | None],
    ) -> None:
        queue = list(waiting)
        spent: BudgetSpent | None = None
        try:
            while queue or self._running:
                while queue and len(self._running) < self.limits.slots:
                    place, inquiry, order, key = queue.pop(0)
                    try:
                        self._running.append(self._start(place, inquiry, order, key))
                        self._early.pop(key, None)
                    except BudgetSpent as error:
                        # What was paid for is completed: the journal keeps its answer.
                        spent = error
                        queue.clear()
                finished = [flight for flight in self._running if self._has_ended(flight)]
                for flight in finished:
                    if self._asks_for_more(flight):
                        self._running.append(self._afresh(flight))
                    elif (probe := self._finish(flight)) is None:
                        self._running.append(self._again(flight))
                    else:
                        answers[flight.place] = probe
                        self._round.append((flight.inquiry, probe))
                        self._forget_named(probe)
                    self._running.remove(flight)
                self._look_ahead(answers)
                self._start_early()
                self._tell_output()
                if not finished and self._running:
                    self._sleep(self._pause())
        except BaseException:
            for flight in self._running:
                self._leave(flight)
            self._running.clear()
            raise
        if spent is not None:
            raise spent

    def _leave(self, flight: _Flight) -> None:
        """End a build whose round gets no answers; one that had ended before keeps its own."""
        if flight.ended is None:
            self.builder.cancel(flight.handle)
        else:
            early = _Early(flight.inquiry, flight.order, flight.handle, flight.began, flight.ended)
            self._early[flight.key] = early
            self.builds -= 1

    def _tell_output(self) -> None:
        """Pass on what running builds have written since, now and then."""
        now = self._clock()
        if now < self._told_at + POLICY.output_look or not self._can.live_log:
            return
        self._told_at = now
        for flight in self._running:
            text, flight.read = self.builder.log(flight.handle, flight.read)
            if text:
                self.progress.output(flight.number, text)

    def _pause(self) -> float:
        """Return how long to wait for the youngest build: a small share of its age so far."""
        youngest = min(self._clock() - flight.asked for flight in self._running)
        return min(POLICY.longest_look, max(POLICY.shortest_look, youngest * POLICY.look_share))

    def _start(self, place: int, inquiry: Inquiry, order: Order, key: str) -> _Flight:
        flight = self._asked_for(place, inquiry, order, key)
        if flight is None:
            flight = self._started(place, inquiry, order, key)
        self.progress.probe_started(self._announcement(flight.number, inquiry))
        return flight

    def _asked_for(self, place: int, inquiry: Inquiry, order: Order, key: str) -> _Flight | None:
        """Return the flight of a build that was started early, now that it is asked for."""
        self._likely.pop(key, None)
        early = self._early.get(key)
        if early is None:
            return None
        return self._adopted(place, key, replace(early, inquiry=inquiry, order=order))

    def _adopted(self, place: int, key: str, early: _Early) -> _Flight:
        number = self._number(key)
        self._record_start(early.handle, key, number)
        self.builds += 1
        began, asked = early.began, (early.inquiry, early.order)
        return _Flight(place, number, *asked, key, early.handle, began, began, 1, ended=early.ended)

    def _started(self, place: int, inquiry: Inquiry, order: Order, key: str) -> _Flight:
        # Before the builder's own clock starts: what it stops at its limit took as long here.
        began = self._clock()
        flown = self.journal.in_flight(key)
        if flown is not None and self._can.reattach:
            handle = Handle(
                flown.handle["id"], flown.handle.get("url"), flown.handle.get("extra", {})
            )
            number = flown.number
        else:
            if self._is_spent():
                raise BudgetSpent(
                    f"the limit of {counted(self.limits.max_builds or 0, 'build')} is reached"
                )
            number = self._number(key)
            handle = self._begin(replace(order, label=f"build {number}"), key, number)
        self.builds += not handle.found
        return _Flight(
            place, number, inquiry, order, key, handle, began, began, 1, built=int(not handle.found)
        )

    def _is_spent(self) -> bool:
        most = self.limits.max_builds
        return most is not None and self.builds >= most

    def _begin(self, order: Order, key: str, number: int) -> Handle:
        # Where builds outlive us, the journal knows of a start before and after it is made, so
        # that a kill in between is met by the builder's own look-up of the order's digest.
        handle = self.builder.start(order)
        self._record_start(handle, key, number)
        return handle

    def _record_start(self, handle: Handle, key: str, number: int) -> None:
        kept = {"id": handle.id, "url": handle.url, "extra": dict(handle.extra)}
        self.journal.record_start(Started(key, number, kept))

    def _number(self, key: str) -> int:
        """Return the number that a build had when it was started before, else the next."""
        flown = self.journal.in_flight(key)
        return flown.number if flown is not None else self.journal.next_number()

    def _has_ended(self, flight: _Flight) -> bool:
        status = self.builder.poll(flight.handle)
        if status.is_final:
            return True
        if status is BuildStatus.QUEUED:
            # A cluster may be busy for hours, which says nothing about the build.
            flight.began = self._clock()
            return False
        if self._clock() - flight.began <= flight.order.timeout + POLICY.grace:
            return False
        self.builder.cancel(flight.handle)
        return True

    def _asks_for_more(self, flight: _Flight) -> bool:
        """Say whether an exact set was not even installed: only the whole install can tell why."""
        if flight.order.exact is None:
            return False
        failed = self.builder.poll(flight.handle) is BuildStatus.FAILED
        return failed and self.builder.installed(flight.handle) is None

    def _afresh(self, flight: _Flight) -> _Flight:
        """Start a build anew as the user would do it, under the same number."""
        order = replace(flight.order, exact=None, digest=f"{flight.order.digest}-afresh")
        key = self._key(flight.inquiry, order)
        began = self._clock()
        handle = self._begin(order, key, flight.number)
        self.builds += 1
        built = flight.built + 1
        return replace(
            flight,
            order=order,
            key=key,
            handle=handle,
            asked=began,
            began=began,
            ended=None,
            built=built,
        )

    def _finish(self, flight: _Flight) -> Probe | None:
        """Return the probe, or None where failure of the system calls for another try."""
        status = self.builder.poll(flight.handle)
        # As the journal keeps it, so that what depends on it is the same when a run goes on.
        ended = self._clock() if flight.ended is None else flight.ended
        seconds = round(ended - flight.began, 3)
        # What ended unwatched was seen late; the builder has its own limit.
        unwatched = flight.ended is not None and status is not BuildStatus.BROKEN
        over_time = seconds >= flight.order.timeout and not unwatched
        if not status.is_final:
            status = BuildStatus.BROKEN
        build = Build(
            status=status,
            log=self.builder.log(flight.handle, 0)[0],
            seconds=seconds,
            installed=self.builder.installed(flight.handle),
            modules=self.builder.modules(flight.handle),
        )
        diagnosis = self._diagnose(flight.inquiry, build)
        outcome = judge(build.status, diagnosis, None, over_time=over_time)
        is_infrastructure = status is BuildStatus.BROKEN or diagnosis.infrastructure
        is_infrastructure = is_infrastructure and outcome is Outcome.UNRESOLVED and not over_time
        if is_infrastructure and status is BuildStatus.FAILED:
            stays = self._diagnose(flight.inquiry, build, stays=True)
            tried_enough = flight.tries > self.limits.retries
            if not stays.infrastructure and (tried_enough or stays.signature in self._lasting):
                self._lasting.add(stays.signature)
                diagnosis, outcome = stays, judge(build.status, stays, None)
                is_infrastructure = False
        if is_infrastructure and flight.tries <= self.limits.retries and not self._is_spent():
            self._failure = diagnosis.reported
            return None
        log = self._keep_log(flight.number, build.log)
        probe = Probe(
            number=flight.number,
            kind=flight.inquiry.kind,
            candidate=flight.inquiry.candidate,
            outcome=outcome,
            seconds=build.seconds,
            log=log,
            signature=diagnosis.signature,
            diagnosis=with_log(diagnosis, log),
            installed=build.installed,
            warm=flight.order.exact is not None,
            tries=flight.built,
            isolated=flight.inquiry.isolated or "",
            reported=diagnosis.reported,
        )
        self.journal.record(
            Answered(
                key=flight.key,
                number=flight.number,
                kind=flight.inquiry.kind.value,
                status=status.value,
                seconds=build.seconds,
                log=log,
                installed=build.installed,
                exit_note=TIME_LIMIT if over_time else "",
                modules=build.modules,
            )
        )
        if self._memory is not None and status in (BuildStatus.PASSED, BuildStatus.FAILED):
            known = (build.seconds, build.installed, build.modules)
            self._memory.learn(flight.key, Recalled(status, build.log, *known))
        self._keep(probe)
        self.progress.probe_finished(probe)
        return probe

    def _again(self, flight: _Flight) -> _Flight:
        pause = min(POLICY.longest_backoff, 2.0 ** (flight.tries - 1))
        why = self._failure or "the builder gave no answer"
        self.progress.note(f"Infrastructure failure ({why}); trying again in {pause:.0f} s.")
        self._sleep(pause)
        began = self._clock()
        handle = self._begin(replace(flight.order, again=True), flight.key, flight.number)
        self.builds += 1
        tries, built = flight.tries + 1, flight.built + 1
        now = replace(flight, asked=began, began=began, ended=None)
        return replace(now, handle=handle, tries=tries, built=built)

    def _known(self, key: str, inquiry: Inquiry, order: Order) -> Probe | None:
        """Return what the journal has; where an exact set would do, a build from scratch does, too.

        The exact set comes first, as in the run that built it: a replay gives the same answers.
        """
        known = self._from_journal(key, inquiry, order)
        if known is None and order.exact is not None:
            afresh = replace(order, exact=None)
            known = self._from_journal(self._key(inquiry, afresh), inquiry, afresh)
        if known is None and self._take_over(key, inquiry):
            known = self._from_journal(key, inquiry, order)
        return known

    def _take_over(self, key: str, inquiry: Inquiry) -> bool:
        """Record what another run knows of a question; say whether it knows anything."""
        if self._memory is None:
            return False
        requirements = edited(self.manifest.requirements, inquiry.candidate.edits)
        found = self._memory.recall(key, inquiry, requirements)
        if found is not None:
            number = self.journal.next_number()
            log = self._keep_log(number, found.log)
            kind, status = inquiry.kind.value, found.status.value
            answered = Answered(key, number, kind, status, found.seconds, log, found.installed)
            self.journal.record(replace(answered, modules=found.modules))
        return found is not None

    def _from_journal(self, key: str, inquiry: Inquiry, order: Order) -> Probe | None:
        answered = self.journal.answer(key)
        if answered is None:
            return None
        status = BuildStatus(answered.status)
        over_time = answered.exit_note == TIME_LIMIT
        if over_time and answered.seconds < order.timeout:
            # It was stopped at a shorter limit than the one it has now.
            return None
        if status is BuildStatus.BROKEN and not over_time:
            return None
        try:
            path = self.journal.folder / answered.log
            text = read_regular(path).decode("utf-8", "replace") if answered.log else ""
        except OSError:
            return None
        build = Build(status, text, answered.seconds, modules=answered.modules)
        diagnosis = self._diagnose(inquiry, build)
        if diagnosis.infrastructure and not over_time:
            return None
        return Probe(
            number=answered.number,
            kind=inquiry.kind,
            candidate=inquiry.candidate,
            outcome=judge(status, diagnosis, None, over_time=over_time),
            seconds=answered.seconds,
            log=answered.log,
            signature=diagnosis.signature,
            diagnosis=with_log(diagnosis, answered.log),
            installed=answered.installed,
            from_journal=True,
            warm=order.exact is not None,
            isolated=inquiry.isolated or "",
            reported=diagnosis.reported,
        )

    def _keep(self, probe: Probe) -> bool:
        """Add a probe to those of the run; say whether it is new there."""
        is_new = all(known.number != probe.number for known in self.probes)
        self.probes += [probe] * is_new
        return is_new

    def _keep_log(self, number: int, text: str) -> str:
        own = number - RESOLVER_NUMBERS
        name = f"probes/resolver-{own}.log" if own > 0 else f"probes/{number}.log"
        self.journal.keep(name, text.encode("utf-8", "replace"))
        return name

    def _diagnose(self, inquiry: Inquiry, build: Build, *, stays: bool = False) -> Diagnosis:
        from bisect_deps.diagnosis import diagnose

        requirements = edited(self.manifest.requirements, inquiry.candidate.edits)
        exit_status = {BuildStatus.PASSED: 0, BuildStatus.FAILED: 1}.get(build.status)
        return diagnose(
            build.log.encode("utf-8", "replace"),
            requirements=requirements,
            exit_status=exit_status,
            modules=build.modules,
            stays=stays,
        )

    def _order(self, inquiry: Inquiry) -> Order:
        files = self.manifest.render(inquiry.candidate.edits)
        runs_checks = inquiry.check and inquiry.isolated is None
        check = self.checks if runs_checks else ()
        imports = inquiry.imports and runs_checks
        unasked = _unasked(inquiry) if imports else ()
        about = (
            inquiry.isolated,
            check,
            imports,
            unasked,
            inquiry.build_constraints,
            inquiry.exact,
        )
        return Order(
            files=files,
            path=self._root,
            digest=digest(*_file_parts(files), *about),
            check=check,
            imports=imports,
            unasked=unasked,
            timeout=self.limits.timeout,
            isolated=inquiry.isolated,
            build_constraints=inquiry.build_constraints,
            again=inquiry.repeat > 0,
            exact=inquiry.exact,
        )

    def _key(self, inquiry: Inquiry, order: Order) -> str:
        about: tuple[object, ...] = () if inquiry.isolated else tuple(_file_parts(order.files))
        if order.exact is not None:
            about = ("exact", *order.exact)
        return digest(
            *about,
            order.isolated,
            order.check,
            order.imports,
            *order.unasked,
            order.build_constraints,
            inquiry.repeat,
            self._identity,
        )

    def _announcement(self, number: int, inquiry: Inquiry) -> StartedProbe:
        if inquiry.isolated is not None:
            return StartedProbe(number, inquiry.kind, inquiry.purpose, kept=(inquiry.isolated,))
        dropped = inquiry.candidate.dropped
        mine = self.manifest.requirements
        return StartedProbe(
            number=number,
            kind=inquiry.kind,
            purpose=inquiry.purpose,
            kept=tuple(line.text for line in mine if line.number not in dropped),
            dropped=tuple(line.text for line in mine if line.number in dropped),
            edits=tuple(
                edit.text for edit in inquiry.candidate.edits if edit.action is not EditAction.DROP
            ),
            imports=inquiry.imports and inquiry.check,
        )


def _unasked(inquiry: Inquiry) -> tuple[str, ...]:
    """Return the projects of added lines, whose imports the user never asked for."""
    return tuple(edit.name for edit in inquiry.candidate.edits if edit.action is EditAction.ADD)


def drive(story: Story[T], prober: Prober) -> T:
    """Answer a story's rounds until it returns; a spent budget or Ctrl-C is thrown into it."""
    rounds = Rounds(story)
    while not rounds.over:
        _go_on(rounds, prober)
    return rounds.result


def _go_on(rounds: Rounds[Sequence[Inquiry], Sequence[Probe], T], prober: Prober) -> None:
    try:
        rounds.send(prober.answer(rounds.asked))
    except (BudgetSpent, KeyboardInterrupt) as end:
        rounds.throw(end)


def _file_parts(files: Mapping[str, bytes]) -> list[object]:
    parts: list[object] = []
    for name, data in files.items():
        parts += [name, data]
    return parts


def with_log(diagnosis: Diagnosis, log: str) -> Diagnosis:
    """Name the kept log in every piece of evidence."""
    suspects = tuple(
        replace(suspect, evidence=tuple(replace(line, log=log) for line in suspect.evidence))
        for suspect in diagnosis.suspects
    )
    breakages = tuple(
        replace(breakage, evidence=tuple(replace(line, log=log) for line in breakage.evidence))
        for breakage in diagnosis.breakages
    )
    own = tuple(replace(line, log=log) for line in diagnosis.evidence)
    return replace(diagnosis, suspects=suspects, evidence=own, breakages=breakages)
