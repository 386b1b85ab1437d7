"""A project that Python outlived: its newest release uses what this Python lost.

No release can be expected to know a Python that came after the last of them.
"""

from __future__ import annotations

from bisect_deps.fix.case import Case
from bisect_deps.fix.failure import breakages_of
from bisect_deps.fix.proposers.base import newer_than
from bisect_deps.model import Breakage, BreakageKind, Probe

_GONE = (BreakageKind.MODULE_GONE, BreakageKind.NAME_GONE, BreakageKind.ATTRIBUTE_GONE)


def is_of_python(breakage: Breakage) -> bool:
    """Say whether what is missing is no project's: Python had it. True of a check's own, too."""
    return breakage.kind in _GONE and not breakage.lacks and not breakage.own


def outlived(case: Case, probe: Probe) -> str:
    """Return the project of the file that a failing check shows to be outlived; "" for none.

    What no project has, Python had.
    """
    first = next(iter(breakages_of(probe)), None)
    if first is None or not is_of_python(first):
        return ""
    version = case.installed(probe).get(first.user)
    if version is None or not case.named(first.user) or newer_than(case, first.user, version):
        return ""
    return first.user
