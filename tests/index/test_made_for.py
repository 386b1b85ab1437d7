"""A file's age is told by several pins at once, never by one, and never against its own pins."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from bisect_deps.index.made_for import made_for
from bisect_deps.index.releases import File, ReleaseFacts, group
from bisect_deps.index.targets import accepted_tags, on_platform, on_python
from bisect_deps.model import Interpreter, Requirement

FIXTURE = Path(__file__).parents[2] / "fixtures" / "index" / "another-age.json"
# A release's files: wheels by their tags, and "sdist"; each may have `|requires-python`.
Files = tuple[str, ...]
DAY = "2020-06-01T00:00:00Z"


def target(minor: str, platform: str = "linux") -> Interpreter:
    """Return a Python on a platform, with the markers of that platform."""
    markers = {"implementation_name": "cpython", "python_version": minor}
    base = Interpreter("", f"{minor}.2", "cpython", platform, (), markers)
    there = on_platform(base, platform)
    full = on_python(there, minor)
    return Interpreter("", f"{minor}.2", "cpython", there.platform, full.tags, full.markers)


def pin(
    name: str, files: Files, python: Interpreter, day: str | None = DAY, marker: str | None = None
) -> tuple[Requirement, ReleaseFacts]:
    found = []
    for written in files:
        kind, _, requires = written.partition("|")
        is_wheel = kind != "sdist"
        filename = f"{name}-1-{kind}.whl" if is_wheel else f"{name}-1.tar.gz"
        found.append(File(filename, "1", "", is_wheel, requires or None, uploaded=day))
    [release] = group(name, found, tags=accepted_tags(python), python=python.version)
    return Requirement(0, name, "==1", f"{name}==1", "r.txt", 1, marker=marker), release


def answer(files: Sequence[Files], python: Interpreter, day: str | None = DAY) -> str | None:
    pins = [pin(f"p{number}", own, python, day) for number, own in enumerate(files)]
    found = made_for(pins, python)
    return found.version if found else None


def binary(*minors: int, platform: str = "manylinux1_x86_64", rest: Files = ("sdist",)) -> Files:
    """Return wheels for these minor versions of Python 3, and a source."""
    tags = (f"cp3{m}-cp3{m}{'m' if m < 8 else ''}-{platform}" for m in minors)
    return (*tags, *rest)


PURE: Files = ("py3-none-any", "sdist")
SOURCE: Files = ("sdist",)
OLD = binary(6, 7, 8)
CASES: dict[str, tuple[list[Files], str | None]] = {
    "two pins of an age, and pure ones": ([OLD, OLD, PURE, PURE], "3.8"),
    "one old pin is a culprit, not an age": ([OLD, PURE, PURE, binary(8, 9, 10, 11)], None),
    "nothing old": ([PURE, binary(8, 11), SOURCE], None),
    "the newest of several that do": ([binary(6, 7, 8), binary(6, 7, 8, 9), PURE], "3.8"),
    "most pins count for more than the newest": (
        [binary(6, 7), binary(6, 7), binary(6, 7, 8), binary(6, 7, 8)],
        "3.7",
    ),
    "two that are made for different Pythons": ([binary(6), binary(8)], None),
    "a pin that would be lost": ([OLD, OLD, binary(11)], None),
    "a pin that refuses the older Python": ([OLD, OLD, ("py3-none-any|>=3.9",)], None),
    "a source tells of no Python": ([OLD, OLD, SOURCE], "3.8"),
    "a source that refuses this one tells": ([OLD, ("sdist|<3.10",)], "3.8"),
    "a source that refuses the older one": ([OLD, OLD, ("sdist|>=3.9",)], None),
    "wheels of another platform tell nothing": (
        [binary(8, platform="win_amd64"), binary(8, platform="macosx_10_9_x86_64")],
        None,
    ),
    "a wheel for every Python from one on": ([OLD, OLD, ("cp36-abi3-manylinux1_x86_64",)], "3.8"),
    "a stable ABI that is too new there": ([OLD, OLD, ("cp39-abi3-manylinux1_x86_64",)], None),
    "Python 2 and 3 in one wheel": ([OLD, OLD, ("py2.py3-none-any",)], "3.8"),
    "refused by requires-python, on the way up": (
        [("py3-none-any|>=3.12",), ("py3-none-any|>=3.12",), PURE],
        "3.14",
    ),
    "patch versions are no matter": ([OLD, OLD, ("py3-none-any|>=3.8.1,!=3.8.3",)], "3.8"),
    "a bad name of a wheel is passed over": ([OLD, OLD, ("py3-none",), PURE], "3.8"),
    "no pins": ([], None),
}


@pytest.mark.parametrize("case", CASES)
def test_the_age_is_that_of_several_pins(case: str) -> None:
    files, expected = CASES[case]
    day = None if "way up" in case else DAY
    assert answer(files, target("3.11"), day) == expected


def recorded(python: Interpreter) -> list[tuple[Requirement, ReleaseFacts]]:
    pins = []
    for text, rows in json.loads(FIXTURE.read_text(encoding="utf-8")).items():
        if text == "origin":
            continue
        name, _, version = text.partition("==")
        files = [
            File(filename, version, "", filename.endswith(".whl"), requires, uploaded=day)
            for filename, requires, day in rows
        ]
        [release] = group(name, files, tags=accepted_tags(python), python=python.version)
        pins.append((Requirement(len(pins), name, f"=={version}", text, "r.txt", 1), release))
    return pins


@pytest.mark.parametrize(
    ("minor", "expected"),
    [("3.8", None), ("3.7", None), ("3.9", "3.8"), ("3.11", "3.8"), ("3.14", "3.8")],
)
def test_ten_pins_of_2020_were_made_for_the_python_of_their_day(
    minor: str, expected: str | None
) -> None:
    python = target(minor)
    found = made_for(recorded(python), python)
    assert (found.version if found else None) == expected


def test_the_sentences_count_what_differs_and_give_the_dates() -> None:
    python = target("3.11")
    found = made_for(recorded(python), python)
    assert found is not None
    assert found.facts == (
        "8 of 10 pinned releases have a wheel for Python 3.8 "
        "(the others have none for any Python on linux-x86_64)",
        "numpy 1.18.4, pandas 1.0.4, scipy 1.4.1, scikit-learn 0.23.1 and 4 more have none "
        "for Python 3.11",
        "the newest, pandas 1.0.4, is of 2020-05-29, before Python 3.11 came out (2022-10-24)",
    )
    assert (found.path, found.probe) == (None, None)


@pytest.mark.parametrize("left", range(1, 10))
def test_any_two_of_them_are_enough_and_one_is_not(left: int) -> None:
    python = target("3.11")
    binary_pins = [pair for pair in recorded(python) if pair[1].has_wheel]
    assert made_for(binary_pins[:1], python) is None
    found = made_for(binary_pins[: left + 1], python)
    assert found is not None
    assert found.version == "3.8"


def test_the_platform_is_that_of_the_target() -> None:
    windows = target("3.11", "windows")
    found = made_for(recorded(windows), windows)
    assert found is not None
    assert found.facts[0].startswith("all 10 pinned releases have a wheel for Python 3.8")
    # None of these projects had wheels for that processor in 2020, whatever the Python.
    assert made_for(recorded(target("3.11", "macos-arm64")), target("3.11", "macos-arm64")) is None


def test_another_implementation_has_no_age() -> None:
    python = Interpreter("", "3.11.2", "pypy", "linux-x86_64", target("3.11").tags)
    assert made_for(recorded(python), python) is None


def test_a_file_that_was_kept_up_is_not_old() -> None:
    python = target("3.11")
    old = [pin(f"old{number}", OLD, python) for number in range(2)]
    young = [pin(f"new{number}", PURE, python, "2023-06-01T00:00:00Z") for number in range(3)]
    assert made_for([*old, *young], python) is None
    assert made_for([*old, *old, *old, *young], python) is None
    assert made_for([*old, *old, *old, *young[:2]], python) is not None
    found = made_for([*old, *old, *old, young[0]], python)
    assert found is not None
    assert found.facts[-1] == "6 of them were uploaded before Python 3.11 came out (2022-10-24)"


def test_no_file_was_made_for_a_python_that_was_not_out() -> None:
    python = target("3.9")
    files: Files = ("py3-none-any|>=3.10",)
    day = "2022-11-01T00:00:00Z"
    pins = [pin(f"p{number}", files, python, day) for number in range(3)]
    found = made_for(pins, python)
    assert found is not None
    assert found.version == "3.11"
    assert found.facts == (
        "all 3 pinned releases have a wheel for Python 3.11",
        "p0 1, p1 1 and p2 1 refuse Python 3.9 (requires-python)",
    )


def test_markers_are_read_on_each_python() -> None:
    python = target("3.11")
    pins = [pin(f"p{number}", OLD, python) for number in range(2)]
    away = pin("away", OLD, python, marker="sys_platform == 'win32'")
    refuses = pin("older", ("py3-none-any|>=3.9",), python, marker="python_version < '3.9'")
    assert made_for([pins[0], away], python) is None
    assert made_for([*pins, away], python) is not None
    assert made_for([*pins, refuses], python) is None


def test_one_pin_is_told_in_the_singular() -> None:
    python = target("3.11")
    found = made_for([pin("a", OLD, python), pin("b", ("py3-none-any|<3.9",), python)], python)
    assert found is not None
    assert found.facts[:3] == (
        "both pinned releases have a wheel for Python 3.8",
        "a 1 has none for Python 3.11",
        "b 1 refuses Python 3.11 (requires-python)",
    )
