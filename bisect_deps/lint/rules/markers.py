"""DB404, DB415: markers that never hold, and markers that no installer can evaluate."""

from __future__ import annotations

from collections.abc import Iterator

from bisect_deps.formats._markers import plain
from bisect_deps.formats.base import Span
from bisect_deps.lint.rules._worlds import misspelt_value, never_true, world
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
)


def _check_dead_marker(scope: Scope) -> Iterator[Finding]:
    known: dict[str, bool] = {}
    for item in scope.items:
        marker = item.parts.marker
        if not marker:
            continue
        if (wrong := _asks_for_nothing(item, marker)) is not None:
            yield wrong
        elif not item.worlds:
            if marker not in known:
                known[marker] = never_true(marker, scope.worlds, targets=bool(scope.targets))
            if known[marker]:
                whom = "the targets" if scope.targets else "any Python"
                yield _dead(item, f"the marker {marker} is never true for {whom}")


def _asks_for_nothing(item: Item, marker: str) -> Finding | None:
    """Return what is wrong with a marker that compares with a value that nothing has."""
    if "extra" in marker and not item.line.group:
        return _dead(item, "an installer asks for no extra of a requirements file")
    if " or " in marker:
        return None
    wrong = misspelt_value(marker)
    if wrong is None:
        return None
    name, value, meant = wrong
    message = f'{name} is never "{value}": write "{meant}"'
    return _dead(item, message, _respelt(item, value, meant))


def _respelt(item: Item, value: str, meant: str) -> Repair | None:
    """Return the edit of the one place in the marker where the value stands."""
    span = item.parts.marker_span
    written = item.document.slice(span) if span is not None else ""
    places = [at for quote in "\"'" if (at := written.find(f"{quote}{value}{quote}")) >= 0]
    if span is None or len(places) != 1:
        return None
    start = span.start + places[0] + 1
    change = Change(item.document, Span(start, start + len(value)), meant)
    return Repair(Safety.UNSAFE, f"write {meant}", (change,))


def _dead(item: Item, message: str, repair: Repair | None = None) -> Finding:
    span = item.parts.marker_span or item.span
    message += "; the line installs nothing"
    return Finding(item.document, span, message, item.name, item.line, repair)


def _check_broken_marker(scope: Scope) -> Iterator[Finding]:
    known: dict[str, str] = {}
    for item in scope.items:
        marker = item.parts.marker
        if not marker:
            continue
        if marker not in known:
            known[marker] = _why_undefined(marker)
        if known[marker]:
            span = item.parts.marker_span or item.span
            yield Finding(item.document, span, known[marker], item.name, item.line)


def _why_undefined(marker: str) -> str:
    """Return why no installer can evaluate a marker, "" where each can."""
    if plain(marker) is not None:
        return ""
    from packaging.markers import InvalidMarker, Marker, UndefinedComparison

    try:
        Marker(marker).evaluate({**world("3.12"), "extra": ""})
    except UndefinedComparison:
        hint = 'compare with a whole version: >= "3.8"' if "~=" in marker else "use == or in"
        return f"the marker {marker} compares what cannot be compared: pip stops at it; {hint}"
    except InvalidMarker:
        return ""
    return ""


RULES = (
    Rule(
        code="DB404",
        name="dead-marker",
        options=("target",),
        severity=Severity.WARNING,
        summary="a marker that is never true",
        why=(
            "A line whose marker never holds installs nothing and hides behind what it seems to "
            "say. Values are compared by the letter: `sys_platform` is `linux` and never `Linux`, "
            "`os_name` is `posix` there. `extra` is only asked for in the metadata of a project. "
            "Markers are judged for the targets; without targets only what no Python on any "
            "system satisfies is reported."
        ),
        source="Dependency specifiers specification: environment markers",
        check=_check_dead_marker,
        bad=(
            'a==1 ; python_version < "3" and python_version > "3.5"\n',
            "a==1 ; sys_platform == 'Linux'\n",
            "a==1 ; extra == 'web'\n",
            Example(
                {"requirements.txt": 'a==1 ; sys_platform == "win32"\n'},
                targets=("python=3.12,platform=linux_x86_64",),
            ),
        ),
        good=(
            'a==1 ; sys_platform == "win32"\n',
            'a==1 ; python_version < "3"\n',
            "a==1 ; sys_platform == 'linux' or sys_platform == 'Linux'\n",
        ),
        fix="writes the value as Python spells it (unsafe, since the line is installed then)",
    ),
    Rule(
        code="DB415",
        name="undefined-marker",
        severity=Severity.ERROR,
        summary="a marker with a comparison that no installer can make",
        why=(
            '`python_version ~= "3"` is valid as text and has no meaning: a compatible release '
            "needs two numbers. pip and uv stop with an error when they come to evaluate it, "
            "whatever the environment is."
        ),
        source="Dependency specifiers specification: environment markers; packaging "
        "UndefinedComparison",
        check=_check_broken_marker,
        bad=('a==1 ; python_version ~= "3"\n',),
        good=('a==1 ; python_version ~= "3.8"\n', 'a==1 ; python_version >= "3"\n'),
    ),
)
