"""The report as JSON, sorted, for scripts and editors."""

from __future__ import annotations

import json
from typing import Any

from bisect_deps.lint.diagnostics import Diagnostic, Report
from bisect_deps.lint.outputs.base import OutputStyle, docs_of
from bisect_deps.lint.rules.base import Repair
from bisect_deps.text import of_file


def render(report: Report, style: OutputStyle) -> str:
    """Return one object: `version`, `findings`, and what was counted."""
    document = {
        "version": 1,
        "findings": [_finding(diagnostic, style) for diagnostic in report.diagnostics],
        "suppressed": len(report.suppressed),
        "baseline": report.known,
        "files": list(report.files),
        "requirements": report.requirements,
        "unavailable": report.unavailable or None,
        "unreadable": list(report.unreadable),
        "not_judged": list(report.not_judged),
        "profiles": list(report.profiles),
        "online": report.online,
        "audited": bool(report.audited),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _finding(diagnostic: Diagnostic, style: OutputStyle) -> dict[str, Any]:
    return {
        "code": diagnostic.rule.code,
        "name": diagnostic.rule.name,
        "severity": diagnostic.severity.value,
        "file": diagnostic.file,
        "line": diagnostic.line,
        "column": diagnostic.column,
        "end_line": diagnostic.end_line,
        "end_column": diagnostic.end_column,
        "package": diagnostic.package or None,
        "message": diagnostic.message,
        "fix": _fix(diagnostic.repair) if diagnostic.repair and not diagnostic.generated else None,
        "docs": docs_of(diagnostic.rule, style),
        "fingerprint": diagnostic.fingerprint,
    }


def _fix(repair: Repair) -> dict[str, Any]:
    edits = []
    for change in repair.changes:
        line, column = change.document.place(change.span.start)
        end_line, end_column = change.document.place(change.span.end)
        edits.append(
            {
                "line": line,
                "column": column,
                "end_line": end_line,
                "end_column": end_column,
                "text": of_file(change.text),
            }
        )
    return {"safety": repair.safety.value, "note": repair.note, "edits": edits}
