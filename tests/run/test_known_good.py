"""What `--good` names: a file, a day, or the files and locks of a git revision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bisect_deps.errors import InputError
from bisect_deps.run.known_good import KnownGood, known_good
from tests.formats.locks import LOCKS, MARKERS
from tests.support.repository import Repository

NOON = "2024-05-01T10:00:00Z"
Ask = Callable[..., KnownGood]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    found = Repository(tmp_path / "repository")
    monkeypatch.chdir(found.folder)
    return found


def asked(good: str, *files: str, markers: Mapping[str, str] = MARKERS["3.11"]) -> KnownGood:
    paths = [Path(file) for file in files or ("requirements.txt",)]
    return known_good(good, paths, paths[0].absolute().parent, markers)


def test_pins_and_includes_are_those_of_the_revision(repository: Repository) -> None:
    repository.commit(
        {
            "requirements.txt": "-r req/base.txt\n-c c.txt\nflask==2.0.1\n",
            "req/base.txt": "six==1.15\nold==1 ; python_version < '3'\n",
            "c.txt": "werkzeug==2.0.3\n",
        }
    )
    repository.commit(
        {"requirements.txt": "flask==3\n", "req/base.txt": None, "c.txt": None}, "2024-06-01"
    )
    known = asked("HEAD~1")
    assert known.versions == {"six": "1.15", "werkzeug": "2.0.3", "flask": "2.0.1"}
    assert known.date == NOON, "what they pulled in is not known"
    assert "Known good is git revision HEAD~1 (" in known.reported
    assert "3 versions from requirements.txt; all else as the index was then" in known.reported


def test_without_pins_the_day_of_the_revision_counts(repository: Repository) -> None:
    repository.commit({"requirements.txt": "flask>=2\nsix\n"})
    known = asked("HEAD")
    assert (known.versions, known.date) == ({}, NOON)


@pytest.mark.parametrize("name", LOCKS)
def test_each_lock_beside_the_file_tells_its_versions(repository: Repository, name: str) -> None:
    repository.commit({"requirements.txt": "importlib-metadata\n", name: LOCKS[name]})
    repository.commit({name: None})
    known = asked("HEAD~1")
    assert known.versions["importlib-metadata"] == "9.0.1"
    assert known.date is None
    assert f"from requirements.txt and {name}." in known.reported
    assert asked("HEAD").versions == {}


def test_a_lock_wins_and_what_it_leaves_open_is_of_the_day(repository: Repository) -> None:
    repository.commit(
        {
            "requirements.txt": "importlib-metadata==1.0\nflask\npinned==2\n",
            "poetry.lock": LOCKS["poetry.lock"],
        }
    )
    known = asked("HEAD")
    assert known.versions["importlib-metadata"] == "9.0.1"
    assert known.versions["pinned"] == "2"
    assert "flask" not in known.versions
    assert known.date == NOON


def test_the_lock_of_the_target_is_read(repository: Repository) -> None:
    repository.commit({"requirements.txt": "importlib-metadata\n", "uv.lock": LOCKS["uv.lock"]})
    assert asked("HEAD", markers=MARKERS["3.9"]).versions["importlib-metadata"] == "6.11.0"
    assert asked("HEAD", markers=MARKERS["3.11"]).versions["importlib-metadata"] == "9.0.1"


def test_several_files_in_folders_and_their_locks_are_read(repository: Repository) -> None:
    repository.commit(
        {"a/r.txt": "flask==2\n", "b/r.txt": "six==1\n", "b/requirements.lock": "jinja2==3\n"}
    )
    known = asked("HEAD", "a/r.txt", "b/r.txt")
    assert known.versions == {"flask": "2", "six": "1", "jinja2": "3"}


def test_a_project_file_and_its_lock_are_read(repository: Repository) -> None:
    project = '[project]\nname = "own"\ndependencies = ["importlib-metadata", "six==1.15"]\n'
    repository.commit({"pyproject.toml": project, "uv.lock": LOCKS["uv.lock"]})
    known = asked("HEAD", "pyproject.toml")
    assert known.versions["importlib-metadata"] == "9.0.1"
    assert known.versions["six"] == "1.15"


def test_standard_input_has_the_locks_and_the_day(repository: Repository) -> None:
    repository.commit({"uv.lock": LOCKS["uv.lock"]})
    known = known_good("HEAD", [], repository.folder, MARKERS["3.11"])
    assert known.versions["importlib-metadata"] == "9.0.1"
    repository.commit({"uv.lock": None})
    assert known_good("HEAD", [], repository.folder, {}).date == NOON


def test_a_file_comes_before_a_day_and_a_day_before_a_revision(repository: Repository) -> None:
    repository.commit({"requirements.txt": "a==1\n"})
    day = "2024-03-02"
    repository.git("tag", day)
    known = asked(day)
    assert (known.versions, known.date) == ({}, "2024-03-03T00:00:00Z")
    assert f"--good {day} is a day of that name, and not git revision {day} (" in known.reported
    assert asked(f"refs/tags/{day}").versions == {"a": "1"}
    (repository.folder / day).write_text("a==9\n")
    known = asked(day)
    assert (known.versions, known.date) == ({"a": "9"}, None)
    assert "is the file of that name" in known.reported


def test_where_nothing_is_mistaken_nothing_is_said(tmp_path: Path, repository: Repository) -> None:
    assert asked("2024-03-02").reported == ""
    (tmp_path / "freeze.txt").write_text("a==1\n")
    assert asked(str(tmp_path / "freeze.txt")) == KnownGood({"a": "1"})


@pytest.mark.parametrize("good", ["nonesuch", "HEAD~7", "-1", "a b", "tomorrow"])
def test_what_is_nothing_of_all_is_refused_with_the_next_step(
    repository: Repository, good: str
) -> None:
    repository.commit({"requirements.txt": "a==1\n"})
    with pytest.raises(InputError, match="no such file, no date, and no git revision") as caught:
        asked(good)
    assert "HEAD~3" in (caught.value.hint or "")


def test_outside_of_git_a_word_is_refused_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="not a git repository"):
        asked("v1.2")


def test_a_shallow_clone_is_told_how_to_get_its_history(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit({"requirements.txt": "a==1\n"})
    repository.commit({"requirements.txt": "a==2\n"})
    repository.git("clone", "--quiet", "--depth=1", f"file://{repository.folder}", "../shallow")
    monkeypatch.chdir(tmp_path / "shallow")
    with pytest.raises(InputError) as caught:
        asked("HEAD~1")
    assert "git fetch --unshallow" in (caught.value.hint or "")


def test_a_revision_without_the_file_is_refused(repository: Repository) -> None:
    repository.commit({"README": ""})
    with pytest.raises(InputError, match=r"neither requirements\.txt nor a lock"):
        asked("HEAD")


@pytest.mark.parametrize(
    "text", [b"= no toml\n", b"\x00\x01", b"package = 3\n"], ids=["no TOML", "binary", "no lock"]
)
def test_a_broken_lock_of_then_is_named_with_its_revision(
    repository: Repository, text: bytes
) -> None:
    repository.commit({"requirements.txt": "a\n", "uv.lock": text})
    with pytest.raises(InputError, match="as of git revision HEAD") as caught:
        asked("HEAD")
    assert (caught.value.place or "").endswith("uv.lock")


def test_an_include_that_was_not_there_is_passed_over(repository: Repository) -> None:
    repository.commit({"requirements.txt": "-r gone.txt\n-r ../../out.txt\na==1\n"})
    (repository.folder / "gone.txt").write_text("gone==1\n")
    assert asked("HEAD").versions == {"a": "1"}


def test_a_day_that_is_still_to_come_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--good 2999-01-01 is still to come"):
        known_good("2999-01-01", [], tmp_path, MARKERS["3.11"])
