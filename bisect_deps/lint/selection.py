"""Which rules run, and how bad their findings are, for a project in a file of some profile."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatch

from bisect_deps.errors import InputError
from bisect_deps.lint.rules import all_rules, concerned
from bisect_deps.lint.rules.base import Needs, Profile, Rule, Scope, Severity
from bisect_deps.lint.settings import LintSettings

ALL = "ALL"
# What says that a file cannot be read at all.
UNREAD = ("DB400", "DB406")


def resolve(selector: str) -> list[Rule]:
    """Return the rules that a code, a name, a prefix (`DB1`) or ALL means. Raises InputError."""
    wanted = selector.strip()
    upper = wanted.upper()
    if upper == ALL:
        return list(all_rules().values())
    found = [
        rule
        for rule in all_rules().values()
        if (upper.startswith("DB") and rule.code.startswith(upper)) or rule.name == wanted.lower()
    ]
    if not found:
        raise InputError(
            f"no rule is called {wanted!r}", hint="`depbisect lint --explain ALL` lists the rules"
        )
    return found


class Selection:
    """The rules of a run, and the severity of each under a profile."""

    def __init__(self, settings: LintSettings) -> None:
        self._settings = settings
        self._named = _named([*settings.select, *settings.extend_select])
        self._selected = _selected(settings, self._named)
        self._severities = {
            rule.code: severity
            for selector, severity in settings.severities.items()
            for rule in resolve(selector)
        }
        self._in_files = [
            (pattern, _codes(selectors)) for pattern, selectors in settings.per_file_ignores.items()
        ]
        self._of_packages = {
            _normal(name): _codes(selectors)
            for name, selectors in settings.per_package_ignores.items()
        }

    def rules(self, scope: Scope) -> list[Rule]:
        """Return the rules to run over a scope, in the order of their codes."""
        rules = all_rules().values() if self._named or self._severities else concerned(scope)
        if scope.is_lock:
            # A lock is a tool's own account: only what the index says of it is news.
            return [
                r
                for r in rules
                if self.runs(r) and (r.needs in (Needs.INDEX, Needs.AUDIT) or r.code in UNREAD)
            ]
        return [rule for rule in rules if self.runs(rule)]

    def codes(self) -> set[str]:
        """Return the codes of all rules that run, on whatever scope."""
        return {rule.code for rule in all_rules().values() if self.runs(rule)}

    def runs(self, rule: Rule) -> bool:
        """Say whether a rule runs at all."""
        is_selected = self._selected is None or rule.code in self._selected
        return is_selected and self._can_ask(rule)

    def _can_ask(self, rule: Rule) -> bool:
        if rule.needs is Needs.AUDIT:
            return self._settings.audit
        return self._settings.online or rule.needs is Needs.NOTHING

    def left_out(self) -> list[Rule]:
        """Return the rules that were asked for by code or name and cannot run off-line."""
        if not self._named:
            return []
        return [
            rule
            for rule in all_rules().values()
            if rule.code in self._named and not self.runs(rule)
        ]

    def severity(self, code: str, profile: Profile, own: Severity | None) -> Severity:
        """Return how bad a finding of a rule is; `own` is what the finding itself says."""
        rule = all_rules()[code]
        if rule.code in self._severities:
            return self._severities[rule.code]
        by_profile = rule.severity_in(profile)
        if by_profile is Severity.OFF and rule.code in self._named:
            return rule.severity if rule.severity is not Severity.OFF else Severity.WARNING
        return own if own is not None and by_profile is rule.severity else by_profile

    @property
    def may_ignore(self) -> bool:
        """Say whether the settings ignore anything by file or project."""
        return bool(self._in_files or self._of_packages)

    def ignores(self, rule: Rule, file: str, package: str) -> bool:
        """Say whether the settings ignore a rule in a file or for a project."""
        if package and rule.code in self._of_packages.get(package, ()):
            return True
        return any(
            rule.code in codes and (fnmatch(file, pattern) or fnmatch(file, f"*/{pattern}"))
            for pattern, codes in self._in_files
        )


def _selected(settings: LintSettings, named: set[str]) -> set[str] | None:
    """Return the codes selected and not ignored, None for all."""
    if not settings.select and not settings.ignore:
        return None
    chosen = _codes([*(settings.select or (ALL,)), *settings.extend_select])
    return chosen - (_codes(settings.ignore) - named)


def _codes(selectors: Iterable[str]) -> set[str]:
    return {rule.code for selector in selectors for rule in resolve(selector)}


def _named(selectors: Iterable[str]) -> set[str]:
    """Return the codes of rules that are named one by one, not by a prefix."""
    found = [resolve(selector) for selector in selectors if selector.upper() != ALL]
    return {rules[0].code for rules in found if len(rules) == 1}


def _normal(name: str) -> str:
    from packaging.utils import canonicalize_name

    return canonicalize_name(name)
