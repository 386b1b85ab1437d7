"""What stands in an environment: installed releases, and compiled bytecode worth keeping.

Reads metadata files only; runs nothing. Must not know who installed, or what is checked.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from packaging.utils import canonicalize_name


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


class Bytecode:
    """Compiled modules kept from one environment to the next, by the release that they are of.

    Fresh environments compile what their checks import, again and again: a second or two each for
    large projects. Python itself compares time and size of the source before it trusts bytecode,
    and a release is told by the hashes of all its files, so nothing stale is ever run.
    """

    def __init__(self, store: Path) -> None:
        self._store = store

    def restore(self, sites: Iterable[Path]) -> None:
        """Put what is kept into an environment."""
        for site, key, _ in self._releases(sites):
            kept = self._store / key
            for folder, _, names in os.walk(kept):
                target = site / Path(folder).relative_to(kept)
                if names:
                    _link_all(Path(folder), names, target)

    def keep(self, sites: Iterable[Path]) -> None:
        """Keep what was compiled in an environment."""
        for site, key, sources in self._releases(sites):
            for folder, stems in sources.items():
                cache = site / folder / "__pycache__"
                if cache.is_dir():
                    names = [name for name in os.listdir(cache) if name.split(".")[0] in stems]
                    _link_all(cache, names, self._store / key / folder / "__pycache__")

    def _releases(self, sites: Iterable[Path]) -> Iterator[tuple[Path, str, dict[str, set[str]]]]:
        for site in sites:
            for record in site.glob("*.dist-info/RECORD"):
                content = record.read_bytes()
                digest = hashlib.sha256(content).hexdigest()[:16]
                yield site, f"{record.parent.name}-{digest}", _sources(content.decode())


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


def _sources(record: str) -> dict[str, set[str]]:
    """Return folder to the stems of its Python files."""
    found: dict[str, set[str]] = {}
    for line in record.splitlines():
        path = line.rsplit(",", 2)[0].strip('"')
        if path.endswith(".py") and not path.startswith(("..", "/")):
            folder, _, name = path.rpartition("/")
            found.setdefault(folder, set()).add(name[:-3])
    return found


def _link_all(source: Path, names: Iterable[str], target: Path) -> None:
    # A store on another file system cannot be linked: then there is no gain, and no harm.
    with contextlib.suppress(OSError):
        target.mkdir(parents=True, exist_ok=True)
        for name in names:
            with contextlib.suppress(FileExistsError):
                os.link(source / name, target / name)
