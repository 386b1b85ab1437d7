"""Parsed pages, kept beside the HTTP cache: a page is parsed once for each content it has.

Parsing the page of a project with thousands of files takes longer than asking whether it changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from bisect_deps.index.releases import File

_SUFFIX = ".1.json"  # the number changes with the fields of File


def parsed_once(
    folder: Path | None, url: str, content: bytes, parse: Callable[[], list[File]]
) -> list[File]:
    """Return the files of a page, from `folder` where the same content was parsed before.

    None for `folder` keeps nothing; a folder that cannot be written is no error.
    """
    if folder is None:
        return parse()
    digest = hashlib.sha256(content).hexdigest()
    path = folder / (hashlib.sha256(url.encode()).hexdigest()[:40] + _SUFFIX)
    known = _read(path, digest)
    if known is not None:
        return known
    files = parse()
    with contextlib.suppress(OSError):
        _write(path, digest, files)
    return files


def _read(path: Path, digest: str) -> list[File] | None:
    try:
        first, _, rest = path.read_text(encoding="utf-8").partition("\n")
        return list(map(File._make, json.loads(rest))) if first == digest else None
    except (OSError, ValueError, TypeError):
        return None  # absent, or damaged: then it is parsed again


def _write(path: Path, digest: str, files: list[File]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = f"{digest}\n{json.dumps(files, default=dict)}"
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(name, path)
    except OSError:
        os.unlink(name)
        raise
