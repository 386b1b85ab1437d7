"""The search as a table: builds from left to right, lines of the file from top to bottom.

A cell says whether a line was in a build as it is written, at another version, or left out. Pure:
what is drawn is data for the page.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from bisect_deps.model import EditAction, Outcome, Probe, ProbeKind, Verdict

# What is drawn at most: a line that is rarely touched, and a build long past, tell the least.
MOST_LINES = 24
MOST_DRAWN = 120
IN, MOVED, OUT = "in", "moved", "out"
MARKS = {IN: "\N{BLACK CIRCLE}", MOVED: "\N{CIRCLE WITH LEFT HALF BLACK}", OUT: "\N{WHITE CIRCLE}"}
OUTCOME_MARKS = {
    Outcome.PASS: "\N{HEAVY CHECK MARK}",
    Outcome.FAIL: "\N{MULTIPLICATION X}",
    Outcome.UNRESOLVED: "?",
}


@dataclass(frozen=True, slots=True)
class DrawnCell:
    """Whether a line was in a build, and what stood there: `numpy==1.26.0`."""

    state: str
    text: str

    @property
    def mark(self) -> str:
        """The sign of the state, which needs no colour."""
        return MARKS[self.state]


@dataclass(frozen=True, slots=True)
class Column:
    """A build: its number, outcome and sign."""

    number: int
    outcome: str
    mark: str


@dataclass(frozen=True, slots=True)
class DrawnLine:
    """A line of the file, or all others, with a cell for each build."""

    name: str
    cells: tuple[DrawnCell, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """The table, and how many lines and builds it leaves out."""

    columns: tuple[Column, ...]
    lines: tuple[DrawnLine, ...]
    lines_left_out: int = 0
    builds_left_out: int = 0


def drawn(verdict: Verdict) -> Drawing | None:
    """Return the search; None where fewer than two builds were made: there is nothing to see."""
    probes = [probe for probe in verdict.probes if probe.kind is not ProbeKind.RESOLVE]
    shown = probes[-MOST_DRAWN:]
    if len(shown) < 2:
        return None
    names = _names(verdict, shown)
    lines = [
        DrawnLine(texts, tuple(_cell(name, texts, probe) for probe in shown))
        for name, texts in names[:MOST_LINES]
    ]
    rest = DrawnLine("all other lines", tuple(_rest(probe) for probe in shown))
    return Drawing(
        tuple(Column(p.number, p.outcome.value, OUTCOME_MARKS[p.outcome]) for p in shown),
        (*lines, rest),
        max(0, len(names) - MOST_LINES),
        len(probes) - len(shown),
    )


def _names(verdict: Verdict, probes: list[Probe]) -> list[tuple[str, str]]:
    """Return the projects that builds differ in, with their lines: culprits, then the busiest."""
    texts = {
        member.requirement.name or member.name: member.requirement.text or member.name
        for culprit in verdict.culprits
        for member in culprit.members
    }
    touched = Counter(edit.name for probe in probes for edit in probe.candidate.edits)
    touched.update(name_alone(probe) for probe in probes if probe.isolated)
    return [*texts.items(), *((n, n) for n, _ in touched.most_common() if n not in texts)]


def name_alone(probe: Probe) -> str:
    """Return the project of a build of one release alone (`numpy==1.19.5`)."""
    return probe.isolated.partition("=")[0].partition("[")[0].strip()


def _cell(name: str, text: str, probe: Probe) -> DrawnCell:
    if probe.isolated:
        alone = name_alone(probe) == name
        return DrawnCell(IN, probe.isolated) if alone else DrawnCell(OUT, "not in this build")
    for edit in probe.candidate.edits:
        if edit.name == name:
            is_out = edit.action is EditAction.DROP
            return DrawnCell(OUT, "left out") if is_out else DrawnCell(MOVED, edit.text)
    return DrawnCell(IN, text)


def _rest(probe: Probe) -> DrawnCell:
    return (
        DrawnCell(OUT, "not in this build")
        if probe.isolated
        else DrawnCell(IN, "as they are written")
    )
