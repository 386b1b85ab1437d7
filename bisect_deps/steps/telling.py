"""Turns what a story found into the verdict: culprits, fixes with their diffs, probes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from packaging.requirements import Requirement

from bisect_deps.formats.base import Manifest
from bisect_deps.model import (
    Cause,
    Culprit,
    EditAction,
    Fix,
    FixEdit,
    Member,
    Note,
    Phase,
    Probe,
    Target,
    Verdict,
    VerdictKind,
)
from bisect_deps.reports.base import counted, listed, name_of
from bisect_deps.reports.diff import unified
from bisect_deps.steps.base import Alternative, Case, Found
from bisect_deps.steps.building import BUILD_CONSTRAINTS_FILE, file_of

UNMENDED = (VerdictKind.CULPRITS, VerdictKind.INCONCLUSIVE)
PHASES = {
    Phase.RESOLVE: "cannot be resolved",
    Phase.DOWNLOAD: "cannot be downloaded",
    Phase.METADATA: "does not build",
    Phase.BUILD: "does not build",
    Phase.INSTALL: "does not install",
    Phase.CHECK: "installs, but the check fails with it",
}
REASONS = {
    "bump": "It moves the culprits to the nearest releases that work together.",
    "smallest-change": "It keeps your pins and holds back what they bring along.",
    "build-constraint": "It keeps your version and builds it with older build tools.",
    "drop": "It comments out what no release can mend.",
}


def verdict_of(
    manifest: Manifest,
    target: Target,
    kind: VerdictKind,
    case: Case,
    fixes: Sequence[Alternative],
    probes: Sequence[Probe],
    *,
    summary: str = "",
    builds: int = 0,
    seconds: float = 0.0,
    passing: Probe | None = None,
) -> Verdict:
    """Return the verdict of a finished story. Every fix given was built, byte for byte."""
    rivals = sum(not each.build_constraints for each in fixes)
    told = [fix_of(manifest, each, first=at == 0, of=rivals) for at, each in enumerate(fixes)]
    culprits = tuple(culprit_of(found) for found in case.culprits)
    return Verdict(
        kind=kind,
        file=str(manifest.path),
        sha256=hashlib.sha256(manifest.files[manifest.named[0]]).hexdigest(),
        target=target,
        culprits=culprits,
        fix=told[0] if told else None,
        other_fixes=tuple(told[1:]),
        fallback=case.fallback if kind in UNMENDED else None,
        probes=tuple(sorted(probes, key=lambda probe: probe.number)),
        builds=builds,
        seconds=seconds,
        summary=summary or _summary(kind, case),
        notes=tuple(map(Note, (*case.notes, *machine_notes(culprits, told[0] if told else None)))),
        confidence=1.0,
        environment=_environment(fixes, probes, passing),
    )


def _environment(
    fixes: Sequence[Alternative], probes: Sequence[Probe], passing: Probe | None
) -> dict[str, str]:
    """Return what the recommended fix installed, or the file itself where it passes."""
    shown = next((each for each in probes if fixes and each.number == fixes[0].probe), passing)
    return dict(shown.installed or {}) if shown is not None else {}


def fix_of(manifest: Manifest, alternative: Alternative, *, first: bool, of: int) -> Fix:
    """Return a proven alternative as the report shows it."""
    files = manifest.render(alternative.candidate.edits)
    if alternative.build_constraints:
        files = {**files, BUILD_CONSTRAINTS_FILE: file_of(alternative.build_constraints)}
    changed = {name: data for name, data in files.items() if manifest.files.get(name) != data}
    style = "drop" if _only_drops(alternative) else alternative.style
    reason = alternative.reason or REASONS.get(style, "")
    if first and of > 1 and not alternative.reason:
        reason = f"{reason} It changes the fewest lines.".strip()
    return Fix(
        edits=(*manifest.describe(alternative.candidate.edits), *_build_edits(alternative)),
        diff=unified(manifest.files, files),
        probe=alternative.probe,
        files=changed,
        style=style,
        reason=reason,
        commands=alternative.commands,
        candidate=alternative.candidate,
    )


def _build_edits(alternative: Alternative) -> list[FixEdit]:
    """Return the lines of the build-constraints file as the report shows them."""
    wanted = [Requirement(line) for line in alternative.build_constraints]
    return [
        FixEdit(BUILD_CONSTRAINTS_FILE, at, each.name, None, str(each.specifier), EditAction.ADD)
        for at, each in enumerate(wanted, 1)
    ]


def _only_drops(alternative: Alternative) -> bool:
    edits = alternative.candidate.edits
    return bool(edits) and all(edit.action is EditAction.DROP for edit in edits)


def culprit_of(found: Found) -> Culprit:
    """Return a culprit as the report shows it, with a sentence even where the log gave none."""
    return Culprit(
        members=found.members,
        phase=found.phase,
        cause=found.cause,
        summary=found.summary or _sentence(found),
        evidence=found.evidence,
        proof=found.proof,
        narrowings=tuple(found.narrowings),
        advice=found.advice,
    )


def _sentence(found: Found) -> str:
    names = listed([name_of(member) for member in found.members])
    if len(found.members) > 1:
        return f"{names} do not work together; without any one of them the rest does."
    if found.cause in (Cause.UNKNOWN, Cause.NONE):
        return f"{names} makes the build fail; the log does not say why."
    return f"{names} {PHASES[found.phase]}: {found.cause.value.replace('-', ' ')}."


def _summary(kind: VerdictKind, case: Case) -> str:
    number = counted(len(case.culprits), "culprit")
    told = {
        VerdictKind.FIXED: f"{number} found, and a fix that a build proved.",
        VerdictKind.CULPRITS: f"{number} proven; no fix could be verified.",
    }.get(kind, "")
    excused = [_release(found.members[0]) for found in case.culprits if _is_machines(found)]
    if told and excused:
        told += f" For {listed(excused)} this machine is at fault, not the version."
    return told


def machine_notes(culprits: Sequence[Culprit], fix: Fix | None) -> list[str]:
    """Return what to install where the machine, and not a version, is at fault."""
    notes: list[str] = []
    for culprit in filter(_is_machines, culprits):
        member = culprit.members[0]
        note = (
            f"This machine lacks what {_release(member)} is compiled with; the version is not to "
            "blame."
        )
        if culprit.advice:
            note += f" To keep it, {culprit.advice.rstrip('.')}."
        notes.append(note + _way_around(member, fix))
    return notes


def _way_around(member: Member, fix: Fix | None) -> str:
    number = member.requirement.number
    for edit in fix.candidate.edits if fix is not None else ():
        if edit.number == number and edit.to is not None:
            version = edit.to.removeprefix("==")
            return f" The fix takes {edit.name} {version} instead, which installs here without it."
    return ""


def _is_machines(found: Found | Culprit) -> bool:
    return found.cause is Cause.SYSTEM_DEP_MISSING


def _release(member: Member) -> str:
    return f"{member.name} {member.version}" if member.version else member.name
