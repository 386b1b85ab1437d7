"""What the steps of a run share: the run's collaborators, and what is known so far.

A step is a story: it yields rounds of inquiries and is sent probes. Index facts and the resolver
are asked directly, since they cost no build; they guide, and only builds prove.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TypeVar

from packaging.utils import canonicalize_name

from bisect_deps.builders.base import Capabilities
from bisect_deps.formats.base import Manifest, applies
from bisect_deps.index import Index
from bisect_deps.model import (
    Candidate,
    Cause,
    Edit,
    EditAction,
    Evidence,
    Interpreter,
    Member,
    Narrowing,
    Outcome,
    Phase,
    Probe,
    ProbeKind,
    Proof,
    Release,
    Remedy,
    Requirement,
    Suspect,
)
from bisect_deps.probing import BudgetSpent, Inquiry, Story, edited, pinned_to
from bisect_deps.progress import Progress
from bisect_deps.resolver import Resolution, Resolver
from bisect_deps.search.strategy import Prefer
from bisect_deps.steps.pinning import hashes_of, repinned

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Context:
    """A run's collaborators and settings. `index` and `resolver` are None without evidence.

    `isolated_limit` is the time limit of a build of one release that is tried to accuse; `good`
    are versions known to have worked (name to version). `alternatives` asks for other ways out
    even where one is proven. `record` keeps what the resolver alone said of a candidate as a probe.
    """

    manifest: Manifest
    interpreter: Interpreter | None
    capabilities: Capabilities
    progress: Progress
    index: Index | None = None
    resolver: Resolver | None = None
    has_check: bool = False
    imports: bool = False
    slots: int = 1
    prefer: Prefer = Prefer.BUILDS
    isolated_limit: float = 12.0
    good: Mapping[str, str] = field(default_factory=dict)
    good_date: str | None = None
    add_constraints: bool = False
    alternatives: bool = False
    record: Callable[[Candidate, Resolution], Probe] | None = None

    @property
    def cheap(self) -> bool:
        """Say whether builds are cheap enough to look for a second way."""
        return self.prefer is Prefer.TIME

    @property
    def requirements(self) -> Sequence[Requirement]:
        """Return the requirements that the target's markers select, constraints left out."""
        return tuple(
            each
            for each in self.manifest.requirements
            if not each.constraint and self._applies(each)
        )

    @property
    def constraints(self) -> Sequence[Requirement]:
        """Return the lines of constraints files that the target's markers select."""
        return tuple(
            each for each in self.manifest.requirements if each.constraint and self._applies(each)
        )

    def named(self, name: str) -> tuple[Requirement, ...]:
        """Return the requirements of a project."""
        wanted = canonicalize_name(name)
        return tuple(each for each in self.requirements if each.name == wanted)

    def _applies(self, requirement: Requirement) -> bool:
        return self.interpreter is None or applies(requirement, self.interpreter.markers)


@dataclass(slots=True)
class Found:
    """A culprit under construction: members, what the log said, the probes that prove it.

    `seconds` is how long the failing build took.
    """

    members: tuple[Member, ...]
    phase: Phase
    cause: Cause
    summary: str
    evidence: tuple[Evidence, ...] = ()
    advice: str = ""
    failing_probe: int | None = None
    passing_probe: int | None = None
    seconds: float = 0.0
    remedies: tuple[Remedy, ...] = ()
    narrowings: list[Narrowing] = field(default_factory=list)

    @property
    def numbers(self) -> frozenset[int]:
        """Return the numbers of the user's requirements that take part."""
        return frozenset(member.requirement.number for member in self.members)

    @property
    def names(self) -> frozenset[str]:
        """Return the projects at fault."""
        return frozenset(member.name for member in self.members)

    @property
    def proof(self) -> Proof:
        """Return the probes that prove it both ways."""
        return Proof(self.failing_probe, self.passing_probe)


@dataclass(slots=True)
class Case:
    """What is known so far: the culprits, and the edits that mend the file as far as it is mended.

    `edits` maps a requirement's number (or, for an added line, its project) to its edit. `cleared`
    are numbers that were built alone and passed. `slow` are those whose source build did not end
    in time. `failing` maps a project to the last of its versions that was seen to fail. `passing`
    are the candidates that were seen to pass all that was asked of the file.
    """

    edits: dict[int | str, Edit] = field(default_factory=dict)
    culprits: list[Found] = field(default_factory=list)
    cleared: set[int] = field(default_factory=set)
    slow: set[int] = field(default_factory=set)
    failing: dict[str, str] = field(default_factory=dict)
    tried: set[str] = field(default_factory=set)
    alternatives: list[Alternative] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    passing: list[Candidate] = field(default_factory=list)

    @property
    def fallback(self) -> Candidate | None:
        """Return the largest candidate known to pass, None where nothing was seen to."""
        return min(
            self.passing, key=lambda each: (len(each.dropped), len(each.edits)), default=None
        )

    @property
    def candidate(self) -> Candidate:
        """Return the file as mended so far."""
        return candidate_of(self.edits.values())

    @property
    def accused(self) -> frozenset[int]:
        """Return the numbers of all requirements that take part in a culprit."""
        return frozenset().union(*(found.numbers for found in self.culprits))


@dataclass(frozen=True, slots=True)
class Alternative:
    """A candidate that a build proved green, and what kind of fix it is."""

    candidate: Candidate
    probe: int
    style: str
    reason: str
    culprits: tuple[Found, ...] = ()
    commands: tuple[str, ...] = ()
    build_constraints: tuple[str, ...] = ()


def candidate_of(edits: Iterable[Edit]) -> Candidate:
    """Return the candidate of these edits, in the manifest's order, added lines last by name."""
    return Candidate(
        tuple(
            sorted(
                edits,
                key=lambda edit: (
                    edit.number is None,
                    edit.number if edit.number is not None else 0,
                    edit.name,
                ),
            )
        )
    )


def with_edits(base: Candidate, edits: Iterable[Edit]) -> Candidate:
    """Return `base` with more edits; a later edit of the same requirement replaces the earlier."""
    merged: dict[int | str, Edit] = {}
    for edit in (*base.edits, *edits):
        merged[edit.name if edit.number is None else edit.number] = edit
    return candidate_of(merged.values())


def repin(context: Context, requirement: Requirement, version: str) -> Edit:
    """Return the edit that pins a requirement to a version, hashes too where it had some."""
    written = context.manifest.requirements[requirement.number]
    return repinned(written, version, context.index)


def drop(requirement: Requirement) -> Edit:
    """Return the edit that comments a requirement out."""
    return Edit(EditAction.DROP, requirement.name, requirement.number)


def add(context: Context, name: str, version: str) -> Edit:
    """Return the edit that pins a project which no line names."""
    limits = context.add_constraints
    # With a hash on one line, pip and uv ask every line for one.
    hashed = any(each.hashes for each in context.manifest.requirements)
    hashes = hashes_of(context.index, name, version) if hashed else ()
    return Edit(EditAction.ADD, name, None, f"=={version}", hashes, constraint=limits)


def at_version(context: Context, edit: Edit, version: str) -> Edit:
    """Return the edit with another version, and with that version's hashes where it had some."""
    hashes = hashes_of(context.index, edit.name, version) if edit.hashes else ()
    return replace(edit, to=f"=={version}", hashes=hashes)


def installs(probe: Probe) -> bool:
    """Say whether the install passed, whatever a check said afterwards."""
    return probe.outcome is Outcome.PASS or (
        probe.outcome is Outcome.FAIL and phase_of(probe) is Phase.CHECK
    )


def phase_of(probe: Probe) -> Phase:
    """Return where a failed probe broke."""
    return probe.diagnosis.phase if probe.diagnosis is not None else Phase.BUILD


def suspects_of(probe: Probe) -> tuple[Suspect, ...]:
    """Return what a probe's log points at, best first."""
    return probe.diagnosis.suspects if probe.diagnosis is not None else ()


def resolve(
    context: Context,
    base: Candidate,
    *,
    loosened: Mapping[int, str] | None = None,
    preferences: Mapping[str, str] | None = None,
    exclude_newer_package: Mapping[str, str] | None = None,
) -> Resolution | None:
    """Return what a candidate resolves to; `loosened` maps numbers to what replaces their `==`.

    None without a resolver, or where the file has lines that only an installer can read.
    """
    if context.resolver is None:
        return None
    clauses = loosened or {}
    lines: list[str] = []
    for each in edited(context.requirements, base.edits):
        clause = clauses.get(each.number) if each.pin is not None else None
        lines.append(pinned_to(each, f"{clause}{each.pin}").text if clause else each.text)
    lines += [f"{e.name}{e.to or ''}" for e in base.edits if e.action is EditAction.ADD]
    limits = [each.text for each in context.manifest.requirements if each.constraint]
    return context.resolver.resolve(
        lines,
        constraints=limits,
        preferences=preferences,
        exclude_newer_package=exclude_newer_package,
    )


def ask(
    candidate: Candidate, kind: ProbeKind, purpose: str, *, imports: bool = False
) -> Story[Probe]:
    """Ask one question and return its probe."""
    [probe] = yield [Inquiry(candidate, kind, purpose, imports=imports)]
    return probe


def noting_passes(context: Context, case: Case, story: Story[T]) -> Story[T]:
    """Tell a story, and note each candidate that passes: install, check and imports as asked."""
    failed: set[Candidate] = set()

    def note(inquiry: Inquiry, probe: Probe) -> None:
        if probe.outcome is Outcome.FAIL and inquiry.isolated is None:
            failed.add(inquiry.candidate)
        elif probe.outcome is Outcome.PASS and _is_whole(context, inquiry):
            case.passing.append(inquiry.candidate)
        case.passing = [each for each in case.passing if each not in failed]

    try:
        inquiries = next(story)
        while True:
            try:
                probes = yield inquiries
            except BudgetSpent as spent:
                for inquiry in inquiries:
                    # What was answered before the budget was spent is known by now.
                    with suppress(BudgetSpent):
                        note(inquiry, *(yield [inquiry]))
                inquiries = story.throw(spent)
                continue
            for inquiry, probe in zip(inquiries, probes, strict=True):
                note(inquiry, probe)
            inquiries = story.send(probes)
    except StopIteration as stop:
        result: T = stop.value
        return result


def _is_whole(context: Context, inquiry: Inquiry) -> bool:
    """Say whether a build tried out all that the user asked for, with nothing but the files."""
    has_check = context.capabilities.check and (context.has_check or context.imports)
    checked = inquiry.check or not has_check
    return checked and inquiry.isolated is None and not inquiry.build_constraints


def failing_release(suspect: Suspect) -> Release | None:
    """Return the release at which a suspect broke, None where the log names no version."""
    text = suspect.failing or (
        f"{suspect.name}=={suspect.version}" if suspect.version is not None else suspect.name
    )
    name, _, version = text.partition("==")
    return Release(canonicalize_name(name), version) if version else None
