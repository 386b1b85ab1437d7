"""One lint run: inputs to scopes, rules to findings, findings to a report."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bisect_deps.formats.base import Document, Span
from bisect_deps.linting.diagnostics import Diagnostic, Report
from bisect_deps.linting.inputs import Inputs
from bisect_deps.linting.profiles import profile_of
from bisect_deps.linting.safety import safe
from bisect_deps.linting.scoping import scope_of
from bisect_deps.linting.selection import Selection
from bisect_deps.linting.settings import Settings
from bisect_deps.linting.suppressing import Ignore, findings_about, ignores_of
from bisect_deps.linting.targets import judge_for, parse_target
from bisect_deps.rules.base import Finding, Profile, Rule, Scope, Severity


@dataclass(slots=True)
class Checker:
    """Checks inputs under settings; may be asked again after the drafts of the inputs changed."""

    inputs: Inputs
    settings: Settings
    selection: Selection

    def check(self, paths: Sequence[str]) -> Report:
        """Return what the rules find in these files and all that they include."""
        run = _Run(self.inputs, self.settings, self.selection)
        for scope in self._scopes(paths):
            run.judge(scope)
        return run.report()

    def _scopes(self, paths: Sequence[str]) -> Iterator[Scope]:
        targets = tuple(parse_target(text) for text in self.settings.targets)
        judge = judge_for(targets)
        for shown, manifest in self.inputs.roots(paths):
            folder = os.path.dirname(self.inputs.absolute(shown))
            yield scope_of(
                shown,
                manifest,
                forced=self.settings.profile,
                judge=judge,
                targets=targets,
                evidence={},
                facts=None,
                folder=folder,
            )


class _Run:
    """The findings of one run, gathered scope by scope; each place is reported once per rule."""

    def __init__(self, inputs: Inputs, settings: Settings, selection: Selection) -> None:
        self._inputs = inputs
        self._settings = settings
        self._selection = selection
        self._rules = selection.rules()
        self._found: dict[tuple[object, ...], Diagnostic] = {}
        self._suppressed: dict[tuple[object, ...], Diagnostic] = {}
        self._ignores: dict[str, list[Ignore]] = {}
        self._files: dict[str, None] = {}
        self._requirements = 0
        self._fatal: dict[str, int] = {}

    def judge(self, scope: Scope) -> None:
        """Run all rules over one scope."""
        self._requirements += len(scope.items)
        shown = {id(document): self._shown(scope, document) for document in scope.documents}
        for document in scope.documents:
            file = shown[id(document)]
            self._files[file] = None
            self._fatal[file] = sum(problem.fatal for problem in document.problems)
            if file not in self._ignores:
                self._ignores[file] = ignores_of(document)
        profiles = {(id(i.document), i.line.number, i.line.group): i.profile for i in scope.items}
        for rule in self._rules:
            for finding in rule.check(scope):
                file = shown[id(finding.document)]
                profile = self._profile(finding, profiles, file)
                self._add(rule, finding, file, profile)

    def _shown(self, scope: Scope, document: Document) -> str:
        return os.path.normpath(os.path.join(os.path.dirname(scope.root), document.path)).replace(
            os.sep, "/"
        )

    def _profile(
        self, finding: Finding, profiles: dict[tuple[int, int, str], Profile], file: str
    ) -> Profile:
        line = finding.line
        if line is not None:
            known = profiles.get((id(finding.document), line.number, line.group))
            if known is not None:
                return known
        return self._settings.profile or profile_of(file, line.group if line else "")

    def _add(self, rule: Rule, finding: Finding, file: str, profile: Profile) -> None:
        severity = self._selection.severity(rule, profile, finding.severity)
        if severity is Severity.OFF or self._selection.ignores(rule, file, finding.package):
            return
        diagnostic = diagnostic_of(rule, severity, finding, file)
        key = (rule.code, file, diagnostic.line, diagnostic.column, diagnostic.package)
        first, last = diagnostic.line, diagnostic.end_line
        if finding.line is not None:
            first, last = finding.line.number, finding.line.last
        silenced = None
        for ignore in self._ignores.get(file, ()):
            if ignore.covers(rule, first, last):
                ignore.used.add(rule.code)
                silenced = ignore
        if silenced is not None:
            self._suppressed[key] = replace(diagnostic, reason=silenced.reason)
        else:
            self._found.setdefault(key, diagnostic)

    def report(self) -> Report:
        """Return the report, after the ignore comments themselves were judged."""
        ran = {rule.code for rule in self._rules}
        for file, ignores in list(self._ignores.items()):
            for rule, finding in findings_about(ignores, ran):
                if rule.code in ran:
                    self._add(rule, finding, file, Profile.PUBLISH)
        return Report(
            sorted(self._found.values(), key=lambda each: each.order),
            sorted(self._suppressed.values(), key=lambda each: each.order),
            files=tuple(self._files),
            requirements=self._requirements,
            notes=tuple(_left_out(self._selection.left_out())),
            fatal=self._fatal,
        )


def _left_out(rules: Iterable[Rule]) -> Iterator[str]:
    for rule in rules:
        yield f"{rule.code} {rule.name} was not checked: it needs --online"


def diagnostic_of(rule: Rule, severity: Severity, finding: Finding, file: str) -> Diagnostic:
    """Return the finding as reports show it, with its place in lines and columns."""
    document, span = finding.document, finding.span
    line, column = document.place(span.start)
    end_line, end_column = document.place(max(span.end, span.start))
    first, last = line, end_line
    if finding.line is not None:
        first, last = min(first, finding.line.number), max(last, finding.line.last)
    return Diagnostic(
        rule,
        severity,
        file,
        line,
        column,
        end_line,
        end_column,
        finding.package,
        safe(finding.message),
        _text(document, first, last),
        first,
        finding.repair,
    )


def _text(document: Document, first: int, last: int) -> tuple[str, ...]:
    lines = document.physical[first - 1 : last]
    return tuple(safe(document.slice(Span(line.span.start, line.span.end))) for line in lines)
