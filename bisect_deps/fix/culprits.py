"""Culprits: what a failing probe shows of the releases at fault, in a sentence with its lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bisect_deps.diagnosis import missing_here
from bisect_deps.diagnosis.fingerprint import fingerprint_of
from bisect_deps.fix.failure import breakages_of, phase_of, suspects_of
from bisect_deps.model import (
    Breakage,
    Candidate,
    Cause,
    Culprit,
    Member,
    Phase,
    Probe,
    Proof,
    RemedyKind,
    Suspect,
)

INSTALL_PHASES = frozenset({Phase.DOWNLOAD, Phase.METADATA, Phase.BUILD, Phase.INSTALL})


def described(members: Sequence[Member], probe: Probe, passing: int | None = None) -> Culprit:
    """Return a culprit with the cause and the lines that the log of its failing probe shows."""
    names = {member.name for member in members}
    best = _telling(names, probe)
    diagnosis = probe.diagnosis
    proof = Proof(probe.number, passing)
    if best is not None:
        return Culprit(
            members=tuple(members),
            phase=best.phase,
            cause=best.cause,
            summary=_summary(members, best, probe),
            evidence=best.evidence,
            proof=proof,
            advice=best.advice,
            install=missing_here(best) if best.cause is Cause.SYSTEM_DEP_MISSING else {},
            remedies=tuple(r.requirement for r in best.remedies if r.kind is RemedyKind.BUILD),
        )
    return Culprit(
        members=tuple(members),
        phase=phase_of(probe),
        cause=diagnosis.cause if diagnosis else Cause.UNKNOWN,
        summary="",
        evidence=diagnosis.evidence if diagnosis else (),
        proof=proof,
    )


def broken(
    members: Sequence[Member], probe: Probe, breakage: Breakage, passing: int | None
) -> Culprit:
    """Return the culprit of a failing check, told by the breakage that its probe shows."""
    culprit = replace(described(members, probe, passing), phase=phase_of(probe))
    if breakage.evidence:
        culprit = replace(culprit, evidence=breakage.evidence)
    return culprit


def releases_named(culprits: Iterable[Culprit]) -> list[str]:
    """Return each culprit in a few words: `numpy 1.19.5`, `flask 2.0 with werkzeug 3.0`."""
    return [
        " with ".join(
            f"{member.name} {member.version}" if member.version else member.requirement.text
            for member in culprit.members
        )
        for culprit in culprits
    ]


def names_of(culprits: Iterable[Culprit]) -> frozenset[str]:
    """Return the projects at fault."""
    return frozenset(member.name for culprit in culprits for member in culprit.members)


def numbers_of(culprits: Iterable[Culprit]) -> frozenset[int]:
    """Return the numbers of the user's lines that take part."""
    return frozenset(
        member.requirement.number for culprit in culprits for member in culprit.members
    )


def merged(known: Sequence[Culprit], more: Iterable[Culprit]) -> tuple[Culprit, ...]:
    """Return culprits with more of them, each set of members once: the first that was proven."""
    found = list(known)
    seen = {_identity(culprit) for culprit in known}
    for culprit in more:
        if _identity(culprit) not in seen:
            seen.add(_identity(culprit))
            found.append(culprit)
    return tuple(found)


def told_once(culprits: Sequence[Culprit]) -> tuple[Culprit, ...]:
    """Return culprits without what a line pulls in where that line is at fault by the same error.

    The two are the sides of one failure, and the line's own release is what moves.
    """
    own = {_error(culprit) for culprit in culprits if not culprit.members[0].via}
    return tuple(c for c in culprits if not c.members[0].via or _error(c) not in own)


def _error(culprit: Culprit) -> tuple[int, str]:
    """Return the line of a culprit's first member, and what identifies the error that shows it."""
    text = culprit.evidence[0].text if culprit.evidence else str(culprit.proof.failing_probe)
    return culprit.members[0].requirement.number, fingerprint_of(text)


def proven(culprit: Culprit, passing: int) -> Culprit:
    """Return a culprit with the passing probe that it lacked."""
    if culprit.proof.passing_probe is not None:
        return culprit
    return replace(culprit, proof=Proof(culprit.proof.failing_probe, passing))


def is_covered(culprit: Culprit, culprits: Iterable[Culprit], candidate: Candidate) -> bool:
    """Say whether a release only comes in with a line at fault, and moving that line is enough.

    Of an install: what fails at check is hidden by what fails before it, and is told of each.
    """
    member = culprit.members[0]
    own = {
        other.members[0].requirement.number
        for other in culprits
        if len(other.members) == 1 and not other.members[0].via
    }
    moved = {edit.name for edit in candidate.edits}
    comes_with = bool(member.via) and member.requirement.number in own
    return comes_with and member.name not in moved and culprit.phase is not Phase.CHECK


def is_of_the_machine(culprit: Culprit) -> bool:
    """Say whether the machine lacks something, and no version is at fault."""
    return culprit.cause is Cause.SYSTEM_DEP_MISSING


def reported_by_breakage(probe: Probe, names: Iterable[str]) -> Breakage | None:
    """Return the breakage that names one of these projects, else the first of the probe's log."""
    wanted = set(names)
    found = breakages_of(probe)
    for breakage in found:
        if breakage.lacks in wanted:
            return breakage
    for breakage in found:
        if breakage.user in wanted or wanted & set(breakage.through):
            return breakage
    return found[0] if found else None


def _identity(culprit: Culprit) -> frozenset[tuple[str, int]]:
    return frozenset((member.name, member.requirement.number) for member in culprit.members)


def _telling(names: set[str], probe: Probe) -> Suspect | None:
    suspects = suspects_of(probe)
    own = [s for s in suspects if s.broken in names]
    near = [s for s in suspects if s.name in names]
    return next(iter((*own, *near, *suspects)), None)


def _summary(members: Sequence[Member], suspect: Suspect, probe: Probe) -> str:
    """Return the log's sentence; where another release broke, which one, and how it came in."""
    failing = suspect.broken
    if not failing or not suspect.via or any(member.name == failing for member in members):
        return suspect.summary
    named = suspect.failing.version if suspect.failing is not None else None
    version = (probe.installed or {}).get(failing) or named
    broke = f"{failing} {version}" if version else failing
    names = " and ".join(member.label for member in members)
    said = suspect.summary.removeprefix(f"{suspect.failing}: ").removeprefix(f"{failing}: ")
    if suspect.cause is Cause.BUILD_DEP_FAILED:
        return f"{names} cannot be built: {broke}, which its build requires, could not be installed"
    chain = [link for link in suspect.via if link != failing]
    if [member.name for member in members] == chain[:1]:
        through = f" through {', then '.join(chain[1:])}" if chain[1:] else ""
        return f"{names} breaks with {broke}, which it pulls in{through}: {said}"
    return f"{names} breaks with {broke}, which {' > '.join(chain)} pulls in: {said}"
