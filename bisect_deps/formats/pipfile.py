"""Pipfile: the tables of Pipenv, `packages`, `dev-packages` and those with names of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bisect_deps.formats._entries import Entry, entries_of
from bisect_deps.formats._text import decode_utf8
from bisect_deps.formats._toml import Layout
from bisect_deps.formats._toml_style import TomlStyle, whole_file

INSTALLED = frozenset({"packages"})
_OTHERS = ("source", "requires", "scripts", "pipenv")


def _entries(data: dict[str, Any], layout: Layout) -> Iterator[Entry]:
    for name, table in data.items():
        if isinstance(table, dict) and name not in _OTHERS:
            yield from entries_of(data, layout, (name,), name)


def _no_arrays(_: tuple[str, ...]) -> None:
    return None


STYLE = TomlStyle(
    decode_utf8, whole_file, _no_arrays, ("packages",), table=("packages",), entries=_entries
)
