"""Lints a few files in a folder of their own, the way the command does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bisect_deps.lint.checking import Checker
from bisect_deps.lint.diagnostics import Report
from bisect_deps.lint.fixing import Fixed, fix
from bisect_deps.lint.inputs import Inputs
from bisect_deps.lint.settings import LintSettings


def write_files(folder: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))


def checker(folder: Path, settings: LintSettings | None = None) -> Checker:
    settings = settings or LintSettings()
    return Checker(Inputs(folder, settings.exclude, variables={}), settings)


def lint(
    folder: Path,
    files: Mapping[str, str | bytes],
    *paths: str,
    settings: LintSettings | None = None,
) -> Report:
    """Write the files and lint `paths` (default: the first file)."""
    write_files(folder, files)
    return checker(folder, settings).check(paths or (next(iter(files)),))


def fixed(
    folder: Path,
    files: Mapping[str, str | bytes],
    *paths: str,
    settings: LintSettings | None = None,
    unsafe: bool = False,
) -> Fixed:
    """Write the files and fix them as drafts."""
    write_files(folder, files)
    return fix(checker(folder, settings), paths or (next(iter(files)),), unsafe=unsafe)


def codes(report: Report) -> list[str]:
    """Return the codes in the order of the report."""
    return [diagnostic.rule.code for diagnostic in report.diagnostics]
