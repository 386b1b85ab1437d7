"""What to do next about a cause: the signature's advice, and system packages by distribution."""

from __future__ import annotations

from bisect_deps.evidence.dressings import safe
from bisect_deps.evidence.facts import Hit
from bisect_deps.evidence.missing import thing_of
from bisect_deps.knowledge.system_packages import install_commands
from bisect_deps.model import Cause

_OWN_DOWNLOAD = (
    "its build script downloads something by itself, and could not: take a release with a wheel, or "
    "put what it wants in place before the install"
)


def advice_for(hit: Hit, project: str, cause: Cause) -> str:
    """Return what to do about the cause that `hit` shows, for `project` ("" where unknown)."""
    if cause is Cause.SYSTEM_DEP_MISSING and (found := _system(hit, project)):
        return found
    if hit.signature.cause is Cause.NETWORK and not cause.is_infrastructure:
        return _OWN_DOWNLOAD
    groups = _Groups(hit.groups, project=project or "the project")
    try:
        return safe(hit.signature.advice.format_map(groups), 400)
    except (ValueError, IndexError):
        return safe(hit.signature.advice, 400)


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
