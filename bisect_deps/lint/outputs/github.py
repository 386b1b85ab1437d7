"""The report as workflow commands, which GitHub shows as annotations beside the lines.

A step shows ten annotations of each level and a job fifty: the worst come first, one for each
project and rule, the rest is counted in a notice and, where there is one, in the job's summary.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from bisect_deps.lint.diagnostics import Diagnostic, Report
from bisect_deps.lint.outputs.base import TOOL, OutputStyle

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}
_PER_LEVEL = 10


def render(report: Report, style: OutputStyle) -> str:
    """Return one command per annotation; also adds to the job's summary where there is one."""
    _add_summary(report)
    return "".join(f"{line}\n" for line in _commands(report))


def _commands(report: Report) -> Iterator[str]:
    left_out = 0
    counts: dict[str, int] = {}
    seen: set[tuple[str, str, str]] = set()
    for diagnostic in sorted(
        report.diagnostics, key=lambda diagnostic: (-diagnostic.severity.rank, diagnostic.order)
    ):
        command = _COMMANDS[diagnostic.severity.value]
        subject = (
            diagnostic.file,
            diagnostic.package or str(diagnostic.line),
            diagnostic.rule.code,
        )
        # One annotation of the notices is kept for the count of the others.
        limit = _PER_LEVEL - 1 if command == "notice" else _PER_LEVEL
        if subject in seen or counts.get(command, 0) >= limit:
            left_out += 1
            continue
        seen.add(subject)
        counts[command] = counts.get(command, 0) + 1
        yield _command(command, diagnostic)
    if left_out:
        yield f"::notice title={TOOL}::{left_out} more findings are in the log and the summary"


def _command(command: str, diagnostic: Diagnostic) -> str:
    properties = {
        "file": diagnostic.file,
        "line": diagnostic.line,
        "col": diagnostic.column,
        "endLine": diagnostic.end_line,
        "title": f"{diagnostic.rule.code} {diagnostic.rule.name}",
    }
    if diagnostic.end_line == diagnostic.line:
        properties["endColumn"] = diagnostic.end_column
    written = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    return f"::{command} {written}::{_data(diagnostic.message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _add_summary(report: Report) -> None:
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path or not report.diagnostics:
        return
    rows = [
        f"| {diagnostic.severity.value} | {diagnostic.rule.code} "
        f"| `{diagnostic.file}:{diagnostic.line}` "
        f"| {diagnostic.message.replace('|', chr(92) + '|')} |"
        for diagnostic in report.diagnostics
    ]
    head = [f"### {TOOL} lint", "", "| severity | rule | place | message |", "|---|---|---|---|"]
    with open(path, "a", encoding="utf-8") as file:
        file.write("\n".join([*head, *rows, ""]))
