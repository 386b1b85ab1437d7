"""Finds the nearest source that builds, where the nearest wheel is of a later major release.

A project whose wheels run anywhere compiles nothing: each of its sources is built in a second or
two. A wheel far away would take other lines with it for which nothing is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence

from bisect_deps.fix.accuse import Standing
from bisect_deps.fix.ask import relayed
from bisect_deps.fix.case import Case, is_compiled
from bisect_deps.fix.culprits import is_of_the_machine
from bisect_deps.fix.inquiry import Inquiry, Story
from bisect_deps.fix.proposers.base import newer_than, series
from bisect_deps.model import Candidate, Culprit, Edit, ProbeKind, Release, Requirement
from bisect_deps.policy import POLICY
from bisect_deps.search.base import Answer, Question
from bisect_deps.search.narrow import narrow


def near_sources(case: Case, standing: Standing) -> Story[dict[int, Edit]]:
    """Return for each culprit's line the move to the nearest source that builds, where one does."""
    found: dict[int, Edit] = {}
    if not case.capabilities.isolated:
        return found
    for line, versions in _axes(case, standing):
        version = yield from _first_that_builds(case, line, versions)
        if version is not None:
            found[line.number] = case.pin(line, version)
    return found


def _axes(case: Case, standing: Standing) -> list[tuple[Requirement, list[str]]]:
    """Return the lines of such culprits with the releases up to the first wheel, oldest first."""
    found: list[tuple[Requirement, list[str]]] = []
    for culprit in standing.culprits:
        line = culprit.members[0].requirement
        versions = _sources_before_wheels(case, culprit)
        if len(versions) > 2:
            found.append((line, versions))
    return found


def _sources_before_wheels(case: Case, culprit: Culprit) -> list[str]:
    """Return the failing release, the sources after it and the first wheel; [] where it is near."""
    member = culprit.members[0]
    failing = member.version
    plain = len(culprit.members) == 1 and not member.via and not is_of_the_machine(culprit)
    if not plain or failing is None or member.requirement.pin is None:
        return []
    if not (is_compiled(case, member.name, failing) and case.is_pure(member.name)):
        return []
    versions = [failing]
    for release in newer_than(case, member.name, failing):
        versions.append(release.version)
        if release.usable_wheel:
            is_far = series(release.version)[0] != series(failing)[0]
            return versions if is_far else []
    return []


def _first_that_builds(case: Case, line: Requirement, versions: Sequence[str]) -> Story[str | None]:
    """Return the release next to which the one before fails; None where that is the wheel."""

    def answer(questions: Sequence[Question]) -> Story[list[Answer]]:
        asked = [versions[min(question.items)] for question in questions]
        probes = yield [_alone(Release(line.name, version)) for version in asked]
        return [Answer(probe.outcome) for probe in probes]

    last = len(versions) - 1
    asking = narrow(len(versions), failing=0, passing=last, slots=POLICY.sources_a_round)
    narrowed = yield from relayed(asking, answer)
    turn = narrowed.turn
    return None if turn is None or turn.passing == last else versions[turn.passing]


def _alone(release: Release) -> Inquiry:
    purpose = f"does {release} build?"
    return Inquiry(Candidate(), ProbeKind.ISOLATED, purpose, isolated=str(release))
