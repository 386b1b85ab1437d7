"""`depbisect diagnose`: a build log in, the suspects out. Builds nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from bisect_deps.errors import InputError

BLOCK = 1 << 18

if TYPE_CHECKING:
    from bisect_deps.model import Diagnosis, Requirement


@click.command("diagnose")
@click.argument("log", required=False, metavar="[LOG]")
@click.option(
    "-r",
    "--requirements",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The file that was installed: suspects become its lines.",
)
@click.option("--exit-status", type=int, metavar="N", help="How the build ended, where known.")
@click.option("--json", "as_json", is_flag=True, help="Write the diagnosis as JSON.")
def command(
    log: str | None, requirements: Path | None, exit_status: int | None, as_json: bool
) -> int:
    """Name the suspects in a build log, the cause, and the lines that show them.

    LOG is a file, or - for standard input. Nothing is built and nothing is downloaded.
    """
    if log is None and sys.stdin.isatty():
        raise click.UsageError("name a log, or pipe one in: depbisect diagnose build.log")
    source = log or "-"
    diagnosis = _read(source, requirements, exit_status)
    from bisect_deps.reports.diagnosis import to_json, to_text

    if as_json:
        click.echo(json.dumps(to_json(diagnosis), ensure_ascii=False, indent=2))
    else:
        given = str(requirements) if requirements else ""
        click.echo("\n".join(to_text(diagnosis, log=source, requirements=given)))
    return 0


def command_named(name: str) -> click.Command:
    """Return the command of that name in this module."""
    return {"diagnose": command}[name]


def _read(source: str, requirements: Path | None, exit_status: int | None) -> Diagnosis:
    from bisect_deps.evidence import diagnose

    listed = _requirements(requirements)
    if source == "-":
        return diagnose(_blocks(sys.stdin.buffer), requirements=listed, exit_status=exit_status)
    try:
        with open(source, "rb") as file:
            return diagnose(_blocks(file), requirements=listed, exit_status=exit_status)
    except OSError as error:
        hint = "name a log file, or - for standard input"
        raise InputError(error.strerror or "cannot be read", place=source, hint=hint) from error


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """Return a binary file as blocks instead of lines."""
    return iter(lambda: file.read(BLOCK), b"")


def _requirements(path: Path | None) -> list[Requirement]:
    """Return the user's requirements, constraints left out; a bad line harms no other."""
    if path is None:
        return []
    from bisect_deps.formats import parse_manifest

    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(error.strerror or "cannot be read", place=str(path)) from error
    manifest = parse_manifest(data, path, folder=path.absolute().parent)
    return [item for item in manifest.requirements if not item.constraint]
