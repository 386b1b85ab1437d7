"""Where the releases of a run come from, as its installer will see it, and whether dates are told.

The facts and the resolver must look where the installer looks: at what the user gave, at the
installer's own settings, and at the options in the file. Must not know how any of them is asked.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from bisect_deps.errors import IndexUnavailable
from bisect_deps.formats.base import Manifest, Option
from bisect_deps.index import Index, completed
from bisect_deps.index.base import be_addresses
from bisect_deps.model import IndexSettings, Requirement

UNDATED = (
    "the index does not tell when files were uploaded: it is read as it is now, "
    "and releases that appear during the run may change answers"
)


def sources(
    given: IndexSettings, manifest: Manifest, installer: str, folder: Path
) -> IndexSettings:
    """Return `given` with the installer's own settings and the file's options added.

    `folder` is where the installer runs. Of two main indexes, uv takes the one of its settings and
    pip the file's. Raises InputError for an address that cannot be one.
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


def _is_of_index(requirement: Requirement) -> bool:
    return bool(requirement.name) and not requirement.url


def _address(manifest: Manifest, path: str, option: Option) -> str:
    """Return an option's value; a relative folder counts from the file where it exists there."""
    value = option.value or ""
    beside = manifest.path.parent / os.path.dirname(path) / value
    is_folder = option.name == "--find-links" and "://" not in value and beside.exists()
    return str(beside.resolve()) if is_folder else value
