"""What the machine lacks, by a suspect's evidence, and how to install it on four systems."""

from __future__ import annotations

from collections.abc import Mapping

from packaging.utils import canonicalize_name

from bisect_deps.diagnosis.signatures.system import SIGNATURES
from bisect_deps.knowledge.system_packages import install_commands
from bisect_deps.model import Cause, Suspect

_THINGS = ("header", "library", "tool", "crate", "fortran", "linker", "part")
_LACKING = (Cause.SYSTEM_DEP_MISSING, Cause.BUILD_DEP_FAILED)


def missing_here(suspect: Suspect) -> Mapping[str, str]:
    """Return system to command for what a suspect's build lacks, `Debian and Ubuntu` first.

    Empty where the machine is not at fault, or where neither the project nor the missing thing is
    known. A build requirement that broke counts where its own log names what is missing.
    """
    if suspect.cause not in _LACKING:
        return {}
    thing = named_in(suspect)
    if suspect.cause is Cause.BUILD_DEP_FAILED and not thing:
        return {}
    return install_commands(suspect.broken or canonicalize_name(suspect.name), thing or None)


def named_in(suspect: Suspect) -> str:
    """Return the header, library or program that the evidence names, "" for none."""
    for line in suspect.evidence:
        for signature in SIGNATURES:
            found = signature.match(line.text)
            if found is not None and (thing := thing_of(found.groupdict())):
                return thing
    return ""


def thing_of(groups: Mapping[str, str | None]) -> str:
    """Return what a system signature's groups say is missing, "" where they name nothing."""
    for key, wanted in groups.items():
        if key.rstrip("0123456789") in _THINGS and wanted:
            return wanted
    return ""
