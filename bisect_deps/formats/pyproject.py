"""pyproject.toml: the standard tables, and those of Poetry, PDM, uv, Hatch, Flit and tox.

Included groups (`{include-group = …}`) are left alone, and so is every other byte. What setuptools
reads from requirements files is followed; what a build backend computes is named as not judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from bisect_deps.formats._entries import (
    Entry,
    entries_of,
    hatch_group,
    hatch_runs,
    sources_of,
    tox_group,
    tox_runs,
)
from bisect_deps.formats._text import decode_utf8
from bisect_deps.formats._toml import Layout
from bisect_deps.formats._toml_style import TomlStyle, whole_file

POETRY = "tool.poetry.dependencies"
_MAIN = "project.dependencies"
# What `pip install .` and `uv pip install -r pyproject.toml` install; or Poetry, or Flit.
INSTALLED = frozenset({_MAIN, POETRY, "tool.flit.metadata.requires"})
_WHOLE = {
    ("project", "dependencies"),
    ("build-system", "requires"),
    ("tool", "uv", "dev-dependencies"),
    ("tool", "uv", "constraint-dependencies"),
    ("tool", "uv", "override-dependencies"),
    ("tool", "uv", "build-constraint-dependencies"),
    ("tool", "flit", "metadata", "requires"),
    ("tool", "flit", "metadata", "dev-requires"),
}
_BY_NAME = {
    ("project", "optional-dependencies"),
    ("dependency-groups",),
    ("tool", "pdm", "dev-dependencies"),
    ("tool", "flit", "metadata", "requires-extra"),
}
_HATCH = ("tool", "hatch")
_TOX = ("tool", "tox")
_HATCH_HOOK = ("tool", "hatch", "metadata", "hooks", "requirements_txt")


def _group(path: tuple[str, ...]) -> str | None:
    is_tool = hatch_group(path, _HATCH) or tox_group(path, _TOX)
    if path in _WHOLE or path[:-1] in _BY_NAME or is_tool:
        return ".".join(path)
    return None


def _hatch_runs(path: tuple[str, ...]) -> str | None:
    return ".".join(path) if hatch_runs(path, _HATCH) else None


def _tox_runs(path: tuple[str, ...]) -> str | None:
    return ".".join(path) if tox_runs(path, _TOX) else None


def _entries(data: dict[str, Any], layout: Layout) -> Iterator[Entry]:
    yield from entries_of(data, layout, ("tool", "poetry", "dependencies"), POETRY)
    old = ("tool", "poetry", "dev-dependencies")
    yield from entries_of(data, layout, old, ".".join(old))
    for name in _table(data, "tool", "poetry", "group"):
        path = ("tool", "poetry", "group", name, "dependencies")
        yield from entries_of(data, layout, path, f"tool.poetry.group.{name}")
    overrides = ("tool", "pdm", "resolution", "overrides")
    yield from entries_of(data, layout, overrides, ".".join(overrides))
    yield from sources_of(data, layout)


def _table(data: dict[str, Any], *keys: str) -> dict[str, Any]:
    found: Any = data
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _names_files(data: dict[str, Any]) -> Iterable[tuple[str, str]]:
    """Yield the groups that a backend reads from files when it builds, with those files."""
    if _reads_files(data):
        yield from _hatch_files(_table(data, *_HATCH_HOOK))
    dynamic = _table(data, "tool", "setuptools", "dynamic")
    tables = {_MAIN: dynamic.get("dependencies")}
    for extra, table in _table(dynamic, "optional-dependencies").items():
        tables[f"project.optional-dependencies.{extra}"] = table
    if "dependencies" in _table(data, "project").get("dynamic", ()) and not any(tables.values()):
        yield from ((_MAIN, name) for name in ("setup.cfg", "setup.py"))  # it looks there then
    for group, table in tables.items():
        files = table.get("file", ()) if isinstance(table, dict) else ()
        yield from ((group, file) for file in ([files] if isinstance(files, str) else files))


def _reads_files(data: dict[str, Any]) -> bool:
    """Say whether hatch-requirements-txt reads the dependencies from files."""
    return _HATCH_HOOK[-1] in _table(data, *_HATCH_HOOK[:-1])


def _hatch_files(hook: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield groups and files as hatch-requirements-txt names them. Source: its README."""
    named = hook.get("files", hook.get("filename", "requirements.txt"))
    groups = {_MAIN: [named] if isinstance(named, str) else named}
    for extra, files in _table(hook, "optional-dependencies").items():
        groups[f"project.optional-dependencies.{extra}"] = files
    for group, files in groups.items():
        for file in files if isinstance(files, list) else ():
            if isinstance(file, str):
                yield group, file


def _not_judged(data: dict[str, Any]) -> str:
    if "legacy_tox_ini" in _table(data, *_TOX):
        return "legacy_tox_ini holds another file: write [tool.tox], or a tox.ini"
    dynamic = _table(data, "project").get("dynamic", ())
    is_elsewhere = _table(data, "tool", "poetry", "dependencies")
    backend = str(_table(data, "build-system").get("build-backend", "setuptools"))
    is_read = is_elsewhere or backend.startswith("setuptools") or _reads_files(data)
    if "dependencies" not in dynamic or is_read:
        return ""
    return f"its dependencies are dynamic: {backend} computes them when it builds"


STYLE = TomlStyle(
    decode_utf8,
    whole_file,
    _group,
    ("project", "dependencies"),
    table=("tool", "poetry", "dependencies"),
    entries=_entries,
    names_files=_names_files,
    not_judged=_not_judged,
    with_options=re.compile(r"tool\.tox\.env"),
    runs=_hatch_runs,
    argv=_tox_runs,
)
