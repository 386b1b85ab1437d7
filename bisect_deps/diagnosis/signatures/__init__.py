"""The table of signatures: every known log pattern, by tool or language layer.

To add some: a file with `SIGNATURES`, and a line here; of two that fit alike, the first counts.
"""

from __future__ import annotations

import importlib

from bisect_deps.diagnosis.signatures.base import Signature

# The modules of this folder.
TABLES = (
    "network",
    "resources",
    "pip_resolver",
    "pip",
    "uv",
    "managers",
    "vcs",
    "wrappers",
    "system",
    "compilers",
    "buildscripts",
    "interpreter",
)
SIGNATURES: tuple[Signature, ...] = tuple(
    signature
    for name in TABLES
    for signature in importlib.import_module(f"{__name__}.{name}").SIGNATURES
)
