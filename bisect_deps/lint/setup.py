"""Which reader opens a file: one of the formats, or the view of a lock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from bisect_deps.formats import is_lock, parse_manifest
from bisect_deps.formats.base import Manifest
from bisect_deps.formats.requirements import RequirementsManifest


def open_manifest(
    data: bytes,
    path: Path,
    *,
    folder: Path,
    variables: Mapping[str, str] | None,
    read: Callable[[str], bytes],
    constraint: bool = False,
) -> Manifest:
    """Return the manifest of a root file; what is wrong is in its problems, for a lock too."""
    if is_lock(path):
        from bisect_deps.lint.locks import lock_manifest

        return lock_manifest(data, path)
    is_constraint = constraint or path.name.startswith("constraint")
    manifest = parse_manifest(
        data,
        path,
        folder=folder,
        variables=variables,
        constraint=is_constraint,
        read=read,
        judging=True,
    )
    return manifest.as_its_kind() if isinstance(manifest, RequirementsManifest) else manifest
