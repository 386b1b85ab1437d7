"""One lint run: inputs to scopes, rules to findings, findings to a report."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from bisect_deps.errors import IndexUnavailable
from bisect_deps.formats.base import Document, LogicalLine, Manifest, ProblemKind, Span
from bisect_deps.lint.diagnostics import Diagnostic, Report
from bisect_deps.lint.inputs import Inputs
from bisect_deps.lint.profiles import profile_of
from bisect_deps.lint.rules import all_rules
from bisect_deps.lint.rules.base import (
    NONE,
    Change,
    Finding,
    Needs,
    Pinned,
    Profile,
    Repair,
    Rule,
    Scope,
    Severity,
    is_template,
)
from bisect_deps.lint.rules.meta import TEMPLATE
from bisect_deps.lint.scoping import generator_of, lock_beside, scope_of
from bisect_deps.lint.selection import Selection
from bisect_deps.lint.settings import LintSettings
from bisect_deps.lint.targets import judge_for, parse_target
from bisect_deps.text import of_file

if TYPE_CHECKING:
    from bisect_deps.lint.online import IndexFacts
    from bisect_deps.lint.suppressing import Ignore
    from bisect_deps.model import IndexSettings


class Checker:
    """Checks inputs under settings; may be asked again after the drafts of the inputs changed.

    `fixing`: repairs are wanted, also those that cost a download.
    """

    def __init__(
        self, inputs: Inputs, settings: LintSettings, *, index: IndexSettings | None = None
    ) -> None:
        self.inputs = inputs
        self.settings = settings
        self.selection = Selection(settings)
        self._index = index
        self._targets = tuple(parse_target(text) for text in settings.targets)
        self._judge = judge_for(self._targets)
        self._evidence = self._given_evidence()
        self._beside: dict[str, Mapping[str, Pinned]] = {}
        self._facts: IndexFacts | None = None
        self.fixing = False

    def close(self) -> None:
        """Close the connections to the index."""
        if self._facts is not None:
            self._facts.close()

    def check(self, paths: Sequence[str]) -> Report:
        """Return what the rules find in these files and all that they include."""
        run = _Run(self.settings, self.selection)
        roots = self.inputs.roots(paths)
        run.judged = any(manifest.is_judged for _, manifest in roots)
        run.not_judged = list(self.inputs.missing)
        scopes = [self._scope(shown, manifest) for shown, manifest in roots]
        scopes = list(self._with_pythons(scopes))
        if self.settings.online:
            scopes = self._with_facts(scopes, run)
        if self.settings.audit:
            scopes = self._with_advisories(scopes, run)
        for scope in scopes:
            run.judge(scope)
        return run.report()

    def _scope(self, shown: str, manifest: Manifest) -> Scope:
        absolute = self.inputs.absolute(shown)
        folder = os.path.dirname(absolute)
        named = {self.inputs.absolute(path): frozenset(("",)) for path in self.settings.constraints}
        for path, group in self.inputs.constraints_of(absolute, manifest):
            named[path] = named.get(path, frozenset()) | {group}
        constraints = [
            (self.inputs.constraints(path), groups)
            for path, groups in named.items()
            if path != absolute
        ]
        return scope_of(
            shown,
            manifest,
            forced=self.settings.profile,
            judge=self._judge,
            targets=self._targets,
            evidence=self._evidence_for(folder),
            folder=folder,
            constraints=constraints,
            unread_constraints=self.inputs.unread_constraints(absolute, manifest),
        )

    def _given_evidence(self) -> Mapping[str, Pinned]:
        if not self.settings.evidence:
            return NONE
        from bisect_deps.lint.evidence import evidence_from

        return evidence_from(self.settings.evidence, self.inputs.folder)

    def _evidence_for(self, folder: str) -> Mapping[str, Pinned]:
        if folder not in self._beside:
            lock = lock_beside(folder)
            beside: Mapping[str, Pinned] = NONE
            if lock or os.path.exists(os.path.join(folder, ".depbisect")):
                from bisect_deps.lint.evidence import evidence_beside

                beside = evidence_beside(Path(folder), lock)
            self._beside[folder] = {**beside, **self._evidence} if beside else self._evidence
        return self._beside[folder]

    def _with_facts(self, scopes: list[Scope], run: _Run) -> list[Scope]:
        """Return the scopes with what the index knows; without it where it does not answer."""
        from bisect_deps.errors import DepbisectError, ExitCode

        try:
            facts = self._open_index(scopes)
            names = {name for scope in scopes for name in scope.by_name}
            facts.prefetch(sorted(names | set(self._evidence)))
        except DepbisectError as error:
            if error.exit_code is not ExitCode.UNAVAILABLE:
                raise
            run.unavailable = f"the online checks could not run: {error}"
            return scopes
        return [scope._replace(facts=facts) for scope in scopes]

    def _with_pythons(self, scopes: Iterable[Scope]) -> Iterator[Scope]:
        """Yield the scopes; the first of a project knows where that states no Python version."""
        from bisect_deps.lint.pythons import project_of, states_python

        seen: set[str] = set()
        for scope in scopes:
            folder = os.path.dirname(self.inputs.absolute(scope.root))
            project = project_of(folder)
            is_asked = bool(project) and project not in seen and bool(scope.items)
            if is_asked and os.path.isdir(folder):
                seen.add(project)
                yield scope._replace(no_python=not states_python(folder, project))
            else:
                yield scope

    def _with_advisories(self, scopes: list[Scope], run: _Run) -> list[Scope]:
        """Return the scopes with what is known against their pins."""
        from bisect_deps.errors import BuilderUnavailable
        from bisect_deps.lint.auditing import audit

        items = [item for scope in scopes for item in scope.items if not item.by_variable]
        try:
            found = audit((item.name, item.pin) for item in items if item.name and item.pin)
        except (BuilderUnavailable, IndexUnavailable) as error:
            hint = f" ({error.hint})" if error.hint else ""
            run.unavailable = f"the audit could not run: {error}{hint}"
            return scopes
        run.audited = True
        run.not_judged += [f"{name}: {reason}" for name, reason in found.skipped.items()]
        return [scope._replace(advisories=found.advisories) for scope in scopes]

    def _open_index(self, scopes: Sequence[Scope]) -> IndexFacts:
        if self._facts is None:
            from bisect_deps.lint.online import IndexFacts, index_of

            settings = self._index or index_of(scopes, self.settings.index_url)
            self._facts = IndexFacts(settings, self._targets, min_age=self.settings.min_age)
        self._facts.downloads = self.fixing
        return self._facts


# Where a finding stands: file, line, column, the rule's code, the project.
_Place = tuple[str, int, int, str, str]


class _Run:
    """The findings of one run, gathered scope by scope; each place is reported once per rule."""

    def __init__(self, settings: LintSettings, selection: Selection) -> None:
        self.unavailable = ""
        self.judged = True
        self.audited = False if settings.audit else None
        self.not_judged: list[str] = []
        self._settings = settings
        self._selection = selection
        # Asked of every finding, and the same for nearly all of a rule.
        self._severity = lru_cache(maxsize=None)(selection.severity)
        self._may_ignore = selection.may_ignore
        self._found: dict[_Place, Diagnostic] = {}
        self._suppressed: dict[_Place, Diagnostic] = {}
        self._ignores: dict[str, list[Ignore]] = {}
        self._documents: dict[str, Document] = {}
        self._sources: dict[str, str] = {}
        self._requirements = 0
        self._fatal: dict[str, int] = {}
        self._unreadable: dict[str, str] = {}
        self._profiles: dict[Profile, None] = {}

    def judge(self, scope: Scope) -> None:
        """Run all rules over one scope."""
        self._requirements += len(scope.items)
        shown = {id(document): self._shown(scope, document) for document in scope.documents}
        for document in scope.documents:
            file = shown[id(document)]
            self._documents.setdefault(file, document)
            if document.problems:
                self._note_problems(file, document)
            self._fatal[file] = sum(problem.fatal for problem in document.problems)
            if file not in self._ignores:
                self._ignores[file] = _ignores_of(document)
        self._profiles.update(dict.fromkeys(item.profile for item in scope.items))
        profiles = {id(item.line): item.profile for item in scope.items}
        for rule in self._selection.rules(scope):
            for finding in self._findings(rule, scope):
                file = shown[id(finding.document)]
                profile = profiles.get(id(finding.line)) or self._profile(finding, file)
                self._add(rule, finding, file, profile)

    def _note_problems(self, file: str, document: Document) -> None:
        """Note what could not be read at all, and what nobody can read."""
        template = False
        for problem in document.problems:
            said = f"{file}:{problem.line}: {problem.message}"
            if is_template(document, problem):
                if not template:
                    self.not_judged.append(f"{file}:{problem.line}: {TEMPLATE}")
                template = True
            elif problem.fatal and problem.kind in _UNREADABLE:
                self._unreadable.setdefault(file, said)
            elif problem.kind in _NOT_JUDGED and said not in self.not_judged:
                self.not_judged.append(said)

    def _findings(self, rule: Rule, scope: Scope) -> Iterable[Finding]:
        if rule.needs is Needs.NOTHING:
            return rule.check(scope)
        try:
            return list(rule.check(scope))
        except IndexUnavailable as error:
            self.unavailable = f"{rule.code} {rule.name} could not run: {error}"
            return []

    def _shown(self, scope: Scope, document: Document) -> str:
        return os.path.normpath(os.path.join(os.path.dirname(scope.root), document.path)).replace(
            os.sep, "/"
        )

    def _profile(self, finding: Finding, file: str) -> Profile:
        """Return the profile of a line that holds no requirement."""
        group = finding.line.group if finding.line else ""
        return self._settings.profile or profile_of(file, group)

    def _add(self, rule: Rule, finding: Finding, file: str, profile: Profile) -> None:
        document, span, message, package, whole, repair, own, _ = finding
        code = rule.code
        severity = self._severity(code, profile, own)
        if severity is _OFF or (self._may_ignore and self._selection.ignores(rule, file, package)):
            return
        line, column = document.place(span[0])
        source = ""
        if repair is not None:
            repair, source = _with_hashes(repair, whole), self._source_of(file, document)
        diagnostic = Diagnostic(
            rule, severity, file, line, column, of_file(message), finding, repair, source
        )
        key = (file, line, column, code, package)
        silenced = self._silenced(rule, finding, diagnostic) if self._ignores.get(file) else None
        if silenced is not None:
            self._suppressed[key] = diagnostic._replace(reason=silenced.reason)
        else:
            self._found.setdefault(key, diagnostic)

    def _silenced(self, rule: Rule, finding: Finding, diagnostic: Diagnostic) -> Ignore | None:
        first, last = diagnostic.line, diagnostic.end_line
        if finding.line is not None:
            first, last = finding.line.number, finding.line.last
        silenced = None
        for ignore in self._ignores[diagnostic.file]:
            if ignore.covers(rule, first, last):
                ignore.used.add(rule.code)
                silenced = ignore
        return silenced

    def report(self) -> Report:
        """Return the report, after the ignore comments themselves were judged."""
        if self.unavailable:
            self._not_checked()
        if any(self._ignores.values()):
            self._judge_ignores(self._selection.codes())
        return Report(
            _one_for_one_fault(_in_order(self._found), {code for _, _, _, code, _ in self._found}),
            _in_order(self._suppressed),
            files=tuple(self._documents),
            requirements=self._requirements,
            notes=tuple(_left_out(self._selection.left_out())),
            fatal=self._fatal,
            unavailable=self.unavailable,
            unreadable=tuple(self._unreadable.values()),
            not_judged=tuple(self.not_judged),
            judged=self.judged,
            profiles=tuple(profile.value for profile in Profile if profile in self._profiles),
            online=self._settings.online,
            audited=self.audited,
        )

    def _not_checked(self) -> None:
        from bisect_deps.lint.rules.meta import NOT_CHECKED

        if self._selection.runs(NOT_CHECKED):
            for file, document in self._documents.items():
                finding = Finding(document, Span(0, 0), self.unavailable)
                self._add(NOT_CHECKED, finding, file, Profile.PUBLISH)
                break

    def _source_of(self, file: str, document: Document) -> str:
        if file not in self._sources:
            self._sources[file] = generator_of(document) or ""
        return self._sources[file]

    def _judge_ignores(self, ran: set[str]) -> None:
        from bisect_deps.lint.suppressing import findings_about

        for file, ignores in list(self._ignores.items()):
            for rule, finding in findings_about(ignores, ran):
                if rule.code in ran:
                    self._add(rule, finding, file, Profile.PUBLISH)


_OFF = Severity.OFF
_UNREADABLE = (ProblemKind.INVALID_FILE, ProblemKind.ENCODING)
_NOT_JUDGED = (ProblemKind.NOT_JUDGED, ProblemKind.REMOTE_INCLUDE)


def _in_order(found: Mapping[_Place, Diagnostic]) -> list[Diagnostic]:
    # By their places, which take no time to make: `order` differs only within one.
    return [diagnostic for _, diagnostic in sorted(found.items(), key=itemgetter(0))]


def _one_for_one_fault(found: list[Diagnostic], said: set[str]) -> list[Diagnostic]:
    """Return the findings without those that another one says already.

    That is one on the same line that is as grave, or one on the line that this line repeats. `said`
    are the codes of all.
    """
    enough = {code for own in said for code in all_rules()[own].beside} & said
    if not enough and _DUPLICATE not in said:
        return found
    ranks: dict[_Line, dict[str, int]] = {}
    for diagnostic in found:
        code = diagnostic.rule.code
        if code in enough or code == _DUPLICATE:
            ranks.setdefault(_line_of(diagnostic), {})[code] = diagnostic.severity.rank
    once = {
        (diagnostic.rule.code, diagnostic.package)
        for diagnostic in found
        if _DUPLICATE not in ranks.get(_line_of(diagnostic), ())
    }

    def is_said(diagnostic: Diagnostic) -> bool:
        rule = diagnostic.rule
        others = ranks.get(_line_of(diagnostic), {})
        if _DUPLICATE in others and (rule.code, diagnostic.package) in once:
            return True
        return any(others.get(code, -1) >= diagnostic.severity.rank for code in rule.beside)

    return [diagnostic for diagnostic in found if not is_said(diagnostic)]


_Line = tuple[str, int, str]
_DUPLICATE = "DB401"


def _line_of(diagnostic: Diagnostic) -> _Line:
    return diagnostic.file, diagnostic.first_line, diagnostic.package


def _ignores_of(document: Document) -> list[Ignore]:
    if "depbisect:" not in document.text:
        return []
    from bisect_deps.lint.suppressing import ignores_of

    return list(ignores_of(document))


def _left_out(rules: Iterable[Rule]) -> Iterator[str]:
    for rule in rules:
        needed = "--audit" if rule.needs is Needs.AUDIT else "--online"
        yield f"{rule.code} {rule.name} was not checked: it needs {needed}"


def _with_hashes(repair: Repair, line: LogicalLine | None) -> Repair:
    """Return the repair with the changes that refresh the line's hashes."""
    if not repair.hashes or repair.pins is None or line is None:
        return repair
    from bisect_deps.formats._splice import repin
    from bisect_deps.model import exactly

    document = repair.changes[0].document
    spans = repin(document, line, exactly(repair.pins[1]), repair.hashes)
    return repair._replace(changes=tuple(Change(document, span, text) for span, text in spans))
