"""A project states its Python in one of many files; without any, that is said once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.linted import codes, lint

REPOSITORY = {".git/HEAD": "ref: refs/heads/main\n"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".python-version", "3.12\n"),
        ("runtime.txt", "python-3.11.4\n"),
        ("pyproject.toml", '[project]\nname="x"\nrequires-python = ">=3.10"\n'),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "^3.10"\n'),
        ("setup.cfg", "[options]\npython_requires = >=3.8\n"),
        ("Dockerfile", "FROM python:3.12-slim\n"),
        ("Pipfile", '[requires]\npython_version = "3.11"\n'),
        ("tox.ini", "[tox]\nenvlist = py311\n"),
        (".github/workflows/ci.yml", "python-version: 3.12\n"),
        (".gitlab-ci.yml", "image: python:3.12\n"),
    ],
)
def test_python_is_stated_by_many_files(tmp_path: Path, name: str, text: str) -> None:
    files = {"sub/requirements.txt": "flask==3.0.3\n", **REPOSITORY, name: text}
    assert codes(lint(tmp_path, files)) == []


def test_a_project_that_states_none_is_told_once(tmp_path: Path) -> None:
    files = {"a.txt": "a==1\n", "b.txt": "b==1\n", "Dockerfile": "FROM debian:12\n"} | REPOSITORY
    assert codes(lint(tmp_path, files, "a.txt", "b.txt")) == ["DB705"]


def test_nothing_is_said_outside_of_a_repository(tmp_path: Path) -> None:
    assert codes(lint(tmp_path, {"requirements.txt": "a==1\n"})) == []
