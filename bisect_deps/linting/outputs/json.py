"""The report as JSON, sorted, for scripts and editors."""

from __future__ import annotations

import json
from typing import Any

from bisect_deps.linting.diagnostics import Diagnostic, Report
from bisect_deps.linting.outputs.base import Style, docs_of
from bisect_deps.linting.safety import safe
from bisect_deps.rules.base import Repair


def render(report: Report, style: Style) -> str:
    """Return one object: `version`, `findings`, and what was counted."""
    document = {
        "version": 1,
        "findings": [_finding(each, style) for each in report.diagnostics],
        "suppressed": len(report.suppressed),
        "baseline": report.known,
        "files": list(report.files),
        "requirements": report.requirements,
        "unavailable": report.unavailable or None,
        "unreadable": list(report.unreadable),
        "not_judged": list(report.not_judged),
        "profiles": list(report.profiles),
        "online": report.online,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _finding(each: Diagnostic, style: Style) -> dict[str, Any]:
    return {
        "code": each.rule.code,
        "name": each.rule.name,
        "severity": each.severity.value,
        "file": each.file,
        "line": each.line,
        "column": each.column,
        "end_line": each.end_line,
        "end_column": each.end_column,
        "package": each.package or None,
        "message": each.message,
        "fix": _fix(each.repair) if each.repair and not each.generated else None,
        "docs": docs_of(each.rule, style),
        "fingerprint": each.fingerprint,
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
                "text": safe(change.text),
            }
        )
    return {"safety": repair.safety.value, "note": repair.note, "edits": edits}
