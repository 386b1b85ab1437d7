"""The input formats, each a file beside this one, and how a path finds its format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bisect_deps.errors import InputError
from bisect_deps.formats._text import read_input
from bisect_deps.formats.base import Manifest, Problem
from bisect_deps.formats.lock import Locked, is_lock, read_lock, versions
from bisect_deps.formats.requirements import parse


def open_manifest(path: Path, *, variables: Mapping[str, str] | None = None) -> Manifest:
    """Read an input file that a build can use.

    An empty file is a manifest without requirements. Raises InputError, with file and line where
    there is one, for whatever would keep an installer from reading the file.
    """
    data = read_input(path)
    manifest = parse_manifest(data, path, variables=variables)
    rejected = _first_fatal(manifest)
    if rejected is not None and path.absolute().parent != Path.cwd():
        # Paths in a file count from where the installer runs; most people run it beside the file.
        beside = parse_manifest(data, path, folder=path.absolute().parent, variables=variables)
        if _first_fatal(beside) is None:
            return beside
    if rejected is not None:
        raise InputError(rejected.message, place=_place(path, rejected), hint=rejected.hint or None)
    return manifest


def parse_manifest(
    data: bytes,
    path: Path,
    *,
    folder: Path | None = None,
    variables: Mapping[str, str] | None = None,
) -> Manifest:
    """Read an input file's bytes; whatever is wrong is in `Manifest.problems`.

    `folder` is the installer's working directory, by default the process's.
    """
    return parse(data, path, folder=folder, variables=variables)


def read_known_good(path: Path, markers: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """Return normalised name to version of a lock, a `pip freeze` or any file with pins.

    `markers` is the environment that decides where one name is locked at several versions. Raises
    InputError where the file pins nothing.
    """
    found = versions(read_pins(path), markers)
    if not found:
        hint = "give a lock, pip-compile output or pip freeze"
        raise InputError("no pinned version in it", place=str(path), hint=hint)
    return found


def read_pins(path: Path) -> Sequence[Locked]:
    """Return what a lock, or any input file with pins, holds: names, versions, hashes."""
    if is_lock(path):
        return read_lock(path)
    manifest = parse_manifest(read_input(path), path)
    return tuple(
        Locked(own.name, own.pin, own.hashes, own.marker)
        for own in manifest.requirements
        if own.name and own.pin
    )


def _first_fatal(manifest: Manifest) -> Problem | None:
    return next((problem for problem in manifest.problems if problem.fatal), None)


def _place(path: Path, problem: Problem) -> str:
    folder, _, _ = str(path).rpartition(path.name)
    return f"{folder}{problem.file}:{problem.line}"
