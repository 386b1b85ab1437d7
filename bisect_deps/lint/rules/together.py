"""DB401 to DB403: lines of one project beside each other, in files and constraints."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from bisect_deps.lint.rules._pinning import whole_line
from bisect_deps.lint.rules.base import (
    Change,
    Example,
    Finding,
    Item,
    Repair,
    Rule,
    Safety,
    Scope,
    Severity,
    has_marks,
    meets,
    specifiers,
)

# No file of people has as many differing lines of one project; without a limit a hostile one would
# cost time by the square of its length.
_MOST_COMPARED = 16


def _check_duplicate(scope: Scope) -> Iterator[Finding]:
    for items in _several(scope):
        first: dict[tuple[object, ...], Item] = {}
        for item in items:
            earlier = first.setdefault(_says(item), item)
            if earlier is not item:
                message = f"{item.shown or item.name} stands already at {scope.place(earlier)}"
                repair = _removal(earlier, item)
                yield Finding(item.document, item.span, message, item.name, item.line, repair)


def _several(scope: Scope) -> Iterator[list[Item]]:
    """Yield the lines of each project that has several; of a template nobody knows which stay."""
    for items in scope.by_name.values():
        if len(items) > 1:
            yield [item for item in items if not has_marks(item.document.text)]


def _says(item: Item) -> tuple[object, ...]:
    parts = item.parts
    clause = specifiers(parts.specifier)
    group = item.line.group
    return (clause, parts.extras, parts.marker, parts.url, parts.editable, item.constraint, group)


def _removal(earlier: Item, later: Item) -> Repair | None:
    same = set(earlier.parts.hashes) == set(later.parts.hashes)
    if not same or later.line.group or earlier.parts.config_settings != later.parts.config_settings:
        return None
    lines = range(later.line.number, later.line.last + 1)
    if any(problem.line in lines for problem in later.document.problems):
        return None  # pip reads it otherwise than it was meant
    gone = Change(later.document, whole_line(later), "")
    return Repair(Safety.SAFE, "remove the line", (gone,))


def _check_contradiction(scope: Scope) -> Iterator[Finding]:
    reported: set[tuple[str, str]] = set()
    for item, other in _conflicts(scope):
        place = (item.name, item.line.group)
        if not (item.constraint or other.constraint or place in reported):
            reported.add(place)  # one fault, however many lines take part in it
            what = f"{_clause(item)} here and {_clause(other)} at {scope.place(other)}"
            message = f"{item.name}: {what} exclude each other"
            yield Finding(item.document, item.span, message, item.name, item.line)


def _check_constraint(scope: Scope) -> Iterator[Finding]:
    for later, earlier in _conflicts(scope):
        item, limit = (later, earlier) if not later.constraint else (earlier, later)
        groups = scope.limited.get(limit.document.path)
        # What stands before a `[` is the list; tox writes conditions for lines of it.
        is_held = groups is None or item.line.group.partition("[")[0] in groups
        if limit.constraint and is_held:
            what = f"{_clause(item)} here, and {scope.place(limit)} only allows {_clause(limit)}"
            message = f"{item.name}: {what}"
            yield Finding(item.document, item.span, message, item.name, item.line)


def _conflicts(scope: Scope) -> Iterator[tuple[Item, Item]]:
    """Yield each line with the first one before it that it excludes, if any; alike lines once."""
    for items in _several(scope):
        distinct: dict[tuple[object, ...], Item] = {}
        for item in items:
            if distinct.setdefault(_says(item), item) is not item:
                continue
            earlier = islice((o for o in distinct.values() if o is not item), _MOST_COMPARED)
            found = next((o for o in earlier if meets(o, item) and _exclude(item, o)), None)
            if found is not None:
                yield item, found


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
    if whole is None or any(clause is None or clause.is_unsatisfiable() for clause in alone):
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
            Example({"tox.ini": "[testenv]\ndeps =\n    old: a==1\n    new: a==2\n"}),
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
