"""The fix as the user would have written it: a range stays a range, the reason where it is wanted.

A clause in the file's own style is taken where the resolver comes to a release that is known to
pass; the file as it is then written is built once more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bisect_deps.fix.ask import ask
from bisect_deps.fix.case import Case, taken_back, with_edits
from bisect_deps.fix.inquiry import Story
from bisect_deps.formats.style import specifiers
from bisect_deps.model import Candidate, Cause, Culprit, Edit, EditAction, Outcome, Probe, ProbeKind


def written(case: Case, culprits: Sequence[Culprit], fixed: Probe) -> Story[Probe]:
    """Return the build of the fix in the file's own style; `fixed` where that changes nothing.

    Costs one build where some clause is no pin, or where reasons are asked for.
    """
    candidate = fixed.candidate
    for edit in fixed.candidate.edits:
        candidate = _styled(case, culprits, candidate, edit)
    if _needed(case, candidate) != _needed(case, fixed.candidate):
        # A range lets in what has no need of another edit.
        candidate = fixed.candidate
    if case.annotate:
        candidate = Candidate(tuple(_annotated(edit, culprits) for edit in candidate.edits))
    if candidate == fixed.candidate:
        return fixed
    case.progress.phase("Writing the fix in the style of the file")
    probe = yield from ask(case, candidate, ProbeKind.FIX, "does the file pass as it is written?")
    return probe if probe.outcome is Outcome.PASS else fixed


def _styled(case: Case, culprits: Sequence[Culprit], candidate: Candidate, edit: Edit) -> Candidate:
    """Return a candidate with one pin as the file would say it, if it comes to the same."""
    version = edit.pin
    if edit.action not in (EditAction.REPIN, EditAction.ADD) or version is None or edit.hashes:
        return candidate
    line = None if edit.number is None else case.manifest.requirements[edit.number]
    wanted = case.releases_of(candidate)
    if wanted is None:
        return candidate
    for clause in specifiers(case.requirements, line, version, _failing(case, culprits, edit.name)):
        styled = with_edits(candidate, [replace(edit, to=clause)])
        if case.releases_of(styled) == wanted:
            return styled
    return candidate


def _needed(case: Case, candidate: Candidate) -> list[bool]:
    """Say of each edit whether nothing resolves without it."""
    return [case.releases_of(taken_back(candidate, edit)) is None for edit in candidate.edits]


def _failing(case: Case, culprits: Sequence[Culprit], name: str) -> list[str]:
    """Return a project's versions that are known to fail: of a range in conflict, its newest."""
    found: dict[str, None] = {}
    for culprit in culprits:
        for member in culprit.members:
            if member.name == name and member.version is not None:
                found[member.version] = None
            elif member.name == name and culprit.cause is Cause.RESOLVER_CONFLICT:
                newest = case.newest_of([member.requirement])
                found |= {newest: None} if newest else {}
        for narrowing in culprit.narrowings:
            if narrowing.name == name:
                failed = (t.version for t in narrowing.tried if t.outcome is Outcome.FAIL)
                found |= dict.fromkeys(failed)
    return list(found)


def _annotated(edit: Edit, culprits: Sequence[Culprit]) -> Edit:
    reasons = _reasons(culprits)
    reason = reasons.get(edit.number if edit.number is not None else edit.name, "")
    return replace(edit, comment=reason) if reason else edit


def _reasons(culprits: Sequence[Culprit]) -> Mapping[int | str, str]:
    found: dict[int | str, str] = {}
    for culprit in culprits:
        for member in culprit.members:
            key = member.name if member.via else member.requirement.number
            found.setdefault(key, culprit.summary)
            found.setdefault(member.name, culprit.summary)
    return found
