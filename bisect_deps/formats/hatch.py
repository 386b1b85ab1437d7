"""hatch.toml: what stands under `[tool.hatch]` in a pyproject.toml, in a file of its own."""

from __future__ import annotations

from bisect_deps.formats._entries import hatch_group, hatch_runs
from bisect_deps.formats._text import decode_utf8
from bisect_deps.formats._toml_style import TomlStyle, whole_file


def _group(path: tuple[str, ...]) -> str | None:
    return ".".join(path) if hatch_group(path, ()) else None


def _runs(path: tuple[str, ...]) -> str | None:
    return ".".join(path) if hatch_runs(path, ()) else None


STYLE = TomlStyle(
    decode_utf8,
    whole_file,
    _group,
    ("envs", "default", "dependencies"),
    runs=_runs,
)
