"""What to do next about a cause: the signature's remedies and advice, and system packages by distribution."""

from __future__ import annotations

import re

from packaging.utils import canonicalize_name

from bisect_deps.diagnosis.announcements import UNIMPORTABLE
from bisect_deps.diagnosis.facts import Hit
from bisect_deps.diagnosis.missing import thing_of
from bisect_deps.diagnosis.modules import BUILTIN_TYPES
from bisect_deps.diagnosis.signatures.base import Signature, SignatureScope
from bisect_deps.knowledge.system_packages import install_commands
from bisect_deps.knowledge.wrong_names import AdviceKind, advice_on, made_for, marker_for
from bisect_deps.model import Cause
from bisect_deps.text import cut

_FOR_NOBODY_HERE = (Cause.NO_MATCHING_VERSION, Cause.NO_COMPATIBLE_WHEEL)
# What stands in for a module of Python is told by the newest Python that the tables know.
_NEWEST = "3.12"
_OWN_DOWNLOAD = (
    "its build script downloads something by itself, and could not: take a release with a wheel, or "
    "put what it wants in place before the install"
)
_OWN_ADDRESS = (
    "the line's own address could not be read: see whether it is still there, or name a release of "
    "the index instead"
)

# uv's hint, put together again, and what the tags of wheels begin with.
_WHEELS_FOR = re.compile(
    r"Wheels are available for `(?P<name>[^`]{1,100})` \(v[^)]{1,60}\) on the following platforms?: (?P<tags>`[^`]{1,80}`(?:, `[^`]{1,80}`){0,60})"
)
_TAGS = (("win", "win32"), ("macosx", "darwin"), ("manylinux", "linux"), ("musllinux", "linux"), ("linux", "linux"))  # fmt: skip
_NAMES = {"darwin": "macOS", "linux": "Linux", "win32": "Windows"}

# Letters of an advice, and of one that has a command for each system.
_LONGEST, _LONGEST_COMMANDS = 400, 600

# A line that a marker can be added to as it is.
_PLAIN = re.compile(
    r"[A-Za-z0-9][\w.-]{0,100}(?:\[[^\]]{0,80}\])?\s?(?:[<>=!~]=?=?\s?[^\s;@#]{1,80})?$"
)


def advice_for_own(hit: Hit) -> str:
    """Return what to do about an error of the program's own."""
    path = hit.groups.get("path", "")
    if path and hit.groups.get("module"):
        return cut(f"rename {path}: it hides Python's own module of that name", _LONGEST)
    return "no release is at fault: the program itself raised it"


def advice_for_tool(tool: str) -> str:
    """Return what to do about an installer that cannot import its own modules."""
    return cut(
        f"{tool} itself is broken, not what it installs: make its environment anew,"
        f" `python -m venv --clear DIR`, and install {tool} there",
        _LONGEST,
    )


def advice_for(hit: Hit, project: str, cause: Cause, line: str = "") -> str:
    """Return what to do about the cause that `hit` shows, for `project` ("" where unknown).

    `line` is the requirement as its file has it.
    """
    if found := _for_another_system(hit, project, cause, line):
        return found
    if "._" in hit.groups.get("module", "") and UNIMPORTABLE.search(hit.text):
        return cut(
            f"the compiled part of {project} is for another platform or Python: install it where it"
            " runs, or `pip install --platform manylinux2014_x86_64 --python-version 3.X"
            f" --only-binary=:all: --target DIR {project}`",
            _LONGEST,
        )
    if cause is Cause.SYSTEM_DEP_MISSING and (found := _system(hit, project)):
        return found
    if hit.signature.cause is Cause.NETWORK and not cause.is_infrastructure:
        return _OWN_ADDRESS if "://" in line and not hit.quoted else _OWN_DOWNLOAD
    groups = _Groups(hit.groups, project=project or "the project")
    try:
        otherwise = hit.signature.advice.format_map(groups)
    except (ValueError, IndexError):
        otherwise = hit.signature.advice
    return cut(", or ".join(filter(None, (_remedies(hit.signature), otherwise))), _LONGEST)


def advice_for_one(hit: Hit, project: str, line: str, *, uses: bool = False) -> str:
    """Return what to do where one release alone is at fault of what is installed, "" for nothing better.

    The other side is Python itself, which the release `uses`, a type that nothing tells whose it is,
    or the user's own code: there is nothing to align it with.
    """
    known = advice_on(canonicalize_name(project), _NEWEST, "")
    if known is not None and known.kind is AdviceKind.NOTHING_HERE:
        wanted = line.strip() if _PLAIN.match(line.strip()) else project
        keep = f", or write `{wanted}; {known.marker}`" if known.marker else ""
        return cut(f"leave {project} out{keep}: it {known.reason}", _LONGEST)
    if UNIMPORTABLE.search(hit.text):
        return ""
    gone = hit.groups.get("attribute") or hit.groups.get("argument", "")
    if not gone or hit.signature.remedies:
        return ""
    if uses:
        newer = f"take a newer release of {project}"
        kind = hit.groups.get("type", "")
        if kind and kind not in BUILTIN_TYPES:
            return cut(f"{newer}, or an older one of what {kind} comes from", _LONGEST)
        return cut(f"{newer}, or build with an older Python that still has {gone}", _LONGEST)
    return cut(
        f"pin {project} to a release that still takes {gone}, or change the code that uses it", 400
    )


def _for_another_system(hit: Hit, project: str, cause: Cause, line: str) -> str:
    """Return the marker that keeps a project of another system away from this one, else ""."""
    nothing_here = "none" in (hit.groups.get("versions", "none"))
    if not project or cause not in _FOR_NOBODY_HERE or not nothing_here:
        return ""
    made = made_for(canonicalize_name(project)) or _told_systems(hit, project)
    if made is None:
        return ""
    marker, reason = made
    wanted = line.strip() if _PLAIN.match(line.strip()) else project
    return cut(f"{project} {reason}: write `{wanted}; {marker}`", _LONGEST)


def _told_systems(hit: Hit, project: str) -> tuple[str, str] | None:
    """Return the marker of the systems that uv has wheels for, and why; None where it has none."""
    told = _WHEELS_FOR.search(" ".join(text.strip() for _, text in hit.around))
    if told is None or canonicalize_name(told["name"]) != canonicalize_name(project):
        return None
    tags = re.findall(r"`([a-z]+)", told["tags"])
    systems = frozenset(system for tag in tags for start, system in _TAGS if tag.startswith(start))
    marker = marker_for(systems) if systems and len(systems) < len(_NAMES) else ""
    names = " and ".join(name for system, name in _NAMES.items() if system in systems)
    return (marker, f"has wheels for {names} alone") if marker else None


def _remedies(signature: Signature) -> str:
    """Return the signature's remedies as what to write, "" where it has none."""
    listed = " and ".join(f"`{requirement}`" for requirement in signature.remedies)
    if not listed:
        return ""
    if signature.scope is SignatureScope.BUILD:
        return f"build it with a build constraint {listed}"
    return f"require {listed}"


class _Groups(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return self.get("project", "it") if key == "name" else "it"


def _system(hit: Hit, project: str) -> str:
    wanted = thing_of(hit.groups)
    commands = install_commands(project, wanted or None)
    what = f"what has {wanted}" if wanted else f"what {project} builds against"
    if commands:
        systems = "; ".join(f"{system}: `{command}`" for system, command in commands.items())
        return cut(f"install {what} - {systems}", _LONGEST_COMMANDS)
    return cut(f"install the system package that has {wanted}", _LONGEST) if wanted else ""
