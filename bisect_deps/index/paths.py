"""Which release a path or URL stands for: what `name @ file:///…` of a conda freeze means.

Such a path exists on the machine alone that wrote it. It may hold the version, or the time at which
conda unpacked the source; else the rest of the file tells when it was written. Pure: text and index
values in, a release with the reason out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from urllib.parse import unquote

from bisect_deps.index.facts import newest_release
from bisect_deps.index.releases import ReleaseFacts, cutoff_instant, instant, parsed

# conda-build unpacks the source into `<name>_<milliseconds since 1970>/work`.
_MADE_AT = re.compile(r"(?<=[_-])1\d{12}(?=/|$)")
_ARCHIVE = re.compile(r"(?:\.tar\.\w+|\.zip|\.tgz|\.whl|\.conda)$")
_NUMBER = r"v?(?P<version>\d[0-9A-Za-z.+!]*)"
# A tag: `…@v1.2`, `…/archive/refs/tags/v1.2.zip`, `…/releases/download/v1.2/…`.
_TAG = re.compile(rf"(?:@|/(?:archive|tags|download|tarball|zipball)/){_NUMBER}(?=/|$)")


@dataclass(frozen=True, slots=True)
class Meant:
    """The release that is meant most likely, and why, to go on after `name version`."""

    release: ReleaseFacts
    reason: str


def version_in_path(
    url: str, releases: Sequence[ReleaseFacts], before: str | None = None
) -> Meant | None:
    """Return the release that a path or URL of a project stands for, None where none will do.

    `releases` are the project's, oldest first. It is the version that the path holds; else the
    newest final release that installs here and is no younger than the path's own time stamp, or
    than `before` (ISO 8601: when the file's newest pin was uploaded); else the newest of all.
    """
    path = unquote(url.partition("#")[0]).rstrip("/")
    written = _written(path, releases)
    if written is not None:
        return Meant(written, "is the version in the path")
    made = _made_at(path)
    if made is not None:
        found = _newest_by(made, releases)
        reason = f"was the newest on {made:%Y-%m-%d}, when the path was made"
        if found is not None:
            return Meant(found, reason)
    if before is not None:
        found = _newest_by(cutoff_instant(before), releases)
        if found is not None:
            day = f"{instant(before):%Y-%m-%d}"
            return Meant(found, f"was the newest on {day}, the day of the file's newest pin")
    newest = newest_release(releases)
    return Meant(newest, "is the newest that installs") if newest is not None else None


def _written(path: str, releases: Sequence[ReleaseFacts]) -> ReleaseFacts | None:
    """Return the release whose version stands in the path: beside the name, or as a tag."""
    if not releases:
        return None
    by_version = {release.parsed: release for release in releases}
    for text in _versions(path, releases[0].project):
        version = parsed(text)
        if version is not None and version in by_version:
            return by_version[version]
    return None


def _versions(path: str, project: str) -> Iterator[str]:
    name = "[-_.]+".join(map(re.escape, project.split("-")))
    beside_name = re.compile(rf"{name}[-_=@]{_NUMBER}(?=[-_]|$)", re.IGNORECASE)
    for segment in reversed(path.split("/")):
        bare = _ARCHIVE.sub("", segment)
        found = beside_name.match(bare)
        # A folder's bare number (`attrs_1`) tells copies apart.
        if found is not None and ("." in found["version"] or bare != segment):
            yield found["version"]
    for tag in _TAG.finditer(_ARCHIVE.sub("", path)):
        yield tag["version"]


def _made_at(path: str) -> datetime | None:
    found = _MADE_AT.search(path)
    start = datetime(1970, 1, 1, tzinfo=timezone.utc)
    return start + timedelta(milliseconds=int(found[0])) if found else None


def _newest_by(moment: datetime, releases: Sequence[ReleaseFacts]) -> ReleaseFacts | None:
    """Return the newest release of that time that installs here, a final one where there is one."""
    known = [r for r in releases if r.uploaded and instant(r.uploaded) <= moment]
    return newest_release(known)
