"""Which literals make a line worth reading, and which signatures a line is worth trying on.

Both follow from the table of signatures: every gate is covered by one of the few alarms, which a
test checks, so adding a signature stays one entry.
"""

from __future__ import annotations

from bisect_deps.signatures import SIGNATURES
from bisect_deps.signatures.base import Signature

# Few and short: each is one substring search over the whole log.
_COMMON = (
    "rror", "ERROR", "ailed", "FAILED", "fatal", "annot", "not found", "o such file", "onflict", "xception",
    "No module", "nvalid", "ot satisf", "atisfiable", "Because", "illed", "imeout", "timed out", "denied", "×",
    "incompat", "raceback", "During handling", "exit", "::depbisect",
)  # fmt: skip
# Announcements of steps: only the line itself matters.
_STEPS = (
    "Collecting ", "Processing ", "Obtaining ", "Preparing ", "Getting requirements", "Building ", "Running setup.py",
    "Installing ", "Installed ", "Successfully ", "Resolved ", ".tar.gz", ".zip", "lines of output", "Complete output",
    " passed", "Updating ", "Audited ", "Finished: ", "Job succeeded", "uv sync", "uv lock",
)  # fmt: skip


def _alarms() -> tuple[bytes, ...]:
    found = list(_COMMON)
    for signature in SIGNATURES:
        for literal in signature.gate:
            if not any(short in literal for short in found):
                found.append(literal)
    return tuple(literal.encode() for literal in found)


ALARMS = _alarms()
MARKS = tuple(literal.encode() for literal in _STEPS)

_BY_LITERAL: dict[str, list[Signature]] = {}
for _signature in SIGNATURES:
    for _literal in _signature.gate:
        _BY_LITERAL.setdefault(_literal, []).append(_signature)


def candidates(text: str) -> list[Signature]:
    """Return the signatures whose gate is in the line, in the table's order."""
    found: dict[str, Signature] = {}
    for literal, signatures in _BY_LITERAL.items():
        if literal in text:
            for signature in signatures:
                found[signature.name] = signature
    return list(found.values())
