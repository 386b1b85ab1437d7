"""The environments that a file is meant for: `python=3.12,platform=linux_x86_64`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from bisect_deps.errors import InputError
from bisect_deps.lint.rules._worlds import SYSTEMS, Judge, world


class LintTarget(NamedTuple):
    """A Python version and a platform, "" where any will do."""

    python: str = ""
    platform: str = ""
    implementation: str = "cpython"

    def __str__(self) -> str:
        """Return the target as messages name it."""
        return " on ".join(
            part for part in (self.python and f"Python {self.python}", self.platform) if part
        )


def parse_target(text: str) -> LintTarget:
    """Return the target that `python=3.12,platform=linux_x86_64` names. Raises InputError."""
    found: dict[str, str] = {}
    for part in text.split(","):
        key, equals, value = part.strip().partition("=")
        if not equals or key not in ("python", "platform", "implementation") or not value:
            raise InputError(
                f"{text!r} is no target", hint="write python=3.12,platform=linux_x86_64"
            )
        found[key] = value.strip()
    if not re.fullmatch(r"\d+\.\d+(\.\d+)?", found.get("python", "3.0")):
        raise InputError(f"{found['python']!r} is no Python version", hint="write python=3.12")
    target = LintTarget(**found)
    _systems(target)
    return target


def judge_for(targets: Sequence[LintTarget]) -> Judge:
    """Return the judge of markers: for the targets, or for the usual environments."""
    if not targets:
        return Judge()
    pythons = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15")
    return Judge(
        [
            world(python, system, target.implementation)
            for target in targets
            for python in ([target.python] if target.python else pythons)
            for system in _systems(target)
        ]
    )


_SYSTEMS = {"linux": "linux", "macos": "darwin", "windows": "win32"}
_MACHINES = {
    ("windows", "x86_64"): "AMD64",
    ("windows", "arm64"): "ARM64",
    ("macos", "aarch64"): "arm64",
    ("linux", "arm64"): "aarch64",
}
# A wheel's platform tag, or the words that people use, to a system.
_SPELLINGS = (
    (r"(?:many|musl)?linux(?:[\d_]*?_(?=[a-z])|[-_]?)", "linux"),
    (r"(?:macosx_\d+_\d+_|macos[-_]?|darwin[-_]?)", "macos"),
    (r"(?:win32|windows|win)[-_]?", "windows"),
)


def system_of(platform: str) -> tuple[str, str]:
    """Return system and machine ("" for any) of `linux_x86_64`, `win_amd64`, `macosx_14_0_arm64`.

    Raises InputError for a platform that is not known.
    """
    for pattern, system in _SPELLINGS:
        found = re.match(pattern, platform.lower())
        if found:
            machine = platform.lower()[found.end() :]
            return system, {"amd64": "x86_64"}.get(machine, machine)
    raise InputError(
        f"unknown platform {platform!r}",
        hint="use linux, windows or macos, with a machine where it matters: linux_aarch64",
    )


def _systems(target: LintTarget) -> list[tuple[str, str, str, str]]:
    if not target.platform:
        return list(SYSTEMS)
    system, machine = system_of(target.platform)
    like = [known for known in SYSTEMS if known[0] == _SYSTEMS[system]]
    if not machine:
        return like
    return [(*like[0][:3], _MACHINES.get((system, machine), machine))]
