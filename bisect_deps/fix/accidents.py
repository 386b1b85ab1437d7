"""A culprit that may have failed by accident is built again before it is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bisect_deps.fix.accuse import agrees
from bisect_deps.fix.ask import Seen
from bisect_deps.fix.case import Case
from bisect_deps.fix.culprits import described, releases_named
from bisect_deps.fix.failure import installs, suspects_of
from bisect_deps.fix.inquiry import Inquiry, Story
from bisect_deps.model import (
    Candidate,
    Cause,
    Culprit,
    Note,
    Outcome,
    Phase,
    Probe,
    ProbeKind,
    Release,
)
from bisect_deps.policy import POLICY


def without_accidents(
    case: Case, culprits: Sequence[Culprit], seen: Seen
) -> Story[tuple[tuple[Culprit, ...], tuple[Note, ...]]]:
    """Return the culprits of an install that failed by no accident, and a note for each other.

    One that installed in another build is none. Where some build failed once and passed once, or
    several releases are accused that the index tells nothing against, each failure is repeated.
    """
    good = seen.installed(case)
    innocent = [c for c in culprits if _may_be_accident(case, c) and _release(c) in good]
    plain = [c for c in culprits if c not in innocent and _is_plain(case, c)]
    alone = [c for c in plain if _release(c) is not None and case.capabilities.isolated]
    plain = plain if seen.is_shaken else alone
    if seen.is_shaken or len(plain) > 1:
        asked = {at: question for at, c in enumerate(plain) for question in _shown(case, c, seen)}
        again = yield from _repeated(asked, seen)
        innocent += [plain[at] for at, probe in again.items() if installs(probe)]
        for at, probe in again.items():
            culprits = [_told_by(c, probe, seen) if c is plain[at] else c for c in culprits]
    notes = [
        Note(
            f"{releases_named([c])[0]} failed once and installed once: its build does not always "
            "end alike.",
            c.proof.failing_probe,
        )
        for c in innocent
    ]
    return tuple(c for c in culprits if c not in innocent), tuple(notes)


def _repeated(asked: Mapping[int, tuple[Inquiry, int]], seen: Seen) -> Story[dict[int, Probe]]:
    """Repeat builds until each has failed often enough; return the last of each, by key."""
    last: dict[int, Probe] = {}
    left = list(asked)
    for _ in range(POLICY.doubted_failures):
        left = [at for at in left if seen.failed(asked[at][0]) < asked[at][1]]
        if not left:
            return last
        probes = yield [seen.again(asked[at][0]) for at in left]
        last |= dict(zip(left, probes, strict=True))
        left = [at for at in left if not installs(last[at])]
    return last


def _told_by(culprit: Culprit, alone: Probe, seen: Seen) -> Culprit:
    """Return a culprit with its failure alone as proof, where no log of the file's own tells it."""
    shown = {probe.number: probe for _, probe in seen.answers}.get(culprit.proof.failing_probe or 0)
    is_told = shown is not None and suspects_of(shown)
    if is_told or alone.kind is not ProbeKind.ISOLATED or alone.outcome is not Outcome.FAIL:
        return culprit
    return described(culprit.members, alone, culprit.proof.passing_probe)


def _shown(case: Case, culprit: Culprit, seen: Seen) -> Iterator[tuple[Inquiry, int]]:
    """Yield the build that shows a culprit, and how often it must fail.

    Its release alone, where that can be had: then the file's own build is one failure.
    """
    release = _release(culprit)
    for inquiry, probe in seen.answers:
        if probe.number != culprit.proof.failing_probe or probe.kind is ProbeKind.RESOLVE:
            continue
        if inquiry.isolated is not None or release is None or not case.capabilities.isolated:
            yield inquiry, POLICY.doubted_failures
        else:
            purpose = f"does {release} fail again?"
            alone = Inquiry(Candidate(), ProbeKind.ISOLATED, purpose, isolated=str(release))
            yield alone, POLICY.doubted_failures - 1
        return


def _may_be_accident(case: Case, culprit: Culprit) -> bool:
    """Say whether a culprit failed in an install, by more than what a resolver tells.

    Where no log tells where it failed, it may as well have been the check.
    """
    if culprit.phase is Phase.RESOLVE:
        return culprit.cause is Cause.UNKNOWN and not case.has_check
    return culprit.phase is not Phase.CHECK


def _is_plain(case: Case, culprit: Culprit) -> bool:
    release = _release(culprit)
    known = release is not None and agrees(case, release.name, release.version)
    return _may_be_accident(case, culprit) and not known


def _release(culprit: Culprit) -> Release | None:
    member = culprit.members[0]
    alone = len(culprit.members) == 1 and member.version is not None
    return Release(member.name, member.version or "") if alone else None
