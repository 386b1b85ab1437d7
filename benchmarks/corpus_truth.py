"""What is wrong with each file of the corpus, and how an answer compares with it.

Pure: reads case files, builds and runs nothing. The fields of a case are explained in the corpus's
own README.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class Case:
    """One file: `stage` is `install` or `check`, "" for a file that passes (`expected` green).

    `truth` are the normalised names of all that is at fault. `accepted` may be named besides: ends
    of a chain, lines that nobody judged, conflicts that share a line with one of the truth.
    """

    name: str
    folder: Path
    python: str
    checks: tuple[str, ...]
    expected: str
    stage: str
    truth: frozenset[str]
    accepted: frozenset[str]


@dataclass(frozen=True)
class Judged:
    """How an answer compares with the truth: normalised names, and whether law 11 forbids a fix.

    `unaccused` are those whose line the fix changes though no culprit names it (law 2).
    """

    named: tuple[str, ...]
    missed: tuple[str, ...]
    innocent: tuple[str, ...]
    unaccused: tuple[str, ...]
    machine_lacks: bool


def read_case(folder: Path) -> Case:
    """Return the case of a folder."""
    table = tomllib.loads((folder / "case.toml").read_text(encoding="utf-8"))
    conflicts = [line for lines in table["conflict_sets"] for line in lines]
    overlapping = [line for lines in table.get("overlapping_conflict_sets", ()) for line in lines]
    chains = [line for transitive in table.get("transitive", ()) for line in transitive["via"]]
    return Case(
        name=folder.name,
        folder=folder,
        python=table["python"],
        checks=(table["check"],) if "check" in table else (),
        expected=table["expected"],
        stage=table.get("stage", ""),
        truth=_names([*table["single_culprits"], *table["transitive_culprits"], *conflicts]),
        accepted=_names([*chains, *overlapping, *table.get("not_judged", ())]),
    )


def compared(case: Case, report: Mapping[str, Any], unneeded: Sequence[str] | None) -> Judged:
    """Compare a report with the truth.

    `unneeded` are the edits of a verified fix that could be taken back; None: not asked. The truth
    of a check is one way out of several: a release and the line that pulls it in are two sides of
    one failure, and either is its name; where every edit of a verified fix is needed, its culprits
    are right, too.
    """
    named = _members(report["culprits"])
    missed, right = case.truth - named, case.truth | case.accepted
    if case.stage == "check":
        both = _sides_of(report["culprits"], case.truth)
        missed, right = missed - both, right | both
    if case.stage == "check" and unneeded is not None and not unneeded:
        missed = frozenset()
        right |= _moved(report)
    return Judged(
        named=tuple(sorted(named)),
        missed=tuple(sorted(missed)),
        innocent=tuple(sorted(named - right)),
        unaccused=tuple(sorted(_unaccused(report, named))),
        machine_lacks=report["fix"] is None
        and any(culprit["cause"] == "system-dep-missing" for culprit in report["culprits"]),
    )


def _sides_of(culprits: Iterable[Mapping[str, Any]], truth: frozenset[str]) -> frozenset[str]:
    """Return both sides of each culprit of which the truth has one: its release, and its line."""
    sides = [_members([culprit]) | _lines([culprit]) for culprit in culprits]
    return frozenset(name for both in sides if both & truth for name in both)


def _unaccused(report: Mapping[str, Any], named: frozenset[str]) -> frozenset[str]:
    """Return the names of changed lines that no culprit and no note of the report explains.

    A line that takes another name is told by its place.
    """
    edits = report["fix"]["edits"] if report["fix"] else ()
    members = [m for culprit in report["culprits"] for m in culprit["requirements"]]
    places = {(member.get("file"), member.get("line")) for member in members}
    explained = named | _lines(report["culprits"]) | _followers(report)
    return frozenset(
        name
        for edit in edits
        if edit["action"] != "add" and (edit.get("file"), edit.get("line")) not in places
        if (name := canonicalize_name(edit["name"])) not in explained
    )


def _followers(report: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the edits of which a note says that the resolver asks for them."""
    notes = [note["text"] for note in report.get("notes", ()) if note.get("fact")]
    return _names(text.partition(" moves along")[0] for text in notes if " moves along" in text)


def _moved(report: Mapping[str, Any]) -> frozenset[str]:
    """Return the names in those culprits of which the fix changes some member."""
    edited = _changed(report) | _changed(report, added=True)
    moved = [
        culprit
        for culprit in report["culprits"]
        if edited & (_members([culprit]) | _lines([culprit]))
    ]
    return _members(moved)


def _changed(report: Mapping[str, Any], *, added: bool = False) -> frozenset[str]:
    """Return the names of the lines that the fix changes, or of those that it adds."""
    edits = report["fix"]["edits"] if report["fix"] else ()
    return frozenset(
        canonicalize_name(edit["name"]) for edit in edits if (edit["action"] == "add") is added
    )


def _members(culprits: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Return the names of what is at fault: transitive releases by their own."""
    return frozenset(
        canonicalize_name(member["name"])
        for culprit in culprits
        for member in culprit["requirements"]
    )


def _lines(culprits: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Return the names of the user's lines by which the culprits come in."""
    return _names(member["text"] for culprit in culprits for member in culprit["requirements"])


def _names(lines: Iterable[str]) -> frozenset[str]:
    return frozenset(_name(line) for line in lines)


def _name(line: str) -> str:
    try:
        return canonicalize_name(Requirement(line).name)
    except InvalidRequirement:
        return canonicalize_name(line.partition("==")[0].strip())
