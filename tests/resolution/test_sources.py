from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from bisect_deps.cli import group
from bisect_deps.errors import InputError
from bisect_deps.formats import open_manifest
from bisect_deps.formats.base import Manifest
from bisect_deps.index import Index
from bisect_deps.model import IndexSettings
from bisect_deps.resolution.sources import sources, tells_dates
from bisect_deps.system import interpreters
from tests.support.local_index import Fault, LocalIndex, Project

HERE = interpreters.find(sys.executable)


def manifest(folder: Path, text: str, **more: str) -> Manifest:
    for name, content in {"requirements.txt": text, **more}.items():
        (folder / name).write_text(content)
    return open_manifest(folder / "requirements.txt")


def test_the_installers_own_settings_are_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_INDEX_URL", "https://uv.index.example/simple")
    monkeypatch.setenv("PIP_INDEX_URL", "https://pip.index.example/simple")
    plain = manifest(tmp_path, "good\n")
    for installer in ("uv", "pip"):
        seen = sources(IndexSettings(), plain, installer, tmp_path)
        assert seen.index_url == f"https://{installer}.index.example/simple"


def test_options_of_the_file_and_its_includes_are_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UV_INDEX_URL")
    (tmp_path / "links").mkdir()
    written = manifest(
        tmp_path,
        "--index-url https://own.example/simple\n-r more.txt\n-f links\ngood\n",
        **{"more.txt": "--extra-index-url https://extra.example/simple\n-f https://f.example\n"},
    )
    seen = sources(IndexSettings(), written, "uv", tmp_path)
    assert seen.index_url == "https://own.example/simple"
    assert seen.extra_index_urls == ("https://extra.example/simple",)
    assert set(seen.find_links) == {str(tmp_path / "links"), "https://f.example"}


@pytest.mark.parametrize(("installer", "taken"), [("uv", "given"), ("pip", "own")])
def test_of_two_main_indexes_the_installers_choice_is_seen(
    tmp_path: Path, installer: str, taken: str
) -> None:
    written = manifest(tmp_path, "-i https://own.example/simple\ngood\n")
    given = IndexSettings(index_url="https://given.example/simple", exclude_newer="2024-01-01")
    seen = sources(given, written, installer, tmp_path)
    assert (seen.index_url, seen.exclude_newer) == (f"https://{taken}.example/simple", "2024-01-01")


@pytest.mark.parametrize("option", ["--index-url", "--extra-index-url", "-f"])
def test_an_address_that_nobody_could_ask_is_refused_before_any_build(
    tmp_path: Path, option: str
) -> None:
    written = manifest(tmp_path, f"{option} https://[own.example/simple\ngood\n")
    with pytest.raises(InputError, match=r"\[own\.example"):
        sources(IndexSettings(), written, "pip", tmp_path)
    later = manifest(tmp_path, f"{option} https://[${{HOST}}/simple\ngood\n")
    assert sources(IndexSettings(), later, "pip", tmp_path), "a build elsewhere may have it"


@pytest.mark.parametrize("dates", [True, False])
def test_an_index_without_dates_is_noticed(
    tmp_path: Path, local_index: LocalIndex, dates: bool
) -> None:
    local_index.add(Project("good").release("1.0"))
    with local_index.serve(dates=dates) as server:
        settings = IndexSettings(index_url=server.url, exclude_newer="2030-01-01")
        assert tells_dates(Index(settings, HERE), manifest(tmp_path, "good\nunknown\n")) is dates


def test_a_local_folder_needs_no_dates(tmp_path: Path, local_index: LocalIndex) -> None:
    local_index.add(Project("good").release("1.0"))
    settings = IndexSettings(no_index=True, find_links=(str(local_index.find_links),))
    assert tells_dates(Index(settings, HERE), manifest(tmp_path, "good\n"))


def test_an_index_that_does_not_answer_is_left_for_the_builds_to_tell(tmp_path: Path) -> None:
    settings = IndexSettings(index_url="http://127.0.0.1:9/simple/")
    assert tells_dates(Index(settings, HERE), manifest(tmp_path, "good\n"))


@pytest.mark.parametrize("place", ["flag", "file", "variable"])
def test_a_run_on_an_index_without_dates_accuses_nobody_for_it(
    tmp_path: Path, local_index: LocalIndex, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    header = Project("header").release("1.0", fault=Fault.HEADER).release("1.1")
    local_index.add(Project("good").release("1.0"), header)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UV_INDEX_URL")
    with local_index.serve(dates=False) as server:
        lines, flags = "good==1.0\nheader==1.0\n", ["--python", sys.executable, "--json", "-"]
        if place == "flag":
            flags += ["--index-url", server.url]
        elif place == "variable":
            monkeypatch.setenv("UV_INDEX_URL", server.url)
        else:
            lines = f"--index-url {server.url}\n{lines}"
        (tmp_path / "requirements.txt").write_text(lines)
        done = CliRunner().invoke(group, ["run", *flags], standalone_mode=False)
    report = json.loads(done.stdout)
    named = [own["name"] for culprit in report["culprits"] for own in culprit["requirements"]]
    assert (report["verdict"], named) == ("fixed", ["header"])
    assert [edit["to"] for edit in report["fix"]["edits"]] == ["==1.1"]


@pytest.mark.parametrize("option", ["index_url", "extra_index_urls"])
def test_a_pipe_in_place_of_a_page_of_a_local_index_is_one_error_at_once(
    tmp_path: Path, option: str
) -> None:
    page = tmp_path / "simple" / "good" / "index.html"
    page.parent.mkdir(parents=True)
    os.mkfifo(page)
    place = str(tmp_path / "simple")
    given = {option: place if option == "index_url" else (place,)}
    with pytest.raises(InputError, match="it is a pipe, not a regular file"):
        sources(IndexSettings(**given), manifest(tmp_path, "good\n"), "uv", tmp_path)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["good\n", "good @ file:{pipe}\n", "./links/{name}\n"])
def test_a_pipe_among_the_files_to_install_is_one_error_at_once(tmp_path: Path, text: str) -> None:
    name = "good-1.0-py3-none-any.whl"
    pipe = tmp_path / "links" / name
    pipe.parent.mkdir()
    os.mkfifo(pipe)
    written = manifest(tmp_path, text.format(pipe=pipe, name=name))
    given = IndexSettings(find_links=(str(pipe.parent),) if text == "good\n" else ())
    with pytest.raises(InputError, match="it is a pipe, not a regular file"):
        sources(given, written, "uv", tmp_path)
