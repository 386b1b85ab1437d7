"""A culprit that may have failed by accident is built again before it is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bisect_deps.fix.accuse import agrees
from bisect_deps.fix.ask import Seen
from bisect_deps.fix.case import Case
from bisect_deps.fix.culprits import releases_named
from bisect_deps.fix.failure import installs
from bisect_deps.fix.inquiry import Inquiry, Story
from bisect_deps.model import Candidate, Cause, Culprit, Note, Phase, ProbeKind, Release
from bisect_deps.policy import POLICY


def without_accidents(
    case: Case, culprits: Sequence[Culprit], seen: Seen
) -> Story[tuple[tuple[Culprit, ...], tuple[Note, ...]]]:
    """Return the culprits of an install that failed by no accident, and a note for each other.

    One that installed in another build is none. Where some build failed once and passed once, or
    several releases are accused that the index tells nothing against, each failure is repeated.
    """
    good = seen.installed(case)
    innocent = [c for c in culprits if _may_be_accident(c) and _release(c) in good]
    plain = [c for c in culprits if c not in innocent and _is_plain(case, c)]
    alone = [c for c in plain if _release(c) is not None and case.capabilities.isolated]
    plain = plain if seen.is_shaken else alone
    if seen.is_shaken or len(plain) > 1:
        asked = {at: question for at, c in enumerate(plain) for question in _shown(case, c, seen)}
        passed = yield from _repeated(asked, seen)
        innocent += [plain[at] for at in passed]
    notes = [
        Note(
            f"{releases_named([c])[0]} failed once and installed once: its build does not always "
            "end alike.",
            c.proof.failing_probe,
        )
        for c in innocent
    ]
    return tuple(c for c in culprits if c not in innocent), tuple(notes)


def _repeated(asked: Mapping[int, tuple[Inquiry, int]], seen: Seen) -> Story[list[int]]:
    """Repeat builds until each has failed often enough; return the keys of those that install."""
    passed: list[int] = []
    left = list(asked)
    for _ in range(POLICY.doubted_failures):
        left = [at for at in left if seen.failed(asked[at][0]) < asked[at][1]]
        if not left:
            break
        probes = yield [seen.again(asked[at][0]) for at in left]
        passed += [at for at, probe in zip(left, probes, strict=True) if installs(probe)]
        left = [at for at in left if at not in passed]
    return passed


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


def _may_be_accident(culprit: Culprit) -> bool:
    """Say whether a culprit failed in an install, by more than what a resolver tells."""
    reported = culprit.phase is Phase.RESOLVE and culprit.cause is not Cause.UNKNOWN
    return not reported and culprit.phase is not Phase.CHECK


def _is_plain(case: Case, culprit: Culprit) -> bool:
    release = _release(culprit)
    known = release is not None and agrees(case, release.name, release.version)
    return _may_be_accident(culprit) and not known


def _release(culprit: Culprit) -> Release | None:
    member = culprit.members[0]
    alone = len(culprit.members) == 1 and member.version is not None
    return Release(member.name, member.version or "") if alone else None
