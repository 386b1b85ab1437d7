"""`depbisect diagnose`: build logs in, the suspects out. Builds nothing."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bisect_deps.cli.given import LONGEST_FILE, be_a_log, requirements_of
from bisect_deps.cli.options import json_option, requirements_option
from bisect_deps.errors import InputError

if TYPE_CHECKING:
    from bisect_deps.diagnosis.sources import Log
    from bisect_deps.model import Diagnosis

# Of a folder or zip with more, the rest is named and not read.
MOST_LOGS = 2_000


@click.command("diagnose")
@click.argument("logs", nargs=-1, metavar="[LOG]...")
@requirements_option("The file that was installed: suspects become its lines")
@click.option("--exit-status", type=int, metavar="N", help="How the build ended, where known.")
@json_option("Write the diagnosis as JSON")
@click.option("--fail", is_flag=True, help="Exit with 1 where a log shows a failure.")
def command(
    logs: tuple[str, ...],
    requirements: tuple[Path, ...],
    exit_status: int | None,
    json_to: str | None,
    fail: bool,
) -> int:
    """Name the suspects in build logs, the cause, and the lines that show them.

    LOG is a file (plain, gz, bz2 or xz), the zip of a CI run, a folder of logs, or - for standard
    input, which is also read where nothing is named. Nothing is built and nothing is downloaded.
    """
    from bisect_deps.cli.output import write_report
    from bisect_deps.diagnosis import diagnose
    from bisect_deps.model import Outcome
    from bisect_deps.secret import masked

    if not logs and sys.stdin.isatty():
        raise click.UsageError("name a log, or pipe one in: depbisect diagnose build.log")
    if json_to:
        _check_target(json_to, logs)
    if Path("-") in requirements and "-" in (logs or ("-",)):
        raise InputError(
            "standard input cannot be both the log and the requirements",
            hint="name a file for one of them",
        )
    listed = requirements_of(requirements)
    named = [log for place in logs or ("-",) for log in _logs(place)]
    found = [
        (log.name, diagnose(log.blocks(), requirements=listed, exit_status=exit_status))
        for log in named[:MOST_LOGS]
    ]
    unread = [log.name for log in named[MOST_LOGS:]]
    if json_to:
        write_report(json_to, masked(_as_json(found, unread)))
    if json_to != "-":
        given = " ".join(map(str, requirements))
        click.echo(masked("\n".join(_as_text(found, given, unread))))
    return int(fail and any(diagnosis.outcome is Outcome.FAIL for _, diagnosis in found))


def command_named(name: str) -> click.Command:
    """Return the command of that name in this module."""
    return {"diagnose": command}[name]


def _logs(place: str) -> list[Log]:
    from bisect_deps.diagnosis.sources import logs_in, standard_input

    if place == "-":
        return [standard_input(sys.stdin.buffer)]
    if Path(place).is_file() and Path(place).stat().st_size <= LONGEST_FILE:
        be_a_log(Path(place).read_bytes(), place)
    return logs_in(place)


def _as_json(found: list[tuple[str, Diagnosis]], unread: list[str]) -> str:
    from bisect_deps.reports.diagnosis import several_to_json, to_json

    [(_, first), *others] = found
    said = several_to_json(found, unread) if others else to_json(first)
    return json.dumps(said, ensure_ascii=False, indent=2) + "\n"


def _as_text(found: list[tuple[str, Diagnosis]], requirements: str, unread: list[str]) -> list[str]:
    from bisect_deps.reports.diagnosis import several_to_text

    return list(several_to_text(found, requirements=requirements, unread=unread))


def _check_target(target: str, logs: tuple[str, ...]) -> None:
    """Raise InputError for a report that would overwrite a log, or any file that is no report."""
    path = Path(target)
    if target == "-" or not path.is_file():
        return
    with open(path, "rb") as file:
        is_report = file.read(256).lstrip()[:1] in (b"{", b"")
    if target in logs or not is_report:
        hint = "the file after --json is written; `--json -` writes to standard output"
        raise InputError("the report would overwrite this file", place=target, hint=hint)
