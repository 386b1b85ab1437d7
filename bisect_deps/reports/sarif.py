"""The verdict as SARIF 2.1.0, for code scanning services: each culprit on its line.

Source: OASIS SARIF 2.1.0, and the subset of it that code scanning services document.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from bisect_deps import __version__
from bisect_deps.model import Cause, Culprit, Member, Verdict, VerdictKind
from bisect_deps.reports.base import (
    CAUSE_WORDS,
    advice_of,
    file_of,
    fix_changes,
    headline,
    proof_text,
    sentence,
    title,
)
from bisect_deps.text import ended, listed, shown

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_ROOT = "SRCROOT"


def render(verdict: Verdict) -> str:
    """Return a log with one run; a verdict without culprits has no results."""
    return render_all([verdict])


def render_all(verdicts: Sequence[Verdict]) -> str:
    """Return a log with one run for all verdicts: services take one a tool and category."""
    culprits = [(culprit, verdict) for verdict in verdicts for culprit in verdict.culprits]
    causes = list(dict.fromkeys(culprit.cause for culprit, _ in culprits))
    driver = {
        "name": "depbisect",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(cause) for cause in causes],
    }
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "the working folder"}}},
        "invocations": [_invocation(verdict) for verdict in verdicts],
        "results": [
            _result(culprit, causes.index(culprit.cause), verdict) for culprit, verdict in culprits
        ],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _invocation(verdict: Verdict) -> dict[str, Any]:
    if verdict.kind is not VerdictKind.UNAVAILABLE:
        return {"executionSuccessful": True}
    said = {"level": "error", "message": {"text": headline(verdict)}}
    return {"executionSuccessful": False, "toolExecutionNotifications": [said]}


def _rule(cause: Cause) -> dict[str, Any]:
    return {
        "id": cause.value,
        "shortDescription": {"text": ended(CAUSE_WORDS[cause].capitalize())},
        "defaultConfiguration": {"level": "error"},
    }


def _result(culprit: Culprit, number: int, verdict: Verdict) -> dict[str, Any]:
    first, *others = [_location(member, verdict) for member in culprit.members]
    result: dict[str, Any] = {
        "ruleId": culprit.cause.value,
        "ruleIndex": number,
        "level": "error",
        "message": {"text": _message(culprit, verdict)},
        "locations": [first],
        "partialFingerprints": {"depbisect/v1": _fingerprint(culprit)},
    }
    if others:
        result["relatedLocations"] = [
            {"id": at, **location} for at, location in enumerate(others, 1)
        ]
    return result


def _message(culprit: Culprit, verdict: Verdict) -> str:
    name, said = title(culprit), sentence(culprit)
    parts = [said if said.startswith(name) else f"{name}: {said}"]
    if verdict.fix is not None:
        changes = listed(fix_changes(verdict.fix))
        parts.append(f"The file passes with: {changes} (build {verdict.fix.probe}).")
    if advice := advice_of(culprit, verdict):
        parts.append(shown(ended(advice[0].upper() + advice[1:])))
    parts.append(f"Proof: {proof_text(culprit, verdict.probes)}.")
    return " ".join(parts)


def _location(member: Member, verdict: Verdict) -> dict[str, Any]:
    file = file_of(member, verdict)
    artifact = {"uri": ("file://" if file.startswith("/") else "") + quote(os.fsencode(file))}
    if not file.startswith(("/", "../")):
        artifact["uriBaseId"] = _ROOT
    place: dict[str, Any] = {"artifactLocation": artifact}
    if member.requirement.line:
        place["region"] = {"startLine": member.requirement.line}
    return {"physicalLocation": place}


def _fingerprint(culprit: Culprit) -> str:
    """Return what stays the same while lines move."""
    about = [culprit.cause.value, *sorted(member.name for member in culprit.members)]
    return hashlib.sha256("\0".join(about).encode()).hexdigest()[:32]
