"""Follows a failing check as it changes: move, build, and keep what changed the failure.

A new failure is a layer deeper and the move stays; the old one takes the move back; where nothing
helps, the layer before is tried otherwise. What passes in the end is minimised elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from bisect_deps.fix.ask import ask
from bisect_deps.fix.case import Case, is_older
from bisect_deps.fix.failure import (
    absent_module,
    breakages_of,
    fingerprints,
    first_fingerprint,
    installs,
    shows,
    suspects_of,
    wanting,
)
from bisect_deps.fix.independent import Part, first_moves, part_of
from bisect_deps.fix.inquiry import Inquiry, Story
from bisect_deps.fix.outlived import is_of_python, outlived
from bisect_deps.fix.proposers import moves
from bisect_deps.fix.proposers.base import Scene
from bisect_deps.fix.refusals import is_refused
from bisect_deps.model import Breakage, BreakageKind, Candidate, Outcome, Probe, ProbeKind
from bisect_deps.policy import POLICY

# What tells what the code is, not what happened to it: Python's own errors, an exit at import.
_REFUSED = re.compile(
    r"the interpreter ended with\b|(?:\w+\.)*(?:ImportError|ModuleNotFoundError|SyntaxError"
    r"|IndentationError|NameError|AttributeError(?!: 'NoneType'))\b"
)


# What the check's own code asks for in vain.
_IN_CHECK = (
    BreakageKind.NAME_GONE,
    BreakageKind.ATTRIBUTE_GONE,
    BreakageKind.ARGUMENT_GONE,
    BreakageKind.OTHER,
)


@dataclass(frozen=True, slots=True)
class Layer:
    """A failure, the part of a candidate that ended it, and the probe of that candidate."""

    failure: Probe
    part: Part
    after: Probe


@dataclass(frozen=True, slots=True)
class Followed:
    """Where following a failure ended: the layers that were kept, and every probe on the way.

    `passing` is None where no way led to a build that passes; `unsteady` counts failures that were
    accidents. `outlived` is the probe where a project that Python outlived ended the way,
    `wanting` the one where the check turned out to lack what whoever runs it has to provide.
    """

    layers: tuple[Layer, ...]
    probes: tuple[Probe, ...]
    passing: Probe | None = None
    unsteady: int = 0
    outlived: Probe | None = None
    wanting: Probe | None = None


def follow(case: Case, failing: Probe) -> Story[Followed]:
    """Return the moves that lead from a failing check to a passing one, not yet minimal.

    `failing` installs and fails its check. Costs one build a move.
    """
    path: list[tuple[Layer, ...]] = []
    probes: list[Probe] = [failing]
    accident = yield from _accident(case, failing)
    if accident is not None:
        return Followed((), (failing, accident), accident, unsteady=1)
    resolved = {_resolved(case, failing.candidate)}
    scenes = [_opened(case, failing, failing, ())]
    deepest: tuple[Layer, ...] = ()
    while scenes and len(probes) <= POLICY.check_builds:
        scene, offered = scenes[-1]
        if wanting(scene.probe):
            return Followed(_layers(path), tuple(probes), wanting=scene.probe)
        parts = next(offered, None)
        if parts is None:
            if outlived(case, scene.probe):
                # What Python lost, no other move of an earlier layer brings back.
                return Followed(_layers(path), tuple(probes), outlived=scene.probe)
            scenes.pop()
            if path:
                path.pop()
            continue
        candidate = parts[-1].move.candidate
        same = _resolved(case, candidate)
        if same in resolved or is_refused(case, candidate, probes):
            continue
        resolved.add(same)
        purpose = f"does it pass with {_shown(scene, candidate)}?"
        probe = yield from ask(case, candidate, ProbeKind.FIX, purpose)
        probes.append(probe)
        layers = _layers(path)
        step = tuple(Layer(scene.probe, part, probe) for part in parts)
        if probe.outcome is Outcome.PASS:
            return Followed((*layers, *step), tuple(probes), probe)
        earlier = [known.probe for known, _ in scenes]
        is_deeper = _is_deeper(probe, scene, earlier) and not _is_too_old(case, probe, scene)
        if len(layers) < POLICY.check_layers and is_deeper:
            accident = yield from _accident(case, probe)
            if accident is not None:
                after = [replace(layer, after=accident) for layer in step]
                return Followed((*layers, *after), (*probes, accident), accident, unsteady=1)
            path.append(step)
            layers = _layers(path)
            scenes.append(_opened(case, failing, probe, layers))
            deepest = max(deepest, layers, key=len)
    return Followed(deepest, tuple(probes))


def _layers(path: Sequence[tuple[Layer, ...]]) -> tuple[Layer, ...]:
    return tuple(layer for step in path for layer in step)


def _accident(case: Case, failing: Probe) -> Story[Probe | None]:
    """Build once more what fails in a way that nothing explains; return the build that passes then.

    A name that is gone is gone in every run, and an import that is refused is refused in every
    run; an error of another kind that no signature knows may come and go.
    """
    known = breakages_of(failing)
    if not known or known[0].kind is not BreakageKind.OTHER or not case.cheap:
        return None
    told = any(_REFUSED.match(line.text.strip()) for line in known[0].evidence)
    if told or wanting(failing):
        return None
    purpose = "does it fail in the same way again?"
    repeats = yield [
        Inquiry(failing.candidate, ProbeKind.WHOLE, purpose, imports=case.imports, repeat=repeat)
        for repeat in range(1, POLICY.doubted_failures - 1)
    ]
    return next((again for again in repeats if again.outcome is Outcome.PASS), None)


def breakage_of(probe: Probe) -> Breakage:
    """Return the breakage to follow: the first of the log, else what its suspects tell of one."""
    found = breakages_of(probe)
    if found:
        return found[0]
    suspects = suspects_of(probe)
    if not suspects:
        return Breakage(BreakageKind.OTHER, signature=probe.signature)
    first = suspects[0]
    lacks = first.broken or first.name
    others = [suspect.name for suspect in suspects[1:] if suspect.evidence == first.evidence]
    user = next((name for name in (first.name, *others) if name != lacks), "")
    return Breakage(
        BreakageKind.OTHER, user=user, lacks=lacks, signature=probe.signature, through=first.via
    )


def sought_in_vain(case: Case, probes: Sequence[Probe]) -> tuple[str, ...]:
    """Return the releases, newest first, that all lack what a check's own code asks one for.

    `probes` are those of the way, the first the one that was followed. () where the newest was not
    tried, or no older one: what is there now may come, or have gone.
    """
    asked = breakage_of(probes[0])
    name, failing = asked.lacks, [p for p in probes if shows(p, first_fingerprint(probes[0]))]
    if asked.user or not name or asked.kind not in _IN_CHECK:
        return ()
    found = {case.installed(probe).get(name) for probe in failing} - {None}
    known = [release.version for release in reversed(case.releases(name))]
    tried = [version for version in known if version in found]
    here = case.installed(probes[0]).get(name)
    seen = tried[:1] == known[:1] and here in tried[:-1] and len(tried) >= POLICY.tried_in_vain
    return tuple(tried) if seen else ()


def _opened(
    case: Case, origin: Probe, probe: Probe, layers: Sequence[Layer]
) -> tuple[Scene, Iterator[tuple[Part, ...]]]:
    scene = Scene(
        probe=probe,
        breakage=breakage_of(probe),
        installed=case.installed(probe),
        origin=case.installed(origin),
        held=_held(layers),
    )
    is_hopeless = absent_module(probe) or outlived(case, probe)
    most = POLICY.hopeless_moves if is_hopeless else POLICY.check_moves
    return scene, islice(_offered(case, scene), most)


def _offered(case: Case, scene: Scene) -> Iterator[tuple[Part, ...]]:
    """Yield moves of all independent failures together, then those of the first one alone."""
    several = first_moves(case, scene)
    if several:
        yield several
    for move in moves(case, scene):
        yield (part_of(scene.candidate, scene.breakage, move),)


def _held(layers: Sequence[Layer]) -> Mapping[str, frozenset[str]]:
    """Return what earlier moves hold for each user: projects that are edited for its sake alone."""
    held: dict[str, frozenset[str]] = {}
    for layer in layers:
        user = layer.part.breakage.user
        before = {edit.name for edit in layer.failure.candidate.edits}
        if user:
            held[user] = held.get(user, frozenset()) | (layer.part.own - before)
    return held


def _is_deeper(probe: Probe, scene: Scene, earlier: Sequence[Probe]) -> bool:
    """Say whether another failure than those before shows: the one that is followed is gone.

    A move that breaks the install, or brings an earlier failure back, is none.
    """
    if probe.outcome is not Outcome.FAIL or not installs(probe) or not fingerprints(probe):
        return False
    if shows(probe, scene.breakage.signature):
        return False
    now = first_fingerprint(probe)
    return not any(now == first_fingerprint(known) for known in earlier)


def _is_too_old(case: Case, probe: Probe, scene: Scene) -> bool:
    """Say whether a move only went back too far: who failed before does no more, or not in this.

    An older release of a project that Python outlived fails in another way; where the check's own
    code did not fail before, it was written for what the file had; and where it did, a release
    that uses what Python lost does not get as far as that.
    """
    now, before = breakage_of(probe), scene.breakage
    if outlived(case, scene.probe) == now.user != "":
        return True
    installed = case.installed(probe)
    if not before.user and is_of_python(now):
        there, here = scene.installed.get(now.user), installed.get(now.user, "")
        return there is None or is_older(here, there)
    if now.user or not before.user or now.kind not in _IN_CHECK:
        return False
    return not any(
        is_older(scene.installed[n], v) for n, v in installed.items() if n in scene.installed
    )


def _resolved(case: Case, candidate: Candidate) -> object:
    """Return what a candidate comes to: its releases where the resolver tells, else its edits."""
    releases = case.releases_of(candidate)
    return candidate if releases is None else frozenset(releases.items())


def _shown(scene: Scene, candidate: Candidate) -> str:
    """Return what a candidate changes after a failure, for the progress display."""
    before = set(scene.candidate.edits)
    changed = [e.text or e.name for e in candidate.edits if e not in before]
    if len(changed) > 3:
        return f"{len(changed)} releases moved"
    return ", ".join(changed) or "earlier moves taken back"
