"""Files of one format, several in one text: each as its tool's users write it, and what it says.

`=== NAME` begins a file, `--- read` the requirements that it holds: group, line, text.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parents[2] / "fixtures" / "formats"


class Bundled(NamedTuple):
    """One file: its name, its text, and the requirements that are in it."""

    name: str
    text: str
    read: tuple[str, ...]


def bundle(format_name: str) -> list[Bundled]:
    """Return the files of one format."""
    whole = (FOLDER / f"{format_name}.txt").read_text(encoding="utf-8")
    found = []
    for part in re.split(r"(?m)^=== ", whole)[1:]:
        name, _, rest = part.partition("\n")
        text, _, read = rest.partition("--- read\n")
        found.append(Bundled(name, text, tuple(read.splitlines())))
    return found


def formats() -> list[str]:
    """Return the formats that there are files of."""
    return sorted(path.stem for path in FOLDER.glob("*.txt"))
