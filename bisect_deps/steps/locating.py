"""Runs a search over variants of the manifest: items become candidates, probes become answers.

An item that is kept stands as it is in the failing candidate; an item that is left out is mended
(commented out, re-pinned, held back). Which of these it is, the caller says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bisect_deps.model import Candidate, Outcome, Phase, Probe, ProbeKind, Requirement
from bisect_deps.probing import Inquiry, Story
from bisect_deps.search.base import Answer, Items, Question, Search
from bisect_deps.search.strategy import Finding
from bisect_deps.steps.base import (
    Context,
    drop,
    installs,
    phase_of,
    suspects_of,
    with_edits,
)


@dataclass(frozen=True, slots=True)
class Axis:
    """How a search's items are built and read.

    `candidate` returns what to build for the items kept, or None where no build is needed to know
    that it fails (the resolver finds no solution). `read` turns the probe into an answer.
    """

    candidate: Callable[[Items], Candidate | None]
    read: Callable[[Probe, Items], Answer]
    kind: ProbeKind = ProbeKind.SUBSET
    check: bool = True
    imports: bool = False


@dataclass(slots=True)
class Record:
    """Which probe answered which question."""

    probes: dict[Items, Probe] = field(default_factory=dict)

    def passing(self, asked: Iterable[Items]) -> int | None:
        """Return the number of the first probe of these that passed, None where none did.

        An install that worked while the check failed answers a search, and is no passing build.
        """
        probes = (self.probes[items] for items in asked if items in self.probes)
        return next((each.number for each in probes if each.outcome is Outcome.PASS), None)


def locate(
    search: Search[Finding],
    axis: Axis,
    context: Context,
    known: Mapping[Items, Probe] | None = None,
) -> Story[tuple[Finding, Record]]:
    """Drive a search by builds and return its finding with the probes behind it.

    `known` are probes that answered some of its questions before it began.
    """
    record = Record(dict(known or {}))
    try:
        questions = next(search)
        while True:
            answers = yield from _answer(questions, axis, record, context)
            questions = search.send(answers)
    except StopIteration as stop:
        finding: Finding = stop.value
        return finding, record


def _answer(
    questions: Sequence[Question], axis: Axis, record: Record, context: Context
) -> Story[list[Answer]]:
    answers: list[Answer | None] = []
    inquiries: list[Inquiry] = []
    for question in questions:
        candidate = axis.candidate(question.items)
        if candidate is None:
            answers.append(Answer(Outcome.FAIL))
            continue
        answers.append(None)
        inquiries.append(
            Inquiry(
                candidate,
                axis.kind,
                question.purpose,
                check=axis.check,
                imports=axis.imports,
            )
        )
        left = question.progress
        if left is not None:
            context.progress.steps_left(left.left_one, left.left_two)
    probes = (yield inquiries) if inquiries else []
    waiting = iter(probes)
    complete: list[Answer] = []
    for question, answer in zip(questions, answers, strict=True):
        if answer is None:
            probe = next(waiting)
            record.probes[question.items] = probe
            complete.append(axis.read(probe, question.items))
        else:
            complete.append(answer)
    return complete


def dropping(context: Context, base: Candidate, items: Sequence[Requirement]) -> Axis:
    """Return the axis on which a requirement left out is commented out, for a failing install."""
    by_number = {each.number: each for each in items}

    def candidate(kept: Items) -> Candidate:
        return with_edits(base, [drop(each) for each in items if each.number not in kept])

    def read(probe: Probe, kept: Items) -> Answer:
        named = _numbers(context, probe)
        if installs(probe):
            return Answer(Outcome.PASS, cost=probe.seconds)
        return Answer(
            probe.outcome,
            suspects=tuple(number for number in named if number in by_number and number in kept),
            cost=probe.seconds,
            infrastructure=probe.diagnosis is not None and probe.diagnosis.infrastructure,
        )

    return Axis(candidate, read, ProbeKind.SUBSET, check=False)


def dropping_with_check(context: Context, base: Candidate, items: Sequence[Requirement]) -> Axis:
    """Return the same axis for a failing check; a module that is missing names its requirement."""
    plain = dropping(context, base, items)

    def read(probe: Probe, kept: Items) -> Answer:
        named = _numbers(context, probe)
        absent = frozenset(number for number in named if number not in kept)
        if absent and probe.outcome is Outcome.FAIL:
            return Answer(Outcome.UNRESOLVED, missing=absent, cost=probe.seconds)
        if probe.outcome is Outcome.FAIL and phase_of(probe) is not Phase.CHECK:
            return Answer(Outcome.UNRESOLVED, cost=probe.seconds, signature=probe.signature)
        return Answer(
            probe.outcome,
            suspects=tuple(number for number in named if number in kept),
            cost=probe.seconds,
        )

    return Axis(plain.candidate, read, ProbeKind.SUBSET, imports=context.imports)


def _numbers(context: Context, probe: Probe) -> list[int]:
    """Return the numbers of the requirements that a log suspects, best first."""
    numbers: list[int] = []
    for suspect in suspects_of(probe):
        for name in (*suspect.via[:1], suspect.name):
            numbers += [each.number for each in context.named(name) if each.number not in numbers]
    return numbers
