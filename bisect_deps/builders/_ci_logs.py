"""What travels to a CI system and back: a run's name with its marker, its log with ours in it.

Must not know any system.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from bisect_deps.builders._job import BEGIN, Result, split_result
from bisect_deps.builders.base import Order

# An environment variable holds at most 128 KiB on Linux, all inputs of a GitHub dispatch 65,535
# characters; a larger order goes into a file of a scratch branch.
LARGEST_INPUT = 60_000
SCRATCH = "depbisect/"
_PREFIX = re.compile(r"^\ufeff?\d{4}-\d\d-\d\dT[\d:.]+Z (?:\d\d[OE][ +])?")
_CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|section_(?:start|end):\d+:\S+?\r")
_MARKER = re.compile(r"\[([0-9a-f]{16}-[0-9a-f]{8})\]")


def stem_of(digest: str, identity: str) -> str:
    """Return the part of a marker that all builds of one order by one builder share."""
    return hashlib.sha256(f"{identity}\0{digest}".encode()).hexdigest()[:16]


def marker_in(title: str) -> str:
    """Return the marker in a run's name, "" without one."""
    found = _MARKER.search(title)
    return found[1] if found else ""


def titled(order: Order, marker: str) -> str:
    """Return the name of a run: what is built, and its marker."""
    return f"{order.label or 'probe'} [{marker}]"


@dataclass(frozen=True, slots=True)
class JobLog:
    """What a log tells: the job's part of it, and how it ended, None where it did not get there.

    `began`: the job was reached.
    """

    text: str
    began: bool = False
    result: Result | None = None


def read_log(raw: str, marker: str, *, complete: bool) -> JobLog:
    """Return the job's part of a log, freed of the system's own marks.

    A log whose job never began is returned whole once it is `complete`, "" before.
    """
    lines = [_PREFIX.sub("", _CONTROL.sub("", line)) for line in raw.split("\n")]
    lines = [line.rstrip("\r") for line in (lines if complete else lines[:-1])]
    begin = f"{BEGIN}{marker}"
    if begin not in lines:
        return JobLog("\n".join(lines) if complete else "")
    own = lines[lines.index(begin) + 1 :]
    text, result = split_result("".join(f"{line}\n" for line in own))
    return JobLog(text, True, result)
