"""What stands in an environment: installed releases, and whose modules they are.

Reads metadata files only; runs nothing. A build backend could have put anything there, links to
what it cannot read itself included: regular files count, up to a size. Must not know who installed,
or what is checked.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from packaging.utils import canonicalize_name

from bisect_deps.system.files import read_regular

# Bounds for an environment that is larger than any of use.
MOST_INFOS = 2_000
LARGEST_FILE = 8_000_000


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


def read(path: Path) -> bytes | None:
    """Return a file of an environment; None for what is not there, not regular or too large."""
    try:
        return read_regular(path, most=LARGEST_FILE)
    except OSError:
        return None


def records(sites: Iterable[Path]) -> Iterator[tuple[Path, bytes]]:
    """Yield the folder of each release's metadata, and its record of files."""
    for site in sites:
        for info in site.glob("*.dist-info"):
            if (record := read(info / "RECORD")) is not None:
                yield info, record


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
    for place, module_of in (("RECORD", _module), ("top_level.txt", _top)):
        names = (read(info / place) or b"").decode("utf-8", "replace").splitlines()
        found = [module for module in map(module_of, names) if module]
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
        text = read(metadata)
        if text is not None:
            name = version = ""
            for line in text.decode("utf-8", "replace").splitlines():
                if line.startswith("Name:"):
                    name = line[5:].strip()
                elif line.startswith("Version:"):
                    version = line[8:].strip()
                elif not line:
                    break
            return name, version
    return "", ""
