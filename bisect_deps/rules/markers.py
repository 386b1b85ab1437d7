"""DB404: markers that never hold."""

from __future__ import annotations

from collections.abc import Iterator

from bisect_deps.rules._worlds import never_true
from bisect_deps.rules.base import Example, Finding, Rule, Scope, Severity


def _check_dead_marker(scope: Scope) -> Iterator[Finding]:
    known: dict[str, bool] = {}
    for item in scope.items:
        marker = item.parts.marker
        if not marker or item.worlds:
            continue
        if marker not in known:
            known[marker] = never_true(marker, scope.worlds, targets=bool(scope.targets))
        if known[marker]:
            whom = "the targets" if scope.targets else "any Python"
            message = f"the marker {marker} is never true for {whom}: the line installs nothing"
            span = item.parts.marker_span or item.span
            yield Finding(item.document, span, message, item.name, item.line)


RULES = (
    Rule(
        code="DB404",
        name="dead-marker",
        severity=Severity.INFO,
        summary="a marker that is never true",
        why=(
            "A line whose marker never holds installs nothing and hides behind what it seems to "
            "say. Markers are judged for the targets; without targets only a marker that no "
            "Python version satisfies is reported."
        ),
        source="Dependency specifiers specification: environment markers",
        check=_check_dead_marker,
        bad=(
            'a==1 ; python_version < "3" and python_version > "3.5"\n',
            Example(
                {"requirements.txt": 'a==1 ; sys_platform == "win32"\n'},
                targets=("python=3.12,platform=linux_x86_64",),
            ),
        ),
        good=('a==1 ; sys_platform == "win32"\n', 'a==1 ; python_version < "3"\n'),
    ),
)
