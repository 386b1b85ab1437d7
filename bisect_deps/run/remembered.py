"""What was answered before in this folder, by question: lines of JSON beside the journal.

Facts that cost time and no build, such as what lines resolve to as of one instant. Losing them
costs that time again: a line that was cut off by a kill, or that makes no sense, is passed over.
Must not know what is asked.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bisect_deps.system.trust import append_to

# More is no memory of answers, and is not read.
LARGEST = 64_000_000


class Remembered:
    """A mapping of keys to texts that outlives the run; `fresh` begins it anew."""

    def __init__(self, path: Path, *, fresh: bool = False) -> None:
        self._path = path
        self._texts: dict[str, str] = {}
        if fresh:
            path.unlink(missing_ok=True)
        for line in self._lines():
            self._take(line)

    def get(self, key: str) -> str | None:
        """Return what was kept for a key."""
        return self._texts.get(key)

    def put(self, key: str, text: str) -> None:
        """Keep a text for a key; a folder that cannot be written to is no reason to stop."""
        if key in self._texts:
            return
        self._texts[key] = text
        line = json.dumps({"key": key, "text": text})
        append_to(self._path, f"{line}\n".encode())

    def _lines(self) -> list[bytes]:
        try:
            if self._path.is_symlink() or self._path.stat().st_size > LARGEST:
                return []
            return self._path.read_bytes().splitlines()
        except OSError:
            return []

    def _take(self, line: bytes) -> None:
        try:
            entry: Any = json.loads(line)
        except (ValueError, RecursionError):
            return
        if isinstance(entry, dict):
            key, text = entry.get("key"), entry.get("text")
            if isinstance(key, str) and isinstance(text, str):
                self._texts[key] = text
