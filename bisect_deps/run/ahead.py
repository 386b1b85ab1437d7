"""What a story is likely to ask next, so that it is built while the question before still runs.

A second telling of the story, in a thread beside, is given all answers so far and likely ones to
what is open. As a processor executes instructions ahead of a branch, a wrong guess costs what
would have been idle, and no answer: nothing of the second telling is shown, kept or counted.
Must not know why anything is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count

from bisect_deps.fix.accuse import suspected_by_facts
from bisect_deps.fix.case import Case
from bisect_deps.fix.inquiry import Inquiry, Rounds, Story
from bisect_deps.fix.install import guessed_by_facts
from bisect_deps.model import Candidate, Cause, Diagnosis, Outcome, Phase, Probe, ProbeKind
from bisect_deps.policy import POLICY
from bisect_deps.progress import Silent
from bisect_deps.resolution.uv_resolver import Resolution

# The failure that is assumed where none was seen as yet: of an install.
_UNSEEN = Diagnosis(Outcome.FAIL, Cause.UNKNOWN, Phase.BUILD)
# Numbers of assumed probes: no real one has such.
_NUMBERS = count(-1, -1)


class Ahead:
    """Tells what a story is likely to ask after the round that is open; close it.

    `tell` begins the story anew. `wanted` is how many questions are enough.
    """

    def __init__(self, tell: Callable[[Case], Story[object]], case: Case, wanted: int) -> None:
        self._tell = tell
        alone = replace(case, progress=Silent(), served=None, record=_unrecorded)
        self._case = replace(alone, tell=None, announced=None, unheard=None)
        self._wanted = wanted
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._rounds: list[Sequence[Probe]] = []
        self._turn = 0
        self._guessed: _Guess | None = None
        # The guess of the round that was closed last, where the answers are as it assumed.
        self._came_true: _Guess | None = None

    def answered(self, answers: Sequence[Probe]) -> None:
        """Take the answers of a round that is closed."""
        guess = self._guessed
        self._came_true = guess if guess is not None and guess.suits(answers, {}) else None
        self._rounds.append(answers)
        self._guessed = None

    def still_likely(self) -> Sequence[Inquiry] | None:
        """Return what was foreseen in the round that is closed; None for no news. Never waits."""
        return self._came_true.news() if self._came_true is not None else None

    def likely(
        self, answers: Sequence[Probe | None], early: Mapping[Hashable, Probe]
    ) -> Sequence[Inquiry] | None:
        """Return what is likely to be asked next, fixes first; None for no news. Never waits.

        `answers` are those of the open round so far, None for a question that is open. `early` are
        those of builds that ended before they were asked for: they take the place of guesses.
        """
        guess = self._guessed
        if guess is None or not guess.suits(answers, early):
            self._turn += 1
            told = tuple(self._rounds), tuple(answers), early
            self._guessed = guess = _Guess(self._turn, *told)
            self._thread.submit(self._foresee, guess)
        return guess.news()

    def close(self) -> None:
        """Stop guessing, and what the resolver is asked for it."""
        self._turn += 1
        if self._case.resolver is not None:
            self._case.resolver.end()
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _foresee(self, guess: _Guess) -> None:
        """Tell the story up to the open round, and on from there by assumptions."""

        def is_wanted() -> None:
            if guess.turn != self._turn:
                raise _Outdated

        resolver = self._case.resolver
        case = replace(self._case, resolver=resolver.guarded(is_wanted) if resolver else None)
        if not guess.rounds:
            guess.add(guessed_by_facts(case))
        rounds = Rounds(self._tell(case))
        for probes in guess.rounds:
            rounds.send(probes)
        origin = _origin(probe for probes in guess.rounds for probe in probes)
        replies = [
            answer or guess.reply(case, inquiry, origin)
            for inquiry, answer in zip(rounds.asked, guess.answers, strict=True)
        ]
        guess.open = replies
        while guess.depth < POLICY.rounds_ahead and guess.count < self._wanted:
            is_wanted()
            rounds.send(replies)
            if rounds.over:
                break
            unknown = [inquiry for inquiry in rounds.asked if inquiry.build not in guess.early]
            guess.add(unknown)
            guess.depth += bool(unknown)
            replies = [guess.reply(case, inquiry, origin) for inquiry in rounds.asked]


class _Guess:
    """What is likely to be asked, by the answers of closed rounds and of the open one.

    Written by one thread and read by another: each change is one assignment.
    """

    def __init__(
        self,
        turn: int,
        rounds: Sequence[Sequence[Probe]],
        answers: Sequence[Probe | None],
        early: Mapping[Hashable, Probe],
    ) -> None:
        self.turn = turn
        self.rounds = rounds
        self.answers = answers
        self.early = early
        self.open: Sequence[Probe] = ()
        self.count = self.depth = 0
        self._assumed: dict[Hashable, Outcome] = {}
        self._found: tuple[Inquiry, ...] = ()
        self._told: tuple[Inquiry, ...] = ()

    def suits(self, answers: Sequence[Probe | None], early: Mapping[Hashable, Probe]) -> bool:
        """Say whether no answer came that is another than was assumed."""
        for build, probe in early.items():
            if self._assumed.get(build, probe.outcome) is not probe.outcome:
                return False
        if not self.open:
            return sum(map(bool, answers)) == sum(map(bool, self.answers))
        pairs = zip(answers, self.open, strict=True)
        return all(answer is None or answer.outcome is guess.outcome for answer, guess in pairs)

    def reply(self, case: Case, inquiry: Inquiry, origin: Probe | None) -> Probe:
        """Return the answer of a build that has ended, else the likely one."""
        early = self.early.get(inquiry.build)
        if early is not None:
            return replace(early, number=next(_NUMBERS), kind=inquiry.kind)
        probe = _assumed(case, inquiry, origin)
        self._assumed[inquiry.build] = probe.outcome
        return probe

    def add(self, asked: Iterable[Inquiry]) -> None:
        """Add what is likely to be asked, fixes first."""
        found = dict.fromkeys((*self._found, *asked))
        ordered = sorted(found, key=lambda inquiry: inquiry.kind is not ProbeKind.FIX)
        self._found = tuple(ordered)
        self.count = len(ordered)

    def news(self) -> Sequence[Inquiry] | None:
        """Return all that was found, None where nothing was found since."""
        found = self._found
        if found == self._told:
            return None
        self._told = found
        return found


class _Outdated(Exception):
    """Nobody waits for this guess any more."""


def _origin(probes: Iterable[Probe]) -> Probe | None:
    """Return the last failure of a whole build that was seen: what fails again, fails like it."""
    failed = [p for p in probes if p.outcome is Outcome.FAIL and not p.isolated]
    return failed[-1] if failed else None


def _assumed(case: Case, inquiry: Inquiry, origin: Probe | None) -> Probe:
    """Return the likely answer to a question."""
    as_it_is = inquiry.candidate == Candidate() and inquiry.kind is ProbeKind.WHOLE
    fails = inquiry.likely_fails or (origin is None and as_it_is and _looks_broken(case))
    seen = origin.diagnosis if origin is not None else _UNSEEN
    return Probe(
        number=next(_NUMBERS),
        kind=inquiry.kind,
        candidate=inquiry.candidate,
        outcome=Outcome.FAIL if fails else Outcome.PASS,
        seconds=0.0,
        log="",
        signature=origin.signature if fails and origin is not None else "",
        diagnosis=seen if fails else None,
        installed=None if inquiry.isolated else case.releases_of(inquiry.candidate),
        warm=inquiry.exact is not None,
        isolated=inquiry.isolated or "",
    )


def _looks_broken(case: Case) -> bool:
    """Say whether facts or the resolver are evidence against the file as it is."""
    resolution = case.resolve(Candidate())
    return bool(suspected_by_facts(case)) or (resolution is not None and not resolution.resolved)


def _unrecorded(candidate: Candidate, resolution: Resolution) -> Probe:
    """Return the resolver's word as a probe that nobody keeps."""
    outcome = Outcome.PASS if resolution.resolved else Outcome.FAIL
    return Probe(
        number=next(_NUMBERS),
        kind=ProbeKind.RESOLVE,
        candidate=candidate,
        outcome=outcome,
        seconds=resolution.seconds,
        log="",
        signature="",
    )
