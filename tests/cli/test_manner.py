"""Every command has one manner: the same option means the same, errors look alike."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from bisect_deps.cli import COMMANDS, group, main
from bisect_deps.errors import BuilderUnavailable, ExitCode, JournalError, NotTrusted

ROOT = Path(__file__).parent.parent.parent
# What a program may want to read of it.
WITH_JSON = {
    "run",
    "report",
    "diagnose",
    "status",
    "errors",
    "doctor",
    "build-log",
    "fleet",
    "lint",
    "pin",
}
WITH_REQUIREMENTS = {"run", "lint", "pin", "diagnose", "errors", "build-log", "start", "guide"}
WITH_PLATFORM = {"run", "lint", "start", "guide"}
WITH_PYTHON = {"run", "fleet", "lint", "pin", "doctor", "start", "guide", "mcp"}
SHORT = {
    "-r": "--requirements",
    "-q": "--quiet",
    "-v": "--verbose",
    "-o": "--output",
    "-j": "--jobs",
}


def command_of(name: str) -> click.Command:
    command = group.get_command(click.Context(group), name)
    assert command is not None
    return command


def options_of(name: str) -> dict[str, click.Option]:
    return {
        flag: param
        for param in command_of(name).params
        if isinstance(param, click.Option)
        for flag in (*param.opts, *param.secondary_opts)
    }


def depbisect(
    *args: str, cwd: Path, given: str = "", **env: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bisect_deps", *args],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        input=given,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def here(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in this process: what is only said costs no start of another."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(cwd)
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        with pytest.raises(SystemExit) as ended:
            main(args)
        err.flush()
    for number, handler in signals.items():
        signal.signal(number, handler)
    said = (stream.buffer.getvalue().decode() for stream in (out, err))  # type: ignore[attr-defined]
    return subprocess.CompletedProcess(args, int(ended.value.code or 0), *said)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_the_common_options_with_one_meaning(name: str) -> None:
    options = options_of(name)
    color = options["--color"]
    assert isinstance(color.type, click.Choice)
    assert list(color.type.choices) == ["auto", "always", "never"]
    assert color.envvar == "DEPBISECT_COLOR"
    assert options["-q"] is options["--quiet"]
    assert options["-q"].is_flag
    assert options["-v"] is options["--verbose"]
    assert options["-v"].count
    assert command_of(name).context_settings["help_option_names"] == ["-h", "--help"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained_and_every_short_one_is_the_same(name: str) -> None:
    for flag, param in options_of(name).items():
        assert param.help, f"{name} {flag}"
        assert param.help.rstrip().endswith((".", "]", ")")), f"{name} {flag}: {param.help}"
        if flag in SHORT:
            assert any(long.startswith(SHORT[flag]) for long in param.opts), f"{name} {flag}"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_a_sentence_for_each_row_and_plain_words_for_values(name: str) -> None:
    command = command_of(name)
    shown = command.get_help(click.Context(command, info_name=name))
    rows = shown.partition("Options:\n")[2].splitlines()
    unsaid = [row for row in rows if row.startswith("  ") and row[2:3] not in ("-", " ")]
    assert unsaid == [], "what is no option has its place in the text above"
    assert "RANGE" not in shown
    assert not re.search(r"\d\.0\b", shown)


@pytest.mark.parametrize("name", COMMANDS)
def test_json_names_a_file_or_stands_for_standard_output(name: str) -> None:
    param = options_of(name).get("--json")
    assert (param is not None) == (name in WITH_JSON)
    if param is not None:
        assert param.metavar == "FILE"
        assert not param.is_flag
        assert param.name == "json_to"


@pytest.mark.parametrize("name", COMMANDS)
def test_requirements_and_target_are_named_alike(name: str) -> None:
    options = options_of(name)
    assert ("-r" in options) == (name in WITH_REQUIREMENTS)
    if "-r" in options:
        assert options["-r"].multiple
    assert ("--python" in options) == (name in WITH_PYTHON)
    assert ("--platform" in options) >= (name in WITH_PLATFORM)
    if "--python" in options:
        assert options["--python"].metavar == "X"


@pytest.mark.parametrize("name", COMMANDS)
def test_what_has_an_html_report_has_all_and_an_option_without_value_names_it(
    name: str, tmp_path: Path
) -> None:
    options = options_of(name)
    if "--html" in options:
        assert {"--json", "--html", "--markdown", "--sarif"} <= set(options)
    done = here(name, "--color", cwd=tmp_path)
    first, second = done.stderr.splitlines()
    what = "error: --color needs a value: --color [auto|always|never]"
    assert (done.returncode, first) == (ExitCode.USAGE, what)
    assert second.endswith(f"{name} --help")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_wrong_option_is_an_error_with_a_hint(name: str, tmp_path: Path) -> None:
    done = here(name, "--colour", "never", cwd=tmp_path)
    assert done.returncode == ExitCode.USAGE
    first, second = done.stderr.splitlines()
    assert first == "error: there is no option --colour"
    assert second.startswith("hint: did you mean --color")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("run", "-V"), "the version: depbisect --version"),
        (("lint", "--version"), "the version: depbisect --version"),
        (("--python", "3.12", "run"), "options follow the command: depbisect COMMAND --python"),
    ],
    ids=["version, short", "version", "before the command"],
)
def test_an_option_in_the_wrong_place_is_told_where_it_belongs(
    words: tuple[str, ...], hint: str, tmp_path: Path
) -> None:
    done = here(*words, cwd=tmp_path)
    assert done.returncode == ExitCode.USAGE
    assert done.stderr.splitlines()[1] == f"hint: {hint}"


@pytest.mark.parametrize(
    ("typed", "meant"), [("rnu", "run"), ("Lint", "lint"), ("buildlog", "build-log")]
)
def test_an_unknown_command_suggests_what_is_alike(typed: str, meant: str, tmp_path: Path) -> None:
    done = here(typed, cwd=tmp_path)
    assert done.returncode == ExitCode.USAGE
    assert done.stderr.startswith(
        f"error: there is no command {typed!r}\nhint: did you mean {meant}"
    )


def test_help_and_version_have_their_usual_names(tmp_path: Path) -> None:
    assert here("-V", cwd=tmp_path).stdout == here("--version", cwd=tmp_path).stdout
    assert here("help", cwd=tmp_path).stdout == here("--help", cwd=tmp_path).stdout
    run = here("help", "run", cwd=tmp_path)
    assert run.stdout == here("run", "--help", cwd=tmp_path).stdout
    assert "--max-builds" in run.stdout


def test_what_is_unavailable_is_not_wrong_usage() -> None:
    for error in (JournalError, BuilderUnavailable, NotTrusted):
        assert error.exit_code is ExitCode.UNAVAILABLE


def test_messages_show_paths_below_the_current_folder_as_relative(tmp_path: Path) -> None:
    absolute = tmp_path / "not-there.txt"
    done = here("start", str(absolute), cwd=tmp_path)
    assert done.returncode == ExitCode.USAGE
    assert "not-there.txt" in done.stderr
    assert str(tmp_path) not in done.stderr


def test_lint_writes_json_beside_its_own_format(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("numpy\n", encoding="utf-8")
    both = depbisect("lint", "--json", "lint.json", cwd=tmp_path)
    assert "requirements.txt:1" in both.stdout
    alone = depbisect("lint", "--json", "-", cwd=tmp_path)
    assert alone.stdout == (tmp_path / "lint.json").read_text(encoding="utf-8")
    assert alone.stdout.startswith(("{", "["))


def test_lint_checks_what_r_names_for_the_python_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "base.txt").write_text("numpy\n", encoding="utf-8")
    done = depbisect("lint", "-r", "base.txt", "--python", "3.12", cwd=tmp_path)
    assert "base.txt:1" in done.stdout
    twice = depbisect(
        "lint", "base.txt", "--python", "3.12", "--target", "python=3.9", cwd=tmp_path
    )
    assert twice.returncode == ExitCode.USAGE
    assert "exclude each other" in twice.stderr


def test_diagnose_reads_the_requirements_from_standard_input(tmp_path: Path) -> None:
    log = "ERROR: No matching distribution found for nothere==1.0\n"
    (tmp_path / "build.log").write_text(log, encoding="utf-8")
    done = depbisect(
        "diagnose", "build.log", "-r", "-", "--json", cwd=tmp_path, given="nothere == 1.0\n"
    )
    assert '"requirement": "nothere == 1.0"' in done.stdout, done.stderr
    both = depbisect("diagnose", "-", "-r", "-", cwd=tmp_path, given=log)
    assert both.returncode == ExitCode.USAGE


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "--check", ""], "--check has an empty value"),
        (["run", "--python="], "--python has an empty value"),
        (["lint", " "], "an argument is empty"),
        (["run", "--timeout", "nan"], "nan is no number to count with"),
        (["run", "--timeout", "inf"], "inf is no number to count with"),
        (["run", "--pass-env", "A=B"], "--pass-env A=B is no name of a variable"),
        (["run", "--index-url", "foo"], "--index-url foo is neither an address nor a folder"),
        (["run", "--find-links", "nowhere"], "--find-links nowhere is not there"),
        (["run", "--sandbox-path", "nowhere"], "--sandbox-path nowhere is not there"),
        (
            ["run", "--no-index", "--index-url", "https://index.example/simple"],
            "--index-url and --no-index exclude each other",
        ),
        (
            ["run", "--offline-builds", "--sandbox", "off"],
            "--offline-builds and --sandbox off exclude each other",
        ),
        (["run", "--json", "folder"], "folder: this is a folder"),
        (["run", "-j", "1.5"], "'1.5' is not a whole number"),
        (["run", "--timeout", "soon"], "'soon' is not a number"),
        (["run", "--resume", "--fresh"], "--resume and --fresh exclude each other"),
        (["run", "--log", "pins.txt"], "this is a requirements file, not the log of a build"),
        (["diagnose", "pins.txt"], "this is a requirements file, not the log of a build"),
    ],
)
def test_a_value_that_can_mean_nothing_is_one_error(
    words: list[str], said: str, tmp_path: Path
) -> None:
    (tmp_path / "requirements.txt").write_text("six\n", encoding="utf-8")
    (tmp_path / "pins.txt").write_text(
        "# pins\nsix==1.16.0 # ours\n-r more.txt\n", encoding="utf-8"
    )
    (tmp_path / "folder").mkdir()
    done = here(*words, cwd=tmp_path)
    assert done.returncode == ExitCode.USAGE
    error, hint = done.stderr.splitlines()
    assert error.startswith("error: ")
    assert error.endswith(said)
    assert hint.startswith("hint: ")


@pytest.mark.parametrize(
    "command", ["run", "lint", "pin", "start", "diagnose", "fleet", "bad --log"]
)
def test_a_missing_file_is_told_with_the_one_that_is_meant(command: str, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("six\n", encoding="utf-8")
    done = here(*command.split(), "requirments.txt", cwd=tmp_path)
    assert done.returncode == ExitCode.USAGE
    error, hint = done.stderr.splitlines()
    assert error.startswith("error: requirments.txt: ")
    assert hint == "hint: did you mean requirements.txt?"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('python = ""', "the setting python is empty"),
        ("max-builds = 1979-05-27", "the setting max-builds is neither text nor a number"),
    ],
)
def test_a_setting_of_a_file_that_can_mean_nothing_is_an_error(
    tmp_path: Path, text: str, told: str
) -> None:
    (tmp_path / "requirements.txt").write_text("six\n", encoding="utf-8")
    (tmp_path / "depbisect.toml").write_text(f"{text}\n", encoding="utf-8")
    done = depbisect("run", cwd=tmp_path)
    assert done.returncode == ExitCode.USAGE
    assert told in done.stderr
