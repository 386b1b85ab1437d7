"""Pins as edits, with the hashes that belong to their version."""

from __future__ import annotations

from bisect_deps.index import Index
from bisect_deps.model import Edit, EditAction, Release, Requirement, exactly


def repinned(requirement: Requirement, version: str, index: Index | None) -> Edit:
    """Return the edit that pins a requirement to a version, with its hashes where it had some."""
    hashes = hashes_of(index, requirement.name, version) if requirement.hashes else ()
    return Edit(EditAction.REPIN, requirement.name, requirement.number, exactly(version), hashes)


def hashes_of(index: Index | None, name: str, version: str) -> tuple[str, ...]:
    """Return `sha256:...` of a release's files; none where no index tells."""
    release = index.release(Release(name, version)) if index is not None else None
    return release.hashes if release else ()
