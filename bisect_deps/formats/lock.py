"""Lock files, read only: the last known good version of every project, with its hashes.

`pylock.toml` (PEP 751), `uv.lock`, `poetry.lock`, `pdm.lock`, `Pipfile.lock`. A lock is never
edited: changes go through the file that it was made from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.markers import InvalidMarker, Marker
from packaging.pylock import Pylock, PylockValidationError
from packaging.utils import canonicalize_name

from bisect_deps.errors import InputError
from bisect_deps.formats._text import decode, read_input
from bisect_deps.formats._toml import load


@dataclass(frozen=True, slots=True)
class Locked:
    """One locked project: `name` normalised, `hashes` as `sha256:…` over all its files."""

    name: str
    version: str
    hashes: tuple[str, ...] = ()
    marker: str | None = None


def read_lock(path: Path) -> tuple[Locked, ...]:
    """Return what a TOML or JSON lock pins, in its order. Raises InputError."""
    document = decode(read_input(path), path.name)
    try:
        return tuple(_locked(_load(document.text), path))
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise InputError(f"not a readable lock: {error}", place=str(path)) from error


def versions(locked: Iterable[Locked], markers: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return name to version; of several for one name, the first whose marker holds."""
    found: dict[str, str] = {}
    for own in locked:
        if own.name not in found and _holds(own.marker, markers):
            found[own.name] = own.version
    return found


def _locked(data: dict[str, Any], path: Path) -> Iterator[Locked]:
    if "lock-version" in data and "packages" in data:
        return _pylock(data, path)
    packages = data.get("package")
    if isinstance(packages, list):
        return _packages(packages, _poetry_files(data))
    if "_meta" in data:
        return _pipfile(data)
    raise InputError(
        "not a lock that can be read",
        place=str(path),
        hint="give a pylock.toml, uv.lock, poetry.lock, pip-compile output or pip freeze",
    )


def _load(text: str) -> dict[str, Any]:
    if text.lstrip().startswith("{"):
        loaded = json.loads(text)
        return loaded if isinstance(loaded, dict) else {}
    return load(text)


def _pylock(data: dict[str, Any], path: Path) -> Iterator[Locked]:
    try:
        lock = Pylock.from_dict(data)
    except PylockValidationError as error:
        raise InputError(f"not a valid pylock.toml: {error}", place=str(path)) from error
    for package in lock.packages:
        if package.version is None:
            continue
        digests = [wheel.hashes for wheel in package.wheels or ()]
        digests += [file.hashes for file in (package.sdist, package.archive) if file]
        hashes = [f"{name}:{value}" for of in digests for name, value in of.items()]
        marker = str(package.marker) if package.marker else None
        yield Locked(package.name, str(package.version), tuple(hashes), marker)


def _packages(
    packages: list[dict[str, Any]], files_of: Mapping[str, list[dict[str, Any]]]
) -> Iterator[Locked]:
    for package in packages:
        name, version = package.get("name"), package.get("version")
        source = package.get("source")
        is_own = isinstance(source, dict) and ("editable" in source or "virtual" in source)
        if not isinstance(name, str) or not isinstance(version, str) or is_own:
            continue
        files = [*package.get("files", ()), *package.get("wheels", ()), *files_of.get(name, ())]
        if isinstance(package.get("sdist"), dict):
            files.append(package["sdist"])
        hashes = tuple(file["hash"] for file in files if isinstance(file.get("hash"), str))
        forks = package.get("resolution-markers") or package.get("markers") or package.get("marker")
        yield Locked(canonicalize_name(name), version, hashes, _marker(forks))


def _marker(forks: object) -> str | None:
    if isinstance(forks, list):
        return " or ".join(f"({fork})" for fork in forks) or None
    return forks if isinstance(forks, str) else None


def _poetry_files(data: dict[str, Any]) -> Mapping[str, list[dict[str, Any]]]:
    # Before lock version 2 poetry kept the hashes of all files in one table.
    metadata = data.get("metadata")
    files = metadata.get("files") if isinstance(metadata, dict) else None
    return files if isinstance(files, dict) else {}


def _pipfile(data: dict[str, Any]) -> Iterator[Locked]:
    for section in ("default", "develop"):
        for name, entry in data.get(section, {}).items():
            version = entry.get("version", "")
            if version.startswith("=="):
                hashes = tuple(entry.get("hashes", ()))
                pin = version.lstrip("=").strip()
                yield Locked(canonicalize_name(name), pin, hashes, entry.get("markers"))


def _holds(marker: str | None, markers: Mapping[str, str] | None) -> bool:
    if not marker:
        return True
    try:
        return Marker(marker).evaluate({"extra": "", **(markers or {})})
    except InvalidMarker:
        return True
