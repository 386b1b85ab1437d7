"""The verdict as workflow commands, which GitHub shows as annotations beside the lines.

Source: GitHub Docs, "Workflow commands for GitHub Actions".
"""

from __future__ import annotations

from collections.abc import Iterator

from bisect_deps.model import Culprit, Member, Verdict, VerdictKind
from bisect_deps.reports.base import file_of, fix_changes, headline, sentence, status_word
from bisect_deps.text import listed, shown

_SEVERITY = {VerdictKind.PASSES: "notice", VerdictKind.FIXED: "notice"}


def render(verdict: Verdict) -> str:
    """Return one command a line of each culprit, then one for the verdict as a whole."""
    lines = [line for culprit in verdict.culprits for line in _culprit(culprit, verdict)]
    command = _SEVERITY.get(verdict.kind, "warning")
    lines.append(f"::{command} title=depbisect::{_data(_whole(verdict))}")
    return "".join(f"{line}\n" for line in lines)


def _culprit(culprit: Culprit, verdict: Verdict) -> Iterator[str]:
    names = listed([shown(member.label) for member in culprit.members])
    for member in culprit.members:
        place = {"file": file_of(member, verdict), "line": member.requirement.line or 1}
        written = ",".join(f"{key}={_property(str(value))}" for key, value in place.items())
        about = _property(f"{names}: {culprit.cause.value}")
        said = f"{sentence(culprit)}{_others(culprit, member, verdict)}"
        yield f"::error {written},title={about}::{_data(said)}"


def _others(culprit: Culprit, member: Member, verdict: Verdict) -> str:
    """Return where the other lines of a combination stand, in a sentence; "" for a line alone."""
    places = [
        f"{file_of(other, verdict)}:{other.requirement.line or 1}"
        for other in culprit.members
        if other is not member
    ]
    if not places:
        return ""
    return f" The other line{'s' if places[1:] else ''}: {listed(places)}."


def _whole(verdict: Verdict) -> str:
    said = f"{status_word(verdict)}. {headline(verdict)}"
    if verdict.fix is None:
        return said
    return f"{said}\n{listed(fix_changes(verdict.fix))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(shown(text)).replace(":", "%3A").replace(",", "%2C")
