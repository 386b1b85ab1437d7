"""Turns what a repair concluded into the verdict: culprits, fixes with their diffs, probes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from packaging.requirements import Requirement

from bisect_deps.fix.conclusion import Conclusion, Way
from bisect_deps.fix.culprits import is_of_the_machine
from bisect_deps.fix.older_tools import BUILD_CONSTRAINTS_FILE, file_of
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
    ProbeKind,
    Target,
    Verdict,
    VerdictKind,
)
from bisect_deps.reports.diff import unified
from bisect_deps.text import counted, listed

PHASES = {
    Phase.RESOLVE: "cannot be resolved",
    Phase.DOWNLOAD: "cannot be downloaded",
    Phase.METADATA: "does not build",
    Phase.BUILD: "does not build",
    Phase.INSTALL: "does not install",
    Phase.CHECK: "installs, but the check fails with it",
}
_NEAREST = "each to the nearest release with which the whole file was seen to pass"
REASONS = {
    "bump": f"Only the culprits move, {_NEAREST}.",
    "smallest-change": "It keeps your lines as they are and adds the fewest others.",
    "build-constraint": "It keeps your version and builds it with older build tools.",
    "needless": "It leaves out what nothing needs; each other line that changes goes to the "
    "nearest release that was seen to pass.",
    "drop": "It leaves out what no release can fix.",
}
_WIDER = f"The culprits move, {_NEAREST}, and with them the lines that stand in their way."
_BOTH = "It moves lines at fault, and adds what lets the other lines stay as they are."
# What a nearer release than the fix's own was seen to do.
_SEEN_TO = {ProbeKind.ISOLATED: "builds by itself", ProbeKind.RESOLVE: "resolves"}


def verdict_of(
    manifest: Manifest,
    target: Target,
    conclusion: Conclusion,
    probes: Sequence[Probe],
    *,
    builds: int = 0,
    seconds: float = 0.0,
    seconds_to_fix: float | None = None,
) -> Verdict:
    """Return the verdict of a finished repair. Every fix given was built, byte for byte."""
    ways = [_explained(way, conclusion.culprits, probes) for way in conclusion.ways]
    rivals = sum(not way.build_constraints for way in ways)
    fixes = [fix_of(manifest, way, first=at == 0, of=rivals) for at, way in enumerate(ways)]
    culprits = tuple(sorted(map(_reported, conclusion.culprits), key=_place))
    first = fixes[0] if fixes else None
    kind = conclusion.kind
    return Verdict(
        kind=kind,
        file=str(manifest.path),
        sha256=hashlib.sha256(manifest.files[manifest.named[0]]).hexdigest(),
        target=target,
        culprits=culprits,
        fix=first,
        other_fixes=tuple(fixes[1:]),
        fallback=conclusion.fallback,
        probes=tuple(sorted(probes, key=lambda probe: probe.number)),
        builds=builds,
        seconds=seconds,
        summary=conclusion.summary or _summary(kind, culprits),
        notes=(*conclusion.notes, *machine_notes(culprits, first)),
        confidence=confidence_of(conclusion, probes),
        environment=_environment(conclusion, probes),
        seconds_to_fix=seconds_to_fix if first is not None else None,
    )


def _explained(way: Way, culprits: Sequence[Culprit], probes: Sequence[Probe]) -> Way:
    """Return a way with its reason, where more than the culprits moves or a nearer release does.

    What narrowing saw of a release alone is said to be that: the whole file was not built with it.
    """
    if way.style != "bump" or way.reason:
        return way
    members = [member for culprit in culprits for member in culprit.members]
    at_fault = {member.name for member in members} | {m.requirement.name for m in members}
    moved = {edit.name for edit in way.candidate.edits}
    reason = REASONS["bump"] if moved <= at_fault else _WIDER
    nearer = list(_nearer(way, culprits, {probe.number: probe.kind for probe in probes}))
    if nearer:
        reason = f"{reason} Nearer, but not built with the whole file: {listed(nearer)}."
    return way if reason == REASONS[way.style] else replace(way, reason=reason)


def _nearer(way: Way, culprits: Sequence[Culprit], kinds: Mapping[int, ProbeKind]) -> Iterator[str]:
    """Yield what releases nearer to the failing ones than the fix's own were seen to do."""
    pins = {edit.name: edit.pin for edit in way.candidate.edits}
    for narrowing in (found for culprit in culprits for found in culprit.narrowings):
        name, nearest = narrowing.name, narrowing.first_passing
        probe = next((t.probe for t in narrowing.tried if t.version == nearest), None)
        seen_to = _SEEN_TO.get(kinds.get(probe or 0, ProbeKind.WHOLE))
        if seen_to and pins.get(name) not in (None, nearest):
            yield f"{name} {nearest} {seen_to}"


def confidence_of(conclusion: Conclusion, probes: Sequence[Probe]) -> float:
    """Return the probability that no accident is taken for a proof, from what was repeated.

    The rate of accidents is that of the run's own contradictions among its builds; without any,
    nothing is doubted. A culprit is doubted with the rate to the power of the failures that show
    it, a fix with the rate.
    """
    if not conclusion.unsteady:
        return 1.0
    built = sum(probe.kind is not ProbeKind.RESOLVE for probe in probes)
    rate = min(0.5, (conclusion.unsteady + 1) / (built + 2))
    sure = 1.0
    for culprit in conclusion.culprits:
        names = {member.name for member in culprit.members}
        failures = sum(_is_evidence(probe, names) for probe in probes)
        sure *= 1 - rate ** max(1, failures)
    return round(sure, 4)


def _is_evidence(probe: Probe, names: set[str]) -> bool:
    suspects = probe.diagnosis.suspects if probe.diagnosis is not None else ()
    return any((suspect.broken or suspect.name) in names for suspect in suspects)


def _environment(conclusion: Conclusion, probes: Sequence[Probe]) -> dict[str, str]:
    """Return what the recommended fix installed, or the file itself where it passes."""
    ways = conclusion.ways
    shown = next((p for p in probes if ways and p.number == ways[0].probe), conclusion.passing)
    return dict(shown.installed or {}) if shown is not None else {}


def fix_of(manifest: Manifest, way: Way, *, first: bool = True, of: int = 1) -> Fix:
    """Return a proven way as the report shows it; `of` counts those that it is the best of."""
    files = manifest.render(way.candidate.edits)
    if way.build_constraints:
        files = {**files, BUILD_CONSTRAINTS_FILE: file_of(way.build_constraints)}
    changed = {name: data for name, data in files.items() if manifest.files.get(name) != data}
    reason = way.reason or _reason(way)
    if first and of > 1 and not way.reason:
        reason = f"{reason} It changes the fewest lines.".strip()
    return Fix(
        edits=(*manifest.describe(way.candidate.edits), *_build_edits(way)),
        diff=unified(manifest.files, files),
        probe=way.probe,
        files=changed,
        style=way.style,
        reason=reason,
        commands=way.commands,
        candidate=way.candidate,
    )


def _reason(way: Way) -> str:
    """Return why a way is taken; that lines stay is only said where none of them changes."""
    moves = any(edit.action is not EditAction.ADD for edit in way.candidate.edits)
    return _BOTH if moves and way.style == "smallest-change" else REASONS.get(way.style, "")


def _build_edits(way: Way) -> list[FixEdit]:
    """Return the lines of the build-constraints file as the report shows them."""
    wanted = [Requirement(line) for line in way.build_constraints]
    return [
        FixEdit(
            BUILD_CONSTRAINTS_FILE,
            at,
            requirement.name,
            None,
            str(requirement.specifier),
            EditAction.ADD,
        )
        for at, requirement in enumerate(wanted, 1)
    ]


def _place(culprit: Culprit) -> tuple[list[int], list[str]]:
    """Return where a culprit stands in the file, so that it does not matter which failed first."""
    members = culprit.members
    return sorted(m.requirement.number for m in members), [m.name for m in members]


def _reported(culprit: Culprit) -> Culprit:
    """Return a culprit with a sentence even where the log gave none."""
    return culprit if culprit.summary else replace(culprit, summary=_sentence(culprit))


def _sentence(culprit: Culprit) -> str:
    names = listed([member.label for member in culprit.members])
    if len(culprit.members) > 1:
        return f"{names} do not work together; without any one of them the rest does."
    if culprit.cause in (Cause.UNKNOWN, Cause.NONE):
        return f"{names} makes the build fail; the log does not say why."
    return f"{names} {PHASES[culprit.phase]}: {culprit.cause.value.replace('-', ' ')}."


def _summary(kind: VerdictKind, culprits: Sequence[Culprit]) -> str:
    number = counted(len(culprits), "culprit")
    reported = {
        VerdictKind.FIXED: f"{number} found, and a fix that a build proved.",
        VerdictKind.CULPRITS: f"{number} proven; no fix could be verified.",
    }.get(kind, "")
    excused = [culprit.members[0].label for culprit in culprits if is_of_the_machine(culprit)]
    if reported and excused:
        reported += f" For {listed(excused)} this machine is at fault, not the version."
    return reported


def machine_notes(culprits: Sequence[Culprit], fix: Fix | None) -> list[Note]:
    """Return what to install where the machine, and not a version, is at fault."""
    notes: list[Note] = []
    for culprit in filter(is_of_the_machine, culprits):
        member = culprit.members[0]
        note = (
            f"This machine lacks what {member.label} is compiled with; the version is not to blame."
        )
        if culprit.advice and not culprit.install:
            note += f" To keep it, {culprit.advice.rstrip('.')}."
        notes.append(Note(note + _way_around(member, fix), culprit.proof.failing_probe))
    return notes


def _way_around(member: Member, fix: Fix | None) -> str:
    number = member.requirement.number
    for edit in fix.candidate.edits if fix is not None else ():
        if edit.number == number and edit.to is not None:
            taken = f"{edit.name} {edit.pin or edit.to}"
            return f" The fix takes {taken} instead, which installs here without it."
    return ""
