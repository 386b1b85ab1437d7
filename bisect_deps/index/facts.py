"""Facts about one requirement, read off the index: what an installer will meet, in a sentence.

Pure: releases in, facts out. A fact is a prior; only a build proves anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from packaging.markers import InvalidMarker, Marker
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from bisect_deps.index.releases import ReleaseFacts, parsed
from bisect_deps.model import Cause, Interpreter, Requirement


class FactKind(str, Enum):
    """What the index says of a requirement."""

    GONE = "gone"
    NO_SUCH_VERSION = "no-such-version"
    TOO_NEW = "too-new"
    REQUIRES_PYTHON = "requires-python"
    NO_ARTIFACT = "no-artifact"
    NO_USABLE_WHEEL = "no-usable-wheel"
    YANKED = "yanked"
    NOT_NEEDED = "not-needed"

    @property
    def cause(self) -> Cause:
        """Return the cause that a failing build would then have; NONE where it need not fail."""
        return _CAUSES.get(self, Cause.NONE)

    @property
    def stops(self) -> bool:
        """Say whether installers refuse the requirement, whatever a build would say."""
        return self in _STOPS


_CAUSES = {
    FactKind.GONE: Cause.NO_MATCHING_VERSION,
    FactKind.NO_SUCH_VERSION: Cause.NO_MATCHING_VERSION,
    FactKind.TOO_NEW: Cause.NO_MATCHING_VERSION,
    FactKind.REQUIRES_PYTHON: Cause.REQUIRES_PYTHON,
    FactKind.NO_ARTIFACT: Cause.NO_COMPATIBLE_WHEEL,
    FactKind.NO_USABLE_WHEEL: Cause.NO_COMPATIBLE_WHEEL,
}
_STOPS = frozenset(
    {
        FactKind.GONE,
        FactKind.NO_SUCH_VERSION,
        FactKind.TOO_NEW,
        FactKind.REQUIRES_PYTHON,
        FactKind.NO_ARTIFACT,
    }
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing the index says. `sentence` is for people; `nearest` the version to look at next.

    `nearest` is the first later release with a wheel for the target where there is one, else the
    last earlier one; None where no release would do.
    """

    kind: FactKind
    name: str
    version: str | None
    sentence: str
    nearest: str | None = None


def facts_of(
    requirement: Requirement,
    releases: Sequence[ReleaseFacts] | None,
    hidden: Sequence[ReleaseFacts],
    interpreter: Interpreter,
) -> tuple[Fact, ...]:
    """Return what the index says of a requirement, the gravest first; () for nothing unusual.

    `releases` are those in sight, oldest version first, None where the project is unknown;
    `hidden` those too new for `exclude_newer`.
    """
    name = requirement.name
    if not is_needed(requirement, interpreter):
        text = f"{requirement.text} is not needed on Python {interpreter.minor}"
        return (Fact(FactKind.NOT_NEEDED, name, None, text),)
    if releases is None or not (releases or hidden):
        sentence = f"the index has no project {name}"
        return (Fact(FactKind.GONE, name, requirement.pin, sentence),)
    matching = matches(requirement.specifier, releases)
    if not matching:
        return (_nothing_matches(requirement, releases, hidden),)
    return _judged(requirement, matching, releases, interpreter)


def is_needed(requirement: Requirement, interpreter: Interpreter) -> bool:
    """Say whether the requirement's marker holds on this Python; an unreadable one does."""
    if not requirement.marker or not interpreter.markers:
        return True
    try:
        environment = {"extra": "", **interpreter.markers}
        return Marker(requirement.marker).evaluate(dict(environment))
    except InvalidMarker:
        return True


def matches(specifier: str, releases: Sequence[ReleaseFacts]) -> list[ReleaseFacts]:
    """Return the releases that a version clause allows, oldest first.

    Pre-releases count where the clause names one, or where nothing else matches (PEP 440).
    """
    clause = specifier.strip()
    if clause.startswith("==="):
        wanted = clause[3:].strip().lower()
        return [release for release in releases if release.version.lower() == wanted]
    try:
        allowed = SpecifierSet(clause)
    except InvalidSpecifier:
        return []
    # Nearly all clauses are pins, and asking a clause about each release of a project takes long.
    pin = parsed(clause[2:].strip()) if clause.startswith("==") else None
    likely = [r for r in releases if pin is None or r.parsed == pin or r.parsed.local]
    fit = [r for r in likely if allowed.contains(r.parsed, prereleases=True)]
    if allowed.prereleases:
        return fit
    return [r for r in fit if not r.parsed.is_prerelease] or fit


def nearest_release(version: str, releases: Sequence[ReleaseFacts]) -> ReleaseFacts | None:
    """Return the release to take in place of `version`: installable, not yanked, without a build.

    The next later one of the same minor line, else the last earlier one of it, else the next later
    one, else the last earlier one. Final releases go before pre-releases, wheels before sources.
    """
    wanted = parsed(version)
    if wanted is None:
        return newest_release(releases)
    fit = [r for r in releases if r.installable and r.yanked is None and r.parsed != wanted]
    for pool in (
        [r for r in fit if r.usable_wheel and not r.parsed.is_prerelease],
        [r for r in fit if r.usable_wheel],
        fit,
    ):
        if pool:
            return _nearest(pool, wanted)
    return None


def _nearest(pool: Sequence[ReleaseFacts], wanted: Version) -> ReleaseFacts:
    line = wanted.major, wanted.minor
    same = [r for r in pool if (r.parsed.major, r.parsed.minor) == line] or pool
    later = [r for r in same if r.parsed > wanted]
    return min(later, key=lambda r: r.parsed) if later else max(same, key=lambda r: r.parsed)


def newest_release(releases: Sequence[ReleaseFacts]) -> ReleaseFacts | None:
    """Return the newest installable release that is not yanked; final ones go first."""
    fit = [r for r in releases if r.installable and r.yanked is None]
    final = [r for r in fit if not r.parsed.is_prerelease]
    pool = final or fit
    return pool[-1] if pool else None


def _nothing_matches(
    requirement: Requirement, releases: Sequence[ReleaseFacts], hidden: Sequence[ReleaseFacts]
) -> Fact:
    name, pin = requirement.name, requirement.pin
    late = matches(requirement.specifier, hidden)
    best = nearest_release(pin, releases) if pin else newest_release(releases)
    nearest = best.version if best else None
    if late:
        first = late[0]
        day = f" (uploaded on {first.uploaded[:10]})" if first.uploaded else ""
        sentence = f"{name} {first.version} is newer than the index as of the given time{day}"
        return Fact(FactKind.TOO_NEW, name, first.version, sentence, nearest)
    wanted = pin or requirement.specifier
    near = _neighbours(pin, releases) if pin else ([nearest] if nearest else [])
    said = "release is" if len(near) == 1 else "releases are"
    known = f"; the nearest {said} {' and '.join(near)}" if near else ""
    sentence = f"the index has no release {name} {wanted}{known}"
    return Fact(FactKind.NO_SUCH_VERSION, name, pin, sentence, nearest)


def _neighbours(version: str, releases: Sequence[ReleaseFacts]) -> list[str]:
    """Return the last release before a version that does not exist, and the first after it."""
    wanted = parsed(version)
    fit = [r for r in releases if r.installable and r.yanked is None]
    fit = [r for r in fit if not r.parsed.is_prerelease] or fit
    if wanted is None:
        return []
    before = [r.version for r in fit if r.parsed < wanted]
    after = [r.version for r in fit if r.parsed > wanted]
    return [*before[-1:], *after[:1]]


def _judged(
    requirement: Requirement,
    matching: Sequence[ReleaseFacts],
    releases: Sequence[ReleaseFacts],
    interpreter: Interpreter,
) -> tuple[Fact, ...]:
    """Return the facts about the release that an installer would choose."""
    choice = _choice(matching)
    name, version = requirement.name, choice.version
    label, python = f"{name} {version}", interpreter.minor
    place = f"Python {python} on {interpreter.platform}"
    found = []

    def add(kind: FactKind, sentence: str) -> None:
        best = nearest_release(version, releases)
        found.append(Fact(kind, name, version, sentence, best.version if best else None))

    if not choice.python_ok:
        wanted = choice.requires_python
        add(FactKind.REQUIRES_PYTHON, f"{label} is for Python {wanted}, not {python}")
    wheels = f" (its wheels are for {_wheels_for(choice)})" if choice.has_wheel else ""
    if not choice.usable_wheel and not choice.has_sdist:
        add(FactKind.NO_ARTIFACT, f"{label} has no file for {place}{wheels}")
    elif choice.needs_build:
        sentence = f"{label} has no wheel for {place}{wheels}, so its source will be compiled"
        add(FactKind.NO_USABLE_WHEEL, sentence)
    if choice.yanked is not None:
        reason = f": {choice.yanked}" if choice.yanked else ""
        add(FactKind.YANKED, f"{label} was withdrawn from the index{reason}")
    return tuple(found)


def _choice(matching: Sequence[ReleaseFacts]) -> ReleaseFacts:
    """Return the release an installer takes: the newest that it may, else the newest of all."""
    standing = [r for r in matching if r.yanked is None] or list(matching)
    for pool in ([r for r in standing if r.installable], [r for r in standing if r.python_ok]):
        if pool:
            return pool[-1]
    return standing[-1]


def _wheels_for(release: ReleaseFacts) -> str:
    """Return which Pythons and systems the wheels are for: `cp36 to cp39`, or the systems."""
    wheels = [file.filename.removesuffix(".whl") for file in release.files if file.is_wheel]
    tags = [tag for tag in (name.split("-")[-3:] for name in wheels) if len(tag) == 3]
    pythons = sorted({tag[0] for tag in tags}, key=_python_order)
    systems = sorted({tag[2].split("_")[0].rstrip("0123456789") for tag in tags})
    first, last = pythons[0], pythons[-1]
    return f"{first if first == last else f'{first} to {last}'} on {', '.join(systems)}"


def _python_order(tag: str) -> tuple[int, str]:
    digits = "".join(char for char in tag.split(".", maxsplit=1)[0] if char.isdecimal())
    return (int(digits[1:] or 0) + 100 * int(digits[:1] or 0), tag)
