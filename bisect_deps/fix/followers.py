"""Why lines of a fix moved that nothing is wrong with: who asks for it, in the resolver's words.

The resolver is asked for the fix without that one change; its refusal names the requirement. Where
it does not refuse, a build that failed without the change is the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bisect_deps.diagnosis.prose import uv_edges
from bisect_deps.fix.case import Case, is_compiled, parsed_requirement, taken_back
from bisect_deps.fix.culprits import names_of, numbers_of
from bisect_deps.fix.failed import Failed, failed_by
from bisect_deps.model import Candidate, Culprit, Edit, EditAction, Note, Outcome, Probe, ProbeKind
from bisect_deps.resolution.uv_resolver import Resolution
from bisect_deps.text import listed


def followed(
    case: Case, culprits: Sequence[Culprit], candidate: Candidate, known: Iterable[Probe]
) -> list[Note]:
    """Return a note for each edit that belongs to no culprit: why it moves along."""
    own = names_of(culprits) | {m.requirement.name for c in culprits for m in c.members}
    probes = tuple(known)
    failed = [probe for probe in probes if probe.outcome is Outcome.FAIL]
    notes: list[Note] = []
    for edit in candidate.edits:
        is_own = edit.name in own or edit.number in numbers_of(culprits)
        if is_own or edit.action is EditAction.DROP:
            continue
        rest = taken_back(candidate, edit)
        resolution = case.resolve(rest)
        if resolution is not None and not resolution.resolved:
            text = f"{edit.text} {_does(edit)}: {_why(case, edit, candidate, resolution, probes)}."
            notes.append(Note(text, fact="without that the resolver finds no solution"))
        elif (probe := _failing(case, rest, failed)) is not None:
            text = f"{edit.text} {_does(edit)}: without that the build fails"
            notes.append(Note(text, probe.number))
        elif (back := _back(case, rest, candidate, failed)) is not None:
            held = listed([f"{name} {version}" for name, version in back.releases.items()])
            text = f"{edit.text} {_does(edit)}: without that it comes to {held}, which fails"
            notes.append(Note(text, back.probe.number))
        elif others := [e.text for e in candidate.edits if e.name == edit.name and e != edit]:
            text = (
                f"{edit.text} {_does(edit)}: both lines of {edit.name} move, as {others[0]} does."
            )
            notes.append(Note(text, fact="one line alone decides nothing"))
    return notes


def _failing(case: Case, rest: Candidate, failed: Iterable[Probe]) -> Probe | None:
    """Return a failed build of a candidate, or of another that comes to the same releases."""
    releases = case.releases_of(rest)
    for probe in failed:
        alike = releases is not None and case.releases_of(probe.candidate) == releases
        if (alike or probe.candidate == rest) and probe.kind is not ProbeKind.ISOLATED:
            return probe
    return None


def _back(case: Case, rest: Candidate, fix: Candidate, failed: Sequence[Probe]) -> Failed | None:
    """Return what was seen to fail and comes back with less of a fix, None for nothing known."""
    without, fixed = case.releases_of(rest) or {}, case.releases_of(fix) or {}
    for failure in failed_by(case, failed):
        if failure.within(without) and not failure.within(fixed):
            return failure
    return None


def _does(edit: Edit) -> str:
    return "is added" if edit.action is EditAction.ADD else "moves along"


def _why(
    case: Case, edit: Edit, candidate: Candidate, refusal: Resolution, known: Sequence[Probe]
) -> str:
    """Return who asks for a change: another release of the fix, or the release that it moves."""
    before = case.manifest.requirements[edit.number].pin if edit.number is not None else None
    chosen = {**case.pins(candidate), **(case.releases_of(candidate) or {})}
    edges = list(uv_edges(refusal.log))
    compiled = is_compiled(case, edit.name, before)
    if compiled and not _is_built(edit.name, before, known):
        return f"{edit.name} {before} has no wheel for this Python, and nobody tried to compile it"
    return (
        _asked_for(edit.name, chosen, edges)
        or _asks(edit.name, before, chosen, edges)
        or (f"{edit.name} {before} has no wheel for this Python" if compiled else "")
        or "nothing suits the rest as it was"
    )


def _is_built(name: str, version: str | None, known: Iterable[Probe]) -> bool:
    """Say whether a release was installed, alone or with the rest."""
    own = f"{name}=={version}"
    return any(
        probe.outcome is Outcome.PASS
        if probe.isolated == own
        else (probe.installed or {}).get(name) == version
        for probe in known
    )


def _asked_for(name: str, chosen: dict[str, str], edges: Sequence[tuple[str, str]]) -> str:
    """Return `tensorflow 2.16.1 requires absl-py>=1.0.0`; "" where nobody is seen to ask.

    That a project's extra asks for the project itself tells nothing.
    """
    others = chosen.keys() - {name}
    for parent, wanted in edges:
        asking, asked = parsed_requirement(parent), parsed_requirement(wanted)
        if asking and asked and asked[0] == name and asked[1] and asking[0] in others:
            return f"{asking[0]} {chosen[asking[0]]} requires {wanted}"
    return ""


def _asks(
    name: str, before: str | None, chosen: dict[str, str], edges: Sequence[tuple[str, str]]
) -> str:
    """Return `pandas 1.1.5 requires numpy<1.20, and numpy is 1.26.0 now`; "" for no such thing."""
    others = chosen.keys() - {name}
    for parent, wanted in edges:
        asking, asked = parsed_requirement(parent), parsed_requirement(wanted)
        if asking and asked and asking[0] == name and asked[1] and asked[0] in others:
            old = f"{name} {before}" if before else "its release before"
            return f"{old} requires {wanted}, and {asked[0]} is {chosen[asked[0]]} now"
    return ""
