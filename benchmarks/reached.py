"""A pytest plugin: which functions of the package each test calls, or only some tests, in an order.

    REACHED_TO=FILE pytest -p benchmarks.reached …     writes {test: [seconds, [[file, line], …]]}
    REACHED_ONLY=FILE pytest -p benchmarks.reached …   runs the listed tests in the list's order

`line` is where a function begins, with its decorators. Other processes are not seen.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType

import pytest

PACKAGE = "bisect_deps"
_FOLDER = str(Path(__file__).resolve().parent.parent / PACKAGE) + os.sep

_called: set[CodeType] = set()
_found: dict[str, tuple[float, list[tuple[str, int]]]] = {}


def _worked() -> float:
    """Return the processor time of this process and of those that have ended."""
    return sum(os.times()[:4])


def _note(frame: FrameType, event: str, argument: object) -> None:
    _called.add(frame.f_code)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Note what a test calls, with what it sets up and takes down."""
    if "REACHED_TO" not in os.environ:
        return (yield)
    _called.clear()
    threading.settrace(_note)
    sys.settrace(_note)
    began = _worked()
    try:
        return (yield)
    finally:
        seconds = _worked() - began
        sys.settrace(None)
        own = {code for code in tuple(_called) if code.co_filename.startswith(_FOLDER)}
        calls = {(code.co_filename[len(_FOLDER) :], code.co_firstlineno) for code in own}
        _found[item.nodeid] = seconds, sorted(calls)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the listed tests alone."""
    if "REACHED_ONLY" in os.environ:
        listed = json.loads(Path(os.environ["REACHED_ONLY"]).read_text(encoding="utf-8"))
        places = {name: place for place, name in enumerate(listed)}
        items[:] = sorted(
            (item for item in items if item.nodeid in places), key=lambda item: places[item.nodeid]
        )


def pytest_sessionfinish() -> None:
    """Write what was found."""
    if "REACHED_TO" in os.environ:
        Path(os.environ["REACHED_TO"]).write_text(json.dumps(_found), encoding="utf-8")
