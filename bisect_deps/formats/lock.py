"""Lock files, read only: the last known good version of every project, with its hashes.

`pylock.toml` (PEP 751), `uv.lock`, `poetry.lock`, `pdm.lock`, `Pipfile.lock`. A lock is never
edited: changes go through the file that it was made from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.markers import (
    InvalidMarker,
    Marker,
    UndefinedComparison,
    UndefinedEnvironmentName,
)
from packaging.pylock import Pylock, PylockValidationError
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from bisect_deps.errors import InputError
from bisect_deps.formats._text import decode, read_input
from bisect_deps.formats._toml import load

# What is installed without asking for more: other groups and extras come second.
_MAIN_GROUPS = frozenset({"main", "default"})
# Sources of a version that no index has.
_NO_INDEX = ("git", "directory", "path", "editable", "virtual", "vcs", "hg", "svn", "bzr")


_COMMIT = re.compile(r"(?:^|#)[0-9a-f]{40}$")


@dataclass(frozen=True, slots=True)
class Locked:
    """One locked project: `name` normalised, `hashes` as `sha256:…` over all its files.

    `python` is what its metadata ask of the Python. `main` is False for what only a group or extra
    beside the project's own requirements brings.
    """

    name: str
    version: str
    hashes: tuple[str, ...] = ()
    marker: str | None = None
    python: str | None = None
    main: bool = True


def read_lock(path: Path, read: Callable[[str], bytes] | None = None) -> tuple[Locked, ...]:
    """Return what a TOML or JSON lock pins, in its order. Raises InputError.

    `read` gives the bytes by the absolute path, by default from the disk. Left out is what no
    index has: checkouts and folders.
    """
    document = decode(read_input(path, read), path.name)
    try:
        return tuple(_locked(_load(document.text), path))
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise InputError(f"not a readable lock: {error}", place=str(path)) from error


def groups_of(path: Path) -> frozenset[str] | None:
    """Return the groups that a lock was made for, `default` for the main one; None for all.

    pdm writes them down; a `pylock.toml` that names none is for the main group. The locks of uv and
    poetry hold all groups. None for what cannot be read, too.
    """
    if path.name != "pdm.lock" and not path.name.startswith("pylock."):
        return None
    try:
        data = _load(decode(read_input(path), path.name).text)
    except (InputError, ValueError):
        return None
    if "lock-version" in data:
        return frozenset(["default", *data.get("dependency-groups", ()), *data.get("extras", ())])
    metadata = data.get("metadata")
    groups = metadata.get("groups") if isinstance(metadata, dict) else None
    return frozenset(groups) if isinstance(groups, list) else None


def held_links(path: Path) -> frozenset[str]:
    """Return the projects that a lock holds by a full commit, or by the hash of a URL's file.

    Of uv, poetry and pdm; nothing of what cannot be read.
    """
    try:
        packages = _load(decode(read_input(path), path.name).text).get("package")
    except (InputError, ValueError):
        return frozenset()
    tables = [own for own in packages or () if isinstance(own, dict)]
    return frozenset(canonicalize_name(str(own.get("name"))) for own in tables if _is_held(own))


def names_of(path: Path) -> frozenset[str]:
    """Return all projects of a lock, those of checkouts and folders too.

    Of uv, poetry, pdm, Pipenv and PEP 751; nothing of what cannot be read.
    """
    try:
        data = _load(decode(read_input(path), path.name).text)
    except (InputError, ValueError):
        return frozenset()
    tables = [own for own in data.get("package") or data.get("packages") or () if own]
    names = [own.get("name") for own in tables if isinstance(own, dict)]
    if "_meta" in data:
        names += [name for section in data.values() for name in section]
    return frozenset(canonicalize_name(name) for name in names if isinstance(name, str))


def _is_held(package: Mapping[str, Any]) -> bool:
    source = package.get("source")
    table = source if isinstance(source, dict) else package
    said = [table.get(key) for key in ("git", "resolved_reference", "revision")]
    if any(isinstance(text, str) and _COMMIT.search(text) for text in said):
        return True
    files = [package.get("sdist"), *package.get("files", ()), *package.get("wheels", ())]
    is_link = "url" in table or table.get("type") == "url"
    return is_link and any(isinstance(file, dict) and "hash" in file for file in files)


def versions(locked: Iterable[Locked], markers: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return name to version of what the target's markers select.

    Of several for one name: those of the main requirements, then those that allow the target's
    Python, then the newest.
    """
    found: dict[str, list[Locked]] = {}
    for own in locked:
        if _holds(own.marker, markers):
            found.setdefault(own.name, []).append(own)
    python = (markers or {}).get("python_full_version", "")
    return {name: _chosen(several, python).version for name, several in found.items()}


def _chosen(several: Sequence[Locked], python: str) -> Locked:
    if len({own.version for own in several}) == 1:
        return several[0]
    rivals = [own for own in several if own.main] or several
    rivals = [own for own in rivals if _allows(own.python, python)] or rivals
    return max(rivals, key=_age)


def _age(own: Locked) -> Version:
    try:
        return Version(own.version)
    except InvalidVersion:
        return Version("0.dev0")


def _allows(specifier: str | None, python: str) -> bool:
    if not specifier or not python:
        return True
    try:
        return SpecifierSet(specifier).contains(python, prereleases=True)
    except InvalidSpecifier:
        # Poetry writes unions (`>=2.7,<3 || >=3.6`), which say too much to rule anything out.
        return True


def _locked(data: dict[str, Any], path: Path) -> Iterator[Locked]:
    if "lock-version" in data and "packages" in data:
        return _pylock(data, path)
    # uv writes no list where a project needs nothing.
    packages = data.get("package", [] if {"version", "requires-python"} <= data.keys() else None)
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
        if package.version is None or package.vcs or package.directory:
            continue
        digests = [wheel.hashes for wheel in package.wheels or ()]
        digests += [file.hashes for file in (package.sdist, package.archive) if file]
        hashes = [f"{name}:{value}" for of in digests for name, value in of.items()]
        marker = str(package.marker) if package.marker else None
        python = str(package.requires_python) if package.requires_python else None
        yield Locked(package.name, str(package.version), tuple(hashes), marker, python)


def _packages(
    packages: list[dict[str, Any]], files_of: Mapping[str, list[dict[str, Any]]]
) -> Iterator[Locked]:
    for package in packages:
        name, version = package.get("name"), package.get("version")
        if not isinstance(name, str) or not isinstance(version, str) or _is_local(package):
            continue
        files = [*package.get("files", ()), *package.get("wheels", ())]
        files += [*files_of.get(name, ()), *files_of.get(f"{name} {version}", ())]
        if isinstance(package.get("sdist"), dict):
            files.append(package["sdist"])
        hashes = tuple(file["hash"] for file in files if isinstance(file.get("hash"), str))
        python = package.get("python-versions") or package.get("requires_python")
        yield Locked(
            canonicalize_name(name),
            version,
            hashes,
            _marker(package),
            python if isinstance(python, str) else None,
            not (groups := _groups(package)) or bool(groups & _MAIN_GROUPS),
        )


def _is_local(package: Mapping[str, Any]) -> bool:
    """Say whether a version is that of a checkout or a folder: in uv, poetry and pdm."""
    source = package.get("source")
    table = source if isinstance(source, dict) else package
    return table.get("type") in _NO_INDEX or any(key in table for key in _NO_INDEX)


def _groups(package: Mapping[str, Any]) -> frozenset[str]:
    # Poetry had one `category` before it had groups.
    groups = package.get("groups") or package.get("category") or ()
    return frozenset([groups] if isinstance(groups, str) else groups)


def _marker(package: Mapping[str, Any]) -> str | None:
    """Return when a package is installed: in one of uv's forks, or for one of poetry's groups."""
    forks = package.get("resolution-markers") or package.get("markers") or package.get("marker")
    if isinstance(forks, dict):
        groups = _groups(package) or frozenset(forks)
        groups = groups & _MAIN_GROUPS or groups
        # A group without a marker of its own always needs it.
        forks = [forks[group] for group in sorted(groups)] if groups <= forks.keys() else None
    if isinstance(forks, list):
        return " or ".join(f"({fork})" for fork in forks) or None
    return forks if isinstance(forks, str) else None


def _poetry_files(data: dict[str, Any]) -> Mapping[str, list[dict[str, Any]]]:
    # Before lock version 2 poetry, and before 4.5 pdm, kept the hashes of all files in one table.
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
                is_main = section == "default"
                marker = entry.get("markers")
                yield Locked(canonicalize_name(name), pin, hashes, marker, main=is_main)


def _holds(marker: str | None, markers: Mapping[str, str] | None) -> bool:
    if not marker:
        return True
    try:
        # Markers of a lock may also ask for extras and groups; none was asked for.
        return Marker(marker).evaluate({"extra": "", **(markers or {})}, context="lock_file")
    except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName):
        return True
