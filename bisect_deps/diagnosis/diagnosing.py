"""The whole reading on one screen: lines, frames, failures, suspects, one diagnosis."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bisect_deps.diagnosis.advice import advice_for, advice_for_own, advice_for_tool
from bisect_deps.diagnosis.announcements import MARKER
from bisect_deps.diagnosis.breakages import breakages_of
from bisect_deps.diagnosis.facts import Episode
from bisect_deps.diagnosis.failures import (
    Failure,
    backtracking_at_end,
    blame_release,
    failures_of,
    unexplained,
)
from bisect_deps.diagnosis.fingerprint import signature_of
from bisect_deps.diagnosis.frames import Frames
from bisect_deps.diagnosis.gate import ALARMS, MARKS, matches, meanings
from bisect_deps.diagnosis.lines import TAIL, Line, Reader
from bisect_deps.diagnosis.owners import Owners
from bisect_deps.diagnosis.pointing import Context
from bisect_deps.diagnosis.ranking import evidence_of, signature_for, suspects_of
from bisect_deps.diagnosis.requirements import UserList
from bisect_deps.diagnosis.signatures.base import Weight
from bisect_deps.model import BreakageKind, Cause, Diagnosis, Evidence, Outcome, Phase, Requirement
from bisect_deps.text import cut

MOST_CHANNELS = 64

_FAILING = re.compile(
    r"(?i)\b(?:error|fatal|failed|failure|cannot|can't|unable|denied|refused|missing|abort\w*|panic)\b"
)
# Where a log has no word of success: failure in its last lines is not taken for a pass.
_ENDING = 8
_FAILED = re.compile(r"(?i)(?<![\w-])(?:fail(?:ed|ure|s)|error|errored|aborted|fatal)(?![\w-])")
_NO_FAILURE = re.compile(
    r"(?i)\b(?:0|no|without|any|zero|if|on|ignore\w*) (?:\w+ )?(?:fail\w*|errors?)|error\w{0,40}-\d"
)


# What tox and nox say before an installer's own words: a last line alone where a log was cut off.
_INSTALLS = re.compile(r"[\w.-]{1,60}: install_\w{1,20}> |nox > (?:\S{1,200} -m |uv )?pip install ")
# The last line of a log that was cut off while pip collects: it always says how that ended.
_COLLECTING = re.compile(
    r"Collecting \S|\s{1,20}(?:Downloading|Using cached) \S|\s{1,20}[━╸╺]|(?:WARNING: |\s{2})(?:Location|Url) '"
)


def diagnose(
    log: Iterable[bytes] | bytes | str,
    *,
    requirements: Sequence[Requirement] | Sequence[str] = (),
    exit_status: int | None = None,
    modules: Mapping[str, str] | None = None,
    stays: bool = False,
) -> Diagnosis:
    """Say what one build log shows: outcome, cause, phase, suspects, and the lines that show it.

    Reads `log` once and keeps none of it. `requirements` are the user's own, in order;
    `exit_status` how the build ended, where the caller knows; `modules` maps import names to the
    distributions that brought them, from the built environment's metadata. `stays` says that the
    same came of every try: an archive that cannot be read, and what a build script could not
    fetch, are then failures of that release.
    """
    channels: dict[str, Frames] = {"": Frames(matches)}
    reader = Reader(ALARMS, MARKS, meanings)
    in_excerpt = False
    for line in reader.read(log):
        in_excerpt = _excerpt(line, in_excerpt, channels)
        if in_excerpt:
            continue
        key = line.channel if line.channel in channels or len(channels) < MOST_CHANNELS else ""
        frames = channels.get(key)
        if frames is None:
            frames = channels[key] = Frames(matches)
        frames.feed(line)
    tail = reader.tail()
    for channel, frames in channels.items():
        frames.close([line for line in tail if line.channel == channel])
    user = UserList(requirements)
    if exit_status == 0:
        return Diagnosis(Outcome.PASS, Cause.NONE, _last_phase(channels))
    failures = _all_failures(channels, failed=exit_status is not None)
    if not failures and not any(
        frames.steps.success or frames.good_ending for frames in channels.values()
    ):
        failures = _all_failures(channels, failed=True)
    if stays:
        failures = [blame_release(failure, user) for failure in failures]
    if _failed_step(channels) is Phase.INSTALL:
        failures = [_of_install(failure) for failure in failures]
    breakages = breakages_of(list(channels.values()), Owners(modules or {}, user))
    context = Context(user, breakages)
    if failures:
        found = _failed([_settled(failure, context) for failure in failures], context)
    else:
        found = _without_failure(channels, tail, exit_status, context)
    if found.outcome is not Outcome.FAIL or found.phase is not Phase.CHECK or found.infrastructure:
        return found
    signature = breakages[0].signature if breakages else found.signature
    return replace(found, breakages=breakages, signature=signature)


def _excerpt(line: Line, inside: bool, channels: Mapping[str, Frames]) -> bool:
    """Say whether the line belongs to BuildKit's closing repetition of lines already read."""
    if line.text == "------" and not line.channel:
        return not inside and len(channels) > 1
    return inside


def _all_failures(channels: Mapping[str, Frames], *, failed: bool) -> list[Failure]:
    found: list[Failure] = []
    for frames in channels.values():
        standing = failures_of(frames, failed=False)
        if not standing and failed:
            standing = failures_of(frames, failed=True)
        found.extend(standing)
    return sorted(found, key=_order)


def _of_install(failure: Failure) -> Failure:
    """Return a failure as one of the install, after which nothing was checked."""
    phase = failure.episode.phase if failure.episode is not None else Phase.INSTALL
    return replace(failure, phase=phase) if failure.phase is Phase.CHECK else failure


def _settled(failure: Failure, context: Context) -> Failure:
    """Return an exception as the program's own, or as the environment's, by whose code raised it."""
    breakage = context.breakage(failure)
    if breakage is not None and failure.cause is Cause.BUILD_API_REMOVED:
        return replace(failure, cause=Cause.IMPORT_ERROR)  # nothing was being built
    if breakage is None or failure.cause not in (Cause.RUNTIME_ERROR, Cause.IMPORT_ERROR):
        return failure
    if breakage.own and breakage.kind is not BreakageKind.MODULE_GONE:
        return replace(failure, cause=Cause.RUNTIME_ERROR)
    if failure.cause is Cause.RUNTIME_ERROR and (breakage.through or breakage.module):
        return replace(failure, cause=Cause.IMPORT_ERROR)
    return failure


def _order(failure: Failure) -> tuple[bool, bool, bool, int]:
    """Infrastructure first, then what names its cause, then as in the log.

    What a program raised by itself comes last: it may only report the install that failed.
    """
    vague = failure.best.signature.weight < Weight.GENERIC
    own = failure.cause is Cause.RUNTIME_ERROR
    return (not failure.cause.is_infrastructure, vague, own, failure.line)


def _failed(failures: list[Failure], context: Context) -> Diagnosis:
    first = failures[0]
    suspects = () if first.cause.is_infrastructure else suspects_of(failures, context)
    notes = []
    breakage = context.breakage(first)
    tool = first.episode.tool if first.episode is not None and first.episode.runtime else ""
    if tool and first.cause is Cause.IMPORT_ERROR:
        advice = advice_for_tool(tool)
    elif breakage is not None and breakage.own and first.cause is Cause.RUNTIME_ERROR:
        advice = advice_for_own(first.best)
    else:
        advice = advice_for(first.best, first.project.name if first.project else "", first.cause)
    if advice and not suspects:
        notes.append(advice)
    cause, phase = first.cause, first.phase
    if suspects:
        cause, phase = suspects[0].cause, suspects[0].phase
    return Diagnosis(
        outcome=Outcome.FAIL,
        cause=cause,
        phase=phase,
        suspects=suspects,
        signature=suspects[0].signature if suspects else signature_for(first, context),
        evidence=suspects[0].evidence if suspects else evidence_of(first),
        notes=tuple(notes),
    )


def _without_failure(
    channels: Mapping[str, Frames],
    tail: Sequence[Line],
    exit_status: int | None,
    context: Context,
) -> Diagnosis:
    """Say PASS where the log ends well, FAIL with the last lines quoted where it ends badly."""
    phase = _last_phase(channels)
    quoted = _telling(tail)
    if found := _ends_badly(channels, tail, exit_status, context):
        return found
    if any(frames.steps.success or frames.good_ending for frames in channels.values()):
        return Diagnosis(Outcome.PASS, Cause.NONE, phase)
    if not tail or (len(tail) < TAIL and all(MARKER.match(line.text) for line in tail)):
        nothing = "nothing was given: the log is empty" + (
            ", but for marks of a CI" if tail else ""
        )
        return Diagnosis(Outcome.UNRESOLVED, Cause.UNKNOWN, phase, notes=(nothing,))
    amid = any(frames.amid_failure for frames in channels.values())
    if amid or any(_FAILED.search(_NO_FAILURE.sub("", line.text)) for line in tail[-_ENDING:]):
        return _unexplained(channels, phase, quoted, context)
    note = "nothing in the log fails, but it ends without a known word of success"
    return Diagnosis(Outcome.PASS, Cause.NONE, phase, evidence=quoted, notes=(note,))


def _ends_badly(
    channels: Mapping[str, Frames],
    tail: Sequence[Line],
    exit_status: int | None,
    context: Context,
) -> Diagnosis | None:
    """Return what a log's end shows where no signature does: a walk, a cut, a job's own word."""
    quoted = _telling(tail)
    last = (quoted[-1].line, quoted[-1].text) if quoted else (0, "")
    for frames in channels.values():
        if (walked := backtracking_at_end(frames, last)) is not None:
            return _failed([walked], context)
    broken = _failed_step(channels)
    failed = broken is not None or bool(exit_status)
    well = max(max(frames.steps.success, frames.good_ending) for frames in channels.values())
    collecting = bool(tail) and _COLLECTING.match(tail[-1].text) is not None
    open_step = _open_step(channels, after=well, collecting=collecting)
    if open_step is not None and not failed:
        return _cut_off(open_step, quoted)
    if tail and not failed and _INSTALLS.match(tail[-1].text):
        return _cut_off(Episode(None, Phase.INSTALL, tail[-1].number), quoted)
    if failed or max(frames.bad_ending for frames in channels.values()) > well:
        return _unexplained(channels, broken or _last_phase(channels), quoted, context)
    return None


def _unexplained(
    channels: Mapping[str, Frames], phase: Phase, quoted: tuple[Evidence, ...], context: Context
) -> Diagnosis:
    """Say that it failed, and at which release where one was at work, but not why."""
    last = quoted[-1] if quoted else Evidence(0, "")
    note = ("no known signature fits; these are the last lines",)
    if phase is not Phase.CHECK:
        for frames in channels.values():
            if stuck := unexplained(frames, (last.line, last.text)):
                return replace(_failed([stuck], context), evidence=quoted, notes=note)
    signature = signature_of(phase, Cause.UNKNOWN, "", last.text)
    return Diagnosis(
        Outcome.FAIL, Cause.UNKNOWN, phase, signature=signature, evidence=quoted, notes=note
    )


def _telling(tail: Sequence[Line]) -> tuple[Evidence, ...]:
    """Return the last lines that sound like failure, and the last two as they are."""
    lines = [line for line in tail if not line.text.startswith("::depbisect ")]
    sounding = [line for line in lines[:-2] if _FAILING.search(line.text)][-4:]
    chosen = [*sounding, *lines[-2:]] if sounding else lines[-5:]
    return tuple(Evidence(line.number, cut(line.text.strip())) for line in chosen)


def _failed_step(channels: Mapping[str, Frames]) -> Phase | None:
    """Return the phase of the first step whose fence says that it failed."""
    for frames in channels.values():
        for step, code in frames.fences.items():
            if code:
                return Phase.INSTALL if step == "install" else Phase.CHECK
    return None


def _open_step(channels: Mapping[str, Frames], *, after: int, collecting: bool) -> Episode | None:
    """Return the step that was announced last and never ended, where nothing followed it."""
    episodes = (frames.steps.episode for frames in channels.values())
    return next(
        (
            episode
            for episode in episodes
            if episode is not None and _is_open(episode, after, collecting)
        ),
        None,
    )


def _is_open(episode: Episode, after: int, collecting: bool) -> bool:
    announced = bool(episode.started) and episode.tool != "poetry"
    announced |= collecting and episode.phase is Phase.DOWNLOAD and not episode.tool
    running = announced and not (episode.failed or episode.done or episode.runtime)
    return running and episode.opened > after


def _cut_off(episode: Episode, quoted: tuple[Evidence, ...]) -> Diagnosis:
    """Say that the log ends in the middle of a step though nobody says that it failed: cut off."""
    name = episode.project.label if episode.project else "a project"
    phase = episode.phase
    return Diagnosis(
        Outcome.FAIL,
        Cause.RESOURCES,
        phase,
        signature=signature_of(phase, Cause.RESOURCES, "", "cut off"),
        evidence=quoted,
        notes=(
            f"the log ends in the middle of a step on {cut(name)}: a time or memory limit, or was its end left out?",
        ),
    )


def _last_phase(channels: Mapping[str, Frames]) -> Phase:
    phases = [frames.last_phase for frames in channels.values()]
    return max(phases, key=list(Phase).index, default=Phase.RESOLVE)
