"""Releases of one project as the index lists them: pure values, in PEP 440 order.

Knows wheel tags, requires-python, yanking and upload times. Must not know how pages are fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from bisect_deps.model import Release

# So long is an instant up to its second.
_SECOND = len("2021-01-01T00:00:00")
# No index has files of other times, which some zones have no UTC for.
_NO_EARLIER = datetime(1990, 1, 1, tzinfo=timezone.utc)
_NO_LATER = datetime(9000, 1, 1, tzinfo=timezone.utc)


class File(NamedTuple):
    """One file of a release: a tuple, since a page has thousands of them.

    `uploaded` is ISO 8601 in UTC, None where the index has no dates. `url` never holds
    credentials. `yanked` is the reason, "" for one without a reason, None where not yanked.
    """

    filename: str
    version: str
    url: str
    is_wheel: bool
    requires_python: str | None = None
    yanked: str | None = None
    uploaded: str | None = None
    hashes: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ReleaseFacts:
    """One release, judged for the target interpreter.

    `usable_wheel`: a wheel runs there. `python_ok`: its requires-python allows the target.
    `uploaded` is the time of its first file. `yanked` is as in `File`, None unless every file is.
    """

    project: str
    version: str
    files: tuple[File, ...]
    requires_python: str | None
    python_ok: bool
    usable_wheel: bool
    has_sdist: bool
    has_wheel: bool
    yanked: str | None
    uploaded: str | None

    @property
    def release(self) -> Release:
        """Return name and version."""
        return Release(self.project, self.version)

    @property
    def installable(self) -> bool:
        """Say whether an installer would consider it: allowed here, with a file it can use."""
        return self.python_ok and (self.usable_wheel or self.has_sdist)

    @property
    def needs_build(self) -> bool:
        """Say whether installing it compiles its source."""
        return self.has_sdist and not self.usable_wheel

    @property
    def parsed(self) -> Version:
        """Return the version in its PEP 440 order."""
        known = parsed(self.version)
        return Version(self.version) if known is None else known

    @property
    def hashes(self) -> tuple[str, ...]:
        """Return `sha256:...` of every file, sorted, as `--hash` takes them."""
        digests = (file.hashes.get("sha256") for file in self.files)
        return tuple(sorted(f"sha256:{digest}" for digest in digests if digest))


@dataclass(frozen=True, slots=True, order=True)
class ReleaseEvent:
    """What happened on the index at an instant: a release's first file, or its first usable wheel.

    The installers see it when `exclude_newer` is later than `uploaded`.
    """

    uploaded: str
    project: str
    version: str


def group(
    project: str, files: Iterable[File], *, tags: Sequence[str], python: str
) -> tuple[ReleaseFacts, ...]:
    """Return the releases that `files` make up, oldest version first.

    `tags` are what the target interpreter accepts, `python` its full version.
    """
    accepted = frozenset(tags)
    by_version: dict[Version, list[File]] = {}
    for file in files:
        version = parsed(file.version)
        if version is not None:
            by_version.setdefault(version, []).append(file)
    return tuple(
        _judge(project, by_version[version], accepted, python) for version in sorted(by_version)
    )


def events(
    releases: Iterable[ReleaseFacts], tags: Sequence[str], since: str, until: str
) -> tuple[ReleaseEvent, ...]:
    """Return what happened after `since` up to and with `until`, oldest first.

    Both are ISO 8601 instants. A wheel that made a release usable later is an event of its own.
    """
    start, end = instant(since), instant(until)
    accepted = frozenset(tags)
    found = set()
    for release in releases:
        first = release.uploaded
        wheels = [
            file.uploaded
            for file in release.files
            if file.uploaded and file.is_wheel and _fits(file.filename, accepted)
        ]
        wheel = min(wheels, default=None, key=instant)
        for moment in {first, wheel} - {None}:
            assert moment is not None
            if start < instant(moment) <= end:
                found.add(ReleaseEvent(moment, release.project, release.version))
    return tuple(sorted(found, key=lambda event: (instant(event.uploaded), event)))


def latest_upload(releases: Iterable[ReleaseFacts]) -> str | None:
    """Return when the youngest of these releases appeared; None where no date is known."""
    known = [release.uploaded for release in releases if release.uploaded]
    return max(known, default=None, key=instant)


def visible(files: Iterable[File], cutoff: str | None) -> list[File]:
    """Return the files that an installer sees with this `exclude_newer`.

    uv takes files uploaded before the instant; a date includes that whole day. Files of an index
    without dates are then out of sight; those of find-links (`url` is a path) never are.
    """
    if cutoff is None:
        return list(files)
    end = cutoff_instant(cutoff)
    if end < _NO_EARLIER:
        return [file for file in files if not file.uploaded and "://" not in file.url]
    second = min(end, _NO_LATER).astimezone(timezone.utc).isoformat()[:_SECOND]
    return [
        file
        for file in files
        if (_is_before(file.uploaded, second, end) if file.uploaded else "://" not in file.url)
    ]


def _is_before(uploaded: str, second: str, end: datetime) -> bool:
    """Say whether a file appeared before `end`; most do so by another second, as texts compare."""
    own = uploaded[:_SECOND]
    return own < second if own != second and uploaded[-1] == "Z" else instant(uploaded) < end


def instant(text: str) -> datetime:
    """Return an ISO 8601 text as an instant in UTC."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment


def cutoff_instant(text: str) -> datetime:
    """Return the instant that `exclude_newer` means: a bare date includes its whole day."""
    moment = instant(text)
    is_day = len(text) == len("2021-01-01") and moment < _NO_LATER
    return moment + timedelta(days=1) if is_day else moment


@cache
def parsed(version: str) -> Version | None:
    """Return the version, or None for one that PEP 440 does not know."""
    try:
        return Version(version)
    except InvalidVersion:
        return None


@cache
def wheel_tags(filename: str) -> frozenset[str]:
    """Return the tags in a wheel's file name; none for a name that breaks the rules."""
    try:
        return frozenset(str(tag) for tag in parse_wheel_filename(filename)[3])
    except (InvalidWheelFilename, InvalidVersion):
        return frozenset()


@cache
def allows_python(requires_python: str | None, python: str) -> bool:
    """Say whether a requires-python allows this Python; an unreadable one allows all."""
    if not requires_python:
        return True
    try:
        return SpecifierSet(requires_python).contains(python, prereleases=True)
    except InvalidSpecifier:
        return True


def _judge(
    project: str, files: Sequence[File], accepted: frozenset[str], python: str
) -> ReleaseFacts:
    allowed = [file for file in files if allows_python(file.requires_python, python)]
    standing = [file for file in files if file.yanked is None]
    dates = [file.uploaded for file in files if file.uploaded]
    judged = allowed or files
    return ReleaseFacts(
        project=project,
        version=files[0].version,
        files=tuple(files),
        requires_python=judged[0].requires_python,
        python_ok=bool(allowed),
        usable_wheel=any(f.is_wheel and _fits(f.filename, accepted) for f in judged),
        has_sdist=any(not file.is_wheel for file in judged),
        has_wheel=any(file.is_wheel for file in files),
        yanked=None if standing else files[0].yanked,
        uploaded=min(dates, default=None, key=instant),
    )


def _fits(filename: str, accepted: frozenset[str]) -> bool:
    # Most wheels are for others, which the text tells for a tenth of what parsing costs.
    tags = filename.removesuffix(".whl").lower().rsplit("-", 3)[1:]
    pythons, abis, platforms = (tag.split(".") for tag in tags) if len(tags) == 3 else ("", "", "")
    is_likely = any(
        f"{python}-{abi}-{platform}" in accepted
        for platform in platforms
        for abi in abis
        for python in pythons
    )
    return is_likely and not accepted.isdisjoint(wheel_tags(filename))
