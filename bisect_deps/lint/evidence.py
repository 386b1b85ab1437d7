"""Versions known to have worked: locks, freezes, and the last verified run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from bisect_deps.errors import DepbisectError, InputError
from bisect_deps.lint.rules.base import Pinned
from bisect_deps.system.files import read_regular
from bisect_deps.system.trust import be_ours


def evidence_from(files: Sequence[str], folder: Path) -> dict[str, Pinned]:
    """Return what the files of `--from` pin, the first file that names a project winning.

    Raises InputError for a file that cannot be read or pins nothing.
    """
    found: dict[str, Pinned] = {}
    for file in files:
        for name, pinned in _pins(folder / file, file).items():
            found.setdefault(name, pinned)
    return found


def evidence_beside(folder: Path, lock: str) -> dict[str, Pinned]:
    """Return what the last verified run and a lock in the folder pin; nothing where unreadable."""
    found = _last_run(folder / ".depbisect" / "report.json")
    if lock:
        try:
            pins = _pins(folder / lock, lock)
        except InputError:
            pins = {}
        for name, pinned in pins.items():
            found.setdefault(name, pinned)
    return found


def locked_versions(folder: Path, lock: str) -> Mapping[str, frozenset[str]]:
    """Return the projects of a lock with every version it holds of them."""
    from bisect_deps.formats import read_pins

    if not lock:
        return {}
    versions: dict[str, set[str]] = {}
    try:
        for own in read_pins(folder / lock):
            versions.setdefault(own.name, set()).add(own.version)
    except InputError:
        return {}
    return {name: frozenset(held) for name, held in versions.items()}


def _pins(path: Path, shown: str) -> dict[str, Pinned]:
    """Return the projects that a file pins to one version each; forks of a lock tell nothing."""
    from bisect_deps.formats import read_pins

    found: dict[str, Pinned] = {}
    forked: set[str] = set()
    # These two hold for every system and Python that the project allows; a freeze is of one.
    everywhere = path.name in ("uv.lock", "poetry.lock")
    try:
        pins = read_pins(path)
    except OSError as error:
        raise InputError(f"cannot read the file: {error.strerror}", place=shown) from error
    for own in pins:
        if own.name in found and found[own.name].version != own.version:
            forked.add(own.name)
        found[own.name] = Pinned(own.version, shown, own.hashes, everywhere=everywhere)
    if not found:
        raise InputError(
            "no pinned version in it", place=shown, hint="give a lock or the output of pip freeze"
        )
    return {name: pinned for name, pinned in found.items() if name not in forked}


def _last_run(path: Path) -> dict[str, Pinned]:
    try:
        be_ours(path.parent)
        report = json.loads(read_regular(path))
        if report.get("verdict") not in ("passes", "fixed"):
            return {}
        environment = report.get("environment") or {}
        markers = _markers_of(report.get("target") or {})
        return {
            name: Pinned(version, "the last verified run", environment=markers)
            for name, version in environment.items()
        }
    except (OSError, ValueError, AttributeError, RecursionError, DepbisectError):
        return {}


def _markers_of(target: Mapping[str, str]) -> Mapping[str, str] | None:
    """Return the marker values of a report's target, None where it does not say."""
    from bisect_deps.lint.rules._worlds import SYSTEMS, world

    python, platform = target.get("python"), target.get("platform", "")
    system = next(
        (own for own in SYSTEMS if platform.startswith(own[0]) and platform.endswith(own[3])), None
    )
    return world(python, system) if python and system else None
