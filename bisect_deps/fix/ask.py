"""Asking: one question of a story, and what is kept of all that was answered.

A story yields rounds of inquiries and is sent probes. What is kept are values: which candidates
passed, which builds contradicted each other.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TypeVar

from bisect_deps.fix.case import Case
from bisect_deps.fix.failed import installed_by
from bisect_deps.fix.inquiry import BudgetSpent, Inquiry, Rounds, Story
from bisect_deps.model import Candidate, Outcome, Probe, ProbeKind, Release

T = TypeVar("T")
Asked = TypeVar("Asked")
Reply = TypeVar("Reply")
Question = TypeVar("Question")
Found = TypeVar("Found")


@dataclass(slots=True)
class Seen:
    """All that a story was answered: each inquiry with its probe, in order."""

    answers: list[tuple[Inquiry, Probe]] = field(default_factory=list)

    def note(self, inquiry: Inquiry, probe: Probe) -> None:
        """Keep one answer, each probe once."""
        if all(probe.number != known.number for _, known in self.answers):
            self.answers.append((inquiry, probe))

    def installed(self, case: Case) -> frozenset[Release]:
        """Return the releases that some build installed with nothing but the files."""
        return installed_by(
            case, [p for inquiry, p in self.answers if not inquiry.build_constraints]
        )

    def failed(self, inquiry: Inquiry) -> int:
        """Return how many builds failed that tried the same."""
        return sum(probe.outcome is Outcome.FAIL for _, probe in self._alike(inquiry))

    def again(self, inquiry: Inquiry) -> Inquiry:
        """Return the question for one more build of the same."""
        asked = [other.repeat for other, _ in self._alike(inquiry)]
        return replace(inquiry, repeat=max(asked, default=-1) + 1, exact=None)

    def _alike(self, inquiry: Inquiry) -> list[tuple[Inquiry, Probe]]:
        return [answer for answer in self.answers if _same(answer[0]) == _same(inquiry)]

    @property
    def is_shaken(self) -> bool:
        """Say whether some build failed once and passed once alike."""
        outcomes: dict[object, Outcome] = {}
        decided = [answer for answer in self.answers if answer[1].outcome is not Outcome.UNRESOLVED]
        return any(outcomes.setdefault(_same(i), p.outcome) is not p.outcome for i, p in decided)

    def fallback(self, case: Case) -> Candidate | None:
        """Return the largest candidate that passed all that was asked, and never failed."""
        failed = {
            inquiry.candidate
            for inquiry, probe in self.answers
            if probe.outcome is Outcome.FAIL and inquiry.isolated is None
        }
        passed = [
            inquiry.candidate
            for inquiry, probe in self.answers
            if probe.outcome is Outcome.PASS and not probe.warm and is_whole(case, inquiry)
        ]
        return min(
            (candidate for candidate in passed if candidate not in failed),
            key=lambda candidate: (len(candidate.dropped), len(candidate.edits)),
            default=None,
        )


def _same(inquiry: Inquiry) -> Inquiry:
    """Return an inquiry without what makes no other build of it."""
    return replace(inquiry, kind=ProbeKind.WHOLE, purpose="", repeat=0, exact=None)


def ask(
    case: Case,
    candidate: Candidate,
    kind: ProbeKind,
    purpose: str,
    *,
    check: bool = True,
    imports: bool | None = None,
    repeat: int = 0,
    likely_fails: bool = False,
) -> Story[Probe]:
    """Build one candidate as the user asked for it to be tried, and return its probe."""
    tried = case.imports if imports is None else imports
    inquiry = Inquiry(
        candidate,
        kind,
        purpose,
        check=check,
        imports=tried,
        repeat=repeat,
        likely_fails=likely_fails,
    )
    [probe] = yield [inquiry]
    return probe


def relayed(
    asking: Generator[Asked, Reply, T], answer: Callable[[Asked], Generator[Question, Found, Reply]]
) -> Generator[Question, Found, T]:
    """Pass a generator's rounds through `answer`; a spent budget is the generator's to hear of."""
    rounds = Rounds(asking)
    while not rounds.over:
        try:
            reply = yield from answer(rounds.asked)
        except BudgetSpent as spent:
            rounds.throw(spent)
            continue
        rounds.send(reply)
    return rounds.result


def warmed(case: Case, story: Story[T], *, failing: Probe | None = None) -> Story[T]:
    """Tell a story whose builds may use environments again: those that only try a check out.

    A fix is built from scratch at once, since a pass counts only so. Of the moves that follow a
    `failing` check the first for each failure is, too: most often it passes; where it does not,
    more are to come.
    """
    seen = set[str]() if failing is None else {failing.signature}
    afresh = failing is not None

    def answer(inquiries: Sequence[Inquiry]) -> Story[Sequence[Probe]]:
        nonlocal afresh
        moves = failing is not None
        probes = (
            yield inquiries if afresh else [_warm(case, inquiry, moves) for inquiry in inquiries]
        )
        signatures = {probe.signature for probe in probes}
        afresh = moves and not signatures <= seen
        seen.update(signatures)
        return probes

    return (yield from relayed(story, answer))


def _warm(case: Case, inquiry: Inquiry, moves: bool) -> Inquiry:
    """Return an inquiry with the releases that it resolves to, where a check is all it asks for."""
    checked = inquiry.check and (case.has_check or inquiry.imports)
    fixes = inquiry.kind is ProbeKind.FIX and not moves
    afresh = inquiry.isolated is not None or inquiry.build_constraints or inquiry.repeat
    if afresh or fixes or not checked:
        return inquiry
    return replace(inquiry, exact=case.exact(inquiry.candidate))


def noting(seen: Seen, story: Story[T]) -> Story[T]:
    """Tell a story, and keep each answer in `seen`, those before a spent budget too."""

    def answer(inquiries: Sequence[Inquiry]) -> Story[Sequence[Probe]]:
        try:
            probes = yield inquiries
        except BudgetSpent:
            yield from _keep_answered(seen, inquiries)
            raise
        for inquiry, probe in zip(inquiries, probes, strict=True):
            seen.note(inquiry, probe)
        return probes

    return (yield from relayed(story, answer))


def is_whole(case: Case, inquiry: Inquiry) -> bool:
    """Say whether a build tried out all that the user asked for, with nothing but the files."""
    has_check = case.capabilities.check and (case.has_check or case.imports)
    checked = inquiry.check or not has_check
    return checked and inquiry.isolated is None and not inquiry.build_constraints


def _keep_answered(seen: Seen, inquiries: Sequence[Inquiry]) -> Story[None]:
    """Keep those of a round that were answered before the budget was spent."""
    for inquiry in inquiries:
        with suppress(BudgetSpent):
            [probe] = yield [inquiry]
            seen.note(inquiry, probe)
