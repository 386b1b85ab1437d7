"""The report as GitLab code quality: an array of issues, each with a fingerprint of its own."""

from __future__ import annotations

import hashlib
import json
from collections import Counter

from bisect_deps.linting.diagnostics import Report
from bisect_deps.linting.outputs.base import Style

_SEVERITIES = {"error": "major", "warning": "minor", "info": "info"}


def render(report: Report, style: Style) -> str:
    """Return the array. GitLab shows one issue per fingerprint, so equal ones are numbered."""
    seen: Counter[str] = Counter()
    issues = []
    for each in report.diagnostics:
        number = seen[each.fingerprint]
        seen[each.fingerprint] += 1
        fingerprint = each.fingerprint
        if number:
            fingerprint = hashlib.sha256(f"{fingerprint} {number}".encode()).hexdigest()[:32]
        issues.append(
            {
                "description": f"{each.rule.code}: {each.message}",
                "check_name": each.rule.name,
                "fingerprint": fingerprint,
                "severity": _SEVERITIES[each.severity.value],
                "location": {
                    "path": each.file,
                    "lines": {"begin": each.line, "end": each.end_line},
                },
            }
        )
    return json.dumps(issues, indent=2, ensure_ascii=False) + "\n"
