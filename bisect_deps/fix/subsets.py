"""Drives a search over variants of the manifest: items become candidates, probes become answers.

An item that is kept stands as it is in the failing candidate; what an item that is left out means
(commented out, moved) the caller says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bisect_deps.fix.ask import relayed
from bisect_deps.fix.case import Case, dropped, with_edits
from bisect_deps.fix.failure import (
    first_fingerprint,
    installs,
    is_infrastructure,
    outcome_of,
    phase_of,
    suspects_of,
)
from bisect_deps.fix.inquiry import Inquiry, Story
from bisect_deps.model import Candidate, Outcome, Phase, Probe, ProbeKind, Requirement
from bisect_deps.search.base import Answer, Items, Question, Search
from bisect_deps.search.strategy import SearchResult


@dataclass(frozen=True, slots=True)
class SubsetAxis:
    """How a search's items are built and read.

    `candidate` returns what to build for the items kept, or None where no build is needed to know
    that it fails (the resolver finds no solution). `read` turns the probe into an answer.
    """

    candidate: Callable[[Items], Candidate | None]
    read: Callable[[Probe, Items], Answer]
    kind: ProbeKind = ProbeKind.SUBSET
    check: bool = True
    imports: bool = False


def drive(
    case: Case, search: Search[SearchResult], axis: SubsetAxis, known: Mapping[Items, Probe]
) -> Story[tuple[SearchResult, dict[Items, Probe]]]:
    """Drive a search by builds; return its finding, and which probe answered which question."""
    probes = dict(known)
    finding = yield from relayed(search, lambda questions: _answered(case, questions, axis, probes))
    return finding, probes


def _answered(
    case: Case, questions: Sequence[Question], axis: SubsetAxis, probes: dict[Items, Probe]
) -> Story[list[Answer]]:
    built = {question.items: axis.candidate(question.items) for question in questions}
    asked = [question for question in questions if built[question.items] is not None]
    inquiries = [
        Inquiry(candidate, axis.kind, question.purpose, check=axis.check, imports=axis.imports)
        for question in asked
        if (candidate := built[question.items]) is not None
    ]
    for question in asked:
        if question.progress is not None:
            case.progress.steps_left(question.progress.left_one, question.progress.left_two)
    found = (yield inquiries) if inquiries else []
    for question, probe in zip(asked, found, strict=True):
        probes[question.items] = probe
    return [
        axis.read(probes[question.items], question.items)
        if built[question.items] is not None
        else Answer(Outcome.FAIL)
        for question in questions
    ]


def dropping(
    case: Case, base: Candidate, items: Sequence[Requirement], failing: Probe, *, check: bool
) -> SubsetAxis:
    """Return the axis on which a requirement left out is commented out.

    FAIL is the failure of `failing`; another one is UNRESOLVED, and chased later where nothing but
    it is left; where its log names nobody, not without a line that `base` moved: it may be why that
    moved. With `check`, an install that fails is none of the failure, and a module that is missing
    names the requirement that belongs to what needs it.
    """
    numbers = {line.number for line in items}
    moved = {edit.number for edit in base.edits} & numbers
    chased = first_fingerprint(failing)

    def candidate(kept: Items) -> Candidate:
        return with_edits(base, [dropped(line) for line in items if line.number not in kept])

    def read(probe: Probe, kept: Items) -> Answer:
        if not check and installs(probe):
            return Answer(Outcome.PASS)
        named = [number for number in numbers_named(case, probe) if number in numbers]
        absent = frozenset(number for number in named if number not in kept)
        outcome = outcome_of(probe, chased)
        if (
            check
            and probe.outcome is Outcome.FAIL
            and (absent or phase_of(probe) is not Phase.CHECK)
        ):
            return Answer(
                Outcome.UNRESOLVED,
                missing=absent if phase_of(probe) is Phase.CHECK else frozenset(),
                signature=probe.signature,
            )
        return Answer(
            outcome,
            suspects=tuple(number for number in named if number in kept),
            signature=probe.signature if named or moved <= kept else "",
            infrastructure=is_infrastructure(probe),
        )

    return SubsetAxis(
        candidate, read, ProbeKind.SUBSET, check=check, imports=case.imports and check
    )


def numbers_named(case: Case, probe: Probe) -> list[int]:
    """Return the numbers of the requirements that a log suspects, best first."""
    numbers: list[int] = []
    for suspect in suspects_of(probe):
        for name in (*suspect.via[:1], suspect.name):
            numbers += [line.number for line in case.named(name) if line.number not in numbers]
    return numbers
