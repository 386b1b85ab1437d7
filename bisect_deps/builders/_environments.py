"""What stands in an environment: installed releases, and whose modules they are.

Reads metadata files only; runs nothing. Must not know who installed, or what is checked.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from packaging.utils import canonicalize_name

# Bounds for an environment that is larger than any of use.
MOST_INFOS = 2_000
LARGEST_RECORD = 8_000_000


def installed(sites: Iterable[Path]) -> dict[str, str]:
    """Return normalised name to version of what is installed in the given folders."""
    found: dict[str, str] = {}
    for site in sites:
        for entry in sorted(os.scandir(site), key=lambda entry: entry.name):
            if entry.name.endswith((".dist-info", ".egg-info")):
                name, version = _release(Path(entry.path))
                if name:
                    found[canonicalize_name(name)] = version
    return found


def modules(sites: Iterable[Path], log: str) -> dict[str, str]:
    """Return import name to the normalised name of the project that brought it.

    Of a package that several projects share (`google`) the deepest packages that each has alone;
    compiled modules by their full name. Only names that `log` mentions are returned: a reader of
    the log can ask for no others. Reads at most MOST_INFOS projects' metadata.
    """
    owned: dict[str, set[str]] = {}
    compiled: dict[str, set[str]] = {}
    for site in sites:
        infos = sorted(site.glob("*.dist-info")) + sorted(site.glob("*.egg-info"))
        for info in infos[:MOST_INFOS]:
            owner = canonicalize_name(_release(info)[0])
            for parts, is_compiled in _importable(info) if owner else ():
                for depth in range(1, len(parts) + 1):
                    owned.setdefault(".".join(parts[:depth]), set()).add(owner)
                if is_compiled:
                    compiled.setdefault(".".join(parts), set()).add(owner)
    folded = log.casefold()
    found = {
        name: min(owners)
        for name, owners in sorted(owned.items())
        if _is_told_by(name, owned) and name.rsplit(".", 1)[-1].casefold() in folded
    }
    for name, owners in sorted(compiled.items()):
        if name.rsplit(".", 1)[-1].casefold() in folded:
            found.setdefault(name, min(owners))
    return found


def _is_told_by(name: str, owned: Mapping[str, set[str]]) -> bool:
    """Say whether the module is the shallowest that tells the project, not a part of such a one."""
    head, _, _ = name.rpartition(".")
    is_shared = len(owned[name]) > 1
    return (not head or len(owned[head]) > 1) and not (is_shared and _has_parts(name, owned))


def _has_parts(name: str, owned: Mapping[str, set[str]]) -> bool:
    return any(other.startswith(f"{name}.") for other in owned)


def _importable(info: Path) -> Iterator[tuple[list[str], bool]]:
    """Yield the modules that a project put in place, as parts, and whether each is compiled.

    Its record of files tells; an editable install has none there, and lists its top names.
    """
    names: list[str] = []
    for place in ("RECORD", "top_level.txt"):
        path = info / place
        if path.is_file() and path.stat().st_size <= LARGEST_RECORD:
            names = path.read_text(encoding="utf-8", errors="replace").splitlines()
        found = [module for module in map(_module if place == "RECORD" else _top, names) if module]
        yield from found
        if found:
            return


def _module(line: str) -> tuple[list[str], bool] | None:
    """Return the module of a line of RECORD, None for data, scripts and metadata."""
    path = line.rsplit(",", 2)[0].strip('"')
    *folders, file = path.split("/")
    stem, _, ending = file.partition(".")
    is_compiled = path.endswith((".so", ".pyd"))
    if not (ending == "py" or is_compiled) or not all(folder.isidentifier() for folder in folders):
        return None
    parts = folders if stem == "__init__" else [*folders, stem]
    return (parts, is_compiled) if parts and parts[-1].isidentifier() else None


def _top(line: str) -> tuple[list[str], bool] | None:
    parts = line.strip().split("/")
    return (parts, False) if all(part.isidentifier() for part in parts) else None


def _release(info: Path) -> tuple[str, str]:
    for metadata in (info / "METADATA", info / "PKG-INFO", info):
        if metadata.is_file():
            name = version = ""
            for line in metadata.read_text(encoding="utf-8", errors="replace").splitlines():
                if line.startswith("Name:"):
                    name = line[5:].strip()
                elif line.startswith("Version:"):
                    version = line[8:].strip()
                elif not line:
                    break
            return name, version
    return "", ""
