"""Applying repairs: as drafts, in passes until nothing changes, and at last to the disk.

No file is written before all passes are done. A pass that makes a file unreadable for the installer
is taken back. Generated files and locks are left alone, with the name of what to change instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bisect_deps.errors import InputError
from bisect_deps.formats.base import Document, Span
from bisect_deps.lint.checking import Checker
from bisect_deps.lint.diagnostics import Diagnostic, Report
from bisect_deps.lint.recoding import as_utf8
from bisect_deps.lint.rules.base import Repair, Safety
from bisect_deps.system.files import write_whole

# Each pass fixes at least one place; repairs that uncover another are rare, chains are not known.
_MAX_PASSES = 20


@dataclass(slots=True)
class Fixed:
    """What fixing did: the report afterwards, the new bytes by absolute path, what was fixed."""

    report: Report
    files: dict[str, bytes] = field(default_factory=dict)
    applied: list[Diagnostic] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def fix(checker: Checker, paths: Sequence[str], *, unsafe: bool) -> Fixed:
    """Fix what can be fixed, in the drafts of the checker's inputs; the disk is not touched."""
    inputs = checker.inputs
    checker.fixing = True
    fixed = Fixed(checker.check(paths))
    given_up: set[str] = set()
    for _ in range(_MAX_PASSES):
        plan = _plan(fixed, given_up, unsafe=unsafe)
        if not plan:
            break
        before = {file: inputs.read(inputs.absolute(file)) for file in plan}
        broken = dict(fixed.report.fatal)
        for file, step in plan.items():
            _draft(fixed, checker, file, step, given_up)
        report = checker.check(paths)
        worse = [file for file in plan if report.fatal.get(file, 0) > broken.get(file, 0)]
        for file in worse:
            inputs.drafts[inputs.absolute(file)] = before[file]
            given_up.add(file)
            fixed.notes.append(f"{file} was not fixed: the fix would not have been readable")
        for file, step in plan.items():
            if file not in given_up:
                fixed.files[inputs.absolute(file)] = inputs.drafts[inputs.absolute(file)]
                fixed.applied += step.diagnostics
        fixed.report = checker.check(paths) if worse else report
    return fixed


def _draft(fixed: Fixed, checker: Checker, file: str, step: _FixStep, given_up: set[str]) -> None:
    try:
        checker.inputs.drafts[checker.inputs.absolute(file)] = step.render()
    except InputError as error:
        given_up.add(file)
        fixed.notes.append(f"{file} was not fixed: {error.message}")


def write(files: Mapping[str, bytes]) -> None:
    """Replace the files one by one, each at once, with their modes kept."""
    for path, data in files.items():
        write_whole(Path(path), data)


@dataclass(slots=True)
class _FixStep:
    """The repairs of one file that can be made in one pass."""

    document: Document
    changes: list[tuple[Span, str]] = field(default_factory=list)
    recode: bool = False
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def takes(self, repair: Repair) -> bool:
        """Say whether the repair fits beside those already taken."""
        if self.recode or (repair.recode is not None and self.changes):
            return False
        new = [change.span for change in repair.changes]
        return not any(_overlap(span, taken) for span in new for taken, _ in self.changes)

    def render(self) -> bytes:
        """Return the file's bytes after this pass."""
        if self.recode:
            return as_utf8(self.document)
        return self.document.splice(self.changes)


def _overlap(one: Span, other: Span) -> bool:
    # Edits that touch are kept apart too: two insertions at one place have no order.
    return one.start <= other.end and other.start <= one.end


def _plan(fixed: Fixed, given_up: set[str], *, unsafe: bool) -> dict[str, _FixStep]:
    plan: dict[str, _FixStep] = {}
    for diagnostic in fixed.report.diagnostics:
        repair = diagnostic.repair
        if repair is None or diagnostic.file in given_up:
            continue
        if repair.safety is Safety.UNSAFE and not unsafe:
            continue
        document = repair.recode or repair.changes[0].document
        if diagnostic.generated:
            given_up.add(diagnostic.file)
            fixed.notes.append(
                f"{diagnostic.file} is generated and was left alone: change {diagnostic.generated}"
            )
            continue
        step = plan.setdefault(diagnostic.file, _FixStep(document))
        if step.takes(repair):
            step.recode = repair.recode is not None
            step.changes += [(change.span, change.text) for change in repair.changes]
            step.diagnostics.append(diagnostic)
    return {file: step for file, step in plan.items() if step.diagnostics}
