"""DB801: pins with a published vulnerability, in the words and ids of the advisory."""

from __future__ import annotations

from collections.abc import Iterator

from bisect_deps.lint.rules._pinning import repin
from bisect_deps.lint.rules.base import (
    Advisory,
    Example,
    Finding,
    Item,
    Needs,
    Pinned,
    Repair,
    Rule,
    Safety,
    Scope,
    Severity,
    version_of,
)

_LONGEST = 160


def _check_vulnerable(scope: Scope) -> Iterator[Finding]:
    for item in scope.items:
        for advisory in (scope.advisories or {}).get((item.name, item.pin or ""), ()):
            where = item.parts.specifier_span or item.span
            message = _message(item, advisory)
            repair = _fixed(scope, item, advisory)
            yield Finding(item.document, where, message, item.name, item.line, repair)


def _message(item: Item, advisory: Advisory) -> str:
    others = f" ({', '.join(advisory.aliases)})" if advisory.aliases else ""
    fixed = ", ".join(advisory.fixed) or "no release yet"
    said = advisory.description
    said = said if len(said) <= _LONGEST else said[: _LONGEST - 1].rsplit(" ", 1)[0] + " …"
    return f"{item.shown} has {advisory.id}{others}, fixed in {fixed}: {said}".rstrip(": ")


def _fixed(scope: Scope, item: Item, advisory: Advisory) -> Repair | None:
    """Return the edit to the lowest release that is fixed and newer; nothing was built with it."""
    own = version_of(item.pin or "")
    known = [(version_of(version), version) for version in advisory.fixed]
    newer = sorted((v, text) for v, text in known if v is not None and own is not None and v > own)
    if not newer or item.parts.url is not None:
        return None
    return repin(scope, item, Pinned(newer[0][1], advisory.id), Safety.UNSAFE)


RULES = (
    Rule(
        code="DB801",
        name="vulnerable",
        severity=Severity.ERROR,
        summary="a pin with a published vulnerability",
        why=(
            "A pinned version stays as it was on the day of the pin, and so do its faults. "
            "pip-audit asks an advisory database for every pin; ids and words are those of the "
            "advisory. The extra `depbisect[audit]` installs it, and its variables "
            "(`PIP_AUDIT_*`) choose the service."
        ),
        source="pip-audit; the Python Packaging Advisory Database",
        check=_check_vulnerable,
        bad=(Example({"requirements.txt": "jinja2==2.4.1\n"}, audit=True),),
        good=(Example({"requirements.txt": "jinja2==3.1.6\n"}, audit=True),),
        fix="pins the lowest release in which it is fixed (unsafe)",
        needs=Needs.AUDIT,
    ),
)
