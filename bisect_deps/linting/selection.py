"""Which rules run, and how bad their findings are, for a project in a file of some profile."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatch

from bisect_deps.errors import InputError
from bisect_deps.linting.settings import Settings
from bisect_deps.rules import RULES
from bisect_deps.rules.base import Needs, Profile, Rule, Severity

ALL = "ALL"


def resolve(selector: str) -> list[Rule]:
    """Return the rules that a code, a name, a prefix (`DB1`) or ALL means. Raises InputError."""
    wanted = selector.strip()
    upper = wanted.upper()
    if upper == ALL:
        return list(RULES.values())
    found = [
        rule
        for rule in RULES.values()
        if (upper.startswith("DB") and rule.code.startswith(upper)) or rule.name == wanted.lower()
    ]
    if not found:
        raise InputError(
            f"no rule is called {wanted!r}", hint="`depbisect lint --explain ALL` lists the rules"
        )
    return found


class Selection:
    """The rules of a run, and the severity of each under a profile."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        chosen = settings.select or (ALL,)
        self._selected = _codes([*chosen, *settings.extend_select])
        self._named = _named([*settings.select, *settings.extend_select])
        ignored = _codes(settings.ignore) - self._named
        self._selected -= ignored
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

    def rules(self) -> list[Rule]:
        """Return the rules to run, in the order of their codes."""
        return [rule for rule in RULES.values() if self.runs(rule)]

    def runs(self, rule: Rule) -> bool:
        """Say whether a rule runs at all."""
        return rule.code in self._selected and (
            self._settings.online or rule.needs is Needs.NOTHING
        )

    def left_out(self) -> list[Rule]:
        """Return the rules that were asked for by code or name and cannot run off-line."""
        return [rule for rule in RULES.values() if rule.code in self._named and not self.runs(rule)]

    def severity(self, rule: Rule, profile: Profile, own: Severity | None) -> Severity:
        """Return how bad a finding is; `own` is what the finding itself says."""
        if rule.code in self._severities:
            return self._severities[rule.code]
        by_profile = rule.severity_in(profile)
        if by_profile is Severity.OFF and rule.code in self._named:
            return rule.severity if rule.severity is not Severity.OFF else Severity.WARNING
        return own if own is not None and by_profile is rule.severity else by_profile

    def ignores(self, rule: Rule, file: str, package: str) -> bool:
        """Say whether the settings ignore a rule in a file or for a project."""
        if package and rule.code in self._of_packages.get(package, ()):
            return True
        return any(
            rule.code in codes and (fnmatch(file, pattern) or fnmatch(file, f"*/{pattern}"))
            for pattern, codes in self._in_files
        )


def _codes(selectors: Iterable[str]) -> set[str]:
    return {rule.code for selector in selectors for rule in resolve(selector)}


def _named(selectors: Iterable[str]) -> set[str]:
    """Return the codes of rules that are named one by one, not by a prefix."""
    found = [resolve(selector) for selector in selectors if selector.upper() != ALL]
    return {rules[0].code for rules in found if len(rules) == 1}


def _normal(name: str) -> str:
    from packaging.utils import canonicalize_name

    return canonicalize_name(name)
