"""A pytest plugin: which lines of the package each test runs, or only some tests, in an order.

    REACHED_TO=FILE pytest -p benchmarks.reached …     writes {test: [seconds, {file: [line, …]}]},
                                                       what imports run as the test ""
    REACHED_ONLY=FILE pytest -p benchmarks.reached …   runs the listed tests in the list's order,
                                                       for REACHED_SECONDS of the processor at most

Other processes are not seen.
"""

from __future__ import annotations

import json
import math
import os
import resource
import sys
import threading
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

PACKAGE = "bisect_deps"
_FOLDER = str(Path(__file__).resolve().parent.parent / PACKAGE) + os.sep

TraceFunction = Callable[[FrameType, str, Any], Any]

_ran: dict[CodeType, set[int]] = {}
_found: dict[str, tuple[float, dict[str, list[int]]]] = {}


def _worked() -> float:
    """Return the processor time of this process and of those that have ended."""
    return sum(os.times()[:4])


@cache
def _count(code: CodeType) -> int:
    """Return how many lines of a function can run, the one of its name among them."""
    return len({line for _, _, line in code.co_lines() if line is not None})


def _note(frame: FrameType, event: str, argument: object) -> TraceFunction | None:
    """Note the lines of the package's own code alone: all else runs at its speed."""
    code = frame.f_code
    if not code.co_filename.startswith(_FOLDER):
        return None
    lines = _ran.setdefault(code, {code.co_firstlineno})
    if len(lines) == _count(code):
        return None

    def note(frame: FrameType, event: str, argument: object) -> TraceFunction:
        lines.add(frame.f_lineno)
        return note

    return note


def _start() -> None:
    _ran.clear()
    threading.settrace(_note)
    sys.settrace(_note)


def _stop(test: str, seconds: float) -> None:
    sys.settrace(None)
    files: dict[str, set[int]] = {}
    for code, lines in tuple(_ran.items()):
        files.setdefault(code.co_filename[len(_FOLDER) :], set()).update(lines)
    _found[test] = seconds, {file: sorted(lines) for file, lines in files.items()}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Note what a test runs, with what it sets up and takes down."""
    if "REACHED_TO" not in os.environ:
        return (yield)
    _start()
    began = _worked()
    try:
        return (yield)
    finally:
        _stop(item.nodeid, _worked() - began)


def pytest_collection_finish() -> None:
    """Note what the imports of all tests ran."""
    if "REACHED_TO" in os.environ:
        _stop("", 0.0)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the listed tests alone, and end where they never would."""
    if "REACHED_ONLY" in os.environ:
        listed = json.loads(Path(os.environ["REACHED_ONLY"]).read_text(encoding="utf-8"))
        seconds = math.ceil(_worked()) + int(os.environ["REACHED_SECONDS"])
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        places = {name: place for place, name in enumerate(listed)}
        items[:] = sorted(
            (item for item in items if item.nodeid in places), key=lambda item: places[item.nodeid]
        )


def pytest_sessionfinish() -> None:
    """Write what was found."""
    if "REACHED_TO" in os.environ:
        Path(os.environ["REACHED_TO"]).write_text(json.dumps(_found), encoding="utf-8")


if "REACHED_TO" in os.environ:
    _start()
