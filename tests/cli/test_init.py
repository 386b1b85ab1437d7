"""`depbisect init`: the shipped file is written once, and never over something else."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from bisect_deps.builders import BUILDERS, template_of
from bisect_deps.cli import group
from bisect_deps.errors import InputError


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "er")
    return tmp_path


def templates() -> list[str]:
    found = []
    for builder in BUILDERS:
        try:
            template_of(builder)
        except InputError:
            continue
        found.append(builder)
    return found


@pytest.mark.parametrize("builder", templates())
def test_the_file_stands_where_its_system_looks_for_it(repository: Path, builder: str) -> None:
    template = template_of(builder)
    done = CliRunner().invoke(group, ["init", builder], standalone_mode=False)
    assert done.exception is None, done.output
    assert (repository / template.path).read_text() == template.text
    assert all(step in done.output for step in template.then)
    again = CliRunner().invoke(group, ["init", builder], standalone_mode=False)
    assert again.exception is None, "the same file once more is no conflict"


def test_a_file_that_says_something_else_stays(repository: Path) -> None:
    path = repository / template_of("github").path
    path.parent.mkdir(parents=True)
    path.write_text("name: mine\n")
    done = CliRunner().invoke(group, ["init", "github"], standalone_mode=False)
    assert isinstance(done.exception, InputError)
    assert path.read_text() == "name: mine\n"
    done = CliRunner().invoke(group, ["init", "github", "--force"], standalone_mode=False)
    assert done.exception is None
    assert path.read_text() == template_of("github").text


def test_standard_output_takes_it_as_it_is(repository: Path) -> None:
    done = CliRunner().invoke(group, ["init", "github", "-o", "-"], standalone_mode=False)
    assert done.output == template_of("github").text
    assert not (repository / ".github").exists()


@pytest.mark.parametrize("builder", ["local", "nobody"])
def test_a_builder_without_a_file_is_refused(repository: Path, builder: str) -> None:
    done = CliRunner().invoke(group, ["init", builder], standalone_mode=False)
    assert isinstance(done.exception, InputError)
    assert done.exception.hint


@pytest.mark.parametrize("link", [".github", ".github/workflows/{name}"])
def test_a_link_of_the_repository_is_not_followed_out_of_it(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, link: str
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    path = repository / link.format(name=Path(template_of("github").path).name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(outside / "made" if path.suffix else outside)
    done = CliRunner().invoke(group, ["init", "github"], standalone_mode=False)
    assert isinstance(done.exception, InputError)
    assert "leads out of the repository" in done.exception.message
    assert list(outside.iterdir()) == []
