"""The environments that markers are judged for, and which of them a marker allows.

A world is a PEP 508 environment. Without targets the usual ones stand for all: today's Pythons on
the common systems. Sets of worlds are bits of an integer, so that overlaps cost nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bisect_deps.formats._markers import plain

PYTHONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15")
# Beyond those in use: a marker that no Python at all satisfies is a mistake.
ALL_PYTHONS = ("2.6", "2.7", *(f"3.{minor}" for minor in range(40)), "4.0")
SYSTEMS = (
    ("linux", "Linux", "posix", "x86_64"),
    ("linux", "Linux", "posix", "aarch64"),
    ("darwin", "Darwin", "posix", "arm64"),
    ("darwin", "Darwin", "posix", "x86_64"),
    ("win32", "Windows", "nt", "AMD64"),
)


def world(
    python: str, system: Sequence[str] = SYSTEMS[0], implementation: str = "cpython"
) -> dict[str, str]:
    """Return the PEP 508 environment of a Python (`3.12` or `3.12.1`) on a system."""
    numbers = python.split(".")
    names = {"cpython": "CPython", "pypy": "PyPy"}
    return {
        "python_version": ".".join(numbers[:2]),
        "python_full_version": python if len(numbers) > 2 else f"{python}.0",
        "sys_platform": system[0],
        "platform_system": system[1],
        "os_name": system[2],
        "platform_machine": system[3],
        "platform_release": "",
        "platform_version": "",
        "implementation_name": implementation,
        "implementation_version": python,
        "platform_python_implementation": names.get(implementation, implementation),
        "extra": "",
    }


def usual_worlds() -> list[dict[str, str]]:
    """Return the environments that stand for all where no target is named."""
    found = [world(python, system) for python in PYTHONS for system in SYSTEMS]
    found += [world(python, implementation="pypy") for python in PYTHONS]
    return found


class Judge:
    """Tells in which worlds a marker holds, asking each marker once."""

    def __init__(self, worlds: Sequence[Mapping[str, str]] | None = None) -> None:
        self._worlds = worlds
        self._known: dict[str, int] = {}

    @property
    def worlds(self) -> Sequence[Mapping[str, str]]:
        """Return the environments, made when first needed."""
        if self._worlds is None:
            self._worlds = usual_worlds()
        return self._worlds

    @property
    def everywhere(self) -> int:
        """Return the set of all worlds."""
        return (1 << len(self.worlds)) - 1

    def where(self, marker: str | None) -> int:
        """Return the worlds in which a marker holds; all for none and for one that is no marker."""
        if not marker:
            return self.everywhere
        if marker not in self._known:
            self._known[marker] = self._ask(marker)
        return self._known[marker]

    def _ask(self, marker: str) -> int:
        if (known := plain(marker)) is not None:
            told = [known.holds(environment) for environment in self.worlds]
            if None not in told:
                return sum(1 << number for number, holds in enumerate(told) if holds)
        from packaging.markers import (
            InvalidMarker,
            Marker,
            UndefinedComparison,
            UndefinedEnvironmentName,
        )

        try:
            parsed = Marker(marker)
            held = [parsed.evaluate(dict(environment)) for environment in self.worlds]
        except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName):
            return self.everywhere
        return sum(1 << number for number, holds in enumerate(held) if holds)


def never_true(marker: str, worlds: Sequence[Mapping[str, str]], *, targets: bool) -> bool:
    """Say whether a marker holds in none of the targets or, without them, for no Python at all.

    Without targets only markers over the Python version are judged: nobody can list all machines.
    """
    if targets:
        return Judge(worlds).where(marker) == 0
    others = ("sys_platform", "platform_", "os_name", "implementation_", "extra")
    if any(name in marker for name in others):
        return False
    return Judge([world(python) for python in ALL_PYTHONS]).where(marker) == 0


# What each variable is where somebody runs Python; compared by the spelling, as markers are.
# Source: Dependency specifiers specification; the values of `sys.platform`, `os.name` and
# `platform.system()` in the library reference.
_VALUES = {
    "sys_platform": "linux linux2 darwin win32 cygwin emscripten wasi android ios freebsd13 "
    "freebsd14 openbsd7 netbsd10 sunos5 aix",
    "platform_system": "Linux Darwin Windows Java FreeBSD OpenBSD NetBSD SunOS AIX Emscripten "
    "Android iOS",
    "os_name": "posix nt java",
    "platform_python_implementation": "CPython PyPy Jython IronPython GraalVM",
    "implementation_name": "cpython pypy jython ironpython graalpy micropython",
}
# What people write for a value that stands under another name, or in another variable.
_MEANT = {
    ("sys_platform", "windows"): "win32",
    ("sys_platform", "win64"): "win32",
    ("sys_platform", "win"): "win32",
    ("sys_platform", "macos"): "darwin",
    ("sys_platform", "osx"): "darwin",
    ("platform_system", "macos"): "Darwin",
    ("platform_system", "win32"): "Windows",
    ("os_name", "windows"): "nt",
    ("os_name", "win32"): "nt",
    ("os_name", "linux"): "posix",
    ("os_name", "darwin"): "posix",
    ("os_name", "macos"): "posix",
}
_EQUALS = re.compile(
    r"""(?<![a-z_])(?P<name>[a-z_]+)\s*==\s*(?P<quote>["'])(?P<value>[^"']*)(?P=quote)"""
)


def misspelt_value(marker: str) -> tuple[str, str, str] | None:
    """Return variable, value and the value that is meant, where `==` asks for one that none has.

    None for markers whose every value is right or unknown.
    """
    for found in _EQUALS.finditer(marker):
        name, value = found["name"], found["value"]
        known = _VALUES.get(name, "").split()
        if not known or value in known:
            continue
        alike = [right for right in known if right.lower() == value.lower()]
        meant = alike[0] if alike else _MEANT.get((name, value.lower()))
        if meant is not None:
            return name, value, meant
    return None
