"""Interpreters as targets: the wheel tags that they accept, here and on another platform."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from packaging import tags

from bisect_deps.errors import InputError
from bisect_deps.model import Interpreter

# What uv's --python-platform calls a platform, to the system and machine that pip knows.
_SYSTEMS = {
    "linux": ("linux", "x86_64"),
    "windows": ("windows", "x86_64"),
    "macos": ("macos", "arm64"),
}
_LAST_PATCH = 99
_MARKERS = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    "windows": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
    "macos": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
}


def accepted_tags(interpreter: Interpreter) -> tuple[str, ...]:
    """Return the wheel tags that the interpreter accepts, best first."""
    return interpreter.tags or tuple(_tags(interpreter, list(tags.platform_tags())))


def on_platform(interpreter: Interpreter, platform: str) -> Interpreter:
    """Return the same Python on another platform: `linux`, `windows`, `macos` or `linux-aarch64`.

    Raises InputError for one that is not known. Builds for it cannot be proven here.
    """
    system, machine = _read(platform)
    markers = {**interpreter.markers, **_MARKERS[system], "platform_machine": machine}
    if system == "windows":
        markers["platform_machine"] = {"x86_64": "AMD64", "arm64": "ARM64"}.get(machine, machine)
    return replace(
        interpreter,
        platform=f"{system}-{machine}",
        tags=tuple(_tags(interpreter, list(_platforms(system, machine)))),
        markers=markers,
    )


def on_python(interpreter: Interpreter, minor: str) -> Interpreter:
    """Return CPython at another minor version (`3.8`) on the same platform.

    No real one is asked: its patch version counts as later than any, its `path` is empty.
    """
    major, _, rest = minor.partition(".")
    version = (int(major), int(rest))
    platforms = list(dict.fromkeys(tag.rpartition("-")[2] for tag in accepted_tags(interpreter)))
    platforms = [platform for platform in platforms if platform != "any"]
    name = f"cp{major}{rest}"
    # Until 3.7 the ABI names the memory allocator, which every build in use has (PEP 3149).
    abi = f"{name}m" if version < (3, 8) else name
    found = [
        *tags.cpython_tags(version, [abi], platforms),
        *tags.compatible_tags(version, name, platforms),
    ]
    full = f"{minor}.{_LAST_PATCH}"
    markers = {
        **interpreter.markers,
        "python_version": minor,
        "python_full_version": full,
        "implementation_version": full,
    }
    return replace(
        interpreter,
        path="",
        version=full,
        tags=tuple(map(str, found)),
        markers=markers if interpreter.markers else {},
    )


def _read(platform: str) -> tuple[str, str]:
    text = platform.lower().replace("_64", "~64").replace("_", "-").replace("~64", "_64")
    system, _, machine = text.partition("-")
    system = {"win32": "windows", "win": "windows", "darwin": "macos", "mac": "macos"}.get(
        system, system
    )
    if system not in _SYSTEMS:
        raise InputError(
            f"unknown platform {platform!r}",
            hint="use linux, windows or macos, with a machine where it matters: linux-aarch64",
        )
    machine = {"amd64": "x86_64"}.get(machine, machine) or _SYSTEMS[system][1]
    if system != "linux":
        machine = {"aarch64": "arm64"}.get(machine, machine)
    return system, machine


def _platforms(system: str, machine: str) -> Iterator[str]:
    if system == "linux":
        # As in packaging's own order: every manylinux up to what uv assumes for a bare "linux".
        yield from (f"manylinux_2_{minor}_{machine}" for minor in range(28, 4, -1))
        yield from (f"{name}_{machine}" for name in ("manylinux2014", "manylinux2010"))
        yield from (f"manylinux1_{machine}", f"linux_{machine}")
    elif system == "windows":
        yield {"x86_64": "win_amd64", "arm64": "win_arm64"}.get(machine, "win32")
    else:
        yield from tags.mac_platforms((14, 0), machine)


def _tags(interpreter: Interpreter, platforms: list[str]) -> Iterator[str]:
    match = re.match(r"(\d+)\.(\d+)", interpreter.version)
    if not match:
        raise InputError(f"unreadable Python version {interpreter.version!r}")
    version = (int(match[1]), int(match[2]))
    if interpreter.implementation.lower() in ("cpython", ""):
        yield from map(str, tags.cpython_tags(version, platforms=platforms))
    else:
        abi = f"pypy{match[1]}{match[2]}"
        yield from map(str, tags.generic_tags(f"pp{match[1]}{match[2]}", [abi], platforms))
    yield from map(str, tags.compatible_tags(version, platforms=platforms))
