"""The input formats, each a file beside this one, and how a path finds its format."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bisect_deps.errors import InputError
from bisect_deps.formats.base import Manifest, Problem
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


def read_input(path: Path) -> bytes:
    """Return the bytes of the user's file. Raises InputError where it is not a text file."""
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        hint = "give the path of a requirements.txt or pyproject.toml"
        raise InputError("no such file", place=str(path), hint=hint) from error
    except IsADirectoryError as error:
        hint = f"give a file, for example {path / 'requirements.txt'}"
        raise InputError("this is a folder", place=str(path), hint=hint) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"cannot be read: {reason}", place=str(path)) from error
    if _is_binary(data):
        raise InputError("this is a binary file", place=str(path), hint="give a text file")
    return data


def _is_binary(data: bytes) -> bool:
    has_mark = data.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff"))
    return b"\0" in data and not has_mark


def _first_fatal(manifest: Manifest) -> Problem | None:
    return next((problem for problem in manifest.problems if problem.fatal), None)


def _place(path: Path, problem: Problem) -> str:
    folder, _, _ = str(path).rpartition(path.name)
    return f"{folder}{problem.file}:{problem.line}"
