"""What stands in the way of a run: interpreters, installers, index, cache, disk, the builder.

Yields one check after the other, each with its hint. Must not know how they are shown.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import platformdirs

from bisect_deps.builders import checks_of
from bisect_deps.builders.base import BuilderOptions, Check
from bisect_deps.errors import DepbisectError
from bisect_deps.index.base import completed, indexes
from bisect_deps.index.client import Index
from bisect_deps.model import IndexSettings, Interpreter
from bisect_deps.policy import POLICY
from bisect_deps.secret import redact
from bisect_deps.system import interpreters
from bisect_deps.system.scratch import scratch

# Room for a few environments with large projects in them, and for the installer's cache.
_ROOM_GIB = 2.0
_GIB = 2**30
# A project that every index which mirrors the public one has; one that does not is reached, too.
_COMMON_PROJECT = "pip"


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at: a Python (version, path, None for the usual one), an index, a builder."""

    options: BuilderOptions
    python: str | None = None
    builder: str | None = None
    index: IndexSettings = field(default_factory=IndexSettings)


def examine(patient: Patient) -> Iterator[Check]:
    """Yield what is found, as it is found; raises nothing for what is ill."""
    interpreter: Interpreter | None = None
    try:
        interpreter = interpreters.find(patient.python)
        yield Check("python", True, f"{_named(interpreter)} at {interpreter.path}")
    except DepbisectError as error:
        yield _failed("python", error)
    others = ", ".join(_named(other) for other in interpreters.find_all())
    yield Check("pythons", bool(others), others, "" if others else "install a Python")
    yield _uv()
    if interpreter is not None:
        yield _pip(interpreter, is_needed=patient.options.installer == "pip")
        yield _index(interpreter, patient.index, patient.options.installer)
    yield _folder("cache", platformdirs.user_cache_path("depbisect"))
    yield _folder("scratch", Path(tempfile.gettempdir()))
    if patient.builder is not None:
        try:
            options = replace(patient.options, interpreter=interpreter, index=patient.index)
            yield from checks_of(patient.builder, options)
        except DepbisectError as error:
            yield _failed(f"builder {patient.builder}", error)


def _failed(name: str, error: DepbisectError) -> Check:
    return Check(name, False, str(error), error.hint or "")


def _named(interpreter: Interpreter) -> str:
    kind = "" if interpreter.implementation == "cpython" else f"{interpreter.implementation} "
    return f"{kind}{interpreter.version}"


def _uv() -> Check:
    path = interpreters.find_uv()
    said = _said([path, "--version"]) if path else None
    if said is None:
        return Check("uv", False, "does not run", "reinstall depbisect, or install uv")
    return Check("uv", True, f"{said} at {path}")


def _pip(interpreter: Interpreter, is_needed: bool) -> Check:
    """Ask for what `python -m venv` needs; without it, only `--installer pip` is impossible."""
    said = _said(
        [interpreter.path, "-I", "-c", "import venv, ensurepip; print(ensurepip.version())"]
    )
    if said is not None:
        return Check("pip", True, f"pip {said} comes with Python {interpreter.version}")
    missing = f"Python {interpreter.version} cannot make environments with pip in them"
    hint = "install that Python's venv and ensurepip, or use --installer uv"
    return Check("pip", not is_needed, missing, hint if is_needed else "")


def _index(interpreter: Interpreter, settings: IndexSettings, installer: str) -> Check:
    """Ask the index for a project, as the installer is set up to."""
    try:
        effective = completed(settings, installer)
        if effective.no_index:
            return Check("index", True, "none is asked (--no-index)")
        # Kept pages would answer for an index that cannot be reached.
        with (
            scratch() as cache,
            Index(effective, interpreter, cache=cache) as index,
        ):
            has_it = index.exists(_COMMON_PROJECT)
    except DepbisectError as error:
        return _failed("index", error)
    except OSError as error:
        return Check("index", False, f"not asked: {error.strerror}", "fix the scratch folder first")
    where = redact(" ".join(place.url for place in indexes(effective)))
    return Check(
        "index", True, f"{where} answers" + ("" if has_it else f", without {_COMMON_PROJECT}")
    )


def _folder(name: str, folder: Path) -> Check:
    """Write a file there, and look for room."""
    hint = "set XDG_CACHE_HOME to a folder that can be written"
    if name == "scratch":
        hint = "set TMPDIR to a folder that can be written"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            free_gib = shutil.disk_usage(folder).free / _GIB
    except OSError as error:
        return Check(name, False, f"{folder} cannot be written: {error.strerror}", hint)
    has_room = free_gib >= _ROOM_GIB
    hint = "" if has_room else f"free {_ROOM_GIB:g} GiB there, `uv cache prune` helps"
    return Check(name, has_room, f"{folder}, {free_gib:.1f} GiB free", hint)


def _said(command: list[str]) -> str | None:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=True,
            timeout=POLICY.answer_timeout,
            env=dict(os.environ),
            cwd="/",
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
