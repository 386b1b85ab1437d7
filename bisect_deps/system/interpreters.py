"""Pythons that builds can be for: found by version or path, and asked what they are.

Looks where uv looks, then at pyenv's installed versions, then on PATH; never downloads one. A
Python is asked by a script that old versions (3.6 on) understand; its wheel tags are computed here,
so that nothing needs to be installed there. Must not know what the Pythons are for.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path

from packaging import tags as wheel_tags
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from bisect_deps.errors import InputError
from bisect_deps.model import Interpreter
from bisect_deps.policy import POLICY
from bisect_deps.system.cached_output import cached_output

_QUESTION = r"""
import json, os, platform, sys, sysconfig
def full(info):
    version = "%d.%d.%d" % (info.major, info.minor, info.micro)
    if info.releaselevel != "final":
        version += info.releaselevel[0] + str(info.serial)
    return version
get = sysconfig.get_config_var
print(json.dumps({
    "executable": sys.executable,
    "version": platform.python_version(),
    "machine_platform": sysconfig.get_platform(),
    "abi": [get("SOABI"), bool(get("Py_DEBUG")), bool(get("Py_GIL_DISABLED")),
            bool(get("WITH_PYMALLOC"))],
    "mac_version": platform.mac_ver()[0],
    "markers": {
        "os_name": os.name,
        "sys_platform": sys.platform,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "python_full_version": platform.python_version(),
        "implementation_name": sys.implementation.name,
        "implementation_version": full(sys.implementation.version),
    },
}))
"""


def find(spec: str | None = None) -> Interpreter:
    """Return the Python that `spec` names: `3.9`, `3.9.18`, `python3.9`, `>=3.8,<3.10`, a path.

    None is the Python that the user's shell runs. Raises InputError, naming what is installed.
    """
    if spec is None:
        return _default()
    if _is_path(spec):
        return _at_path(spec)
    found = present(spec)
    if found is None:
        raise InputError(f"no Python {spec} is installed here", hint=_installed_hint())
    return found


def present(spec: str) -> Interpreter | None:
    """Return the Python of a version or range where it is installed here."""
    for path in _candidates(spec):
        interpreter = _ask(path)
        if interpreter is not None and _fits(interpreter, spec):
            return interpreter
    return None


def find_all() -> tuple[Interpreter, ...]:
    """Return every Python that is installed here, newest first, each once."""
    found: dict[str, Interpreter] = {}
    for path in (*_known_to_uv(), *_known_to_pyenv(), *_on_path()):
        interpreter = _ask(path)
        if interpreter is not None:
            found.setdefault(os.path.realpath(interpreter.path), interpreter)
    return tuple(
        sorted(found.values(), key=lambda interpreter: Version(interpreter.version), reverse=True)
    )


def find_uv() -> str | None:
    """Return the path of the uv to use: the one we came with, else the one on PATH."""
    try:
        from uv import find_uv_bin

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError):
        return shutil.which("uv")


def uv_store(environment: Mapping[str, str]) -> Path:
    """Return the folder in which uv keeps the logins that `uv auth login` was given."""
    given = environment.get("UV_CREDENTIALS_DIR")
    home = environment.get("HOME", os.path.expanduser("~"))
    base = environment.get("XDG_DATA_HOME") or os.path.join(home, ".local", "share")
    return Path(given or os.path.join(base, "uv", "credentials"))


def _default() -> Interpreter:
    folder = os.environ.get("VIRTUAL_ENV")
    paths = [os.path.join(folder, "bin", "python")] if folder else []
    paths += [path for name in ("python3", "python") if (path := shutil.which(name))]
    paths = list(dict.fromkeys((*paths, sys.executable)))
    for path in paths:
        interpreter = _ask(path)
        if interpreter is not None:
            return interpreter
    seconds = f"{POLICY.answer_timeout:g}"
    raise InputError(
        f"no Python answered: {', '.join(paths)}",
        hint=f"each is given {seconds} s; run it again on a machine that is less busy, or name "
        "another with --python",
    )


def _is_path(spec: str) -> bool:
    return os.sep in spec or spec.startswith("~") or os.path.isfile(spec)


def _at_path(spec: str) -> Interpreter:
    path = Path(spec).expanduser()
    if path.is_dir():
        path = path / "bin" / "python"
    if not path.exists():
        raise InputError(f"there is no Python at {spec}", hint=_installed_hint())
    interpreter = _ask(str(path.absolute()))
    if interpreter is None:
        raise InputError(f"{spec} does not run as a Python", hint=_installed_hint())
    return interpreter


def _candidates(spec: str) -> Iterator[str]:
    # A pyenv shim is on PATH for every version but runs only the chosen one, and uv, which trusts
    # PATH, then finds none: hence pyenv's folder after it.
    found = _uv("python", "find", spec)
    if found:
        yield found.strip()
    yield from _known_to_pyenv()
    yield from _on_path()


def _fits(interpreter: Interpreter, spec: str) -> bool:
    name, number = _parts(spec)
    if name and name != interpreter.implementation:
        return False
    if not number:
        return True
    version = Version(interpreter.version)
    try:
        if number[0].isdigit():
            Version(number)
            return f"{interpreter.version}.".startswith(f"{number}.")
        return SpecifierSet(number).contains(version, prereleases=True)
    except (InvalidVersion, InvalidSpecifier):
        raise InputError(
            f"{spec!r} is neither a Python version nor a path",
            hint="give a version such as 3.11, or the path of an interpreter",
        ) from None


def _parts(spec: str) -> tuple[str, str]:
    """Split `pypy3.10`, `cpython@3.9`, `python3.9`, `>=3.8` into implementation and version."""
    matched = re.fullmatch(r"([A-Za-z]*)[@-]?((?:[\d<>=!~].*)?)", spec.strip())
    if matched is None:
        return "", spec
    name = {"python": "", "cp": "cpython", "pp": "pypy"}.get(matched[1].lower(), matched[1].lower())
    return name, matched[2].strip()


def _known_to_uv() -> Iterator[str]:
    listed = _uv("python", "list", "--only-installed", "--output-format", "json")
    try:
        rows = json.loads(listed or "[]")
    except json.JSONDecodeError:
        return
    for row in rows:
        if row.get("path"):
            yield row["path"]


def _known_to_pyenv() -> list[str]:
    folders = sorted(_pyenv_root().glob("versions/*/bin/python"), key=_by_version, reverse=True)
    return [str(path) for path in folders]


def _pyenv_root() -> Path:
    return Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")


def _by_version(path: Path) -> Version:
    numbers = re.search(r"\d+(?:\.\d+)*", path.parent.parent.name)
    return Version(numbers[0]) if numbers else Version("0")


def _on_path() -> Iterator[str]:
    pattern = re.compile(r"(?:python|pypy)3(?:\.\d+)?")
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if folder and os.path.isdir(folder):
            for name in sorted(os.listdir(folder), reverse=True):
                if pattern.fullmatch(name):
                    yield os.path.join(folder, name)


def _uv(*arguments: str) -> str | None:
    """Return what uv answers without a project and without the network; None for no answer."""
    uv = find_uv()
    if uv is None:
        return None
    command = [uv, *arguments, "--offline", "--no-python-downloads", "--no-config"]
    if arguments[:2] == ("python", "find"):
        command.append("--no-project")
    return _output(command, {**os.environ, "PATH": _path_behind_shims()})


def _path_behind_shims() -> str:
    """Return PATH with the folders that pyenv's shims lead to in place of the shims.

    A shim is a shell script that takes 0.1 s to say which Python it runs; uv asks each of them.
    """
    root = _pyenv_root()
    found: list[str] = []
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if folder and os.path.realpath(folder) == os.path.realpath(root / "shims"):
            found += [str(root / "versions" / name / "bin") for name in _pyenv_versions(root)]
        else:
            found.append(folder)
    return os.pathsep.join(found)


def _pyenv_versions(root: Path) -> list[str]:
    """Return the versions that pyenv's shims run outside of any project, the first one first."""
    chosen = os.environ.get("PYENV_VERSION", "").replace(":", " ")
    if not chosen:
        with contextlib.suppress(OSError):
            chosen = (root / "version").read_text(encoding="utf-8")
    return [name for name in chosen.split() if name != "system"]


@functools.lru_cache(maxsize=64)
def _ask(path: str) -> Interpreter | None:
    """Return what the Python at `path` says of itself, or None if it does not run."""
    command = [path, "-I", "-c", _QUESTION]
    output = cached_output(command, lambda: _output(command))
    try:
        answer = json.loads(output or "")
    except json.JSONDecodeError:
        return None
    markers = {str(name): str(value) for name, value in answer["markers"].items()}
    return Interpreter(
        path=answer["executable"] or path,
        version=answer["version"],
        implementation=markers["implementation_name"],
        platform=f"{markers['sys_platform']}-{markers['platform_machine']}",
        tags=tuple(_tags(answer, markers)),
        markers=markers,
    )


def _output(command: list[str], environment: Mapping[str, str] | None = None) -> str | None:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=POLICY.answer_timeout,
            check=True,
            cwd="/",
            env=environment,
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return done.stdout


def _tags(answer: dict[str, object], markers: dict[str, str]) -> Iterator[str]:
    version = tuple(int(part) for part in markers["python_version"].split("."))
    platforms = _platforms(answer, markers["platform_machine"])
    if markers["implementation_name"] == "cpython":
        found = wheel_tags.cpython_tags(version, _cpython_abis(version, answer), platforms)
        short = f"cp{version[0]}{version[1]}"
    else:
        prefix = {"pypy": "pp"}.get(markers["implementation_name"], markers["implementation_name"])
        short = f"{prefix}{version[0]}{version[1]}"
        found = wheel_tags.generic_tags(short, _generic_abis(answer), platforms)
    for tag in (*found, *wheel_tags.compatible_tags(version, short, platforms)):
        yield str(tag)


def _cpython_abis(version: tuple[int, ...], answer: dict[str, object]) -> list[str]:
    _, debug, free_threaded, pymalloc = _abi(answer)
    abi = f"cp{version[0]}{version[1]}" + ("t" if free_threaded else "") + ("d" if debug else "")
    return [abi + "m"] if version < (3, 8) and pymalloc else [abi]


def _generic_abis(answer: dict[str, object]) -> list[str]:
    soabi = str(_abi(answer)[0] or "")
    # `pypy39-pp73-x86_64-linux-gnu` is the tag `pypy39_pp73`.
    return ["_".join(soabi.split("-")[:2])] if soabi else []


def _abi(answer: dict[str, object]) -> list[object]:
    found = answer["abi"]
    assert isinstance(found, list)
    return found


def _platforms(answer: dict[str, object], machine: str) -> list[str]:
    name = str(answer["machine_platform"])
    if name.startswith("macosx") and answer["mac_version"]:
        major, minor = [*str(answer["mac_version"]).split("."), "0"][:2]
        return list(wheel_tags.mac_platforms((int(major), int(minor)), machine))
    # The same platform has the same C library as ours, which decides about manylinux, musllinux.
    if name == sysconfig.get_platform():
        return list(wheel_tags.platform_tags())
    return [re.sub(r"[-.]", "_", name)]


def _installed_hint() -> str:
    versions = [interpreter.version for interpreter in find_all()]
    return f"installed are {', '.join(versions)}" if versions else "no Python was found at all"
