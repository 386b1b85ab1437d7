"""Imports point down only; siblings do not import each other; search/strategy.py knows them all."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "bisect_deps"

# Top to bottom. A module may import what stands below it, never its own row or above.
LAYERS = [
    {"__main__"},
    {"cli"},
    {"guided", "assistants"},
    {"run", "lint"},
    {"fix"},
    {"resolution"},
    {"builders", "index"},
    {"search", "diagnosis", "formats", "reports"},
    {"system"},
    {"progress"},
    {"text", "model"},
    {"secret"},
    {"errors"},
    {"knowledge", "policy"},
]
DEPTH = {name: depth for depth, layer in enumerate(LAYERS) for name in layer}
# Files of a folder that all its siblings may import, beside those whose name starts with `_`.
SHARED = {"base", "__init__"}
# Files that may import all their siblings, beside each folder's table.
KNOWS_SIBLINGS = {("search", "strategy")}
# Folders whose files are one module in several files; the order inside is theirs.
ONE_MODULE = {
    "fix",
    "cli",
    "diagnosis",
    "index",
    "lint",
    "guided",
    "resolution",
    "assistants",
    "run",
    "system",
    "text",
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def parts_of(path: Path) -> tuple[str, ...]:
    return path.relative_to(PACKAGE).with_suffix("").parts


def imports_of(path: Path) -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            base = tuple(node.module.split("."))
            for alias in node.names:
                full = (*base, alias.name)
                is_module = PACKAGE.parent.joinpath(*full).with_suffix(".py").exists()
                found.add(full if is_module else base)
        elif isinstance(node, ast.Import):
            found.update(tuple(alias.name.split(".")) for alias in node.names)
    return {name[1:] for name in found if name[0] == "bisect_deps" and len(name) > 1}


@pytest.mark.parametrize("path", modules(), ids=lambda path: "/".join(parts_of(path)))
def test_imports_point_down(path: Path) -> None:
    own = parts_of(path)
    if own == ("__init__",):
        assert imports_of(path) <= {("errors",)}, "the package itself imports nothing"
        return
    assert own[0] in DEPTH, f"{own[0]} stands in no layer: add it to LAYERS"
    for other in imports_of(path):
        if other[0] not in DEPTH:
            continue
        if other[0] != own[0]:
            is_base = DEPTH[other[0]] == DEPTH[own[0]] and other[1:2] == ("base",)
            is_below = DEPTH[other[0]] > DEPTH[own[0]]
            assert is_below or is_base, f"{own} imports {other}, which is not below"
        elif len(own) > 1 and len(other) > 1 and own[0] not in ONE_MODULE:
            is_shared = other[1] in SHARED or other[1].startswith("_")
            is_own = other[1] == own[1]  # A folder inside a folder is one module, too.
            allowed = is_shared or is_own or own[1] == "__init__" or own[:2] in KNOWS_SIBLINGS
            assert allowed, f"{own} imports its sibling {other}"


def test_no_modules_import_each_other_in_a_circle() -> None:
    left = {_name_of(path): imports_of(path) for path in modules()}
    while free := {own for own, others in left.items() if not others & left.keys()}:
        left = {own: others for own, others in left.items() if own not in free}
    assert not left, "each of these imports another of them"


def _name_of(path: Path) -> tuple[str, ...]:
    """Return the parts by which a module is imported: a package by its folder."""
    own = parts_of(path)
    return own[:-1] if own[-1] == "__init__" else own


def test_the_layer_test_sees_every_import() -> None:
    seen = {other for path in modules() for other in imports_of(path)}
    assert ("model",) in seen
    assert ("errors",) in seen
