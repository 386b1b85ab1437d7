"""A diagnosis as JSON (`depbisect.diagnosis/1`) and as text for people; all text made safe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bisect_deps.model import Cause, Diagnosis, Evidence, Outcome, Suspect
from bisect_deps.reports.base import PHASE_WORDS
from bisect_deps.text import shown

SCHEMA = "depbisect.diagnosis/1"
SEVERAL = "depbisect.diagnoses/1"

_OUTCOMES = {Outcome.PASS: "pass", Outcome.FAIL: "fail", Outcome.UNRESOLVED: "unknown"}
_MOST_SHOWN = 4


def to_json(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return the diagnosis as the contract has it."""
    return {
        "schema": SCHEMA,
        "outcome": _OUTCOMES[diagnosis.outcome],
        "infrastructure": diagnosis.infrastructure,
        "cause": diagnosis.cause.value,
        "phase": diagnosis.phase.value,
        "signature": diagnosis.signature,
        "suspects": [_suspect(suspect) for suspect in diagnosis.suspects],
        "evidence": [_line(line) for line in diagnosis.evidence],
        "notes": [shown(note) for note in diagnosis.notes],
    }


def to_text(diagnosis: Diagnosis, *, log: str, requirements: str = "") -> Iterator[str]:
    """Yield the lines for people: what broke, why, where the log says so, what to try next."""
    yield _headline(diagnosis, shown(log))
    groups = _grouped(diagnosis.suspects)
    for number, group in enumerate(groups[:_MOST_SHOWN], 1):
        yield ""
        yield from _block(number, group)
    rest = len(groups) - _MOST_SHOWN
    if rest > 0:
        yield f"\nand {rest} more; --json lists them all"
    if not diagnosis.suspects:
        yield from (f"  {line.line}: {shown(line.text)}" for line in diagnosis.evidence)
    for note in diagnosis.notes:
        yield f"\nnote: {shown(note)}"
    if command := _next(diagnosis, log, requirements):
        yield f"\nnext: {command}"


def several_to_json(
    found: Sequence[tuple[str, Diagnosis]], unread: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the diagnoses of several logs, each with the name of its log, in their order.

    With the number of those that were too many to be read.
    """
    logs = [{"log": shown(name), **to_json(diagnosis)} for name, diagnosis in found]
    return {"schema": SEVERAL, "logs": logs, "unread": len(unread)}


def several_to_text(
    found: Sequence[tuple[str, Diagnosis]], *, requirements: str = "", unread: Sequence[str] = ()
) -> Iterator[str]:
    """Yield the lines for people of several logs: one failure that several show is told once.

    `unread` are the names of those that were too many to be read.
    """
    if len(found) == 1:
        [(name, diagnosis)] = found
        yield from to_text(diagnosis, log=name, requirements=requirements)
        return
    failed: dict[str, list[tuple[str, Diagnosis]]] = {}
    for name, diagnosis in found:
        if diagnosis.outcome is not Outcome.PASS:
            failed.setdefault(diagnosis.signature or name, []).append((name, diagnosis))
    for (name, diagnosis), *others in failed.values():
        yield from to_text(diagnosis, log=name, requirements=requirements)
        yield from (f"the same in {shown(other)}" for other, _ in others)
        yield ""
    passed = sum(diagnosis.outcome is Outcome.PASS for _, diagnosis in found)
    yield f"{len(found)} logs: {passed} passed, {len(found) - passed} did not"
    if unread:
        yield f"not read: {len(unread)} more, from {shown(unread[0])} on"


def _suspect(suspect: Suspect) -> dict[str, Any]:
    return {
        "requirement": suspect.requirement and shown(suspect.requirement),
        "name": suspect.name,
        "version": suspect.version,
        "failing": shown(str(suspect.failing)) if suspect.failing else None,
        "via": [shown(step) for step in suspect.via],
        "phase": suspect.phase.value,
        "cause": suspect.cause.value,
        "confidence": suspect.confidence,
        "summary": shown(suspect.summary),
        "advice": shown(suspect.advice),
        "signature": suspect.signature,
        "evidence": [_line(line) for line in suspect.evidence],
        "group": suspect.group,
    }


def _line(line: Evidence) -> dict[str, Any]:
    return {"line": line.line, "text": shown(line.text)}


def _headline(diagnosis: Diagnosis, log: str) -> str:
    if diagnosis.outcome is Outcome.PASS:
        return f"{log}: passed; no suspect"
    if diagnosis.outcome is Outcome.UNRESOLVED:
        return f"{log}: unknown; the last lines are"
    when = PHASE_WORDS[diagnosis.phase]
    if diagnosis.infrastructure:
        cause = diagnosis.cause.value
        return (
            f"{log}: failed {when}: {cause}, an infrastructure failure; no requirement is at fault"
        )
    if diagnosis.cause is Cause.UNKNOWN:
        return f"{log}: failed {when}, for an unknown reason"
    return f"{log}: failed {when}: {diagnosis.cause.value}"


def _grouped(suspects: Sequence[Suspect]) -> list[list[Suspect]]:
    """Return the suspects with those of one conflict together, and what differs by itself."""
    groups: list[list[Suspect]] = []
    for suspect in suspects:
        for group in groups:
            first = group[0]
            alike = (first.group, first.evidence) == (suspect.group, suspect.evidence)
            if suspect.group is not None and alike and not (first.via or suspect.via):
                group.append(suspect)
                break
        else:
            groups.append([suspect])
    return groups


def _block(number: int, group: Sequence[Suspect]) -> Iterator[str]:
    suspect = group[0]
    titles = [shown(str(side.requirement or side.failing or side.name)) for side in group]
    yield f"{number}. {' + '.join(titles)}  ({suspect.confidence:.0%} likely)"
    if suspect.via:
        failing = str(suspect.failing or "")
        ends = (suspect.name, failing.partition("==")[0])
        through = [step for step in suspect.via if step not in ends]
        by = f" through {', then '.join(through)}" if through else ""
        yield f"   pulls in {shown(failing)}{shown(by)}"
    summary = suspect.summary.partition(": ")[2] if len(group) > 1 else ""
    yield f"   why   {shown(summary or suspect.summary)}"
    for line in suspect.evidence:
        yield f"   line {line.line}: {shown(line.text)}"
    if suspect.advice:
        yield f"   try   {shown(suspect.advice)}"


def _next(diagnosis: Diagnosis, log: str, requirements: str) -> str:
    if not diagnosis.suspects:
        return ""
    file = requirements or "requirements.txt"
    given = "" if log == "-" else f" --log {shown(log)}"
    return f"depbisect run {shown(file)}{given}"
