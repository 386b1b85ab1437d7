"""DB401 to DB403: lines of one project beside each other, in files and constraints."""

from __future__ import annotations

from collections.abc import Iterator

from bisect_deps.rules._pinning import whole_line
from bisect_deps.rules.base import (
    Change,
    Example,
    Finding,
    Item,
    Repair,
    Rule,
    Safety,
    Scope,
    Severity,
    meets,
    specifiers,
)


def _pairs(scope: Scope) -> Iterator[tuple[Item, Item]]:
    """Yield an earlier and a later line of one project that can apply together."""
    for items in scope.by_name.values():
        for number, later in enumerate(items[1:], start=1):
            for earlier in items[:number]:
                if meets(earlier, later):
                    yield earlier, later


def _check_duplicate(scope: Scope) -> Iterator[Finding]:
    seen: set[int] = set()
    for earlier, later in _pairs(scope):
        same_group = earlier.line.group == later.line.group
        if id(later) in seen or not same_group or _says(earlier) != _says(later):
            continue
        seen.add(id(later))
        message = f"{later.shown or later.name} stands already at {scope.place(earlier)}"
        yield Finding(
            later.document, later.span, message, later.name, later.line, _removal(earlier, later)
        )


def _says(item: Item) -> tuple[object, ...]:
    parts = item.parts
    clause = specifiers(parts.specifier)
    return (clause, parts.extras, parts.marker, parts.url, parts.editable, item.constraint)


def _removal(earlier: Item, later: Item) -> Repair | None:
    same = set(earlier.parts.hashes) == set(later.parts.hashes)
    if not same or later.line.group or earlier.parts.config_settings != later.parts.config_settings:
        return None
    gone = Change(later.document, whole_line(later), "")
    return Repair(Safety.SAFE, "remove the line", (gone,))


def _check_contradiction(scope: Scope) -> Iterator[Finding]:
    yield from _conflicts(scope, constraint=False)


def _check_constraint(scope: Scope) -> Iterator[Finding]:
    yield from _conflicts(scope, constraint=True)


def _conflicts(scope: Scope, *, constraint: bool) -> Iterator[Finding]:
    seen: set[int] = set()
    for earlier, later in _pairs(scope):
        if (earlier.constraint or later.constraint) is not constraint:
            continue
        shown, other = (
            (earlier, later) if earlier.constraint <= later.constraint else (later, earlier)
        )
        if constraint is False:
            shown, other = later, earlier
        if id(shown) in seen or not _exclude(shown, other):
            continue
        seen.add(id(shown))
        here, there = _clause(shown), _clause(other)
        if constraint:
            message = f"{shown.name}: {here} here, and {scope.place(other)} only allows {there}"
        else:
            message = (
                f"{shown.name}: {here} here and {there} at {scope.place(other)} exclude each other"
            )
        yield Finding(shown.document, shown.span, message, shown.name, shown.line)


def _clause(item: Item) -> str:
    return item.parts.specifier or "a URL"


def _exclude(one: Item, other: Item) -> bool:
    if one.parts.url and other.parts.url:
        return one.parts.url != other.parts.url and not (one.constraint or other.constraint)
    if one.pin and one.parts.specifier == other.parts.specifier:
        return False
    if not (one.parts.specifier and other.parts.specifier):
        return False
    whole = specifiers(f"{one.parts.specifier},{other.parts.specifier}")
    alone = (specifiers(one.parts.specifier), specifiers(other.parts.specifier))
    if whole is None or any(each is None or each.is_unsatisfiable() for each in alone):
        return False  # a line that contradicts itself is reported for that
    return whole.is_unsatisfiable()


RULES = (
    Rule(
        code="DB401",
        name="duplicate",
        severity=Severity.WARNING,
        summary="the same requirement again, also through an include",
        why=(
            "pip accepts identical lines. The next edit changes one of them, and the two then "
            "contradict each other. Lines with markers that exclude each other are no duplicates."
        ),
        source="pip: run with 26.3; pinlint's rule of that name",
        check=_check_duplicate,
        bad=(
            "flask==3.0.3\nclick==8.1.7\nFlask == 3.0.3\n",
            Example({"requirements.txt": "-r base.txt\na==1\n", "base.txt": "a==1\n"}),
        ),
        good=(
            'a==1 ; python_version < "3.10"\na==2 ; python_version >= "3.10"\n',
            "coverage[toml]==7.10.1\ncoverage==7.10.1\n",
        ),
        fix="removes the later line where it says the same with the same hashes",
    ),
    Rule(
        code="DB402",
        name="contradiction",
        severity=Severity.ERROR,
        summary="two lines of one project that no version satisfies together",
        why=(
            "pip needs one version for all lines of a project that apply in the environment. "
            "`a==1` and `a==2` end in ResolutionImpossible, even when they stand in different "
            "files or ask for different extras."
        ),
        source="pip: Dependency Resolution; run with 26.3",
        check=_check_contradiction,
        bad=(
            "a==1\na==2\n",
            "a==1\na[extra]>=2\n",
            Example({"requirements.txt": "-r base.txt\na==2\n", "base.txt": "a==1\n"}),
        ),
        good=(
            'a==1 ; python_version < "3.10"\na==2 ; python_version >= "3.10"\n',
            "a==1\na>=1\n",
        ),
    ),
    Rule(
        code="DB403",
        name="constraint-conflict",
        severity=Severity.ERROR,
        summary="a requirement outside of what a constraints file allows",
        why=(
            "A constraint applies to whatever is installed under its name. A requirement that "
            "asks for something else cannot be met, and pip's message names the constraint last."
        ),
        source="pip: Constraints Files",
        check=_check_constraint,
        bad=(Example({"requirements.txt": "-c c.txt\na==2\n", "c.txt": "a==1\n"}),),
        good=(Example({"requirements.txt": "-c c.txt\na>=1\n", "c.txt": "a==1\n"}),),
    ),
)
