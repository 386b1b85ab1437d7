"""The signature of a failure: what stays the same when the same thing breaks again.

Four parts: phase, cause, project, and the fingerprint of the first telling line: the line without
what varies from run to run. Knows no tool.
"""

from __future__ import annotations

import re

from bisect_deps.model import Cause, Phase
from bisect_deps.text import cut

SEPARATOR = " | "

_MASKS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), mask)
    for pattern, mask in (
        (r"[a-z][a-z+]{1,10}://[^\s'\"`)>\]]{1,400}", "<url>"),
        (r"(?:[A-Za-z]:)?(?:[\\/][\w.@+~=%{}$-]{1,120}){2,40}[\\/]?", "<path>"),
        (r"\b(?:0x[0-9a-fA-F]{1,16}|[0-9a-f]{12,64})\b", "<hex>"),
        (r"\btmp[\w]{4,12}\b|\.tmp\w{4,10}", "<tmp>"),
        (r"\d+(?:\.\d+)*", "#"),
        (r"\s{2,40}", " "),
    )
)


def fingerprint_of(line: str) -> str:
    """Return the line with a mark in place of each URL, path, hash, temporary name and number."""
    text = cut(line, 400).strip().removeprefix("E ").strip()
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    return text[:160]


def signature_of(phase: Phase, cause: Cause, project: str, line: str) -> str:
    """Return what two logs of one failure have in common."""
    return SEPARATOR.join((phase.value, cause.value, project, fingerprint_of(line)))


def check_signature(cause: Cause, project: str, reported: str) -> str:
    """Return the signature of a failure of what is installed; `reported` is free of what varies."""
    return SEPARATOR.join((Phase.CHECK.value, cause.value, project, cut(reported, 300)))


def tells_something(signature: str) -> bool:
    """Say whether a signature names a failure: that of a log without a word does not."""
    phase, *said = signature.split(SEPARATOR, 3)
    return bool(phase) and said != [Cause.UNKNOWN.value, "", ""]


def same_failure(a: str, b: str) -> bool:
    """Say whether two signatures are of one failure.

    Of an install the same phase, cause and project do; the fingerprint decides only where no
    project is named. Of a check the line has to agree as well: one project lacks many names. The
    project of a conflict is all that it names.
    """
    if a == b:
        return True
    first, second = a.split(SEPARATOR), b.split(SEPARATOR)
    if len(first) < 4 or len(second) < 4 or first[0] == Phase.CHECK.value:
        return False
    return first[:3] == second[:3] and bool(first[2])
