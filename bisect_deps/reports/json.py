"""The verdict as the report of the contract, and back, so that any report can be rendered again.

The shape is `report.schema.json` beside this file. Fields beyond it may come and go; those in it
stay within one schema version.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from bisect_deps import __version__
from bisect_deps.errors import InputError
from bisect_deps.model import (
    Candidate,
    Cause,
    Culprit,
    Edit,
    EditAction,
    Evidence,
    Fix,
    FixEdit,
    Member,
    Narrowing,
    Note,
    Outcome,
    Phase,
    Probe,
    ProbeKind,
    Proof,
    PythonFor,
    Requirement,
    Target,
    Tried,
    Verdict,
    VerdictKind,
)
from bisect_deps.reports.base import headline, probe_name
from bisect_deps.text import redacted, safe

SCHEMA = "depbisect.report/1"

Object = dict[str, Any]


def to_json(verdict: Verdict) -> Object:
    """Return the report as one JSON object, without control characters or credentials."""
    report: Object = {
        "schema": SCHEMA,
        "version": __version__,
        "verdict": verdict.kind.value,
        "headline": headline(verdict),
        "summary": verdict.summary,
        "file": verdict.file,
        "files": list(verdict.files),
        "sha256": verdict.sha256,
        "target": {
            "python": verdict.target.python,
            "platform": verdict.target.platform,
            "builder": verdict.target.builder,
            "installer": verdict.target.installer,
            "index_as_of": verdict.target.index_as_of,
            **({"sandbox": verdict.target.sandbox} if verdict.target.sandbox else {}),
            **({"checks": list(verdict.target.checks)} if verdict.target.checks else {}),
            **({"imports": True} if verdict.target.imports else {}),
        },
        "culprits": [_culprit(culprit) for culprit in verdict.culprits],
        "fix": _fix(verdict.fix) if verdict.fix else None,
        "other_fixes": [_fix(fix) for fix in verdict.other_fixes],
        "fallback": _edits(verdict.fallback) if verdict.fallback else None,
        "probes": [_probe(probe) for probe in verdict.probes],
        "builds": verdict.builds,
        "seconds": round(verdict.seconds, 3),
        "seconds_to_fix": _rounded(verdict.seconds_to_fix),
        "confidence": round(verdict.confidence, 4),
        "python_for": _python_for(verdict.python_for) if verdict.python_for else None,
        "notes": [_note(note) for note in verdict.notes],
        "unpinned": dict(verdict.unpinned),
        "environment": dict(verdict.environment),
    }
    cleaned: Object = _clean(report)
    return cleaned


def dumps(verdict: Verdict) -> str:
    """Return the report as indented JSON text with a final newline."""
    return json.dumps(to_json(verdict), indent=2, ensure_ascii=False) + "\n"


def render(verdict: Verdict) -> str:
    """Return the report, as every format has it."""
    return dumps(verdict)


def schema() -> Object:
    """Return the JSON Schema of the report."""
    text = files("bisect_deps.reports").joinpath("report.schema.json").read_text("utf-8")
    loaded: Object = json.loads(text)
    return loaded


def from_json(report: Mapping[str, Any]) -> Verdict:
    """Return the verdict that a report tells of.

    What the report leaves out (the bytes of the fixed files, diagnoses) stays empty. Raises
    InputError for anything but a report of this schema.
    """
    if not isinstance(report, Mapping) or report.get("schema") != SCHEMA:
        raise InputError(
            "this is no depbisect report that this version can read",
            hint=f"it needs an object with schema {SCHEMA}, as written by --json",
        )
    try:
        return _verdict(report)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"the report is damaged ({type(error).__name__}: {error})",
            hint="run depbisect again to write a new one",
        ) from error


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _python_for(python: PythonFor) -> Object:
    return {
        "version": python.version,
        "facts": list(python.facts),
        "path": python.path,
        "probe": python.probe,
        "failing_probe": python.failing_probe,
    }


def _note(note: Note) -> Object:
    return {"text": note.text, "probe": note.probe, "fact": note.fact}


def _culprit(culprit: Culprit) -> Object:
    narrowings = [_narrowing(narrowing) for narrowing in culprit.narrowings]
    return {
        "requirements": [_member(member) for member in culprit.members],
        "phase": culprit.phase.value,
        "cause": culprit.cause.value,
        "summary": culprit.summary,
        "advice": culprit.advice,
        "install": dict(culprit.install),
        "remedies": list(culprit.remedies),
        "evidence": [
            {"log": evidence.log, "line": evidence.line, "text": evidence.text}
            for evidence in culprit.evidence
        ],
        "proof": {
            "failing_probe": culprit.proof.failing_probe,
            "passing_probe": culprit.proof.passing_probe,
        },
        "narrowing": narrowings[0] if narrowings else None,
        "narrowings": narrowings,
    }


def _member(member: Member) -> Object:
    requirement = member.requirement
    return {
        "name": member.name,
        "version": member.version,
        "file": requirement.file,
        "line": requirement.line,
        "text": requirement.text,
        "via": list(member.via),
        "requirement": {
            "number": requirement.number,
            "name": requirement.name,
            "specifier": requirement.specifier,
            "group": requirement.group,
            "constraint": requirement.constraint,
        },
    }


def _narrowing(narrowing: Narrowing) -> Object:
    return {
        "name": narrowing.name,
        "last_failing": narrowing.last_failing,
        "first_passing": narrowing.first_passing,
        "tried": [_tried(tried) for tried in narrowing.tried],
        "skipped": [_tried(tried) for tried in narrowing.skipped],
        "not_built": list(narrowing.not_built),
    }


def _tried(tried: Tried) -> Object:
    return {
        "version": tried.version,
        "outcome": tried.outcome.value,
        "probe": tried.probe,
        "reason": tried.reason,
    }


def _fix(fix: Fix) -> Object:
    return {
        "edits": [edit_to_json(edit) for edit in fix.edits],
        "diff": fix.diff,
        "probe": fix.probe,
        "style": fix.style,
        "reason": fix.reason,
        "commands": list(fix.commands),
        "candidate": _edits(fix.candidate),
    }


def edit_to_json(edit: FixEdit) -> Object:
    """Return one line of a change as plain values."""
    return {
        "file": edit.file,
        "line": edit.line,
        "name": edit.name,
        "from": edit.before,
        "to": edit.after,
        "action": edit.action.value,
    }


def _edits(candidate: Candidate) -> list[Object]:
    return [
        {"action": e.action.value, "name": e.name, "number": e.number, "to": e.to}
        for e in candidate.edits
    ]


def _probe(probe: Probe) -> Object:
    return {
        "number": probe.number,
        "kind": probe.kind.value,
        "outcome": probe.outcome.value,
        "seconds": round(probe.seconds, 3),
        "edits": _edits(probe.candidate),
        "log": probe.log,
        "signature": probe.signature,
        "from_journal": probe.from_journal,
        "warm": probe.warm,
        "name": probe_name(probe.number, probe.kind),
        "tries": probe.tries,
        "isolated": probe.isolated or None,
        "told": probe.reported,
    }


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        # A diff is for `patch`, and holds a form feed where the user's file does.
        return {
            _clean(key): redacted(item) if key == "diff" else _clean(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return redacted(safe(value, keep_returns=True)) if isinstance(value, str) else value


def _verdict(report: Mapping[str, Any]) -> Verdict:
    target = report["target"]
    fallback, fix = report.get("fallback"), report["fix"]
    python_for = report.get("python_for")
    return Verdict(
        kind=VerdictKind(report["verdict"]),
        file=report["file"],
        sha256=report["sha256"],
        target=Target(
            python=target["python"],
            platform=target["platform"],
            builder=target["builder"],
            installer=target["installer"],
            index_as_of=target["index_as_of"],
            sandbox=target.get("sandbox", ""),
            checks=tuple(target.get("checks", ())),
            imports=target.get("imports", False),
        ),
        culprits=tuple(_read_culprit(culprit) for culprit in report["culprits"]),
        fix=_read_fix(fix) if fix else None,
        other_fixes=tuple(_read_fix(other) for other in report.get("other_fixes", ())),
        fallback=None if fallback is None else _read_candidate(fallback),
        probes=tuple(_read_probe(probe) for probe in report["probes"]),
        builds=report["builds"],
        seconds=report["seconds"],
        summary=report.get("summary", ""),
        notes=tuple(_read_note(note) for note in report.get("notes", ())),
        confidence=report.get("confidence", 1.0),
        environment=dict(report.get("environment", {})),
        seconds_to_fix=report.get("seconds_to_fix"),
        python_for=_read_python_for(python_for) if python_for else None,
        unpinned=dict(report.get("unpinned", {})),
        files=tuple(report.get("files", ())),
    )


def _read_note(note: Mapping[str, Any] | str) -> Note:
    # Reports of 0.1.0 have the sentence alone.
    if isinstance(note, str):
        return Note(note)
    return Note(note["text"], note.get("probe"), note.get("fact", ""))


def _read_python_for(python: Mapping[str, Any]) -> PythonFor:
    return PythonFor(
        python["version"],
        tuple(python.get("facts", ())),
        python.get("path"),
        python.get("probe"),
        python.get("failing_probe"),
    )


def _read_culprit(culprit: Mapping[str, Any]) -> Culprit:
    first = culprit["narrowing"]
    narrowings = culprit.get("narrowings", [first] if first else [])
    return Culprit(
        members=tuple(_read_member(member) for member in culprit["requirements"]),
        phase=Phase(culprit["phase"]),
        cause=Cause(culprit["cause"]),
        summary=culprit["summary"],
        evidence=tuple(Evidence(e["line"], e["text"], e["log"]) for e in culprit["evidence"]),
        proof=Proof(culprit["proof"]["failing_probe"], culprit["proof"]["passing_probe"]),
        narrowings=tuple(_read_narrowing(narrowing) for narrowing in narrowings),
        advice=culprit.get("advice", ""),
        install=dict(culprit.get("install", {})),
        remedies=tuple(culprit.get("remedies", ())),
    )


def _read_member(member: Mapping[str, Any]) -> Member:
    via = tuple(member["via"])
    more = member.get("requirement", {})
    requirement = Requirement(
        number=more.get("number", 0),
        name=more.get("name", via[0] if via else member["name"]),
        specifier=more.get("specifier", ""),
        text=member["text"],
        file=member["file"],
        line=member["line"],
        group=more.get("group", ""),
        constraint=more.get("constraint", False),
    )
    return Member(requirement, member["name"], member["version"], via)


def _read_narrowing(narrowing: Mapping[str, Any]) -> Narrowing:
    return Narrowing(
        name=narrowing["name"],
        last_failing=narrowing["last_failing"],
        first_passing=narrowing["first_passing"],
        tried=tuple(_read_tried(tried) for tried in narrowing["tried"]),
        skipped=tuple(_read_tried(tried) for tried in narrowing.get("skipped", ())),
        not_built=tuple(narrowing.get("not_built", ())),
    )


def _read_tried(tried: Mapping[str, Any]) -> Tried:
    return Tried(
        version=tried["version"],
        outcome=Outcome(tried["outcome"]),
        probe=tried["probe"],
        reason=tried.get("reason", ""),
    )


def _read_fix(fix: Mapping[str, Any]) -> Fix:
    return Fix(
        edits=tuple(
            FixEdit(
                file=edit["file"],
                line=edit["line"],
                name=edit["name"],
                before=edit["from"],
                after=edit["to"],
                action=EditAction(edit["action"]),
            )
            for edit in fix["edits"]
        ),
        diff=fix["diff"],
        probe=fix["probe"],
        files={},
        style=fix.get("style", ""),
        reason=fix.get("reason", ""),
        commands=tuple(fix.get("commands", ())),
        candidate=_read_candidate(fix.get("candidate", ())),
    )


def _read_candidate(edits: Any) -> Candidate:
    return Candidate(
        tuple(Edit(EditAction(e["action"]), e["name"], e.get("number"), e.get("to")) for e in edits)
    )


def _read_probe(probe: Mapping[str, Any]) -> Probe:
    return Probe(
        number=probe["number"],
        kind=ProbeKind(probe["kind"]),
        candidate=_read_candidate(probe["edits"]),
        outcome=Outcome(probe["outcome"]),
        seconds=probe["seconds"],
        log=probe["log"],
        signature=probe["signature"],
        from_journal=probe.get("from_journal", False),
        warm=probe.get("warm", False),
        tries=probe.get("tries", 1),
        isolated=probe.get("isolated") or "",
        reported=probe.get("told", ""),
    )
