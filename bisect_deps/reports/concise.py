"""The verdict in few lines: one a culprit, then the diff, for logs and for scripts."""

from __future__ import annotations

from collections.abc import Iterator

from bisect_deps.model import Culprit, Verdict
from bisect_deps.reports.base import file_of, headline, reason, status_word, title
from bisect_deps.text import safe, shown


def render(verdict: Verdict) -> str:
    """Return `FILE:LINE: REQUIREMENT: cause` for each culprit, and the diff of the fix.

    Without culprits, the verdict in a line.
    """
    lines = [shown(_line(culprit, verdict)) for culprit in verdict.culprits]
    lines = lines or [f"{status_word(verdict)}. {headline(verdict)}"]
    diff = safe(verdict.fix.diff) if verdict.fix is not None else ""
    return "\n".join(_ended(lines)) + diff


def _line(culprit: Culprit, verdict: Verdict) -> str:
    places = [f"{file_of(member, verdict)}:{member.requirement.line}" for member in culprit.members]
    return f"{', '.join(dict.fromkeys(places))}: {title(culprit)}: {reason(culprit)}"


def _ended(lines: list[str]) -> Iterator[str]:
    yield from lines
    yield ""
