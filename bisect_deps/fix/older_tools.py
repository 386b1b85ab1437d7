"""Keeps a pinned release that still builds with older build tools, by build constraints.

A release whose source needs what today's build tools no longer have is not at fault for ever: built
alone with the tools of its day, it tells which constraint it needs; then the whole file proves it.
It costs builds of sources, so it is for files that have no other way, or for users who ask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

from packaging.version import Version

from bisect_deps.fix.ask import relayed
from bisect_deps.fix.case import Case
from bisect_deps.fix.certify import without_needless
from bisect_deps.fix.culprits import names_of, numbers_of
from bisect_deps.fix.failed import broken_releases
from bisect_deps.fix.inquiry import Inquiry, Story
from bisect_deps.formats.base import Manifest
from bisect_deps.model import (
    Candidate,
    Cause,
    Culprit,
    Mention,
    Note,
    Outcome,
    Phase,
    Probe,
    ProbeKind,
)
from bisect_deps.policy import POLICY
from bisect_deps.system.files import holds

BUILD_CONSTRAINTS_FILE = "depbisect-build-constraints.txt"

# What to build with, by cause, in the order of how often it helps: setuptools 81 warns of and 82
# lacks pkg_resources, 58 lacks use_2to3; Cython 3 and numpy 2 changed what sources compile against.
OLDER_TOOLS: dict[Cause, tuple[tuple[str, ...], ...]] = {
    Cause.BUILD_API_REMOVED: (
        ("setuptools<81",),
        ("setuptools<58",),
        ("Cython<3",),
        ("setuptools<60", "Cython<3", "numpy<2"),
    ),
    Cause.BUILD_DEP_FAILED: (("setuptools<81",), ("Cython<3", "numpy<2")),
    Cause.COMPILE_ERROR: (("Cython<3",), ("numpy<2",), ("Cython<3", "numpy<2")),
    Cause.SETUP_SCRIPT_ERROR: (("setuptools<58",), ("setuptools<81",)),
}

RECOMMENDED = (
    "It keeps {kept} and builds with older build tools. No release was found that needs none, and "
    "every install must name the build constraints."
)
POSSIBLE = (
    "It keeps {kept}, but every install must name the build constraints, and the build tools that "
    "it needs grow older: a newer release lasts longer."
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that passes with build constraints, and the culprits that it keeps.

    `found` are those that only failed with these constraints, and were repaired.
    """

    candidate: Candidate
    probe: Probe
    culprits: tuple[Culprit, ...]
    constraints: tuple[str, ...]
    found: tuple[Culprit, ...] = ()

    def reason(self, *, recommended: bool) -> str:
        """Return why it is offered."""
        kept = ", ".join(
            f"{culprit.members[0].name} {culprit.members[0].version}" for culprit in self.culprits
        )
        return (RECOMMENDED if recommended else POSSIBLE).format(kept=kept)

    def settles(self, culprit: Culprit) -> bool:
        """Say whether a culprit is moved or kept here: what stays and passes was none.

        What only did not suit a move that is not made here is no fault of its own.
        """
        edits = self.candidate.edits
        moved = {edit.name for edit in edits} & names_of([culprit])
        moved_lines = {edit.number for edit in edits} & numbers_of([culprit])
        return bool(moved or moved_lines) or culprit in self.culprits or _is_candidate(culprit)


# Repairs a file from its failing build: the last build, and the culprits.
Mend: TypeAlias = Callable[[Probe], Story[tuple[Probe, tuple[Culprit, ...]]]]


def keep_by_older_tools(
    case: Case,
    culprits: Sequence[Culprit],
    before: Candidate,
    among: Sequence[Culprit],
    known: Sequence[Probe],
    mend: Mend | None = None,
) -> Story[tuple[Kept | None, tuple[Note, ...]]]:
    """Return the file that keeps some of these culprits by build constraints, None where none does.

    `before` is the fix, or the file as far as it was fixed. Of its edits those stay that others
    `among` the culprits call for, and without which the file fails: `known` are builds with nothing
    but the files. Where it fails all the same, `mend` repairs what else fails with these tools.
    """
    targets = [culprit for culprit in culprits if _is_candidate(culprit)]
    if targets:
        case.progress.phase("Looking for build tools that still build it")
    needed = (yield from _try_tools(targets)) if targets else ()
    constraints = _strictest(line for _, lines in needed for line in lines)
    if not needed or _is_taken(case.manifest, constraints):
        text = f"{BUILD_CONSTRAINTS_FILE} is there and says something else; it stays."
        return None, ((Note(text, fact=BUILD_CONSTRAINTS_FILE),) if needed else ())
    kept = tuple(culprit for culprit, _ in needed)
    alike = tuple(c for c in among if c not in kept and _is_remedied(c, constraints))
    with_these = partial(_built_with, constraints)
    for some in ((*kept, *alike), kept) if alike else (kept,):
        whole = _whole(case, _without(before, among, some), constraints)
        probe = yield from relayed(whole, with_these)
        if probe.outcome is Outcome.PASS:
            stay = {(member.name, member.version) for c in some for member in c.members}
            broke = [{(r.name, r.version) for r in broken_releases(probe)} for probe in known]
            others = [p for p, these in zip(known, broke, strict=True) if not these & stay]
            probe = yield from relayed(without_needless(case, probe, others), with_these)
            return Kept(probe.candidate, probe, some, constraints), ()
    if mend is not None:
        mending = _mended(_whole(case, Candidate(), constraints), mend)
        probe, found = yield from relayed(mending, with_these)
        if probe.outcome is Outcome.PASS:
            return Kept(probe.candidate, probe, kept, constraints, found), ()
    return None, ()


def _whole(case: Case, candidate: Candidate, constraints: Sequence[str]) -> Story[Probe]:
    purpose = f"does the file build with {', '.join(constraints)} for its build tools?"
    [probe] = yield [Inquiry(candidate, ProbeKind.FIX, purpose, imports=case.imports)]
    return probe


def _mended(whole: Story[Probe], mend: Mend) -> Story[tuple[Probe, tuple[Culprit, ...]]]:
    probe = yield from whole
    return (yield from mend(probe)) if probe.outcome is Outcome.FAIL else (probe, ())


def _built_with(constraints: tuple[str, ...], asked: Sequence[Inquiry]) -> Story[Sequence[Probe]]:
    return (yield [replace(inquiry, build_constraints=constraints) for inquiry in asked])


def commands_for(file: str) -> tuple[str, ...]:
    """Return how uv, pip and an older pip install a file with the build constraints beside it.

    Before 25.3, pip runs a setup.py with the environment's own setuptools, which nothing
    constrains, unless it is asked for an isolated build.
    """
    name = BUILD_CONSTRAINTS_FILE
    return (
        f"uv pip install -r {file} --build-constraints {name}",
        f"pip install -r {file} --build-constraint {name}    # pip 25.3 and later",
        f"PIP_CONSTRAINT={name} pip install --use-pep517 -r {file}    # an older pip",
    )


def file_of(constraints: Sequence[str]) -> bytes:
    """Return the build constraints as the file that holds them."""
    return "".join(f"{line}\n" for line in constraints).encode()


def _is_candidate(culprit: Culprit) -> bool:
    alone = len(culprit.members) == 1 and culprit.members[0].version is not None
    builds = culprit.phase in (Phase.BUILD, Phase.METADATA)
    return alone and builds and any(True for _ in _tools(culprit))


def _is_taken(manifest: Manifest, constraints: Sequence[str]) -> bool:
    """Say whether another file of that name stands there already: it is the user's, and stays."""
    beside = manifest.path.parent / BUILD_CONSTRAINTS_FILE
    return beside.exists() and not holds(beside, file_of(constraints))


def _tools(culprit: Culprit) -> Iterator[tuple[str, ...]]:
    """Yield what to build with, first what the log itself advises."""
    advised = tuple(culprit.remedies)
    known = OLDER_TOOLS.get(culprit.cause, ())
    yield from dict.fromkeys([*([advised] if advised else []), *known])


def _strictest(lines: Iterable[str]) -> tuple[str, ...]:
    """Return constraints without the bounds (`setuptools<58`) that others imply."""
    distinct = tuple(dict.fromkeys(lines))
    return tuple(line for line in distinct if not any(_implies(one, line) for one in distinct))


def _implies(one: str, other: str) -> bool:
    (name, below, bound), (same, also, looser) = one.partition("<"), other.partition("<")
    return bool(below and also) and name == same and Version(bound) < Version(looser)


def _is_remedied(culprit: Culprit, constraints: Sequence[str]) -> bool:
    """Say whether what the log of a culprit advises is among these bounds, or looser."""
    return bool(culprit.remedies) and _strictest([*constraints, *culprit.remedies]) == constraints


def _try_tools(targets: Sequence[Culprit]) -> Story[list[tuple[Culprit, tuple[str, ...]]]]:
    """Build each culprit alone with ever other tools; the culprits share their rounds."""
    found: list[tuple[Culprit, tuple[str, ...]]] = []
    left = [(culprit, list(_tools(culprit))[: POLICY.old_tool_builds]) for culprit in targets]
    while left:
        probes = yield [_alone(culprit, tools[0]) for culprit, tools in left]
        after: list[tuple[Culprit, list[tuple[str, ...]]]] = []
        for (culprit, tools), probe in zip(left, probes, strict=True):
            if probe.outcome is Outcome.PASS:
                found.append((culprit, tools[0]))
            elif tools[1:]:
                after.append((culprit, tools[1:]))
        left = after
    return found


def _alone(culprit: Culprit, tools: tuple[str, ...]) -> Inquiry:
    member = culprit.members[0]
    release = str(Mention(member.name, member.version))
    return Inquiry(
        Candidate(),
        ProbeKind.ISOLATED,
        f"does {release} build with {', '.join(tools)}?",
        isolated=release,
        build_constraints=tools,
    )


def _without(before: Candidate, culprits: Sequence[Culprit], kept: Sequence[Culprit]) -> Candidate:
    """Return the fix without the edits that only the culprits which are kept called for."""
    others = [culprit for culprit in culprits if culprit not in kept]
    if not others:
        return Candidate()
    numbers = numbers_of(kept) - numbers_of(others)
    names = names_of(kept)
    return Candidate(
        tuple(e for e in before.edits if e.number not in numbers and e.name not in names)
    )
