"""The report as SARIF 2.1.0, for code scanning services.

All rules are listed, so that a closed alert closes. Source: OASIS SARIF 2.1.0; the subset of it
that code scanning services document.
"""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import quote

from bisect_deps.lint.diagnostics import Diagnostic, Report
from bisect_deps.lint.outputs.base import TOOL, VERSION, OutputStyle, docs_of
from bisect_deps.lint.rules import all_rules
from bisect_deps.lint.rules.base import Repair, Rule
from bisect_deps.text import of_file

_LEVELS = {"error": "error", "warning": "warning", "info": "note", "off": "none"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render(report: Report, style: OutputStyle) -> str:
    """Return a log with one run."""
    numbers = {code: number for number, code in enumerate(all_rules())}
    results = [
        _result(diagnostic, numbers[diagnostic.rule.code]) for diagnostic in report.diagnostics
    ]
    results += [
        _result(diagnostic, numbers[diagnostic.rule.code]) for diagnostic in report.suppressed
    ]
    driver = {
        "name": TOOL,
        "version": VERSION,
        "semanticVersion": VERSION,
        "rules": [_rule(rule, style) for rule in all_rules().values()],
    }
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "the working folder"}}},
        "invocations": [_invocation(report)],
        "results": results,
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _invocation(report: Report) -> dict[str, Any]:
    invocation: dict[str, Any] = {"executionSuccessful": not report.unavailable}
    if report.unavailable:
        message = {"text": report.unavailable}
        invocation["toolExecutionNotifications"] = [{"level": "error", "message": message}]
    return invocation


def _rule(rule: Rule, style: OutputStyle) -> dict[str, Any]:
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.why},
        "help": {"text": f"{rule.why}\n\nSource: {rule.source}.\nMore: {docs_of(rule, style)}"},
        **({"helpUri": docs_of(rule, style)} if "://" in style.docs else {}),
        "defaultConfiguration": {
            "enabled": rule.severity.value != "off",
            "level": _LEVELS[rule.severity.value],
        },
    }


def _result(diagnostic: Diagnostic, number: int) -> dict[str, Any]:
    artifact = {"uri": _uri(diagnostic.file), "uriBaseId": "SRCROOT"}
    if diagnostic.file.startswith(("/", "../")):
        del artifact["uriBaseId"]
    region = {
        "startLine": diagnostic.line,
        "startColumn": diagnostic.column,
        "endLine": diagnostic.end_line,
        "endColumn": diagnostic.end_column,
    }
    result: dict[str, Any] = {
        "ruleId": diagnostic.rule.code,
        "ruleIndex": number,
        "level": _LEVELS[diagnostic.severity.value],
        "message": {"text": diagnostic.message},
        "locations": [{"physicalLocation": {"artifactLocation": artifact, "region": region}}],
        "partialFingerprints": {"depbisect/v1": diagnostic.fingerprint},
    }
    if diagnostic.repair is not None and diagnostic.repair.changes and not diagnostic.generated:
        result["fixes"] = [_fix(diagnostic.repair, artifact)]
    if diagnostic.reason is not None:
        suppression = {"kind": "inSource", "status": "accepted"}
        if diagnostic.reason:
            suppression["justification"] = diagnostic.reason
        result["suppressions"] = [suppression]
    return result


def _uri(file: str) -> str:
    return ("file://" if file.startswith("/") else "") + quote(os.fsencode(file))


def _fix(repair: Repair, artifact: dict[str, str]) -> dict[str, Any]:
    replacements = []
    for change in repair.changes:
        line, column = change.document.place(change.span.start)
        end_line, end_column = change.document.place(change.span.end)
        region = {
            "startLine": line,
            "startColumn": column,
            "endLine": end_line,
            "endColumn": end_column,
        }
        replacement: dict[str, Any] = {"deletedRegion": region}
        if change.text:
            replacement["insertedContent"] = {"text": of_file(change.text)}
        replacements.append(replacement)
    change_of_file = {"artifactLocation": artifact, "replacements": replacements}
    return {"description": {"text": repair.note}, "artifactChanges": [change_of_file]}
