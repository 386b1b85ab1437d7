"""The report for people: one line per diagnostic, or with source lines and carets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from bisect_deps.lint.diagnostics import Diagnostic, Report
from bisect_deps.lint.outputs.base import OutputStyle, is_fixable
from bisect_deps.lint.rules.base import Safety, Severity
from bisect_deps.lint.rules.meta import NOT_JUDGED

_COLORS = {"error": "31", "warning": "33", "info": "36"}
_MOST_LINES = 12


def concise(report: Report, style: OutputStyle) -> str:
    """Return one line per diagnostic, and the summary."""
    lines = _headlines(report.diagnostics, style)
    return "\n".join([*lines, *_summary(report, style)]) + "\n"


def full(report: Report, style: OutputStyle) -> str:
    """Return each diagnostic with its source lines, carets and fix, and the summary."""
    lines: list[str] = []
    for diagnostic, headline in zip(
        report.diagnostics, _headlines(report.diagnostics, style), strict=True
    ):
        lines += [headline, *_source(diagnostic, style), ""]
    return "\n".join([*lines, *_summary(report, style)]) + "\n"


def statistics(report: Report, style: OutputStyle) -> str:
    """Return one line per rule: how often, code, fixable or not, name; the most frequent first."""
    counts = Counter(diagnostic.rule.code for diagnostic in report.diagnostics)
    fixable = Counter(
        diagnostic.rule.code for diagnostic in report.diagnostics if is_fixable(diagnostic, style)
    )
    rules = {diagnostic.rule.code: diagnostic.rule for diagnostic in report.diagnostics}
    width = len(str(max(counts.values(), default=0)))
    lines = [
        f"{count:>{width}}  {code}  [{'*' if fixable[code] else ' '}]  {rules[code].name}"
        for code, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
    return "\n".join([*lines, *_summary(report, style)]) + "\n"


def _headlines(diagnostics: Sequence[Diagnostic], style: OutputStyle) -> Iterator[str]:
    """Yield a line for each diagnostic; a step for a whole file is said by the first only."""
    said: set[str] = set()
    color = style.color
    for diagnostic in diagnostics:
        rule, severity, file, line, column, message, finding, repair, _, _ = diagnostic
        place, code, step = f"{file}:{line}:{column}", rule.code, finding.step
        if step and step not in said:
            said.add(step)
            message += step
        if color:
            place = _paint(place, "1", style)
            code = _paint(code, _COLORS[severity.value], style)
        mark = " [*]" if repair is not None and is_fixable(diagnostic, style) else ""
        yield f"{place}: {code}{mark} {message}"


def _source(diagnostic: Diagnostic, style: OutputStyle) -> Iterator[str]:
    width = len(str(diagnostic.first_line + len(diagnostic.text) - 1))
    blank = " " * width
    yield f"{blank} |"
    for offset, text in enumerate(diagnostic.text[:_MOST_LINES]):
        number = diagnostic.first_line + offset
        yield f"{number:>{width}} | {_flat(text)}".rstrip()
        carets = _carets(diagnostic, number, text)
        if carets:
            tail = f" {diagnostic.rule.code}" if number == diagnostic.line else ""
            yield f"{blank} | " + _paint(carets + tail, _COLORS[diagnostic.severity.value], style)
    if len(diagnostic.text) > _MOST_LINES:
        yield f"{blank} | and {len(diagnostic.text) - _MOST_LINES} more lines"
    yield f"{blank} |"
    if diagnostic.generated:
        yield f"{blank} = generated: change {diagnostic.generated}"
    elif diagnostic.repair is not None:
        kind = "fix" if diagnostic.repair.safety is Safety.SAFE else "unsafe fix"
        yield f"{blank} = {kind}: {diagnostic.repair.note}"
    yield f"{blank} = why: depbisect lint --explain {diagnostic.rule.code}"


def _carets(diagnostic: Diagnostic, number: int, text: str) -> str:
    if not diagnostic.line <= number <= diagnostic.end_line:
        return ""
    start = diagnostic.column - 1 if number == diagnostic.line else len(text) - len(text.lstrip())
    end = diagnostic.end_column - 1 if number == diagnostic.end_line else len(text.rstrip("\\ "))
    if number != diagnostic.line and end <= start:
        return ""
    before = _flat(text[:start])
    return " " * _columns(before) + "^" * max(_columns(_flat(text[start:end])), 1)


def _flat(text: str) -> str:
    return text.replace("\t", "    ")


def _columns(text: str) -> int:
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _summary(report: Report, style: OutputStyle) -> Iterator[str]:
    found = report.diagnostics
    if not found:
        yield f"{_clear(report)}{_count(report.requirements, 'requirement')} in {_judged(report)}."
    else:
        severities = [diagnostic.severity for diagnostic in found]
        counts = [
            _count(number, severity.value)
            for severity in (Severity.ERROR, Severity.WARNING)
            if (number := severities.count(severity))
        ]
        hints = severities.count(Severity.INFO)
        counts += [_count(hints, "hint")] if hints else []
        yield f"Found {', '.join(counts)} in {_judged(report, with_requirements=True)}."
    if report.not_judged:
        yield from _not_judged(report)
    yield from _fixes(report, style)
    if report.suppressed:
        yield f"{len(report.suppressed)} ignored by comments."
    if report.known:
        yield f"{report.known} known from the baseline."


def _not_judged(report: Report) -> Iterator[str]:
    """Yield the places that nobody can judge and that no diagnostic names."""
    found = report.diagnostics
    said = {f"{one.file}:{one.line}: {one.message.removeprefix(NOT_JUDGED)}" for one in found}
    for place in report.not_judged:
        if place not in said:
            yield f"Not judged: {place}."


def _fixes(report: Report, style: OutputStyle) -> Iterator[str]:
    repairable = [
        diagnostic
        for diagnostic in report.diagnostics
        if diagnostic.repair and not diagnostic.generated
    ]
    fixable = sum(is_fixable(diagnostic, style) for diagnostic in repairable)
    if fixable:
        yield f"[*] {fixable} fixable with --fix."
    hidden = len(repairable) - fixable
    if hidden:
        more = "more " if fixable else ""
        yield f"{hidden} {more}fixable with --fix --unsafe-fixes: look at the changes."


def _clear(report: Report) -> str:
    return "All clear: " if report.judged and not report.unreadable else "Not all clear: "


def _judged(report: Report, *, with_requirements: bool = False) -> str:
    """Return what was judged and how: the files, the profiles, with or without the index."""
    how = [_count(report.requirements, "requirement")] if with_requirements else []
    how += [", ".join(report.profiles)] if report.profiles else []
    asked = ["online"] if report.online else []
    if report.audited is not None:
        asked.append("audited" if report.audited else "not audited")
    how.append(", ".join(asked or ["offline"]))
    return f"{_count(len(report.files), 'file')} ({'; '.join(how)})"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _paint(text: str, color: str, style: OutputStyle) -> str:
    return f"\x1b[{color}m{text}\x1b[0m" if style.color else text
