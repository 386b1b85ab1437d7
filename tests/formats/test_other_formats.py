"""Scripts (PEP 723), setup.cfg and environment.yml: read and edited without loss."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisect_deps.errors import InputError
from bisect_deps.formats import open_manifest, parse_manifest
from bisect_deps.formats.base import Manifest
from bisect_deps.model import Edit, EditAction

SCRIPT = """\
#!/usr/bin/env python
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "requests<3",
#
#   "rich",  # output
# ]
# ///
import requests
"""
SETUP = """\
[metadata]
name = x
[options]
packages = find:
install_requires =
    flask>=3   # web
    # note

    requests ; python_version < "3.13"
tests_require = pytest; mock
[options.extras_require]
dev =
    ruff==0.5
"""
CONDA = """\
name: x
dependencies:
  - python=3.11
  - pip
  - pip:
    - flask==3.0.3  # web
    # note
    - "requests>=2"
    - -r more.txt
  - numpy
"""
TEXTS = {"tool.py": SCRIPT, "setup.cfg": SETUP, "environment.yml": CONDA}


def read(name: str, text: str | None = None) -> Manifest:
    return parse_manifest((text or TEXTS[name]).encode(), Path("/nowhere") / name)


def edited(name: str, *edits: Edit, text: str | None = None) -> str:
    return read(name, text).render(edits)[name].decode()


def drop(number: int) -> Edit:
    return Edit(EditAction.DROP, "", number)


def repin(number: int) -> Edit:
    return Edit(EditAction.REPIN, "", number, "==9")


ADD = Edit(EditAction.ADD, "x", None, "==1")

READ = {
    "tool.py": [("script.dependencies", 5, "requests<3"), ("script.dependencies", 7, "rich")],
    "setup.cfg": [
        ("options.install_requires", 6, "flask>=3"),
        ("options.install_requires", 9, 'requests ; python_version < "3.13"'),
        ("options.tests_require", 10, "pytest"),
        ("options.tests_require", 10, "mock"),
        ("options.extras_require.dev", 13, "ruff==0.5"),
    ],
    "environment.yml": [
        ("dependencies.pip", 6, "flask==3.0.3"),
        ("dependencies.pip", 8, "requests>=2"),
    ],
}


@pytest.mark.parametrize("name", TEXTS)
def test_requirements_are_read_with_their_places(name: str) -> None:
    manifest = read(name)
    found = [(own.group, own.line, own.text) for own in manifest.requirements]
    assert found == READ[name]
    assert manifest.problems == ()


CHANGES = {
    "tool.py": (
        ('#   "requests<3",', '#   # depbisect: "requests<3",'),
        ('#   "rich",  # output', '#   "rich==9",  # output\n#   "x==1",'),
    ),
    "setup.cfg": (
        ("    flask>=3   # web", "    # depbisect: flask>=3   # web"),
        (
            '    requests ; python_version < "3.13"',
            '    requests==9 ; python_version < "3.13"\n    x==1',
        ),
    ),
    "environment.yml": (
        ("    - flask==3.0.3  # web", "    # depbisect: - flask==3.0.3  # web"),
        ('    - "requests>=2"', '    - "requests==9"'),
    ),
}


@pytest.mark.parametrize("name", TEXTS)
def test_edits_change_their_own_lines_only(name: str) -> None:
    expected = TEXTS[name]
    for before, after in CHANGES[name]:
        expected = expected.replace(before, after)
    if name == "environment.yml":
        expected = expected.replace("    - -r more.txt", "    - -r more.txt\n    - x==1")
    assert edited(name, drop(0), repin(1), ADD) == expected


@pytest.mark.parametrize("name", TEXTS)
def test_everything_can_be_dropped(name: str) -> None:
    manifest = read(name)
    after = edited(name, *(drop(own.number) for own in manifest.requirements))
    assert read(name, after).requirements == ()


def test_requirements_that_share_a_line_are_cut_out() -> None:
    assert "\ntests_require = mock\n" in edited("setup.cfg", drop(2))
    after = edited("setup.cfg", drop(3))
    parser = configparser.RawConfigParser()
    parser.read_string(after)
    assert parser["options"]["tests_require"] == "pytest"
    assert "\ntests_require = \n" in edited("setup.cfg", drop(2), drop(3))


def test_a_list_goes_on_after_its_last_requirement_was_dropped() -> None:
    text = "[options]\ninstall_requires = a; b\n"
    assert edited("setup.cfg", drop(1), ADD, text=text) == "[options]\ninstall_requires = a; x==1\n"


def test_a_pip_list_that_loses_everything_loses_its_header() -> None:
    text = "dependencies:\n  - pip:\n    - a\n  - numpy\n"
    after = edited("environment.yml", drop(0), text=text)
    assert after == "dependencies:\n  # depbisect: - pip:\n    # depbisect: - a\n  - numpy\n"


@pytest.mark.parametrize("name", [*TEXTS, "pyproject.toml"])
def test_a_file_that_lost_everything_can_still_be_opened(name: str, tmp_path: Path) -> None:
    text = TEXTS.get(name, '[project]\nname = "x"\ndependencies = ["a", "b"]\n')
    (tmp_path / name).write_text(text)
    manifest = open_manifest(tmp_path / name)
    edits = [drop(own.number) for own in manifest.requirements]
    (tmp_path / name).write_bytes(manifest.render(edits)[name])
    assert open_manifest(tmp_path / name).requirements == ()


def test_the_last_closing_mark_of_a_comment_ends_the_block() -> None:
    text = "# /// script\n# dependencies = [\"a\"]\n# x = '''\n# ///\n# '''\n# ///\n\n# ///\n"
    assert [own.name for own in read("tool.py", text).requirements] == ["a"]


def test_crlf_scripts_are_edited_as_crlf() -> None:
    text = SCRIPT.replace("\n", "\r\n")
    after = edited("tool.py", drop(0), repin(1), ADD, text=text)
    assert after.count("\n") == after.count("\r\n") == text.count("\n") + 1


def test_a_list_is_added_to_a_script_without_one() -> None:
    text = "# /// script\n# requires-python = '>=3.11'\n# ///\n"
    after = edited("tool.py", ADD, text=text)
    assert after == (
        "# /// script\n# dependencies = [\"x==1\"]\n# requires-python = '>=3.11'\n# ///\n"
    )


def test_an_empty_block_is_no_place_to_add_to() -> None:
    with pytest.raises(InputError, match="no list"):
        edited("tool.py", ADD, text="# /// script\n# ///\n")


def test_an_invalid_line_of_a_pip_list_is_named(tmp_path: Path) -> None:
    path = tmp_path / "environment.yml"
    path.write_text("dependencies:\n  - pip:\n    - a=1\n")
    with pytest.raises(InputError) as caught:
        open_manifest(path)
    assert caught.value.place == f"{path}:3"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tool.py", "import os\n"),
        ("tool.py", "# /// script\n# dependencies = []\n"),
        ("setup.cfg", "[metadata]\nname = x\n"),
        ("setup.cfg", "not a section\n"),
        ("environment.yml", "dependencies:\n  - numpy\n"),
    ],
)
def test_a_file_that_lists_nothing_to_install_is_an_error(
    name: str, text: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError):
        open_manifest(tmp_path / name)


@pytest.mark.parametrize("name", TEXTS)
@given(data=st.binary())
def test_arbitrary_bytes_never_crash(name: str, data: bytes) -> None:
    manifest = parse_manifest(data, Path("/nowhere") / name)
    assert manifest.render() == {name: data}


@pytest.mark.parametrize("name", TEXTS)
@given(data=st.data())
def test_a_damaged_file_never_crashes(name: str, data: st.DataObject) -> None:
    text = TEXTS[name]
    at = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 20))
    noise = data.draw(
        st.sampled_from(["", "\n", '"', "'", "[", "]", "- ", "#", " ", "=", "\r", ";"])
    )
    manifest = read(name, text[:at] + noise + text[at + cut :] or "\n")
    for own in manifest.requirements:
        try:
            after = manifest.render([drop(own.number)])
        except InputError:
            continue
        again = parse_manifest(after[name], Path("/nowhere") / name)
        assert len(again.requirements) == len(manifest.requirements) - 1
