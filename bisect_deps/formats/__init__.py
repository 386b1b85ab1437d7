"""The input formats, each a file beside this one, and how a path finds its format.

To add one: a file with its STYLE (and INSTALLED, the groups that a build installs, where builds can
use it), and a line in FORMATS.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bisect_deps.errors import InputError
from bisect_deps.formats._text import read_input
from bisect_deps.formats.base import NO_REQUIREMENTS, Manifest, Problem
from bisect_deps.formats.requirements import parse, parse_several

if TYPE_CHECKING:
    from bisect_deps.formats._embedded import EmbeddedManifest
    from bisect_deps.formats.lock import Locked


class Format(NamedTuple):
    """One format: its module, and the names by which `run`, the linter and the hook find its files.

    `names` are looked for in folders, `others` only mean the format where somebody names such a
    file. A pattern with a folder (`.github/workflows/*.yml`) is compared with the end of the path.
    `default`: `run` takes it where no file is named.
    """

    module: str
    names: tuple[str, ...]
    others: tuple[str, ...] = ()
    default: bool = False


# A file that fits several is of the first; one that fits none is a requirements file.
FORMATS = (
    Format(
        "requirements",
        (
            "requirements*.txt",
            "requirements*.in",
            "*-requirements.txt",
            "*_requirements.txt",
            "constraints*.txt",
            "constraints*.in",
            "requirements/*.txt",
            "requirements/*.in",
            "reqs/*.txt",
            "reqs/*.in",
        ),
        default=True,
    ),
    Format(
        "lock",
        ("pylock.toml", "pylock.*.toml", "uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock"),
    ),
    Format("pyproject", ("pyproject.toml",), ("*pyproject.toml",), default=True),
    Format("hatch", ("hatch.toml",)),
    Format("pipfile", ("Pipfile",)),
    Format("setup_py", ("setup.py",)),
    Format("noxfile", ("noxfile.py",)),
    Format("script", (), ("*.py",)),
    Format("setup_cfg", ("setup.cfg",), ("*setup.cfg",)),
    Format("tox", ("tox.ini",)),
    Format("tox_toml", ("tox.toml",)),
    Format("pre_commit", (".pre-commit-config.yaml",)),
    Format(
        "workflow",
        (
            ".github/workflows/*.yml",
            ".github/workflows/*.yaml",
            ".gitlab-ci.yml",
            "*.gitlab-ci.yml",
            "action.yml",
            "action.yaml",
        ),
    ),
    Format(
        "conda",
        (
            "environment*.yml",
            "environment*.yaml",
            "*_environment.yml",
            "*_environment.yaml",
            "*-environment.yml",
            "*-environment.yaml",
            *(
                f"{stem}.{ending}"
                for stem in ("env", "env.*", "env-*", "env_*", "*-env", "*_env", "conda")
                for ending in ("yml", "yaml")
            ),
        ),
        ("*.yml", "*.yaml"),
    ),
    Format(
        "dockerfile",
        (
            "Dockerfile",
            "Dockerfile.*",
            "Dockerfile-*",
            "Dockerfile_*",
            "*.Dockerfile",
            "*.dockerfile",
            "Containerfile",
            "Containerfile.*",
        ),
        ("Dockerfile*", "Containerfile*"),
    ),
    Format("shell", (), ("*.sh", "*.bash")),
    Format("notebook", (), ("*.ipynb",)),
)


def format_of(path: Path) -> str:
    """Return the module of the format that a path's name means."""
    if path.suffix in (".txt", ".in"):
        return "requirements"  # as good as always, and known without a pattern
    whole = f"/{path.as_posix()}"
    return next((own.module for own in FORMATS if _names(own).search(whole)), "requirements")


def is_found(path: str) -> bool:
    """Say whether a file is one that folders are searched for, by its path with `/`."""
    return _found().search(path) is not None


def found_pattern() -> str:
    """Return the regular expression that the paths of `is_found` fit: what the hook is given."""
    return _pattern([name for own in FORMATS for name in own.names])


def default_names() -> Iterator[str]:
    """Yield the names that `run` looks for where no file is named, in order."""
    return (own.names[0].replace("*", "") for own in FORMATS if own.default)


@cache
def _names(own: Format) -> re.Pattern[str]:
    return re.compile(_pattern((*own.names, *own.others)))


def _pattern(names: Iterable[str]) -> str:
    return "(^|/)(" + "|".join(map(_as_regex, names)) + ")$" if names else "(?!)"


def _as_regex(pattern: str) -> str:
    return re.escape(pattern).replace(r"\*", "[^/]*")


@cache
def _found() -> re.Pattern[str]:
    return re.compile(found_pattern())


def open_manifest(
    path: Path,
    *,
    folder: Path | None = None,
    variables: Mapping[str, str] | None = None,
    read: Callable[[str], bytes] | None = None,
) -> Manifest:
    """Read an input file that a build can use: its requirements are those that a build installs.

    `folder` and `read` are as in `parse_manifest`; `read` gives the file's own bytes, too. An empty
    file is a manifest without requirements. Raises InputError, with file and line where
    there is one, for whatever would keep an installer from reading the file.
    """
    try:
        return _opened(path, folder, variables, read)
    except RecursionError:
        raise InputError(
            "it is nested too deeply to be read",
            place=str(path),
            hint="give a file as people write them",
        ) from None


def _opened(
    path: Path,
    folder: Path | None,
    variables: Mapping[str, str] | None,
    read: Callable[[str], bytes] | None,
) -> Manifest:
    data = read_input(path, read)
    if is_lock(path):
        hint = "give the file that it was made from, and the lock with --good"
        raise InputError("a lock is not edited by hand", place=str(path), hint=hint)
    if is_embedded(path):
        if not hasattr(_module(path), "INSTALLED"):
            hint = "`depbisect lint` checks it; give the file that the project is installed from"
            raise InputError("no build installs this kind of file", place=str(path), hint=hint)
        own = _with_style(data, path, all_groups=False)
        _raise_fatal(path, own)
        if own.embedding.has_list and not _named_by(own, path):
            return own
        return _elsewhere(own, path, folder=folder, variables=variables, read=read)

    def parsed(folder: Path | None) -> Manifest:
        return parse(data, path, folder=folder, variables=variables, read=read)

    return _valid(parsed, path, folder)


def open_several(
    paths: Sequence[Path],
    home: Path,
    *,
    folder: Path | None = None,
    variables: Mapping[str, str] | None = None,
    read: Callable[[str], bytes] | None = None,
) -> Manifest:
    """Read several requirements files that are installed together, in the order given.

    `home` is the one of them in whose folder the run is at home; the rest is as in
    `open_manifest`. Raises InputError for a file of another format, too.
    """
    for path in paths:
        if is_lock(path) or is_embedded(path):
            hint = "run it alone, or export it to a requirements.txt"
            raise InputError("only requirements files go together", place=str(path), hint=hint)
        read_input(path, read)

    def parsed(folder: Path | None) -> Manifest:
        return parse_several(paths, home, folder=folder, variables=variables, read=read)

    return _valid(parsed, home, folder)


def _named_by(own: EmbeddedManifest, path: Path) -> list[Path]:
    """Return the files in which the requirements stand that a build of the project installs."""
    return [
        path.parent / follow.path
        for follow in own.embedding.follows
        if follow.group in _module(path).INSTALLED
    ]


def _elsewhere(
    own: EmbeddedManifest,
    path: Path,
    *,
    folder: Path | None,
    variables: Mapping[str, str] | None,
    read: Callable[[str], bytes] | None,
) -> Manifest:
    """Return the files that another one names for its requirements, as setuptools reads them.

    Raises InputError where it names none, or none that is there.
    """
    named = _named_by(own, path)
    lists = [file for file in named if not is_embedded(file)]
    for file in lists:
        if not _is_there(file, read):
            message = f"it takes its requirements from {file}, which is not there"
            raise InputError(message, place=str(path), hint="write that file, or name another one")
    if lists:
        return open_several(lists, path, folder=folder, variables=variables, read=read)
    for file in named:
        if _is_there(file, read):
            return open_manifest(file, folder=folder, variables=variables, read=read)
    hint = (
        "dynamic dependencies and those of other tools are not read: "
        "export them to a requirements.txt"
    )
    raise InputError("it lists no requirements to install", place=str(path), hint=hint)


def listing(path: Path) -> Path:
    """Return the file that holds a file's requirements: the one that it names for them, or itself.

    Raises InputError where that are several, or the file cannot be read.
    """
    named = open_manifest(path).named
    if len(named) > 1:
        raise InputError(
            "its requirements stand in several files",
            place=str(path),
            hint=f"give one: {', '.join(named)}",
        )
    return path.parent / named[0]


def _is_there(path: Path, read: Callable[[str], bytes] | None) -> bool:
    try:
        read_input(path, read)
    except InputError:
        return False
    return True


def _valid(parsed: Callable[[Path | None], Manifest], path: Path, folder: Path | None) -> Manifest:
    """Return the manifest as an installer in `folder` reads it, else as one beside the file does.

    Raises InputError for what both reject.
    """
    manifest = parsed(folder)
    if _first_fatal(manifest) is None:
        return manifest
    beside = path.absolute().parent
    if beside != (folder or Path.cwd()):
        # Paths in a file count from where the installer runs; most people run it beside the file.
        other = parsed(beside)
        if _first_fatal(other) is None:
            return other
    from bisect_deps.formats._kinds import is_log
    from bisect_deps.formats.requirements import RequirementsManifest

    if isinstance(manifest, RequirementsManifest) and is_log(manifest.documents[0]):
        _raise_fatal(path, manifest.as_its_kind())
    _raise_fatal(path, manifest)
    return manifest


def parse_manifest(
    data: bytes,
    path: Path,
    *,
    folder: Path | None = None,
    variables: Mapping[str, str] | None = None,
    constraint: bool = False,
    read: Callable[[str], bytes] | None = None,
    judging: bool = False,
) -> Manifest:
    """Read an input file's bytes, all its groups; what is wrong is in `Manifest.problems`.

    `judging`: also what no package index has, or what only says where others come from.

    `folder` is the installer's working directory, by default the process's. `constraint`: it is a
    constraints file. `read` gives the bytes of an included file by its absolute path, by default
    from the disk.
    """
    if is_embedded(path):
        return _with_style(data, path, all_groups=True, judging=judging)
    return parse(data, path, folder=folder, variables=variables, constraint=constraint, read=read)


def read_known_good(
    path: Path,
    markers: Mapping[str, str] | None = None,
    read: Callable[[str], bytes] | None = None,
) -> Mapping[str, str]:
    """Return normalised name to version of a lock, a `pip freeze` or any file with pins.

    `markers` is the environment that decides where one name is locked at several versions; `read`
    is as in `parse_manifest`, for the file itself, too. Raises InputError where the file pins
    nothing.
    """
    from bisect_deps.formats.lock import versions

    found = versions(read_pins(path, read), markers)
    if not found:
        hint = "give a lock, pip-compile output or pip freeze"
        raise InputError("no pinned version in it", place=str(path), hint=hint)
    return found


def read_pins(path: Path, read: Callable[[str], bytes] | None = None) -> Sequence[Locked]:
    """Return what a lock, or any input file with pins, holds: names, versions, hashes."""
    from bisect_deps.formats.lock import Locked, read_lock

    if is_lock(path):
        return read_lock(path, read)
    manifest = parse_manifest(read_input(path, read), path, read=read)
    return tuple(
        Locked(own.name, own.pin, own.hashes, own.marker)
        for own in manifest.requirements
        if own.name and own.pin
    )


def is_lock(path: Path) -> bool:
    """Say whether a file's name is that of a lock, which is never edited."""
    return format_of(path) == "lock"


def is_embedded(path: Path) -> bool:
    """Say whether a file holds requirements among other things."""
    return format_of(path) not in ("requirements", "lock")


def _with_style(
    data: bytes, path: Path, *, all_groups: bool, judging: bool = False
) -> EmbeddedManifest:
    from bisect_deps.formats._embedded import embedded

    module = _module(path)
    installed: frozenset[str] = getattr(module, "INSTALLED", frozenset())
    without = frozenset() if judging else NO_REQUIREMENTS
    return embedded(data, path, module.STYLE, None if all_groups else installed, without)


def _module(path: Path) -> Any:
    return import_module(f"bisect_deps.formats.{format_of(path)}")


def _first_fatal(manifest: Manifest) -> Problem | None:
    return next((problem for problem in manifest.problems if problem.fatal), None)


def _raise_fatal(path: Path, manifest: Manifest) -> None:
    problem = _first_fatal(manifest)
    if problem is not None:
        raise InputError(problem.message, place=_place(path, problem), hint=problem.hint or None)


def _place(path: Path, problem: Problem) -> str:
    folder, _, _ = str(path).rpartition(path.name)
    return f"{folder}{problem.file}:{problem.line}"
