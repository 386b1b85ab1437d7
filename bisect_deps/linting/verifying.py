"""Proof of a fix: the fixed files, built before they are written."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bisect_deps.builders import make_builder, options_for
from bisect_deps.builders.base import Builder, Order
from bisect_deps.formats import parse_manifest
from bisect_deps.linting.inputs import Inputs
from bisect_deps.model import BuildStatus, IndexSettings

_PAUSE = 0.05
_LAST_LINES = 12


def verify(
    inputs: Inputs, roots: Sequence[str], changed: Mapping[str, bytes], index: IndexSettings
) -> str:
    """Build every root file that a fix touches; return "" when all pass, else why one does not.

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
        options = options_for("local", {}, folder=Path(folder), cwd=inputs.folder, index=index)
        builder = make_builder("local", options)
        try:
            failure = _build(builder, manifest.files, os.path.basename(path))
        finally:
            builder.close()
        if failure:
            return f"{shown} does not build with the fixes: {failure}"
    return ""


def _build(builder: Builder, files: Mapping[str, bytes], path: str) -> str:
    digest = hashlib.sha256()
    for name, data in files.items():
        digest.update(name.encode() + b"\0" + data + b"\0")
    handle = builder.start(Order(files, path, digest.hexdigest(), label="lint --verify"))
    while not (status := builder.poll(handle)).is_final:
        time.sleep(_PAUSE)
    if status is BuildStatus.PASSED:
        return ""
    log, _ = builder.log(handle)
    return "\n".join(log.rstrip().splitlines()[-_LAST_LINES:])
