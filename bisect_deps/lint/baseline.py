"""Findings that a project has accepted for now: written once, subtracted from later reports."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from bisect_deps.errors import InputError
from bisect_deps.lint.diagnostics import Report
from bisect_deps.system.files import read_regular, write_output

_SCHEMA = "depbisect.lint-baseline/1"


def write_baseline(report: Report, path: str) -> int:
    """Write the findings to the file, which may replace an older one; return how many there are."""
    findings = [
        {
            "fingerprint": diagnostic.fingerprint,
            "code": diagnostic.rule.code,
            "file": diagnostic.file,
            "package": diagnostic.package or None,
        }
        for diagnostic in report.diagnostics
    ]
    text = json.dumps({"schema": _SCHEMA, "findings": findings}, indent=1, ensure_ascii=False)
    write_output(Path(path), f"{text}\n".encode())
    return len(findings)


def subtract(report: Report, path: str) -> Report:
    """Return the report without what the baseline knows; each entry accounts for one finding."""
    known = _read(path)
    left = []
    for diagnostic in report.diagnostics:
        if known[diagnostic.fingerprint] > 0:
            known[diagnostic.fingerprint] -= 1
        else:
            left.append(diagnostic)
    return report._replace(diagnostics=left, known=len(report.diagnostics) - len(left))


def _read(path: str) -> Counter[str]:
    try:
        document = json.loads(read_regular(path))
        if document["schema"] != _SCHEMA:
            raise InputError(
                f"not a baseline that this version reads: {document['schema']!r}", place=path
            )
        return Counter(finding["fingerprint"] for finding in document["findings"])
    except OSError as error:
        raise InputError(
            f"cannot read the baseline: {error.strerror}",
            place=path,
            hint=f"write it with --write-baseline {path}",
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("the file is no baseline", place=path) from error
