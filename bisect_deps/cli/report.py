"""`depbisect report`: the last run again, in any format. Builds nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from bisect_deps.cli.options import color_option, option
from bisect_deps.cli.output import deliver, report_options, report_targets
from bisect_deps.errors import InputError
from bisect_deps.guided.sessions import folder_of
from bisect_deps.model import Verdict
from bisect_deps.reports.json import from_json
from bisect_deps.system.files import read_regular
from bisect_deps.system.trust import STATE_FOLDER, be_plain

REPORT = "report.json"


@click.command("report")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@report_options
@option("--concise", is_flag=True, help="Show one line a culprit, and the diff.")
@color_option()
def command(file: Path | None, **flags: Any) -> int:
    """Render the last run or session again, from what it left in .depbisect/.

    FILE is the requirements file of that run, or a report written by --json; without it, the last
    run in the current folder.
    """
    path = _report_of(file)
    if path.parent.name == STATE_FOLDER and path != file:
        be_plain(path.parent)
    verdict = _read(path)
    deliver(
        verdict,
        path.parent,
        targets=report_targets(flags),
        color=flags["color"],
        concise=flags["concise"],
        is_kept=True,
    )
    return 0


def command_named(name: str) -> click.Command:
    """Return the command of that name in this module."""
    return {"report": command}[name]


def _report_of(file: Path | None) -> Path:
    """Return the report to read: a JSON report itself, else the one beside the requirements."""
    if file is not None and file.suffix == ".json":
        return file
    if file is None:
        own = Path(STATE_FOLDER, REPORT)
        return own if own.exists() else folder_of(Path()) / STATE_FOLDER / REPORT
    return (file if file.is_dir() else file.parent) / STATE_FOLDER / REPORT


def _read(path: Path) -> Verdict:
    try:
        report = json.loads(read_regular(path))
    except FileNotFoundError as error:
        raise InputError(
            "there is no report of a run here",
            place=str(path),
            hint="depbisect run makes one; name its requirements file where it lies elsewhere",
        ) from error
    except OSError as error:
        raise InputError(
            f"the report cannot be read: {error.strerror}",
            place=str(path),
            hint="name the requirements file of the run, or a file written by --json",
        ) from error
    except ValueError as error:
        raise InputError(
            "the report is not valid JSON", place=str(path), hint="run depbisect again"
        ) from error
    try:
        return from_json(report)
    except InputError as error:
        error.place = str(path)
        raise
