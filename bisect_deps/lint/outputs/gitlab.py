"""The report as GitLab code quality: an array of issues, each with a fingerprint of its own."""

from __future__ import annotations

import hashlib
import json
from collections import Counter

from bisect_deps.lint.diagnostics import Report
from bisect_deps.lint.outputs.base import OutputStyle

_SEVERITIES = {"error": "major", "warning": "minor", "info": "info"}


def render(report: Report, style: OutputStyle) -> str:
    """Return the array. GitLab shows one issue per fingerprint, so equal ones are numbered."""
    seen: Counter[str] = Counter()
    issues = []
    for diagnostic in report.diagnostics:
        number = seen[diagnostic.fingerprint]
        seen[diagnostic.fingerprint] += 1
        fingerprint = diagnostic.fingerprint
        if number:
            fingerprint = hashlib.sha256(f"{fingerprint} {number}".encode()).hexdigest()[:32]
        issues.append(
            {
                "description": f"{diagnostic.rule.code}: {diagnostic.message}",
                "check_name": diagnostic.rule.name,
                "fingerprint": fingerprint,
                "severity": _SEVERITIES[diagnostic.severity.value],
                "location": {
                    "path": diagnostic.file,
                    "lines": {"begin": diagnostic.line, "end": diagnostic.end_line},
                },
            }
        )
    return json.dumps(issues, indent=2, ensure_ascii=False) + "\n"
