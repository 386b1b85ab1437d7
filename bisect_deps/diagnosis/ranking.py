"""From failures to suspects: worded, weighed, with the lines that show them.

Infrastructure, a pass and the user's own code give no suspect. Who is at fault is not decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from bisect_deps.diagnosis.advice import advice_for, advice_for_one
from bisect_deps.diagnosis.facts import Project, project_of
from bisect_deps.diagnosis.failures import Failure
from bisect_deps.diagnosis.fingerprint import signature_of
from bisect_deps.diagnosis.modules import STANDARD
from bisect_deps.diagnosis.pointing import Context, Pointed, pointed_at
from bisect_deps.diagnosis.signatures.base import Trait, Weight
from bisect_deps.model import Cause, Evidence, Mention, Phase, Remedy, Suspect
from bisect_deps.text import cut

MOST_EVIDENCE = 6
MOST_SUSPECTS = 12

# An error is told in a sentence: so much of it, without what pytest draws before it.
_MOST_OF_ERROR = 120
_MARGIN = re.compile(r"^E {1,8}")
_EXPLAINS = re.compile(
    r"depends on|you require|The user requested|Because |\(from |Expected|doesn't match|^\S.{0,100}=.{0,100}$|requires "
)


def suspects_of(failures: Sequence[Failure], context: Context) -> tuple[Suspect, ...]:
    """Return the suspects of all failures, best first; infrastructure gives none."""
    found: list[Suspect] = []
    group = 0
    for failure in failures:
        unknown = failure.cause is Cause.UNKNOWN and not failure.is_unexplained
        if failure.cause.is_infrastructure or unknown:
            continue
        pointed = pointed_at(failure, context)
        reported = _reported(failure, pointed, context)
        number = None
        if len(pointed) > 1:
            group += 1
            number = group
        for index, target in enumerate(pointed):
            suspect = _suspect(failure, target, index, number, reported)
            if not any(_same(suspect, other) for other in found):
                found.append(suspect)
    return tuple(found[:MOST_SUSPECTS])


def signature_for(failure: Failure, context: Context) -> str:
    """Return the signature of a failure."""
    pointed = [] if failure.cause.is_infrastructure else pointed_at(failure, context)
    return _reported(failure, pointed, context).signature


@dataclass(frozen=True, slots=True)
class _Reported:
    """What all suspects of a failure have alike: how it is known again, and what gets past it.

    `alone` says that it is of one release, `user` names that where it uses what Python lost.
    """

    signature: str
    remedies: tuple[Remedy, ...]
    alone: bool = False
    user: str = ""


def _reported(failure: Failure, pointed: Sequence[Pointed], context: Context) -> _Reported:
    """Return the breakage's own of an environment that installed; of a conflict all that it names.

    A project may be part of several conflicts: only all of them together tell which one it is.
    """
    if breakage := context.breakage(failure):
        user = "" if breakage.lacks else breakage.user
        return _Reported(breakage.signature, breakage.remedies, len(pointed) == 1, user)
    names = [target.project.key for target in pointed]
    if failure.cause is not Cause.RESOLVER_CONFLICT:
        names = names[:1]
    elif failure.story is not None:
        story = failure.story
        names += [
            wishe.key for wishe in (*story.wishes, *story.constraints) if wishe.key not in names
        ]
    project = "+".join(sorted(names))
    signature = signature_of(failure.phase, failure.cause, project, failure.best.text)
    return _Reported(signature, failure.best.signature.as_remedies)


def evidence_of(failure: Failure) -> tuple[Evidence, ...]:
    """Return the lines that show the failure: the telling ones, the opener, the closer."""
    chosen: dict[int, str] = {}
    hits = [
        hit for hit in failure.hits if hit.signature.weight > Weight.NOISE or hit is failure.best
    ]
    best_name = failure.best.signature.name
    same = [hit for hit in hits if hit.signature.name == best_name]
    for hit in (failure.best, *same[:2], *same[-1:]):
        chosen.setdefault(hit.line, hit.text)
    for hit in sorted(hits, key=lambda hit: -hit.signature.weight):
        if len(chosen) < MOST_EVIDENCE - 1:
            chosen.setdefault(hit.line, hit.text)
    for number, text in _explanation(failure):
        if len(chosen) < MOST_EVIDENCE:
            chosen.setdefault(number, text)
    for hit in reversed(hits):
        if hit.signature.fatal and len(chosen) < MOST_EVIDENCE:
            chosen.setdefault(hit.line, hit.text)
            break
    return tuple(Evidence(line, cut(text.strip())) for line, text in sorted(chosen.items()))


def _explanation(failure: Failure) -> Iterator[tuple[int, str]]:
    """Yield the lines of a resolver's explanation that name who wants what."""
    for hit in failure.hits:
        for number, text in hit.around:
            if number >= hit.line and _EXPLAINS.search(text):
                yield number, text


def _same(one: Suspect, other: Suspect) -> bool:
    return (
        canonicalize_name(one.name) == canonicalize_name(other.name)
        and one.requirement == other.requirement
    )


# --- one suspect ------------------------------------------------------------------------------


def _suspect(
    failure: Failure, pointed: Pointed, index: int, group: int | None, reported: _Reported
) -> Suspect:
    project, listed = pointed.project, pointed.listed
    failing = project.label
    inner = failure.episode.inner if failure.episode and failure.episode.build_requires else None
    via = pointed.via
    if inner is not None:
        failing, via = inner.label, (*(via or (project.name,)),)
    head = project_of(listed.text) if listed else None
    is_own = listed is None or listed.key == project.key or not via
    version = project.version if is_own else (head.version if head else None)
    name = (listed.key or project.name) if listed and not is_own else project.name
    line = listed.text if listed and is_own else project.text or project.label
    advice = advice_for(failure.best, project.name, failure.cause, line)
    if reported.alone and failure.phase is Phase.CHECK:
        uses = reported.user == project.key
        advice = advice_for_one(failure.best, project.name, line, uses=uses) or advice
    return Suspect(
        name=cut(canonicalize_name(name), 120),
        version=cut(version, 80) if version else (head.version if head and is_own else None),
        requirement=cut(listed.text) if listed else None,
        failing=Mention.parse(cut(failing, 200)),
        via=tuple(cut(step, 120) for step in via),
        phase=failure.phase,
        cause=failure.cause,
        confidence=_confidence(failure, pointed, index),
        summary=_summary(failure, failing, inner),
        advice=advice,
        signature=reported.signature,
        evidence=evidence_of(failure),
        group=group,
        remedies=reported.remedies,
    )


def _summary(failure: Failure, failing: str, inner: Project | None) -> str:
    groups = _Blank(failure.best.groups)
    groups["holder"] = _holder(groups.get("module"))
    groups["error"] = cut(_MARGIN.sub("", failure.best.text.strip()), _MOST_OF_ERROR)
    try:
        means = failure.best.signature.means.format_map(groups)
    except (ValueError, IndexError):
        means = failure.best.signature.means
    if inner is not None and Trait.BUILD_REQUIRES not in failure.best.signature.traits:
        means = f"a build requirement could not be installed: {means}"
    return cut(f"{failing}: {means}")


def _holder(module: str | None) -> str:
    """Return in words the module that lacks a name: one of Python's own, or of a release."""
    if not module:
        return "the module that it is imported from"
    own = module.partition(".")[0] in STANDARD
    return f"this Python's {module}" if own else f"this version of {module}"


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "it"


def _confidence(failure: Failure, pointed: Pointed, index: int) -> float:
    """Return how likely the suspect is right; the table was fitted once on labelled logs."""
    value = pointed.certainty
    if failure.best.signature.weight < Weight.EXCEPTION:
        value *= 0.95
    if failure.phase is Phase.CHECK:
        value *= 0.9
    if index > 0 and not pointed.group:
        value *= 0.7
    return round(min(value, 0.97), 2)
