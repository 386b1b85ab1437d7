"""Which lines pin nothing, and what the verified environment has of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bisect_deps.formats import parse_manifest
from bisect_deps.formats.base import unpinned

LINUX = {"sys_platform": "linux", "python_version": "3.11"}
INSTALLED = {"Flask": "2.0.3", "six": "1.17.0", "typing_extensions": "4.12", "colorama": "0.4"}


def found(
    tmp_path: Path, text: str, constraints: str = "", markers: Mapping[str, str] | None = LINUX
) -> dict[str, str]:
    (tmp_path / "c.txt").write_text(constraints)
    path = tmp_path / "requirements.txt"
    manifest = parse_manifest(f"-c c.txt\n{text}".encode(), path, folder=tmp_path)
    return unpinned(manifest.requirements, INSTALLED, markers)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("flask\nsix", {"flask": "2.0.3", "six": "1.17.0"}),
        ("six\nflask", {"six": "1.17.0", "flask": "2.0.3"}),
        ("flask>=2.0,<2.1  # web", {"flask>=2.0,<2.1": "2.0.3"}),
        ("flask==2.*\nsix~=1.0", {"flask==2.*": "2.0.3", "six~=1.0": "1.17.0"}),
        ("Typing.Extensions", {"Typing.Extensions": "4.12"}),
        ("flask==2.0.3\nsix===1.17.0", {}),
        ("six>=1\nsix==1.17.0", {}),
        ("six @ https://index.example/six.whl", {}),
        ("-e git+https://h.example/six#egg=six", {}),
        ("absent", {}),
        ('colorama; sys_platform == "win32"', {}),
        ('six; sys_platform == "linux"', {'six; sys_platform == "linux"': "1.17.0"}),
        ('six==1; sys_platform == "win32"\nsix', {"six": "1.17.0"}),
    ],
)
def test_lines_that_pin_nothing_come_with_their_version(
    tmp_path: Path, text: str, expected: dict[str, str]
) -> None:
    told = found(tmp_path, text)
    assert told == expected
    assert list(told) == list(expected)


def test_a_pin_of_a_constraints_file_holds_and_its_lines_are_not_told(tmp_path: Path) -> None:
    assert found(tmp_path, "flask\nsix", "flask==2.0.3\ncolorama>=0.1\n") == {"six": "1.17.0"}


def test_without_a_target_all_markers_hold(tmp_path: Path) -> None:
    assert found(tmp_path, 'colorama; sys_platform == "win32"', markers=None) == {
        'colorama; sys_platform == "win32"': "0.4"
    }
