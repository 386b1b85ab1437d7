"""What of the machine a build is shown, beside its own folders: what its requirements name."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisect_deps.builders._rooms import _paths


@pytest.mark.parametrize(
    "line",
    [
        "./tool.git",
        "-e ./tool.git",
        "tool @ file://{folder}/tool.git",
        "tool @ git+file://{folder}/tool.git",
        "-e git+file://{folder}/tool.git@0123abc#egg=tool",
        "tool @ git+file://{folder}/tool.git@release/1 ; python_version > '3'",
    ],
)
def test_a_repository_on_this_machine_is_shown(tmp_path: Path, line: str) -> None:
    (tmp_path / "tool.git").mkdir()
    content = line.format(folder=tmp_path).encode()
    assert list(_paths(content, tmp_path)) == [tmp_path / "tool.git"]


def test_an_address_elsewhere_shows_nothing(tmp_path: Path) -> None:
    lines = b"tool @ git+https://git.example/tool.git@0123abc\nother==1.0\n"
    assert list(_paths(lines, tmp_path)) == []
