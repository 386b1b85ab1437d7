"""A project is judged over all its lines, and by what its file is for."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisect_deps.lint.profiles import profile_of
from bisect_deps.lint.rules.base import Profile, Severity
from bisect_deps.lint.settings import LintSettings
from tests.support.linted import codes, lint


@pytest.mark.parametrize(
    ("file", "group", "profile"),
    [
        ("requirements.txt", "", Profile.PUBLISH),
        ("requirements/prod.txt", "", Profile.PUBLISH),
        ("latest-requirements.txt", "", Profile.PUBLISH),
        ("requirements-dev.txt", "", Profile.DEV),
        ("requirements/test.txt", "", Profile.DEV),
        ("docs/requirements.txt", "", Profile.DEV),
        ("pyproject.toml", "project.dependencies", Profile.LIBRARY),
        ("pyproject.toml", "project.optional-dependencies.web", Profile.LIBRARY),
        ("pyproject.toml", "project.optional-dependencies.test", Profile.DEV),
        ("pyproject.toml", "dependency-groups.web", Profile.DEV),
    ],
)
def test_profile_is_chosen_by_place(file: str, group: str, profile: Profile) -> None:
    assert profile_of(file, group) is profile


def test_compiled_input_may_have_ranges(tmp_path: Path) -> None:
    files = {"requirements.in": "flask>=2\n", "requirements.txt": "flask==3.0\n"}
    assert codes(lint(tmp_path, files)) == []
    alone = tmp_path / "alone"
    assert codes(lint(alone, {"requirements.in": "flask>=2\n"})) == ["DB102"]


def test_development_files_only_warn(tmp_path: Path) -> None:
    report = lint(tmp_path, {"requirements-dev.txt": "pytest\n"})
    assert [diagnostic.severity for diagnostic in report.diagnostics] == [Severity.WARNING]


def test_an_included_file_is_judged_with_its_includer(tmp_path: Path) -> None:
    files = {
        "prod.txt": "-r base.txt\n-c pins.txt\n",
        "base.txt": "flask\n",
        "pins.txt": "flask==3.0\n",
    }
    assert codes(lint(tmp_path, files, "base.txt", "prod.txt")) == []
    assert codes(lint(tmp_path, files, "base.txt")) == ["DB101"]


def test_two_files_that_include_each_other_are_still_linted(tmp_path: Path) -> None:
    files = {"a.txt": "-r b.txt\nflask\n", "b.txt": "-r a.txt\nclick\n"}
    found = codes(lint(tmp_path, files, "a.txt", "b.txt"))
    assert "DB412" in found
    assert found.count("DB101") == 2


def test_a_shared_include_is_reported_once(tmp_path: Path) -> None:
    files = {"a.txt": "-r base.txt\n", "b.txt": "-r base.txt\n", "base.txt": "flask\n"}
    assert codes(lint(tmp_path, files, "a.txt", "b.txt")) == ["DB101"]


def test_pin_under_one_marker_leaves_the_rest_floating(tmp_path: Path) -> None:
    text = 'a==1 ; sys_platform == "win32"\na\n'
    report = lint(tmp_path, {"requirements.txt": text})
    assert [(diagnostic.rule.code, diagnostic.line) for diagnostic in report.diagnostics] == [
        ("DB101", 2)
    ]


def test_pins_under_both_markers_cover_a_bare_name(tmp_path: Path) -> None:
    text = 'a==1 ; sys_platform == "win32"\na==2 ; sys_platform != "win32"\na\n'
    assert codes(lint(tmp_path, {"requirements.txt": text})) == []


def test_folder_is_searched_for_known_names(tmp_path: Path) -> None:
    files = {
        "requirements.txt": "flask\n",
        "requirements/prod.in": "click\n",
        "notes.txt": "not requirements\n",
        ".venv/requirements.txt": "hidden\n",
        "tools/pyproject.toml": '[build-system]\nrequires = ["setuptools"]\n',
    }
    report = lint(tmp_path, files, ".")
    assert set(report.files) == {
        "requirements.txt",
        "requirements/prod.in",
        "tools/pyproject.toml",
    }


def test_conflicting_groups_are_no_contradiction(tmp_path: Path) -> None:
    text = '[project]\nname = "x"\n[dependency-groups]\nold = ["a==1"]\nnew = ["a==2"]\n'
    assert codes(lint(tmp_path, {"pyproject.toml": text})) == []


def test_group_contradicts_the_project(tmp_path: Path) -> None:
    text = '[project]\nname = "x"\ndependencies = ["a>=2"]\n[dependency-groups]\nold = ["a==1"]\n'
    assert "DB402" in codes(lint(tmp_path, {"pyproject.toml": text}))


def test_secret_stands_in_no_message_and_no_source_line(tmp_path: Path) -> None:
    text = "--index-url https://me:hunter2secret@index.example/simple\nflask==1\n"
    report = lint(tmp_path, {"requirements.txt": text})
    assert codes(report) == ["DB208"]
    shown = repr([(diagnostic.message, diagnostic.text) for diagnostic in report.diagnostics])
    assert "hunter2secret" not in shown


def test_prefix_and_name_select_rules(tmp_path: Path) -> None:
    files = {"requirements.txt": "flask\nrequests>=2\n--extra-index-url https://x.example/\n"}
    assert codes(lint(tmp_path, files, settings=LintSettings(select=("DB1",)))) == [
        "DB101",
        "DB102",
    ]
    assert codes(lint(tmp_path, files, settings=LintSettings(select=("extra-index",)))) == ["DB704"]
    assert codes(lint(tmp_path, files, settings=LintSettings(ignore=("DB1", "DB7")))) == []


def test_severity_can_be_set(tmp_path: Path) -> None:
    settings = LintSettings(severities={"DB101": Severity.INFO})
    [found] = lint(tmp_path, {"requirements.txt": "flask\n"}, settings=settings).diagnostics
    assert found.severity is Severity.INFO


def test_project_may_name_its_own_extras(tmp_path: Path) -> None:
    text = (
        '[project]\nname = "My_App"\n[project.optional-dependencies]\n'
        'web = ["flask>=3"]\nall = ["my-app[web]"]\n'
    )
    assert codes(lint(tmp_path, {"pyproject.toml": text})) == []


def test_lock_holds_what_the_groups_leave_open(tmp_path: Path) -> None:
    lock = 'version = 1\n\n[[package]]\nname = "ruff"\nversion = "0.9"\n'
    text = '[project]\nname = "x"\n[dependency-groups]\ndev = ["ruff"]\n'
    assert codes(lint(tmp_path / "a", {"pyproject.toml": text})) == ["DB101"]
    assert codes(lint(tmp_path / "b", {"pyproject.toml": text, "uv.lock": lock})) == []


def test_lock_for_one_environment_need_not_hold_all(tmp_path: Path) -> None:
    lock = 'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "a"\nversion = "1.0"\n'
    text = (
        '[project]\nname = "x"\ndependencies = ["a>=1", "b>=1 ; sys_platform == \'win32\'"]\n'
        '[dependency-groups]\ndev = ["ruff>=1"]\n'
    )
    report = lint(tmp_path, {"pyproject.toml": text, "pylock.toml": lock})
    assert "DB702" not in codes(report)


def test_line_for_another_platform_than_the_targets_may_float(tmp_path: Path) -> None:
    files = {"requirements.txt": 'pywin32 ; sys_platform == "win32"\n'}
    assert codes(lint(tmp_path, files)) == ["DB101"]
    settings = LintSettings(targets=("platform=linux_x86_64",))
    assert codes(lint(tmp_path, files, settings=settings)) == ["DB404"]


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("line", "least"),
    [("flask\n", 1499), ("flask=={}\n", 1), ("flask>={}\n", 1499), ("not valid {}\n", 1499)],
)
def test_time_grows_with_the_lines_and_not_with_their_square(
    tmp_path: Path, line: str, least: int
) -> None:
    text = "".join(line.format(number) for number in range(1500))
    assert len(lint(tmp_path, {"requirements.txt": text}).diagnostics) >= least
