"""The table of signatures: every known log pattern, by tool or language layer."""

from __future__ import annotations

from bisect_deps.diagnosis.signatures import (
    buildscripts,
    compilers,
    interpreter,
    managers,
    network,
    pip,
    pip_resolver,
    resources,
    system,
    uv,
    vcs,
    wrappers,
)
from bisect_deps.diagnosis.signatures.base import Signature

SIGNATURES: tuple[Signature, ...] = (
    *network.SIGNATURES,
    *resources.SIGNATURES,
    *pip_resolver.SIGNATURES,
    *pip.SIGNATURES,
    *uv.SIGNATURES,
    *managers.SIGNATURES,
    *vcs.SIGNATURES,
    *wrappers.SIGNATURES,
    *system.SIGNATURES,
    *compilers.SIGNATURES,
    *buildscripts.SIGNATURES,
    *interpreter.SIGNATURES,
)
