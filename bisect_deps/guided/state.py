"""What is known in a session, in words and as JSON (`session.schema.json`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bisect_deps.formats.base import Manifest
from bisect_deps.guided.questions import Guided
from bisect_deps.guided.sessions import PersonAnswer
from bisect_deps.model import Candidate, EditAction, Requirement
from bisect_deps.reports.json import to_json
from bisect_deps.text import listed, shown, some

# A build is told by what is in it where that is shorter than what is not.
MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class SessionKnowledge:
    """Lines that were in a build that passed, culprits proven so far, and the lines left."""

    cleared: tuple[Requirement, ...]
    suspected: tuple[Requirement, ...]
    proven: tuple[tuple[Requirement, ...], ...]


def known(guided: Guided) -> SessionKnowledge:
    """Return what the answers have shown so far."""
    lines = guided.case.requirements
    numbers = {line.number for line in lines}
    cleared: set[int] = set()
    for asked in guided.position.asked:
        if asked.given.word is PersonAnswer.GOOD:
            cleared |= numbers - {edit.number for edit in asked.inquiry.candidate.edits}
    proven = tuple(guided.position.proven)
    accused = {line.number for group in proven for line in group}
    cleared -= accused
    return SessionKnowledge(
        tuple(line for line in lines if line.number in cleared),
        tuple(line for line in lines if line.number not in cleared | accused),
        proven,
    )


def status(guided: Guided) -> dict[str, Any]:
    """Return the state of the session, as `status --json` shows it."""
    here, facts = guided.position, known(guided)
    asks = here.inquiry is not None
    edits = guided.manifest.describe(here.candidate.edits)
    return {
        "schema": "depbisect.session/1",
        "state": "ask" if asks else "done",
        "original": guided.start.file,
        "build": {
            "file": guided.start.to or guided.start.file,
            "edits": [
                {
                    "file": edit.file,
                    "line": edit.line,
                    "name": edit.name,
                    "action": edit.action.value,
                    "to": None if edit.action is EditAction.DROP else edit.after,
                }
                for edit in edits
            ],
        }
        if asks
        else None,
        "answered": len(here.asked),
        "steps_left": {"one_culprit": here.left[0], "two_culprits": here.left[1]},
        "known": {
            "cleared": [_line(line) for line in facts.cleared],
            "suspected": [_line(line) for line in facts.suspected],
            "proven": [[_line(line) for line in group] for group in facts.proven],
        },
        "report": None if asks else to_json(guided.verdict()),
    }


def said(manifest: Manifest, candidate: Candidate) -> str:
    """Return in words how a candidate differs from the original."""
    if not candidate.edits:
        return "the file as it is"
    drops = {e.number for e in candidate.edits if e.action is EditAction.DROP}
    moved = {e.number for e in candidate.edits if e.number is not None} - drops
    out = [requirement.text for requirement in manifest.requirements if requirement.number in drops]
    left = [
        requirement.text
        for requirement in manifest.requirements
        if requirement.number not in drops | moved
    ]
    pins = [e.text for e in candidate.edits if e.action is not EditAction.DROP]
    if out and not left:
        return shown(f"with only {listed(pins)}" if pins else "with every line commented out")
    if out and len(out) > MOST_NAMED >= len(left) + len(pins):
        return shown(f"with only {listed([*pins, *left])}")
    parts = [f"with {listed(pins)}"] if pins else []
    if out and len(out) <= MOST_NAMED:
        parts.append(f"without {listed(out)}")
    elif out:
        total = len(manifest.requirements)
        parts.append(f"{len(out)} of {total} lines commented out ({some(out, 3)})")
    return shown("; ".join(parts))


def _line(requirement: Requirement) -> dict[str, Any]:
    return {"file": requirement.file, "line": requirement.line, "text": shown(requirement.text)}
