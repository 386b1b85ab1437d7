"""The lint rules: one file per family, one line per family in the table.

A family is imported when a file has something that concerns it, since most files have little and
the linter starts at every commit.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from functools import cache

from bisect_deps.formats.base import ProblemKind, is_conda
from bisect_deps.lint.rules.base import Profile, Rule, Scope


def _has_links(scope: Scope) -> bool:
    """Say whether there is a URL or path, an index option, or a link that the parser refused."""
    eggs = any(problem.kind is ProblemKind.EGG_FRAGMENT for _, problem in scope.problems)
    return eggs or _has_options(scope) or any(item.parts.url is not None for item in scope.items)


def _has_options(scope: Scope) -> bool:
    return any(line.options for document in scope.documents for line in document.lines)


def _may_need_hashes(scope: Scope) -> bool:
    return (
        _has_options(scope)
        or bool(scope.problems)
        or any(item.profile is Profile.LOCKED for item in scope.items)
    )


def _has_several(scope: Scope) -> bool:
    return len(scope.by_name) < len(scope.items)


def _has_markers(scope: Scope) -> bool:
    return any(item.parts.marker for item in scope.items)


def _has_problems(scope: Scope) -> bool:
    return bool(scope.problems)


def _is_online(scope: Scope) -> bool:
    return scope.facts is not None


def _has_conda(scope: Scope) -> bool:
    return any(is_conda(item.line.group) for item in scope.items)


def _is_audited(scope: Scope) -> bool:
    return scope.advisories is not None


def _always(_: Scope) -> bool:
    return True


# Family (a module beside this one) to whether a scope has anything that concerns it. A rule that is
# off by default may need more: whoever selects rules by name gets all families.
FAMILIES: dict[str, Callable[[Scope], bool]] = {
    "versions": _always,
    "links": _has_links,
    "hashes": _may_need_hashes,
    "together": _has_several,
    "markers": _has_markers,
    "names": _always,
    "conda": _has_conda,
    "lines": _has_problems,
    "dialect": _has_options,
    "published": _is_online,
    "projects": _always,
    "vulnerable": _is_audited,
    "meta": _has_problems,
}


def concerned(scope: Scope) -> list[Rule]:
    """Return the rules of the families that a scope concerns, by code."""
    return _rules(name for name, concerns in FAMILIES.items() if concerns(scope))


@cache
def all_rules() -> dict[str, Rule]:
    """Return every rule by its code, in order."""
    return {rule.code: rule for rule in _rules(FAMILIES)}


def _rules(families: Iterable[str]) -> list[Rule]:
    found: list[Rule] = []
    for name in families:
        found += importlib.import_module(f"bisect_deps.lint.rules.{name}").RULES
    return sorted(found, key=lambda rule: rule.code)
