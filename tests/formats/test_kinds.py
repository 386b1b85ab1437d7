"""What is given for a requirements file by mistake is said to be what it is, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisect_deps.errors import InputError
from bisect_deps.formats import open_manifest
from bisect_deps.lint import setup

LOG = """$ pip install -r requirements.txt
Collecting flask==2.0.1
  Downloading Flask-2.0.1-py3-none-any.whl (94 kB)
six==1.16.0
ERROR: Could not find a version that satisfies the requirement nope==1.0
ERROR: No matching distribution found for nope==1.0
"""


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        (LOG, "this is the log of a build", "depbisect diagnose"),
        ('[project]\nname = "x"\n', "this is TOML", "its own tools"),
    ],
    ids=["log", "toml"],
)
def test_a_file_of_another_kind_is_one_problem(
    tmp_path: Path, text: str, said: str, hint: str
) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text(text)
    manifest = setup.open_manifest(
        file.read_bytes(), Path(file.name), folder=tmp_path, variables={}, read=lambda name: b""
    )
    assert [problem.message for problem in manifest.documents[0].problems] == [
        f"{said} and no requirements file"
    ]
    assert hint in (manifest.documents[0].problems[0].hint or "")
    assert not manifest.requirements


def test_a_log_that_is_to_be_bisected_is_said_to_be_one(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text(LOG)
    with pytest.raises(InputError) as caught:
        open_manifest(file)
    assert "this is the log of a build" in caught.value.message
    assert "depbisect diagnose" in (caught.value.hint or "")


def test_a_requirements_file_with_a_bad_line_is_told_of_that_line(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("flask==2.0.1\nCollecting flask\nsix==1.16.0\n")
    with pytest.raises(InputError) as caught:
        open_manifest(file)
    assert "no requirements file" not in caught.value.message
