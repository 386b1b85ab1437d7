"""Pipfile: the tables of Pipenv, `packages`, `dev-packages` and those with names of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bisect_deps.formats._entries import Entry, entries_of
from bisect_deps.formats._text import Mapped, decode_utf8, mapped
from bisect_deps.formats._toml import Layout
from bisect_deps.formats._toml_style import TomlStyle
from bisect_deps.formats.base import Document

INSTALLED = frozenset({"packages"})
_OTHERS = ("source", "requires", "scripts", "pipenv")


def _entries(data: dict[str, Any], layout: Layout) -> Iterator[Entry]:
    for name, table in data.items():
        if isinstance(table, dict) and name not in _OTHERS:
            yield from entries_of(data, layout, (name,), name)


def _no_arrays(_: tuple[str, ...]) -> None:
    return None


def _source(document: Document) -> Mapped:
    return mapped(document.text, 0)


STYLE = TomlStyle(
    decode_utf8, _source, _no_arrays, ("packages",), table=("packages",), entries=_entries
)
