"""Which systems a release's files are for, and the marker that keeps it away from all others."""

from __future__ import annotations

from bisect_deps.index.releases import ReleaseFacts, wheel_tags
from bisect_deps.knowledge.wrong_names import marker_for
from bisect_deps.model import Interpreter

# How a wheel's platform starts, and `sys_platform` there (PEP 425, 513, 656).
_SYSTEMS = (
    ("manylinux", "linux"),
    ("musllinux", "linux"),
    ("linux", "linux"),
    ("macosx", "darwin"),
    ("win", "win32"),
)
_OF_PLATFORM = {"linux": "linux", "macos": "darwin", "windows": "win32"}


def system_of(interpreter: Interpreter) -> str:
    """Return the target's `sys_platform`, "" where neither markers nor platform tell."""
    system = interpreter.markers.get("sys_platform", "")
    return system or _OF_PLATFORM.get(interpreter.platform.partition("-")[0], "")


def systems_of(release: ReleaseFacts) -> frozenset[str]:
    """Return the systems that its wheels are for, as `sys_platform`; none for one that is for any.

    A release with a source distribution may be built anywhere, and one of a platform that is not
    known here may be for anything: none, too.
    """
    platforms = {
        tag.rpartition("-")[2]
        for file in release.files
        if file.is_wheel
        for tag in wheel_tags(file.filename)
    }
    found = {_system(platform) for platform in platforms}
    return frozenset() if release.has_sdist or "" in found else frozenset(found)


def system_marker(release: ReleaseFacts, interpreter: Interpreter) -> str | None:
    """Return the marker for the systems that a release's wheels are for.

    None where it has a source, or a wheel for the target's own system: a marker would not help.
    """
    systems, here = systems_of(release), system_of(interpreter)
    if not systems or not here or here in systems:
        return None
    return marker_for(systems)


def _system(platform: str) -> str:
    return next((system for start, system in _SYSTEMS if platform.startswith(start)), "")
