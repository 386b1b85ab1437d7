"""`depbisect fleet`: many files in, one row each and a table out."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

import click

from bisect_deps.builders import options_of
from bisect_deps.cli import run as one_file
from bisect_deps.cli.builder_options import check_builder_options
from bisect_deps.cli.output import check_targets, write_report
from bisect_deps.errors import ExitCode, InputError
from bisect_deps.policy import POLICY
from bisect_deps.reports import REPORTS, many, sarif
from bisect_deps.run.fleet import (
    Fleet,
    Plan,
    Row,
    as_json,
    culprit_counts,
    expand,
    task_of,
    verdicts_of,
)
from bisect_deps.text import counted, shown

# What is one file's alone.
_LEFT_OUT = {
    "file", "requirements", "log", "good", "output", "lock", "concise", "python",
    "max_builds", "annotate", "alternatives", "verbose", "no_progress", "color", "jobs", "write",
    "prefer", "fix_style",
}  | {f"{name}_to" for name in REPORTS}  # fmt: skip
_DEFAULTS = {
    "file": None, "requirements": (), "log": None, "good": None, "lock": None, "max_builds": None,
    "annotate": False, "alternatives": False, "jobs": None, "prefer": None, "fix_style": "add",
}  # fmt: skip
_USE = (
    "To have the fixes written: the same command with --write; to see them: with --html FILE. "
    "Nothing is built twice."
)


class _OfRun(one_file.FromFiles):
    """A command that has most options of `run`, and reads its settings files."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> click.Context:
        """Read the settings of run, and pass over those that are one file's alone."""
        return click.Command.make_context(
            self, info_name, args, parent, default_map=self._own(Path.cwd()), **extra
        )

    def _own(self, folder: Path) -> dict[str, Any]:
        names = {param.name for param in self.params}
        of_run = one_file.command
        assert isinstance(of_run, one_file.FromFiles)
        return {key: value for key, value in of_run._defaults(folder).items() if key in names}


@click.command("fleet", cls=_OfRun)
@click.argument("paths", nargs=-1, required=True)
@click.option("--python", multiple=True, metavar="X", help="A Python to build for; repeatable.")
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1, POLICY.most_jobs),
    default=1,
    metavar="N",
    help="Files at once.",
)
@click.option("--write", is_flag=True, help="Fix the files in place.")
@click.option("--json", "json_to", metavar="FILE", help="A JSON line a file; - is stdout.")
@click.option("--html", "html_to", metavar="FILE", help="Write a page of all files, with patches.")
@click.option(
    "--markdown", "markdown_to", metavar="FILE", help="Write what the page says, shorter."
)
@click.option("--sarif", "sarif_to", metavar="FILE", help="Write the culprits of all as SARIF.")
def command(paths: tuple[str, ...], **flags: Any) -> int:
    """Bisect the builds of many files; what one shows of a release is known to the next.

    PATHS are files, folders (their *requirements*.txt), globs, or - for a list on standard input.
    An interrupted fleet goes on where it was by the same command.
    """
    check_builder_options(flags["builder"])
    _check_builder(flags["builder"], flags["jobs"])
    targets = {name: flags[f"{name}_to"] for name in ("json", "html", "markdown", "sarif")}
    listed = sys.stdin.read() if "-" in paths else ""
    files = expand([path for path in paths if path != "-"], listed)
    check_targets(targets, *files)
    tasks = [
        task_of(one_file.settings_of({**_DEFAULTS, **flags, "file": file, "python": python}))
        for python in flags["python"] or (None,)
        for file in files
    ]
    plan = Plan(tasks, Path.cwd(), flags["jobs"], flags["write"], not flags["resume"])
    with _lines(flags["json_to"]) as stream:
        rows = Fleet(plan, lambda row: _tell(row, stream, quiet=flags["quiet"])).run()
    if targets["html"]:
        write_report(targets["html"], many.render(rows, culprit_counts(rows)))
    if targets["markdown"]:
        write_report(targets["markdown"], many.render_markdown(rows, culprit_counts(rows)))
    if targets["sarif"]:
        write_report(targets["sarif"], sarif.render_all([*verdicts_of(rows, plan.home)]))
    if "-" not in targets.values():
        click.echo(_table(rows), nl=False)
        if not plan.write and any(row.diff for row in rows):
            click.echo(_USE)
    return ExitCode.OK if all(row.is_good for row in rows) else ExitCode.FINDINGS


for _param in one_file.command.params:
    if _param.name not in _LEFT_OUT:
        command.params.append(_param)


def command_named(name: str) -> click.Command:
    """Return the command of that name in this module."""
    del name
    return command


def _check_builder(builder: str, jobs: int) -> None:
    """Raise InputError for a builder that a fleet cannot have."""
    if builder == one_file.MANUAL:
        raise InputError("a person builds one file", hint="use another builder for many")
    if options_of(builder).one_file and jobs > 1:
        raise InputError(
            f"--builder {builder} builds the one file that it has in place",
            hint="leave -j out: the files are taken one after the other",
        )


class _lines:
    """A place for JSON lines: a file, standard output, or none."""

    def __init__(self, target: str | None) -> None:
        self._target = target
        self._stream: TextIO | None = None

    def __enter__(self) -> TextIO | None:
        if self._target == "-":
            return sys.stdout
        if self._target is not None:
            self._stream = open(self._target, "w", encoding="utf-8")
        return self._stream

    def __exit__(self, *about: object) -> None:
        if self._stream is not None:
            self._stream.close()


def _tell(row: Row, stream: TextIO | None, *, quiet: bool) -> None:
    if stream is not None:
        stream.write(json.dumps(as_json(row)) + "\n")
        stream.flush()
    if not quiet:
        click.echo(shown(_line(row)), err=True)


def _line(row: Row) -> str:
    about = [row.verdict]
    if row.culprits:
        about.append(", ".join(row.culprits))
    about.append("known" if row.resumed else counted(row.builds, "build"))
    if row.python:
        about.append(f"Python {row.python}")
    if row.written:
        about.append("written")
    return f"{row.file}: {'; '.join(about)}"


def _table(rows: Sequence[Row]) -> str:
    """Return what became of each file, then which release breaks how many."""
    width = max(len(row.file) for row in rows)
    lines = [f"{'file':{width}}  {'verdict':12}  builds  culprits"]
    for row in rows:
        culprits = ", ".join(row.culprits) or ("" if row.is_good else row.summary)
        lines.append(f"{row.file:{width}}  {row.verdict:12}  {row.builds:6}  {culprits}".rstrip())
    counts = culprit_counts(rows)
    if counts:
        lines += ["", "files  release"]
        lines += [f"{number:5}  {culprit}" for culprit, number in counts]
    good = sum(row.is_good for row in rows)
    builds = sum(row.builds for row in rows)
    lines += [
        "",
        f"{good} of {counted(len(rows), 'file')} pass or have a verified fix; "
        f"{counted(builds, 'build')}.",
    ]
    return "".join(f"{shown(line)}\n" for line in lines)
