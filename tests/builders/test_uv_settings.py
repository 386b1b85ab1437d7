"""Where the user says nothing of uv, our builds are told that an index's files never change."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import tomlkit

from bisect_deps.builders import make_builder
from bisect_deps.builders._uv_settings import keeps_files, settings_files, write_kept_files
from bisect_deps.builders.local import Options
from bisect_deps.model import BuildStatus, IndexSettings
from bisect_deps.policy import POLICY
from bisect_deps.system import interpreters
from tests.builders.contract import finish, whole_log
from tests.builders.test_local import order
from tests.support.local_index import LocalIndex, Project
from tests.support.sandboxes import WORKS_HERE

NOWHERE: dict[str, str] = {}


@pytest.fixture(autouse=True)
def no_settings_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_where_nothing_is_said_files_are_kept(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n')
    assert keeps_files(tmp_path, IndexSettings(), NOWHERE)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("uv.toml", ""),
        ("pyproject.toml", "[tool.uv]\n"),
        ("pyproject.toml", "[[tool.uv.index]]\n"),
        ("config/uv/uv.toml", ""),
    ],
)
def test_what_a_user_says_stands_alone(tmp_path: Path, name: str, text: str) -> None:
    folder = tmp_path / "project" / "part"
    folder.mkdir(parents=True)
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    assert not keeps_files(folder, IndexSettings(), NOWHERE)


@pytest.mark.parametrize(
    ("index", "environment"),
    [
        (IndexSettings(index_url="https://index.example/simple"), NOWHERE),
        (IndexSettings(extra_index_urls=("https://index.example/simple",)), NOWHERE),
        (IndexSettings(no_index=True), NOWHERE),
        (IndexSettings(), {"UV_INDEX_URL": "https://index.example/simple"}),
        (IndexSettings(), {"UV_PROJECT": "elsewhere"}),
    ],
)
def test_another_index_is_asked_as_the_user_asks_it(
    tmp_path: Path, index: IndexSettings, environment: dict[str, str]
) -> None:
    assert not keeps_files(tmp_path, index, environment)


def test_files_are_kept_for_good_and_pages_as_long_as_the_default_index_says(
    tmp_path: Path,
) -> None:
    text = (write_kept_files(tmp_path) / "uv.toml").read_text()
    [index] = tomlkit.parse(text).unwrap()["index"]
    assert index["cache-control"]["files"].endswith("immutable")
    assert index["cache-control"]["api"] == f"max-age={POLICY.page_age}"


def test_settings_are_found_from_the_folder_upwards(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    for path in (tmp_path / "uv.toml", folder / "pyproject.toml"):
        path.touch()
    assert list(settings_files(folder))[:2] == [folder / "pyproject.toml", tmp_path / "uv.toml"]


@pytest.mark.skipif(not WORKS_HERE, reason="bubblewrap does not work here")
def test_settings_above_the_project_count_in_the_sandbox_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UV_NO_CONFIG")
    index = LocalIndex(tmp_path / "index", Project("good").release("1.0").release("2.0"))
    folder = tmp_path / "above" / "project"
    folder.mkdir(parents=True)
    (tmp_path / "above" / "uv.toml").write_text('[pip]\nresolution = "lowest"\n')
    options = Options(
        folder=folder,
        cwd=folder,
        work=tmp_path / "work",
        interpreter=interpreters.find(sys.executable),
        index=IndexSettings(no_index=True, find_links=(str(index.find_links),)),
        sandbox="require",
    )
    builder = make_builder("local", options)
    handle = builder.start(order("good>=1"))
    assert finish(builder, handle) is BuildStatus.PASSED, whole_log(builder, handle)
    assert builder.installed(handle) == {"good": "1.0"}
    builder.close()
