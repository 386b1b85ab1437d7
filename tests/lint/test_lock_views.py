"""Locks are looked up with the line of every pin, and are never edited."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisect_deps.errors import InputError
from bisect_deps.lint.locks import lock_manifest
from bisect_deps.lint.settings import LintSettings
from bisect_deps.model import Edit, EditAction
from tests.support.linted import codes, lint

META = '{"_meta": {"hash": {"sha256": "0"}, "pipfile-spec": 6, "requires": {}, "sources": []},\n'
PIPFILES = {
    "plain": (
        META + '"default": {\n  "flask": {"hashes": ["sha256:aa"], "version": "==3.0.3"}\n},\n'
        '"develop": {}}\n',
        {3: "flask==3.0.3"},
    ),
    "both": (
        META + '"default": {\n  "click": {"version": "==8.1.7"}\n},\n'
        '"develop": {\n  "pytest": {"version": "==8.2.0"}\n}}\n',
        {3: "click==8.1.7", 6: "pytest==8.2.0"},
    ),
    "markers": (
        META + '"default": {\n  "colorama": {"markers": "sys_platform == \'win32\'",\n'
        '    "version": "==0.4.6"}\n}, "develop": {}}\n',
        {3: "colorama==0.4.6"},
    ),
    "checkout": (
        META + '"default": {\n  "tool": {"git": "https://git.example/t", "ref": "abc"},\n'
        '  "six": {"index": "main", "version": "==1.16.0"}\n}, "develop": {}}\n',
        {4: "six==1.16.0"},
    ),
    "spelt": (
        META + '"default": {\n  "ruamel.yaml": {"version": "==0.18.6"},\n'
        '  "zope-interface": {"version": "==6.4"}\n}, "develop": {}}\n',
        {3: "ruamel-yaml==0.18.6", 4: "zope-interface==6.4"},
    ),
}


@pytest.mark.parametrize("name", PIPFILES)
def test_pins_of_pipenv_are_read_with_their_lines(tmp_path: Path, name: str) -> None:
    text, pins = PIPFILES[name]
    manifest = lock_manifest(text.encode(), tmp_path / "Pipfile.lock")
    assert {own.line: own.text for own in manifest.requirements} == pins
    assert manifest.files == {"Pipfile.lock": text.encode()}
    with pytest.raises(InputError, match="not edited by hand"):
        manifest.render([Edit(EditAction.REPIN, "x", 0, "==9")])


def test_a_lock_is_no_list_of_findings_off_line(tmp_path: Path) -> None:
    text, _ = PIPFILES["both"]
    report = lint(tmp_path, {"Pipfile.lock": text})
    assert codes(report) == []
    assert report.requirements == 2
    assert report.judged


def test_what_a_lock_holds_is_pinned_for_the_file_that_it_was_made_from(tmp_path: Path) -> None:
    text, _ = PIPFILES["plain"]
    files = {"Pipfile": '[packages]\nflask = "*"\nclick = "*"\n', "Pipfile.lock": text}
    report = lint(tmp_path, files, settings=LintSettings())
    assert [(diagnostic.rule.code, diagnostic.line) for diagnostic in report.diagnostics] == [
        ("DB702", 3),
    ]
