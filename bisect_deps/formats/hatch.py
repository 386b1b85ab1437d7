"""hatch.toml: what stands under `[tool.hatch]` in a pyproject.toml, in a file of its own."""

from __future__ import annotations

from bisect_deps.formats._entries import hatch_group
from bisect_deps.formats._text import Mapped, decode_utf8, mapped
from bisect_deps.formats._toml_style import TomlStyle
from bisect_deps.formats.base import Document


def _group(path: tuple[str, ...]) -> str | None:
    return ".".join(path) if hatch_group(path, ()) else None


def _source(document: Document) -> Mapped:
    return mapped(document.text, 0)


STYLE = TomlStyle(decode_utf8, _source, _group, ("envs", "default", "dependencies"))
