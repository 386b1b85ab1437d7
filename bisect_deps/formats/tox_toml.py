"""tox.toml: the lists of its environments. Source: tox, Configuration, TOML."""

from __future__ import annotations

import re

from bisect_deps.formats._entries import tox_group, tox_runs
from bisect_deps.formats._text import decode_utf8
from bisect_deps.formats._toml_style import TomlStyle, whole_file


def _group(path: tuple[str, ...]) -> str | None:
    return ".".join(path) if tox_group(path, ()) else None


def _runs(path: tuple[str, ...]) -> str | None:
    return ".".join(path) if tox_runs(path, ()) else None


STYLE = TomlStyle(
    decode_utf8,
    whole_file,
    _group,
    ("env_run_base", "deps"),
    with_options=re.compile(r"env"),
    argv=_runs,
)
