"""Where the releases of a run come from, as its installer will see it, and whether dates are told.

The facts and the resolver must look where the installer looks: at what the user gave, at the
installer's own settings, and at the options in the file. Must not know how any of them is asked.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from bisect_deps.errors import IndexUnavailable, InputError
from bisect_deps.formats.base import Manifest, Option
from bisect_deps.index import Index, completed
from bisect_deps.index.base import as_path, be_addresses, is_local
from bisect_deps.model import IndexSettings, Requirement
from bisect_deps.system.files import be_regular

UNDATED = (
    "the index does not tell when files were uploaded: it is read as it is now, "
    "and releases that appear during the run may change answers"
)


def sources(
    given: IndexSettings, manifest: Manifest, installer: str, folder: Path
) -> IndexSettings:
    """Return `given` with the installer's own settings and the file's options added.

    `folder` is where the installer runs. Of two main indexes, uv takes the one of its settings and
    pip the file's. Raises InputError for an address that cannot be one, and for a place or file of
    this machine that an installer would wait for without end.
    """
    settings = completed(given, installer, folder=folder)
    found: dict[str, list[str]] = {}
    for document in manifest.documents:
        for option in (option for line in document.lines for option in line.options):
            found.setdefault(option.name, []).append(_address(manifest, document.path, option))
    written = found.get("--index-url", [""])[-1]
    first, second = (
        (written, settings.index_url) if installer == "pip" else (settings.index_url, written)
    )
    found_there = replace(
        settings,
        index_url=first or second or None,
        extra_index_urls=(*settings.extra_index_urls, *found.get("--extra-index-url", [])),
        find_links=(*settings.find_links, *found.get("--find-links", [])),
        no_index=settings.no_index or "--no-index" in found,
    )
    be_addresses(found_there)
    _be_readable(_opened(found_there, manifest, folder))
    return found_there


def tells_dates(index: Index, manifest: Manifest) -> bool:
    """Say whether each project of the file has releases with a date; True where nobody answers.

    Private indexes often tell none. An installer that is given a date takes no file without one:
    then nothing could be installed.
    """
    try:
        return index.tells_dates(own.name for own in manifest.requirements if _is_of_index(own))
    except IndexUnavailable:
        return True


def _be_readable(opened: Iterable[tuple[Path, str]]) -> None:
    """Raise InputError for a pipe, a device or the like: an installer would wait for it."""
    for path, place in opened:
        try:
            found = path.stat()
        except OSError:
            continue
        try:
            if not stat.S_ISDIR(found.st_mode):
                be_regular(path, found)
        except OSError as error:
            raise InputError(
                f"{path} cannot be installed: {error.strerror}",
                place=place or None,
                hint="an installer would wait for it without end: take it away",
            ) from None


def _opened(
    settings: IndexSettings, manifest: Manifest, folder: Path
) -> Iterator[tuple[Path, str]]:
    """Yield what the installer may open on this machine, and where that was said."""
    for place in filter(is_local, settings.find_links):
        links = folder / as_path(place)
        yield links, ""
        with suppress(OSError), os.scandir(links) as entries:
            yield from ((Path(entry.path), "") for entry in entries if _is_archive(entry.name))
    for place in filter(is_local, filter(None, (settings.index_url, *settings.extra_index_urls))):
        for own in manifest.requirements:
            yield folder / as_path(place) / own.name / "index.html", ""
    for own in manifest.requirements:
        if own.url and is_local(own.url):
            path = as_path(own.url.partition("#")[0])
            yield manifest.path.parent / path, f"{own.file}:{own.line}"


def _is_archive(name: str) -> bool:
    return name.endswith(".whl") or name.endswith(".zip") or ".tar." in name or ".tgz" in name


def _is_of_index(requirement: Requirement) -> bool:
    return bool(requirement.name) and not requirement.url


def _address(manifest: Manifest, path: str, option: Option) -> str:
    """Return an option's value; a relative folder counts from the file where it exists there."""
    value = option.value or ""
    beside = manifest.path.parent / os.path.dirname(path) / value
    is_folder = option.name == "--find-links" and "://" not in value and beside.exists()
    return str(beside.resolve()) if is_folder else value
