"""Ignore comments silence what they name, where they stand, and are reported when idle."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisect_deps.lint.settings import LintSettings
from tests.support.linted import codes, fixed, lint


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("flask  # depbisect: ignore[DB101] on purpose\n", id="at the end"),
        pytest.param("flask  # depbisect: ignore[unpinned] on purpose\n", id="by name"),
        pytest.param("flask  # web  # depbisect: ignore[DB101, DB102x]\n", id="after a comment"),
        pytest.param("# depbisect: ignore[DB101] on purpose\nflask\n", id="on its own line above"),
        pytest.param("# depbisect: ignore-file[DB101]\n\nflask\nclick\n", id="whole file"),
        pytest.param("flask \\\n  # depbisect: ignore[DB101]\n", id="on the last physical line"),
    ],
)
def test_ignore_silences_the_finding(tmp_path: Path, text: str) -> None:
    assert "DB101" not in codes(lint(tmp_path, {"requirements.txt": text}))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("flask  # noqa: DB101\n", id="noqa is for other tools"),
        pytest.param("flask  # depbisect: ignore[DB102]\n", id="another rule"),
        pytest.param("# depbisect: ignore[DB101]\nclick==8\nflask\n", id="another line"),
        pytest.param("click==8\n# depbisect: ignore-file[DB101]\nflask\n", id="not in the head"),
        pytest.param("# depbisect: ignored==1.0\nflask\n", id="a commented-out project"),
    ],
)
def test_other_comments_silence_nothing(tmp_path: Path, text: str) -> None:
    assert "DB101" in codes(lint(tmp_path, {"requirements.txt": text}))


def test_reason_is_kept_for_the_report(tmp_path: Path) -> None:
    report = lint(
        tmp_path, {"requirements.txt": "flask  # depbisect: ignore[DB101] rolling demo\n"}
    )
    [silenced] = report.suppressed
    assert silenced.reason == "rolling demo"


def test_idle_code_is_taken_out_of_the_comment(tmp_path: Path) -> None:
    text = "flask  # depbisect: ignore[DB101, DB102] why\n"
    result = fixed(tmp_path, {"requirements.txt": text})
    [data] = result.files.values()
    assert data == b"flask  # depbisect: ignore[DB101] why\n"


def test_idle_comment_is_removed_with_its_line(tmp_path: Path) -> None:
    text = "# depbisect: ignore[DB101]\nflask==1.0\n"
    [data] = fixed(tmp_path, {"requirements.txt": text}).files.values()
    assert data == b"flask==1.0\n"


def test_ignore_of_a_rule_that_did_not_run_is_not_idle(tmp_path: Path) -> None:
    text = "flask==1.0  # depbisect: ignore[DB502]\n"
    assert codes(lint(tmp_path, {"requirements.txt": text})) == []


def test_unknown_code_is_reported(tmp_path: Path) -> None:
    report = lint(tmp_path, {"requirements.txt": "flask==1.0  # depbisect: ignore[DB999]\n"})
    assert "no rule DB999" in report.diagnostics[0].message


def test_ignore_works_in_toml(tmp_path: Path) -> None:
    text = (
        '[project]\nname = "x"\ndependencies = [\n'
        '  "flask",  # depbisect: ignore[DB101]\n  "click",\n]\n'
    )
    report = lint(tmp_path, {"pyproject.toml": text})
    assert [(diagnostic.rule.code, diagnostic.package) for diagnostic in report.diagnostics] == [
        ("DB101", "click")
    ]


def test_settings_ignore_by_file_and_by_project(tmp_path: Path) -> None:
    files = {"requirements.txt": "flask\nclick\nrequests>=2\n"}
    by_file = LintSettings(per_file_ignores={"req*.txt": ("DB101",)})
    by_project = LintSettings(per_package_ignores={"Flask": ("DB1",)})
    assert codes(lint(tmp_path, files, settings=by_file)) == ["DB102"]
    assert codes(lint(tmp_path, files, settings=by_project)) == ["DB101", "DB102"]
