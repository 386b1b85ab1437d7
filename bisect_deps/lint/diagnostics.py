"""What a lint run reports: diagnostics with their places, and the report that holds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bisect_deps.lint.rules.base import NONE, Finding, Repair, Rule, Severity
from bisect_deps.text import of_file


class Diagnostic(NamedTuple):
    """One finding of a rule at its place; lines and columns count from 1, the end is exclusive.

    `file` is relative to the working folder, with `/`. `words` are the finding's, safe to show.
    `repair` is the finding's with the hashes that belong to it. `reason` is what an ignore comment
    says, None where nothing silences it. `generated` is what to change in place of a generated
    file, "" for one written by hand. What few reports show is read from the finding when asked for:
    a file may have thousands.
    """

    rule: Rule
    severity: Severity
    file: str
    line: int
    column: int
    words: str
    finding: Finding
    repair: Repair | None = None
    generated: str = ""
    reason: str | None = None

    @property
    def package(self) -> str:
        """Return the project concerned, "" where there is none."""
        return self.finding.package

    @property
    def message(self) -> str:
        """Return the words, with the step for the whole file."""
        return self.words + self.finding.step

    @property
    def end_line(self) -> int:
        """Return the line that the place ends on."""
        return self._end[0]

    @property
    def end_column(self) -> int:
        """Return the column behind the end of the place."""
        return self._end[1]

    @property
    def _end(self) -> tuple[int, int]:
        document, (start, end) = self.finding.document, self.finding.span
        if document.physical and end <= document.physical[self.line - 1].span.end:
            return self.line, self.column + end - start
        return document.place(max(end, start))

    @property
    def first_line(self) -> int:
        """Return the first physical line concerned, of the whole that pip joins."""
        whole = self.finding.line
        return self.line if whole is None else min(self.line, whole.number)

    @property
    def last_line(self) -> int:
        """Return the last physical line concerned."""
        whole = self.finding.line
        return self.end_line if whole is None else max(self.end_line, whole.last)

    @property
    def text(self) -> tuple[str, ...]:
        """Return the physical lines concerned, free of secrets and control characters."""
        document = self.finding.document
        lines = document.physical[self.first_line - 1 : self.last_line]
        return tuple(of_file(document.slice(line.span)) for line in lines)

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
