"""All pins at once, newer or older: the widest ends between which a check can turn."""

from __future__ import annotations

from collections.abc import Iterator

from bisect_deps.fix.case import Case
from bisect_deps.fix.proposers.base import Move, Scene


def propose(case: Case, scene: Scene) -> Iterator[Move]:
    """Yield the newest releases of all pinned lines that suit each other, then older ones."""
    pinned = [line for line in case.current(scene.candidate) if line.pin and not line.url]
    for clause, why in ((">=", "the newest of all pins"), ("<", "older releases of all pins")):
        numbers = {line.number: clause for line in pinned if _has_room(case, line.name, clause)}
        then = case.resolve(scene.candidate, loosened=numbers)
        if then is None:
            return
        versions = {
            line.name: then.releases[line.name]
            for line in pinned
            if line.number in numbers and then.releases.get(line.name, line.pin) != line.pin
        }
        if versions:
            yield Move(case.settled(scene.candidate, versions), "", why)


def _has_room(case: Case, name: str, clause: str) -> bool:
    """Say whether there is any older release, where older ones are asked for."""
    if clause != "<":
        return True
    pin = next((line.pin for line in case.named(name) if line.pin), None)
    return any(release.version != pin for release in case.releases(name)[:1])
