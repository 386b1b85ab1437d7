"""tox.toml: the lists of its environments. Source: tox, Configuration, TOML."""

from __future__ import annotations

import re

from bisect_deps.formats._entries import tox_group
from bisect_deps.formats._text import Mapped, decode_utf8, mapped
from bisect_deps.formats._toml_style import TomlStyle
from bisect_deps.formats.base import Document


def _group(path: tuple[str, ...]) -> str | None:
    return ".".join(path) if tox_group(path, ()) else None


def _source(document: Document) -> Mapped:
    return mapped(document.text, 0)


STYLE = TomlStyle(
    decode_utf8,
    _source,
    _group,
    ("env_run_base", "deps"),
    with_options=re.compile(r"env"),
)
