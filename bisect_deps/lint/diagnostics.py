"""What a lint run reports: diagnostics with their places, and the report that holds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bisect_deps.formats.base import Document
from bisect_deps.lint.rules.base import NONE, Repair, Rule, Severity
from bisect_deps.text import of_file


class Diagnostic(NamedTuple):
    """One finding of a rule at its place; lines and columns count from 1, the end is exclusive.

    `file` is relative to the working folder, with `/`. The physical lines concerned are those from
    `first_line` to `last_line` of `document`. `reason` is what an ignore comment says, None where
    nothing silences it. `generated` is what to change in place of a generated file, "" for one
    written by hand.
    """

    rule: Rule
    severity: Severity
    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    package: str
    message: str
    document: Document | None = None
    first_line: int = 1
    last_line: int = 0
    repair: Repair | None = None
    reason: str | None = None
    generated: str = ""

    @property
    def text(self) -> tuple[str, ...]:
        """Return the physical lines concerned, free of secrets and control characters."""
        if self.document is None:
            return ()
        lines = self.document.physical[self.first_line - 1 : self.last_line]
        return tuple(of_file(self.document.slice(line.span)) for line in lines)

    @property
    def fingerprint(self) -> str:
        """Return what identifies it when lines move: rule, file, and project or else the text."""
        import hashlib  # a tenth of the start-up time, and most runs have no use for it

        subject = self.package or " ".join(" ".join(self.text).split())
        identity = "\0".join((self.rule.code, self.file, subject))
        return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        """Return the key that reports are sorted by."""
        return (self.file, self.line, self.column, self.rule.code, self.message)


class Report(NamedTuple):
    """What a lint run found. `suppressed` are silenced by a comment, `known` by the baseline.

    `unavailable` says why a requested online check could not run, "" when all ran. `notes` are for
    people only. `fatal` counts, by file, what makes pip reject it, ignored or not. `unreadable` are
    the files that could not be read in their format, `not_judged` the places whose requirements
    nobody can read, both as `file:line: why`. `judged`: there was a list of requirements, be it
    empty. `profiles` are those that were applied. `audited`: pip-audit knew of the pins, None where
    it was not asked.
    """

    diagnostics: Sequence[Diagnostic]
    suppressed: Sequence[Diagnostic] = ()
    known: int = 0
    files: Sequence[str] = ()
    requirements: int = 0
    notes: Sequence[str] = ()
    unavailable: str = ""
    fatal: Mapping[str, int] = NONE
    unreadable: Sequence[str] = ()
    not_judged: Sequence[str] = ()
    judged: bool = True
    profiles: Sequence[str] = ()
    online: bool = False
    audited: bool | None = None

    def at_or_above(self, severity: Severity) -> Sequence[Diagnostic]:
        """Return the diagnostics that are as bad as `severity` or worse."""
        bad = {own for own in Severity if own.rank >= severity.rank}
        return [found for found in self.diagnostics if found.severity in bad]
