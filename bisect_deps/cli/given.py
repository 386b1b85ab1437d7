"""What a command reads beside its own subject: the requirements named by `-r`, a build's log.

Must not know what they are compared with.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bisect_deps.errors import InputError
from bisect_deps.system.files import hint_for_missing, project_of, read_inside, read_regular

# No requirements file is longer than this.
LONGEST_FILE = 1 << 20

if TYPE_CHECKING:
    from bisect_deps.model import Requirement


def requirements_of(paths: Sequence[Path]) -> list[Requirement]:
    """Return the requirements of all files in their order, constraints left out.

    `-` is standard input; a bad line harms no other. Raises InputError for an unreadable file.
    """
    return [requirement for path in paths for requirement in _of(path)]


def be_a_log(data: bytes, place: str) -> None:
    """Raise InputError for the text of a requirements file that was given as a build log."""
    if _is_requirements(data):
        raise InputError(
            "this is a requirements file, not the log of a build",
            place=place,
            hint="name what the failed install printed: pip install -r FILE > build.log 2>&1",
        )


def _is_requirements(data: bytes) -> bool:
    """Say whether each line is a requirement, an option or a comment, and one has a version."""
    from packaging.requirements import InvalidRequirement, Requirement

    if len(data) > LONGEST_FILE:
        return False
    lines = [line.partition(" #")[0].strip("\\ \t\r") for line in _words(data).split("\n")]
    try:
        found = [Requirement(line) for line in lines if line and line[0] not in "#-"]
    except InvalidRequirement:
        return False
    return any(requirement.specifier or requirement.url for requirement in found)


def _words(data: bytes) -> str:
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    return data.decode("utf-16" if wide else "utf-8-sig", "replace")


def _of(path: Path) -> list[Requirement]:
    from bisect_deps.formats import parse_manifest

    # What comes by standard input is read as if it lay in the current folder.
    place = Path("requirements.txt") if path == Path("-") else path
    homes = [project_of(place.absolute().parent), project_of(Path.cwd())]
    manifest = parse_manifest(
        _data(path),
        place,
        folder=place.absolute().parent,
        read=lambda other: read_inside(other, homes),
    )
    return [requirement for requirement in manifest.requirements if not requirement.constraint]


def _data(path: Path) -> bytes:
    if path == Path("-"):
        return sys.stdin.buffer.read()
    try:
        return read_regular(path, pipe=True)
    except OSError as error:
        hint = hint_for_missing(path, "") if isinstance(error, FileNotFoundError) else ""
        raise InputError(error.strerror or "cannot be read", place=str(path), hint=hint) from error
