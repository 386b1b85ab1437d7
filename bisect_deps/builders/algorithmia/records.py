"""What has to be remembered of an algorithm between two processes, in the state folder.

A record is written before the first push. While it says nothing of `restored`, the original is not
back. Afterwards it lives on only to name a commit whose start was interrupted before its handle
could reach the journal, so that a resumed run finds it. Never holds a secret.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bisect_deps.builders.algorithmia.api import Algorithm
from bisect_deps.errors import InputError
from bisect_deps.system.files import read_regular
from bisect_deps.system.trust import make_state_folder, write_new


class Records:
    """The records of one cluster's algorithms; those of another cluster wait for their own."""

    def __init__(self, folder: Path, address: str) -> None:
        self._folder = folder
        self._address = address

    def changed(self) -> list[Algorithm]:
        """Return the algorithms whose original files are not back yet."""
        found = [self._read(path) for path in sorted(self._folder.glob("*.json"))]
        return [
            Algorithm.parse(record["algorithm"])
            for record in found
            if record and not record.get("restored")
        ]

    def interrupted(self, algorithm: Algorithm, digest: str) -> str | None:
        """Return the commit of an order whose start was interrupted, or None."""
        record = self._read(self._path(algorithm)) or {}
        if record.get("digest") != digest:
            return None
        commit = record.get("commit")
        return commit if isinstance(commit, str) else None

    def note_change(self, algorithm: Algorithm, branch: str, original: str) -> None:
        """Write down that the algorithm is about to be changed."""
        record = self._read(self._path(algorithm)) or {}
        if record and not record.get("restored"):
            return
        kept = {name: value for name, value in record.items() if name in ("digest", "commit")}
        self._write(algorithm, {"branch": branch, "original": original} | kept)

    def note_restored(self, algorithm: Algorithm, digest: str, commit: str | None) -> None:
        """Write down that the original is back; `commit` is that of an interrupted start."""
        if commit is None:
            self._path(algorithm).unlink(missing_ok=True)
        else:
            self._write(algorithm, {"restored": True, "digest": digest, "commit": commit})

    def forget_interrupted(self, algorithm: Algorithm) -> None:
        """Forget an interrupted start: its handle is known now."""
        record = self._read(self._path(algorithm)) or {}
        if record.get("restored"):
            self._path(algorithm).unlink(missing_ok=True)

    def _path(self, algorithm: Algorithm) -> Path:
        return self._folder / f"{algorithm.owner}-{algorithm.name}.json"

    def _read(self, path: Path) -> dict[str, Any] | None:
        try:
            record = json.loads(read_regular(path))
            if not isinstance(record, dict) or record["address"] != self._address:
                return None
            Algorithm.parse(record["algorithm"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError, InputError):
            return None
        return record

    def _write(self, algorithm: Algorithm, record: Mapping[str, Any]) -> None:
        make_state_folder(self._folder.parent)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        whole = {"address": self._address, "algorithm": str(algorithm)} | dict(record)
        path = self._path(algorithm)
        scratch = path.with_suffix(".new")
        write_new(scratch, f"{json.dumps(whole)}\n".encode())
        scratch.replace(path)
