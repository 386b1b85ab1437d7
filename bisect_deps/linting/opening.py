"""Which format reads a file, chosen by its name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bisect_deps.formats.base import Manifest

if TYPE_CHECKING:
    from bisect_deps.linting.inputs import Inputs


def open_manifest(data: bytes, path: Path, inputs: Inputs) -> Manifest:
    """Return the manifest of a root file. Raises InputError where no format reads it."""
    from bisect_deps.formats.requirements import parse

    return parse(
        data,
        path,
        folder=inputs.folder,
        variables=inputs.variables,
        constraint=path.name.startswith("constraint"),
        read=inputs.read,
    )
