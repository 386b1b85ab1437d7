"""DB405, DB416: names that mislead, and names that are typed wrongly."""

from __future__ import annotations

from collections.abc import Iterator

from bisect_deps.knowledge.well_known import slip_of
from bisect_deps.knowledge.wrong_names import advice_on
from bisect_deps.lint.rules._pinning import whole_line
from bisect_deps.lint.rules._worlds import PYTHONS
from bisect_deps.lint.rules.base import (
    Change,
    Finding,
    Item,
    Profile,
    Repair,
    Rule,
    Safety,
    Scope,
    Severity,
)


def _check_wrong_name(scope: Scope) -> Iterator[Finding]:
    for item in scope.items:
        # What the oldest Python in use does not need, none does; the system is not ours to know.
        wrong = advice_on(item.name, PYTHONS[0], system="")
        if wrong is None or item.parts.url is not None or item.parts.marker:
            continue
        right = wrong.name
        use = f"use {right}" if right else "remove it"
        message = f"{item.parts.name} {wrong.reason}; {use}"
        yield Finding(item.document, item.span, message, item.name, item.line, _rename(item, right))


def _check_misspelt(scope: Scope) -> Iterator[Finding]:
    for name, items in scope.by_name.items():
        meant = slip_of(name)
        if meant is None:
            continue
        for item in items:
            if item.parts.url is None:
                message = f"{item.parts.name} is one slip away from {meant}: is that one meant?"
                yield Finding(item.document, item.span, message, item.name, item.line)


def _rename(item: Item, right: str) -> Repair | None:
    if not right:
        if item.line.group:
            return None
        gone = Change(item.document, whole_line(item), "")
        return Repair(Safety.UNSAFE, "remove the line", (gone,))
    if item.parts.name_span is None or item.parts.specifier or item.parts.hashes:
        return None  # the version belongs to the other project
    change = Change(item.document, item.parts.name_span, right)
    return Repair(Safety.UNSAFE, f"write {right}", (change,))


RULES = (
    Rule(
        code="DB405",
        name="known-wrong-name",
        severity=Severity.WARNING,
        profiles={Profile.LIBRARY: Severity.WARNING},
        summary="a project that is not what its name says, or a backport of the standard library",
        why=(
            "Some projects carry the import name of another: `sklearn` refuses to install, `bs4` "
            "is an empty shell. Backports such as `argparse` or `dataclasses` shadow the standard "
            "library of every Python in use, and break with it."
        ),
        source="the projects' own pages; the list is data in knowledge/wrong_names.py",
        check=_check_wrong_name,
        bad=("sklearn\n", "argparse==1.4.0\n"),
        good=("scikit-learn==1.5.0\n", 'dataclasses==0.8 ; python_version < "3.7"\n'),
        fix="writes the right name, or removes a backport (unsafe)",
    ),
    Rule(
        code="DB416",
        name="misspelt-name",
        severity=Severity.INFO,
        summary="a name that is one typing slip away from a well-known project",
        why=(
            "Whoever registers `reqeusts` waits for fingers that slip, and what is installed is "
            "run. A name that misses one of the most downloaded projects by a letter deserves a "
            "second look; this is a hint, since it may be a project of its own."
        ),
        source="the index's download counts of November 2026, in knowledge/well_known.txt",
        check=_check_misspelt,
        bad=("reqeusts==2.31.0\n", "djanggo==5.0\n"),
        good=("requests==2.31.0\n", "reqs==1.0\n"),
    ),
)
