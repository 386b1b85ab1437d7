"""Finds culprits of a failing install, the cheapest rung first.

Index facts and the log say which releases to build alone; a release that fails alone is a proven
single culprit. Then the resolver's minimal conflicts, which cost no build. Only what neither
explains is searched for by building subsets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bisect_deps.index import FactKind
from bisect_deps.model import (
    Candidate,
    Cause,
    Edit,
    Member,
    Outcome,
    Phase,
    Probe,
    ProbeKind,
    Release,
    Requirement,
    Suspect,
)
from bisect_deps.probing import Inquiry, Story, edited
from bisect_deps.resolver import Resolution
from bisect_deps.search.base import Items
from bisect_deps.search.strategy import Certified, Problem, State, bisect
from bisect_deps.steps.base import (
    Case,
    Context,
    Found,
    drop,
    failing_release,
    suspects_of,
    with_edits,
)
from bisect_deps.steps.conflicts import Conflict, find_conflicts
from bisect_deps.steps.locating import Record, dropping, locate

# Facts that make a release worth a build of its own before anything else is known of it.
TELLING = frozenset(
    {
        FactKind.GONE,
        FactKind.NO_SUCH_VERSION,
        FactKind.REQUIRES_PYTHON,
        FactKind.NO_USABLE_WHEEL,
        FactKind.NO_ARTIFACT,
    }
)


@dataclass(frozen=True, slots=True)
class Lead:
    """A release to build alone: the user's requirement, and the chain where it is a transitive."""

    requirement: Requirement
    release: Release
    via: tuple[str, ...] = ()

    @property
    def inquiry_name(self) -> str:
        """Return what to install, as an installer's argument."""
        return str(self.release)


def leads_from_facts(context: Context, case: Case) -> list[Lead]:
    """Return the pinned releases that the index says something against, in the file's order."""
    if context.index is None or not context.capabilities.isolated:
        return []
    context.index.prefetch([each.name for each in context.requirements if each.name])
    current = edited(context.requirements, tuple(case.edits.values()))
    return [
        Lead(each, Release(each.name, each.pin))
        for each in current
        if each.pin is not None
        and each.url is None
        and any(fact.kind in TELLING for fact in context.index.facts(each))
    ]


def suspicions(context: Context, case: Case) -> list[str]:
    """Return a sentence for each requirement that the index speaks against, unproven as yet."""
    if context.index is None:
        return []
    context.index.prefetch([each.name for each in context.requirements if each.name])
    return [
        f"Suspected, not proven: {fact.sentence}"
        for each in context.requirements
        if each.number not in case.accused | case.cleared
        for fact in context.index.facts(each)
        if fact.kind in TELLING
    ]


def leads_from_log(context: Context, case: Case, failing: Probe) -> list[Lead]:
    """Return the releases that a failing probe's log names, direct and transitive, best first."""
    lines = [*context.requirements, *context.constraints]
    current = {each.number: each for each in edited(lines, _edits(case))}
    leads: list[Lead] = []
    for suspect in suspects_of(failing):
        if suspect.cause is Cause.RESOLVER_CONFLICT:
            continue
        release = failing_release(suspect)
        pinned = _pinned_by_constraint(context, current, release)
        if pinned is not None and release is not None:
            leads.append(Lead(pinned, release))
            continue
        for direct in context.named(suspect.name):
            requirement = current.get(direct.number, direct)
            if release is not None and release.name != requirement.name:
                leads.append(Lead(requirement, release, suspect.via or (requirement.name,)))
            elif release is not None:
                leads.append(Lead(requirement, release))
            elif requirement.pin is not None:
                leads.append(Lead(requirement, Release(requirement.name, requirement.pin)))
    return leads


def _pinned_by_constraint(
    context: Context, current: Mapping[int, Requirement], release: Release | None
) -> Requirement | None:
    """Return the line of a constraints file that alone asks for a release, None where none does."""
    if release is None:
        return None
    asking = [
        each
        for each in current.values()
        if each.name == release.name and each.pin == release.version
    ]
    return asking[0] if asking and all(each.constraint for each in asking) else None


def fresh(case: Case, leads: Iterable[Lead]) -> list[Lead]:
    """Return the leads not yet followed, each release once, and note that they now are."""
    kept: list[Lead] = []
    for lead in leads:
        if str(lead.release) not in case.tried:
            case.tried.add(str(lead.release))
            kept.append(lead)
    return kept


def isolated(context: Context, lead: Lead) -> Inquiry:
    """Return the question whether a lead's release can be built alone, without dependencies."""
    return Inquiry(
        Candidate(),
        ProbeKind.ISOLATED,
        f"does {lead.release} build by itself?",
        isolated=lead.inquiry_name,
        limit=context.isolated_limit,
    )


def judge_leads(case: Case, leads: Sequence[Lead], probes: Sequence[Probe]) -> list[Found]:
    """Note what each release built alone shows, and return the culprits among them."""
    culprits: list[Found] = []
    for lead, probe in zip(leads, probes, strict=True):
        if probe.outcome is Outcome.PASS:
            case.cleared.add(lead.requirement.number)
        elif probe.outcome is Outcome.FAIL:
            culprits.append(found_alone(lead, probe))
            if not lead.via:
                case.failing[lead.release.name] = lead.release.version
        elif not lead.via and not _is_unreachable(probe):
            case.slow.add(lead.requirement.number)
    known = {(each.names, each.numbers) for each in case.culprits}
    case.culprits += [each for each in culprits if (each.names, each.numbers) not in known]
    return culprits


def _is_unreachable(probe: Probe) -> bool:
    return probe.diagnosis is not None and probe.diagnosis.cause is Cause.NETWORK


def found_alone(lead: Lead, probe: Probe) -> Found:
    """Return the culprit that a failing build of one release proves."""
    member = Member(lead.requirement, lead.release.name, lead.release.version, lead.via)
    return describe((member,), probe)


def describe(members: tuple[Member, ...], probe: Probe) -> Found:
    """Return a culprit with the cause and the lines that the probe's log shows."""
    suspects = suspects_of(probe)
    names = {member.name for member in members}
    best = next(
        (each for each in suspects if each.name in names or _failing_name(each.failing) in names),
        suspects[0] if suspects else None,
    )
    diagnosis = probe.diagnosis
    if best is not None:
        return Found(
            members,
            best.phase,
            best.cause,
            _summary(members, best, probe),
            best.evidence,
            best.advice,
            failing_probe=probe.number,
            seconds=probe.seconds,
            remedies=best.remedies,
        )
    return Found(
        members,
        diagnosis.phase if diagnosis else Phase.BUILD,
        diagnosis.cause if diagnosis else Cause.UNKNOWN,
        "",
        diagnosis.evidence if diagnosis else (),
        failing_probe=probe.number,
        seconds=probe.seconds,
    )


def _summary(members: tuple[Member, ...], suspect: Suspect, probe: Probe) -> str:
    """Return the log's sentence; where another release broke, which one, and how it came in."""
    failing = _failing_name(suspect.failing)
    if not failing or not suspect.via or any(member.name == failing for member in members):
        return suspect.summary
    version = (probe.installed or {}).get(failing)
    broken = f"{failing} {version}" if version else failing
    names = " and ".join(
        f"{member.name} {member.version}" if member.version else member.name for member in members
    )
    told = suspect.summary.removeprefix(f"{failing}: ")
    return f"{names} breaks with {broken}, which comes in through {' > '.join(suspect.via)}: {told}"


def accuse(context: Context, case: Case, failing: Probe) -> Story[list[Found]]:
    """Return the culprits not known before that explain a failing install, each proven.

    Empty where the failure cannot be pinned on any requirement; `case.notes` then says why.
    """
    if context.capabilities.isolated:
        leads = fresh(case, leads_from_log(context, case, failing))
        if leads:
            probes = yield [isolated(context, lead) for lead in leads]
            culprits = judge_leads(case, leads, probes)
            if culprits:
                return culprits
    conflicts = accuse_conflicts(context, case)
    if conflicts:
        return conflicts
    return (yield from _search(context, case, failing))


def accuse_conflicts(context: Context, case: Case) -> list[Found]:
    """Return the minimal sets of requirements for which the resolver finds no solution."""
    if context.resolver is None:
        return []
    current = edited(standing(context), _edits(case))
    untouched = set(case.accused) - {edit.number for edit in _edits(case)}
    left = [each for each in current if each.number not in untouched]
    conflicts = find_conflicts(left, context.resolver, context.index)
    culprits = [_found_conflict(context, conflict) for conflict in conflicts.found]
    culprits = [each for each in culprits if not each.numbers <= case.accused]
    for found in culprits:
        _prove_conflict(context, case, found, dict(conflicts.asked))
    case.culprits += culprits
    return culprits


def standing(context: Context) -> list[Requirement]:
    """Return the requirements that the target's markers select, and all constraints."""
    mine = {each.number for each in context.requirements}
    return [e for e in context.manifest.requirements if e.constraint or e.number in mine]


def _found_conflict(context: Context, conflict: Conflict) -> Found:
    by_number = {each.number: each for each in standing(context)}
    members = tuple(
        Member(by_number[number], by_number[number].name, by_number[number].pin)
        for number in sorted(conflict.members)
    )
    cause = Cause.RESOLVER_CONFLICT if len(members) > 1 else Cause.NO_MATCHING_VERSION
    if len(members) == 1 and context.index is not None:
        facts = context.index.facts(members[0].requirement)
        cause = next((fact.kind.cause for fact in facts if fact.kind.stops), cause)
    summary = f"{conflict.sentence}."
    return Found(members, Phase.RESOLVE, cause, summary)


def _prove_conflict(
    context: Context, case: Case, found: Found, asked: Mapping[Items, Resolution]
) -> None:
    """Keep what the resolver said of the members together, and without each of them, as probes."""
    if context.record is None or found.numbers not in asked:
        return
    failing = context.record(_only(context, case, found.numbers), asked[found.numbers])
    found.failing_probe = failing.number
    found.evidence = describe(found.members, failing).evidence
    for number in sorted(found.numbers):
        rest = found.numbers - {number}
        if rest in asked:
            context.record(_only(context, case, rest), asked[rest])


def _only(context: Context, case: Case, numbers: Items) -> Candidate:
    """Return the candidate as mended so far with all but these requirements commented out."""
    others = [each for each in context.manifest.requirements if each.number not in numbers]
    return with_edits(case.candidate, [drop(each) for each in others])


def _search(context: Context, case: Case, failing: Probe) -> Story[list[Found]]:
    """Search the requirements that are left by building subsets of the file as mended so far."""
    base = Candidate(_edits(case))
    items = [
        each
        for each in context.requirements
        if each.number not in base.dropped and each.number not in case.accused
    ]
    axis = dropping(context, base, items)
    hints = [
        each.number
        for suspect in suspects_of(failing)
        for each in context.named(suspect.name)
        if each in items
    ]
    problem = Problem(
        items=tuple(each.number for each in items),
        weights=_weights(context, items),
        hints=tuple(dict.fromkeys(hints)),
        slots=context.slots,
        prefer=context.prefer,
        whole_cost=max(failing.seconds, 0.1),
        single_cost=max(failing.seconds / 4, 0.1)
        if context.capabilities.cheap_single
        else max(failing.seconds, 0.1),
    )
    whole = frozenset(problem.items)
    known = {whole: failing} if failing.candidate == base else {}
    finding, record = yield from locate(bisect(problem), axis, context, known)
    once = any(each.failing == whole for each in finding.culprits)
    if (once or finding.state is State.INCONCLUSIVE) and (yield from _passes_now(case, failing)):
        return []
    return _conclude(
        context, case, finding_state=finding.state, certified=finding.culprits, record=record
    )


def _passes_now(case: Case, failing: Probe) -> Story[bool]:
    """Build a failing candidate once more, where nothing but that one failure speaks for a set."""
    purpose = "does it fail once more?"
    [again] = yield [Inquiry(failing.candidate, ProbeKind.WHOLE, purpose, repeat=1)]
    if again.outcome is not Outcome.PASS:
        return False
    case.notes.append(
        "The same file failed once and passed once: the build does not always end alike. "
        "Run again with --fresh, or mend what makes it unsteady first."
    )
    return True


def _conclude(
    context: Context,
    case: Case,
    *,
    finding_state: State,
    certified: Sequence[Certified],
    record: Record,
) -> list[Found]:
    if finding_state is State.FRAME_FAILS:
        case.notes.append(
            "The build fails with every requirement commented out: this is no dependency problem."
        )
    elif finding_state is State.PASSES:
        case.notes.append("The file that failed at first passed when it was built again.")
    by_number = {each.number: each for each in context.requirements}
    culprits = [found_certified(by_number, each, record) for each in certified]
    case.culprits += culprits
    return culprits


def found_certified(
    by_number: dict[int, Requirement], certified: Certified, record: Record
) -> Found:
    """Return the culprit that a search certified, told by the log of its failing probe."""
    members = tuple(
        Member(by_number[number], by_number[number].name, by_number[number].pin)
        for number in sorted(certified.members)
    )
    probe = record.probes.get(certified.failing)
    found = (
        describe(members, probe)
        if probe is not None
        else Found(members, Phase.RESOLVE, Cause.UNKNOWN, "")
    )
    found.passing_probe = record.passing(certified.passing)
    return found


def _weights(context: Context, items: Sequence[Requirement]) -> dict[int, float]:
    if context.index is None:
        return {}
    return {
        each.number: 0.5
        for each in items
        if any(fact.kind in TELLING for fact in context.index.facts(each))
    }


def _edits(case: Case) -> tuple[Edit, ...]:
    return case.candidate.edits


def _failing_name(failing: str | None) -> str:
    return (failing or "").partition("==")[0]
