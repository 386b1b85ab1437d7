"""What to do next about a cause: the signature's remedies and advice, and system packages by distribution."""

from __future__ import annotations

import re

from packaging.utils import canonicalize_name

from bisect_deps.evidence.dressings import safe
from bisect_deps.evidence.facts import Hit
from bisect_deps.evidence.missing import thing_of
from bisect_deps.knowledge.system_packages import install_commands
from bisect_deps.knowledge.wrong_names import made_for
from bisect_deps.model import Cause
from bisect_deps.signatures.base import Scope, Signature

_FOR_NOBODY_HERE = (Cause.NO_MATCHING_VERSION, Cause.NO_COMPATIBLE_WHEEL)
_OWN_DOWNLOAD = (
    "its build script downloads something by itself, and could not: take a release with a wheel, or "
    "put what it wants in place before the install"
)


# A line that a marker can be added to as it is.
_PLAIN = re.compile(
    r"[A-Za-z0-9][\w.-]{0,100}(?:\[[^\]]{0,80}\])?\s?(?:[<>=!~]=?=?\s?[^\s;@#]{1,80})?$"
)


def advice_for(hit: Hit, project: str, cause: Cause, line: str = "") -> str:
    """Return what to do about the cause that `hit` shows, for `project` ("" where unknown).

    `line` is the requirement as its file has it.
    """
    if found := _for_another_system(hit, project, cause, line):
        return found
    if cause is Cause.SYSTEM_DEP_MISSING and (found := _system(hit, project)):
        return found
    if hit.signature.cause is Cause.NETWORK and not cause.is_infrastructure:
        return _OWN_DOWNLOAD
    groups = _Groups(hit.groups, project=project or "the project")
    try:
        otherwise = hit.signature.advice.format_map(groups)
    except (ValueError, IndexError):
        otherwise = hit.signature.advice
    return safe(", or ".join(filter(None, (_remedies(hit.signature), otherwise))), 400)


def _for_another_system(hit: Hit, project: str, cause: Cause, line: str) -> str:
    """Return the marker that keeps a project of another system away from this one, else ""."""
    nothing_here = "none" in (hit.groups.get("versions", "none"))
    if not project or cause not in _FOR_NOBODY_HERE or not nothing_here:
        return ""
    made = made_for(canonicalize_name(project))
    if made is None:
        return ""
    marker, reason = made
    wanted = line.strip() if _PLAIN.match(line.strip()) else project
    return safe(f"{project} {reason}: write `{wanted}; {marker}`", 400)


def _remedies(signature: Signature) -> str:
    """Return the signature's remedies as what to write, "" where it has none."""
    listed = " and ".join(f"`{requirement}`" for requirement in signature.remedies)
    if not listed:
        return ""
    if signature.scope is Scope.BUILD:
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
        return safe(f"install {what} - {systems}", 600)
    return safe(f"install the system package that has {wanted}", 400) if wanted else ""
