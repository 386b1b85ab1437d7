"""pyproject.toml: `[project]`, its optional dependencies, `[dependency-groups]`, `[build-system]`.

Included groups (`{include-group = …}`) are left alone, and so is every other byte.
"""

from __future__ import annotations

from bisect_deps.formats._text import Mapped, decode_utf8, mapped
from bisect_deps.formats._toml_style import TomlStyle
from bisect_deps.formats.base import Document

# What `pip install .` and `uv pip install -r pyproject.toml` install.
INSTALLED = frozenset({"project.dependencies"})
_WHOLE = {("project", "dependencies"), ("build-system", "requires")}
_BY_NAME = {("project", "optional-dependencies"), ("dependency-groups",)}


def _group(path: tuple[str, ...]) -> str | None:
    return ".".join(path) if path in _WHOLE or path[:-1] in _BY_NAME else None


def _source(document: Document) -> Mapped:
    return mapped(document.text, 0)


STYLE = TomlStyle(decode_utf8, _source, _group, ("project", "dependencies"))
