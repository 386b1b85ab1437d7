"""Proof of fixes: every file that they touch, built before it is written."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from bisect_deps.formats import parse_manifest
from bisect_deps.lint.inputs import Inputs
from bisect_deps.lint.proving import prove
from bisect_deps.model import IndexSettings


def verify(
    inputs: Inputs, roots: Sequence[str], changed: Mapping[str, bytes], index: IndexSettings
) -> str:
    """Build every root file that a fix touches; return "" when all pass, else a diagnosis.

    Raises BuilderUnavailable where nothing can be built here.
    """
    for shown in roots:
        path = inputs.absolute(shown)
        manifest = parse_manifest(
            inputs.read(path),
            Path(path),
            folder=inputs.folder,
            variables=inputs.variables,
            read=inputs.read,
        )
        folder = os.path.dirname(path)
        places = {os.path.normpath(os.path.join(folder, key)) for key in manifest.files}
        if not places & changed.keys():
            continue
        proof = prove(
            manifest.files,
            folder=Path(folder),
            cwd=inputs.folder,
            index=index,
            requirements=manifest.requirements,
            label="lint --verify",
        )
        if proof.failure:
            return f"{shown} does not build with the fixes.\n{proof.failure}"
    return ""
