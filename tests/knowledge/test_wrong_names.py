"""What is said of a name holds on the Python and the system that it is said for."""

from __future__ import annotations

import sys

import pytest
from packaging.markers import Marker
from packaging.utils import canonicalize_name

from bisect_deps.knowledge import wrong_names
from bisect_deps.knowledge.wrong_names import AdviceKind, advice_on, marker_for, meant_by

ANOTHER, NOTHING, OTHER = (
    AdviceKind.ANOTHER_PROJECT,
    AdviceKind.NOTHING_HERE,
    AdviceKind.OTHER_SYSTEM,
)
EVERYWHERE = ("linux", "darwin", "win32")

MEANT = {
    "faiss": "faiss-cpu",
    "sklearn": "scikit-learn",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "pil": "pillow",
    "pytorch": "torch",
    "pytables": "tables",
    "msgpack-python": "msgpack",
    "opencv": "opencv-python",
    "py-opencv": "opencv-python",
    "win32api": "pywin32",
}


@pytest.mark.parametrize("name", MEANT)
@pytest.mark.parametrize("system", ["", *EVERYWHERE])
def test_another_project_is_meant_everywhere(name: str, system: str) -> None:
    advice = advice_on(name, "3.12", system)
    assert advice is not None
    assert (advice.kind, advice.name) == (ANOTHER, MEANT[name])
    assert meant_by(name) == MEANT[name]


@pytest.mark.parametrize(
    ("name", "python", "is_idle"),
    [
        ("dataclasses", "3.6", False),
        ("dataclasses", "3.7", True),
        ("dataclasses", "3.12.1", True),
        ("enum34", "3.4", True),
        ("contextvars", "3.6.15", False),
        ("backports-zoneinfo", "3.8", False),
        ("backports-zoneinfo", "3.9", True),
        ("unittest2", "3.9", False),
        ("unittest2", "3.10", True),
        ("wsgiref", "3.6", True),
        ("futures", "3.12", True),
        ("pkg-resources", "3.12", True),
        ("json", "3.12", True),
        ("tkinter", "3.12", True),
        ("conda", "3.12", True),
        ("importlib-metadata", "3.12", False),
        ("typing-extensions", "3.12", False),
        ("configparser", "3.12", False),
        ("mock", "3.12", False),
        ("pathlib2", "3.12", False),
        ("graphviz", "3.12", False),
    ],
)
def test_nothing_is_needed_from_one_python_on(name: str, python: str, is_idle: bool) -> None:
    advice = advice_on(name, python, "linux")
    assert (advice is not None and advice.kind is NOTHING) is is_idle


@pytest.mark.parametrize("python", ["3.6", "3.9", "3.12", "3.14"])
def test_the_marker_of_a_backport_holds_where_it_is_needed(python: str) -> None:
    for name in wrong_names._BACKPORTS:
        advice = advice_on(name, python, "linux")
        marker = f'python_version < "{wrong_names._BACKPORTS[name][0]}"'
        assert Marker(marker).evaluate({"python_version": python}) is (advice is None)
        assert advice is None or advice.marker == marker


@pytest.mark.parametrize(
    ("python", "kind", "right"), [("3.11", NOTHING, ""), ("3.12", ANOTHER, "setuptools")]
)
def test_a_module_that_left_python_is_another_project_since_then(
    python: str, kind: AdviceKind, right: str
) -> None:
    advice = advice_on("distutils", python, "linux")
    assert advice is not None
    assert (advice.kind, advice.name) == (kind, right)
    assert advice_on("imp", "3.12", "linux") is None


SYSTEMS = {
    "pywin32": ("win32", 'sys_platform == "win32"'),
    "pypiwin32": ("win32", 'sys_platform == "win32"'),
    "pywinpty": ("win32", 'sys_platform == "win32"'),
    "winrt-runtime": ("win32", 'sys_platform == "win32"'),
    "pyobjc-framework-cocoa": ("darwin", 'sys_platform == "darwin"'),
    "tensorflow-macos": ("darwin", 'sys_platform == "darwin"'),
    "triton": ("linux", 'sys_platform == "linux"'),
    "nvidia-nccl-cu12": ("linux", 'sys_platform == "linux"'),
    "nvidia-cublas-cu12": ("linux win32", 'sys_platform != "darwin"'),
    "uvloop": ("linux darwin", 'sys_platform != "win32"'),
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_project_of_other_systems_gets_the_marker_that_is_right(name: str) -> None:
    own, marker = SYSTEMS[name]
    assert advice_on(name, "3.12", "") is None
    for system in EVERYWHERE:
        advice = advice_on(name, "3.12", system)
        assert (advice is None) is (system in own.split())
        if advice is not None:
            assert (advice.kind, advice.name, advice.marker) == (OTHER, name, marker)
        assert Marker(marker).evaluate({"sys_platform": system}) is (advice is None)


@pytest.mark.parametrize(
    "name",
    ["pywin32-ctypes", "appnope", "pyreadline3", "colorama", "comtypes", "win-inet-pton", "flask"],
)
@pytest.mark.parametrize("system", EVERYWHERE)
def test_what_installs_everywhere_gets_no_advice(name: str, system: str) -> None:
    assert advice_on(name, "3.12", system) is None


def test_the_tables_are_normalised_and_do_not_overlap() -> None:
    tables = (
        wrong_names._ANOTHER_PROJECT,
        wrong_names._NEVER_NEEDED,
        wrong_names._BACKPORTS,
        wrong_names._GONE_MODULES,
    )
    names = [name for table in tables for name in table]
    assert len(names) == len(set(names))
    right = [row[0] for row in wrong_names._ANOTHER_PROJECT.values()]
    assert [name for name in (*names, *right) if name != canonicalize_name(name)] == []
    # No advice leads on to further advice, and none away from a name to itself.
    assert not set(right) & set(names)
    assert len(wrong_names._ANOTHER_PROJECT) >= 40


def test_the_modules_of_python_are_those_of_this_one() -> None:
    own = {canonicalize_name(name) for name in sys.stdlib_module_names}
    for name in wrong_names._MODULES.split():
        assert name in own


def test_reasons_go_on_after_the_name() -> None:
    python = "3.14"
    tables = (wrong_names._ANOTHER_PROJECT, wrong_names._NEVER_NEEDED, wrong_names._BACKPORTS)
    for name in (name for table in tables for name in table):
        advice = advice_on(name, python, "linux")
        assert advice is not None
        verb = advice.reason.split()[0]
        assert verb in ("is", "was", "does")
        assert not advice.reason.endswith(".")


@pytest.mark.parametrize(
    ("systems", "marker"),
    [
        ("linux", 'sys_platform == "linux"'),
        ("linux win32", 'sys_platform != "darwin"'),
        ("linux darwin win32", ""),
    ],
)
def test_a_marker_holds_on_its_systems_alone(systems: str, marker: str) -> None:
    assert marker_for(frozenset(systems.split())) == marker
