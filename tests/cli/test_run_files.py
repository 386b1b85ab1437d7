"""`depbisect run` over several files and over standard input, and the settings beside them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import jsonschema
import pytest

from bisect_deps.cli.run import FromFiles, command, settings_of
from bisect_deps.errors import InputError
from bisect_deps.model import Narrow
from bisect_deps.reports.json import schema
from bisect_deps.run.settings import RunSettings
from tests.support.local_index import Fault, LocalIndex, Project

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    index = LocalIndex(
        tmp_path_factory.mktemp("index"),
        Project("plain").release("1.0"),
        Project("turns").release("1.0", fault=Fault.COMPILE).release("2.0"),
        Project("metadata").release("1.0", fault=Fault.METADATA).release("1.1"),
    )
    with index.serve() as server:
        yield server.url


def run(
    folder: Path, *arguments: str, stdin: str = "", url: str = "http://127.0.0.1:9/simple/"
) -> subprocess.CompletedProcess[str]:
    options = ["--python", sys.executable, "--index-url", url, "--no-progress"]
    return subprocess.run(
        [sys.executable, "-m", "bisect_deps", "run", *options, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


TWO = {"a.txt": "plain==1.0\nturns==1.0\n", "sub/b.txt": "# mine\nmetadata==1.0\n"}


def test_several_files_are_one_build_and_each_is_fixed(tmp_path: Path, served: str) -> None:
    write(tmp_path, TWO)
    arguments = ("-r", "a.txt", "-r", "sub/b.txt")
    done = run(tmp_path, *arguments, "--json", "report.json", url=served)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    jsonschema.validate(report, schema())
    assert (report["file"], report["files"]) == ("a.txt", ["a.txt", "sub/b.txt"])
    places = [
        (member["file"], member["line"])
        for culprit in report["culprits"]
        for member in culprit["requirements"]
    ]
    assert sorted(places) == [("a.txt", 2), ("sub/b.txt", 2)]
    assert [(e["file"], e["to"]) for e in report["fix"]["edits"]] == [
        ("a.txt", "==2.0"),
        ("sub/b.txt", "==1.1"),
    ]
    for words in ("2 lines of a.txt and sub/b.txt break", "--- a/a.txt", "--- a/sub/b.txt"):
        assert words in done.stdout
    assert "to change a.txt and sub/b.txt in place, or with -o FOLDER/" in flat(done.stdout)
    everything = done.stdout + done.stderr + (tmp_path / "report.json").read_text()
    assert "depbisect-all-files" not in everything
    assert {name: (tmp_path / name).read_text() for name in TWO} == TWO


def test_the_fix_of_several_files_is_written_where_each_stands(tmp_path: Path, served: str) -> None:
    write(tmp_path, TWO)
    arguments = ("a.txt", "-r", "sub/b.txt")
    assert run(tmp_path, *arguments, "-o", "fixed/", url=served).returncode == 0
    fixed = {"a.txt": "plain==1.0\nturns==2.0\n", "sub/b.txt": "# mine\nmetadata==1.1\n"}
    there = tmp_path / "fixed"
    assert {
        str(path.relative_to(there)): path.read_text() for path in there.rglob("*.txt")
    } == fixed
    assert {name: (tmp_path / name).read_text() for name in TWO} == TWO
    again = run(tmp_path, *arguments, "--write", url=served)
    assert again.returncode == 0
    assert {name: (tmp_path / name).read_text() for name in TWO} == fixed
    assert "known from before" in flat(again.stdout)


def test_standard_input_is_bisected_and_written_elsewhere(tmp_path: Path, served: str) -> None:
    text = "plain==1.0\nturns==1.0\n"
    done = run(tmp_path, "-", "-o", "fixed.txt", stdin=text, url=served)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "fixed.txt").read_text() == "plain==1.0\nturns==2.0\n"
    assert "turns==1.0  <stdin>:2" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == [".depbisect", "fixed.txt"]
    again = run(tmp_path, "-r", "-", stdin=text, url=served)
    assert "known from before" in flat(again.stdout)
    assert "run the same command again with -o FILE" in flat(again.stdout)


def test_the_python_of_the_file_may_be_asked_for(tmp_path: Path, served: str) -> None:
    write(tmp_path, {"requirements.txt": "plain==1.0\n"})
    done = run(tmp_path, "--python", "auto", url=served)
    assert done.returncode == 0, done.stderr
    assert "for which Python the file was made; it is built for Python 3." in done.stderr


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-", "--write"), "standard input cannot be fixed in place"),
        (("-r", "a.txt", "-", "--write"), "standard input cannot be fixed in place"),
        (("-r", "a.txt", "-r", "b.txt", "-o", "fixed.txt"), "give a folder: fixed.txt/"),
        (("-r", "a.txt", "-r", "b.txt", "--json", "b.txt"), "would overwrite your file"),
        (("-r", "a.txt", "-r", "b.txt", "--lock", "b.txt"), "--lock would overwrite your file"),
        (("-r", "a.txt", "-r", "gone.txt"), "gone.txt: no such file"),
        (("-r", "a.txt", "-r", "pyproject.toml"), "only requirements files go together"),
        (("-r", "a.txt", "-r", "b.txt", "--builder", "manual"), "a conversation needs a terminal"),
        (("-", "--builder", "manual"), "needs standard input for itself"),
        (("-r", "a.txt", "-r", "b.txt"), "b.txt:1: 'y=1'"),
        (("-",), "<stdin>:1: 'z=1'"),
        (("--narrow", "wide"), "wide"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_wrong_usage_ends_with_2_and_one_message(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    write(tmp_path, {"a.txt": "x==1\n", "b.txt": "y=1\n", "pyproject.toml": "[project]\n"})
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    done = run(tmp_path, *arguments, stdin="z=1\n")
    assert done.returncode == 2, done.stdout + done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def settings(*arguments: str, config: str = "", folder: Path | None = None) -> RunSettings:
    """Return the settings that the command line makes of arguments, in a folder of its own."""
    if folder is not None:
        (folder / "depbisect.toml").write_text(config)
    assert isinstance(command, FromFiles)
    with command.make_context("run", list(arguments)) as context:
        return settings_of(context.params)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "requirements.txt").write_text("x==1\n")
    return tmp_path


def test_the_new_settings_have_their_defaults(here: Path) -> None:
    found = settings(folder=here)
    assert (found.file, found.files, found.stdin) == (Path("requirements.txt"), (), None)
    assert (found.allow_removal, found.narrow, found.annotate) == (False, Narrow.QUICK, False)


def test_settings_come_from_flags_variables_and_files(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = 'narrow = "full"\nallow-removal = true\nannotate = true\nrequirements = ["a", "b"]\n'
    found = settings(config=config, folder=here)
    assert (found.allow_removal, found.narrow, found.annotate) == (True, Narrow.FULL, True)
    assert found.files == (Path("a"), Path("b"))
    monkeypatch.setenv("DEPBISECT_NARROW", "none")
    monkeypatch.setenv("DEPBISECT_REQUIREMENTS", os.pathsep.join(("c", "d")))
    monkeypatch.setenv("DEPBISECT_ANNOTATE", "0")
    monkeypatch.setenv("DEPBISECT_JOBS", "3")
    found = settings(config=config, folder=here)
    assert (found.narrow, found.annotate, found.jobs) == (Narrow.NONE, False, 3)
    assert found.files == (Path("c"), Path("d"))
    assert settings("--narrow", "quick", config=config, folder=here).narrow is Narrow.QUICK


@pytest.mark.parametrize(
    ("arguments", "file", "files"),
    [
        (("x.txt",), "x.txt", ()),
        (("-r", "x.txt"), "x.txt", ()),
        (("-r", "x.txt", "-r", "x.txt"), "x.txt", ()),
        (("x.txt", "-r", "y.txt"), "x.txt", ("x.txt", "y.txt")),
        (("-r", "y.txt", "x.txt", "-r", "z.txt"), "x.txt", ("x.txt", "y.txt", "z.txt")),
    ],
    ids=" ".join,
)
def test_files_of_the_command_line_take_the_place_of_all_others(
    here: Path, arguments: tuple[str, ...], file: str, files: tuple[str, ...]
) -> None:
    found = settings(*arguments, config='requirements = ["a", "b"]\n', folder=here)
    assert (found.file, found.files) == (Path(file), tuple(map(Path, files)))


def test_an_unknown_setting_is_refused(here: Path) -> None:
    with pytest.raises(InputError, match="there is no setting 'narrows'"):
        settings(config='narrows = "full"\n', folder=here)
    with pytest.raises(click.BadParameter):
        settings(config='narrow = "wide"\n', folder=here)
