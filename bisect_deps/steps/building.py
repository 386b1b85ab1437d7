"""Keeps a pinned release that still builds with older build tools, by build constraints.

A release whose source needs what today's build tools no longer have is not at fault for ever: built
alone with the tools of its day, it tells which constraint it needs; then the whole file proves it.
It costs builds of sources, so it is for files that have no other way, or for users who ask.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bisect_deps.formats.base import Manifest
from bisect_deps.model import Candidate, Cause, EditAction, Outcome, Phase, ProbeKind, RemedyKind
from bisect_deps.probing import Inquiry, Story
from bisect_deps.steps.base import Alternative, Case, Context, Found

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
# A culprit is not worth more builds than this.
MOST_TRIES = 4
# What gets past the old failure compiles, which takes long; what the log speaks for most likely so.
ADVISED_LIMIT = 300.0
TRY_LIMIT = 60.0

_RECOMMENDED = (
    "It keeps {kept} and builds with older build tools. No release was found that needs none, and "
    "every install must name the build constraints."
)
_POSSIBLE = (
    "It keeps {kept}, but every install must name the build constraints, and the build tools that "
    "it needs grow older: a newer release lasts longer."
)


def is_worth_it(context: Context, fixes: Sequence[Alternative]) -> bool:
    """Say whether to look for build constraints: nothing else helps, or the user wants all ways."""
    lossy = bool(fixes) and any(e.action is EditAction.DROP for e in fixes[0].candidate.edits)
    return context.capabilities.isolated and (context.alternatives or not fixes or lossy)


def keep_by_older_tools(
    context: Context, case: Case, fixes: Sequence[Alternative]
) -> Story[list[Alternative]]:
    """Return `fixes` with the verified one that keeps culprits by build constraints, if any.

    It goes first where the best of the others leaves one of those culprits out, else last.
    """
    left_out = fixes[0].candidate.dropped if fixes and not context.alternatives else None
    targets = [
        found
        for found in case.culprits
        if _is_candidate(found) and (left_out is None or found.numbers & left_out)
    ]
    if not targets:
        return list(fixes)
    context.progress.phase("Looking for build tools that still build it")
    needed = yield from _try_tools(context, targets)
    if not needed:
        return list(fixes)
    constraints = tuple(dict.fromkeys(line for _, lines in needed for line in lines))
    if _is_taken(context.manifest, constraints):
        case.notes.append(f"{BUILD_CONSTRAINTS_FILE} is there and says something else; it stays.")
        return list(fixes)
    kept = [found for found, _ in needed]
    before = fixes[0].candidate if fixes else case.candidate
    candidate = _without(before, case, kept)
    purpose = f"does the file build with {', '.join(constraints)} for its build tools?"
    [probe] = yield [
        Inquiry(
            candidate,
            ProbeKind.FIX,
            purpose,
            imports=context.imports,
            build_constraints=constraints,
        )
    ]
    if probe.outcome is not Outcome.PASS:
        return list(fixes)
    first = not fixes or _leaves_out(fixes[0].candidate, kept)
    names = ", ".join(f"{each.members[0].name} {each.members[0].version}" for each in kept)
    way = Alternative(
        candidate,
        probe.number,
        "build-constraint",
        (_RECOMMENDED if first else _POSSIBLE).format(kept=names),
        tuple(kept),
        commands_for(context.manifest.path.name),
        constraints,
    )
    return [way, *fixes] if first else [*fixes, way]


def commands_for(file: str) -> tuple[str, ...]:
    """Return how uv, pip and an older pip install a file with the build constraints beside it."""
    name = BUILD_CONSTRAINTS_FILE
    return (
        f"uv pip install -r {file} --build-constraints {name}",
        f"pip install -r {file} --build-constraint {name}    # pip 25.3 and later",
        f"PIP_CONSTRAINT={name} pip install -r {file}    # an older pip",
    )


def file_of(constraints: Sequence[str]) -> bytes:
    """Return the build constraints as the file that holds them."""
    return "".join(f"{line}\n" for line in constraints).encode()


def _is_candidate(found: Found) -> bool:
    alone = len(found.members) == 1 and found.members[0].version is not None
    builds = found.phase in (Phase.BUILD, Phase.METADATA)
    return alone and builds and any(True for _ in _tools(found))


def _is_taken(manifest: Manifest, constraints: Sequence[str]) -> bool:
    """Say whether another file of that name stands there already: it is the user's, and stays."""
    beside = manifest.path.parent / BUILD_CONSTRAINTS_FILE
    return beside.exists() and beside.read_bytes() != file_of(constraints)


def _tools(found: Found) -> Iterator[tuple[str, ...]]:
    """Yield what to build with, first what the log itself speaks for."""
    advised = _advised(found)
    known = OLDER_TOOLS.get(found.cause, ())
    yield from dict.fromkeys([*([advised] if advised else []), *known])


def _advised(found: Found) -> tuple[str, ...]:
    build = (remedy for remedy in found.remedies if remedy.kind is RemedyKind.BUILD)
    return tuple(remedy.requirement for remedy in build)


def _try_tools(
    context: Context, targets: Sequence[Found]
) -> Story[list[tuple[Found, tuple[str, ...]]]]:
    """Build each culprit alone with ever other tools; the culprits share their rounds."""
    found: list[tuple[Found, tuple[str, ...]]] = []
    left = [(each, list(_tools(each))[:MOST_TRIES]) for each in targets]
    while left:
        probes = yield [_alone(context, each, tools[0]) for each, tools in left]
        after: list[tuple[Found, list[tuple[str, ...]]]] = []
        for (each, tools), probe in zip(left, probes, strict=True):
            if probe.outcome is Outcome.PASS:
                found.append((each, tools[0]))
            elif tools[1:]:
                after.append((each, tools[1:]))
        left = after
    return found


def _alone(context: Context, found: Found, tools: tuple[str, ...]) -> Inquiry:
    release = f"{found.members[0].name}=={found.members[0].version}"
    return Inquiry(
        Candidate(),
        ProbeKind.ISOLATED,
        f"does {release} build with {', '.join(tools)}?",
        isolated=release,
        build_constraints=tools,
        limit=ADVISED_LIMIT if tools == _advised(found) else TRY_LIMIT,
    )


def _without(before: Candidate, case: Case, kept: Sequence[Found]) -> Candidate:
    """Return the fix without the edits that only the culprits which are kept called for."""
    others = [each for each in case.culprits if each not in kept]
    if not others and not case.slow:
        return Candidate()
    wanted = frozenset[int](case.slow).union(*(each.numbers for each in others))
    numbers = frozenset[int]().union(*(each.numbers for each in kept)) - wanted
    names = frozenset[str]().union(*(each.names for each in kept))
    return Candidate(
        tuple(e for e in before.edits if e.number not in numbers and e.name not in names)
    )


def _leaves_out(candidate: Candidate, kept: Sequence[Found]) -> bool:
    numbers = frozenset[int]().union(*(each.numbers for each in kept))
    return bool(candidate.dropped & numbers)
