"""What a caller may name, and whether its files may be changed. Must not know the protocol."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bisect_deps.errors import InputError
from bisect_deps.reports import REPORTS
from bisect_deps.run.settings import file_defaults
from bisect_deps.system.trust import STATE_FOLDER

# A version (3, 3.12, 3.12.1, pypy3.10), or the file's own; a path would be a program to start.
_PYTHON = re.compile(r"auto|(cpython|pypy)?-?\d+(\.\d+){0,2}t?")
# Settings that write a file.
_WRITING = ("output", "write", "lock", *(f"{name}_to" for name in REPORTS))
_WRITING_VARIABLES = ("OUTPUT", "WRITE", "LOCK", *(name.upper() for name in REPORTS))


@dataclass(frozen=True, slots=True)
class Allowed:
    """The folders that a caller may name files of, and whether files there may be changed.

    `roots` are absolute and without links; relative paths are taken from the first. `may_write`
    is about the user's files; `.depbisect/` beside them is always written, as by any command.
    """

    roots: tuple[Path, ...]
    may_write: bool = False

    def path(self, named: str) -> Path:
        """Return the file or folder that is named, without links. Raises InputError outside."""
        if "\0" in named:
            raise InputError("a path cannot hold a NUL character", hint="give a plain path")
        path = Path(os.path.realpath(self.roots[0] / named))
        if not any(path.is_relative_to(root) for root in self.roots):
            raise InputError(
                "it lies outside the folders that were allowed",
                place=named,
                hint=f"name a file under {', '.join(map(str, self.roots))}, or ask for the server "
                "to be started with another --root",
            )
        return path

    def file(self, named: str) -> Path:
        """Return a file that is there. Raises InputError outside, or where there is none."""
        path = self.path(named)
        if path.is_file():
            return path
        what = "it is a folder" if path.is_dir() else "there is no such file"
        raise InputError(what, place=named, hint="give a path from the allowed folder")

    def folder(self, named: str) -> Path:
        """Return a folder that is there. Raises InputError outside, or where there is none."""
        path = self.path(named)
        if not path.is_dir():
            raise InputError("there is no such folder", place=named, hint="give the file's folder")
        return path

    def be_writable(self, asked: bool) -> None:
        """Raise InputError where a change is asked for and not allowed."""
        if asked and not self.may_write:
            raise InputError(
                "this server changes no file of yours",
                hint="apply the diff yourself, or ask for it to be started with --write",
            )

    def be_silent(self, folder: Path) -> None:
        """Raise InputError where the project's own settings would have a run write files."""
        writing = sorted(set(_WRITING) & file_defaults(folder).keys())
        if writing and not self.may_write:
            names = ", ".join(name.removesuffix("_to") for name in writing)
            raise InputError(
                f"the project's settings have a run write files ({names})",
                place="[tool.depbisect]",
                hint="take that out, or ask for the server to be started with --write",
            )

    def environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return the variables of a command: none that would have it write a file."""
        writing = {f"DEPBISECT_{name}" for name in _WRITING_VARIABLES}
        return {name: value for name, value in environment.items() if name not in writing}


def python_option(named: str | None) -> list[str]:
    """Return `--python`, for a version only. Raises InputError for what would name a program."""
    if named is None:
        return []
    if not _PYTHON.fullmatch(named):
        raise InputError(
            f"{named!r} is no version of Python", hint="give one such as 3.12, or auto"
        )
    return [f"--python={named}"]


def is_own_place(path: Path, folder: Path) -> bool:
    """Say whether a place lies in the state folder, which no project's file does."""
    return path.is_relative_to(folder / STATE_FOLDER)


def options(**given: Any) -> list[str]:
    """Return options as words: True is a flag, a list repeats, None and False are left out.

    A value is one word with its option, so that none is ever taken for an option.
    """
    words: list[str] = []
    for name, value in given.items():
        flag = f"--{name.replace('_', '-')}"
        if value is True:
            words.append(flag)
        elif value is not None and value is not False:
            several = value if isinstance(value, list) else [value]
            words += [f"{flag}={given}" for given in several]
    return words
