"""Where a command's result goes: text to standard output, reports to files or standard output."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from bisect_deps.cli.options import option, relative, wants_color
from bisect_deps.errors import InputError
from bisect_deps.model import Verdict
from bisect_deps.reports import REPORTS, render
from bisect_deps.system.files import write_output

T = TypeVar("T")

PIPE_WIDTH = 80


def deliver(
    verdict: Verdict,
    state: Path,
    *,
    targets: Mapping[str, str | None],
    color: str = "auto",
    written: Sequence[str] = (),
    concise: bool = False,
    is_kept: bool = False,
) -> None:
    """Write the reports that were asked for; show the verdict unless one took standard output.

    `state` is the state folder, for the logs; `targets` are the formats with their files, as
    `report_targets` returns them. Raises InputError where a file cannot be written: after the
    rest, but for a verdict that `is_kept` and can be asked for again.
    """
    check_targets(targets, *map(Path, verdict.files or (verdict.file,)))
    unwritten: list[InputError] = []
    for name, target in targets.items():
        if target:
            try:
                write_report(target, render(name, verdict, state, tuple(written)))
            except InputError as error:
                # What took minutes to find is shown all the same.
                if is_kept:
                    raise
                unwritten.append(error)
    if "-" not in targets.values():
        if concise:
            from bisect_deps.reports.concise import render as in_few_lines

            write_report("-", in_few_lines(verdict))
        else:
            show(verdict, color=color, written=written)
    if unwritten:
        raise unwritten[0]


def report_options(command: T) -> T:
    """Give a command `--NAME FILE` for every format of the table, as `NAME_to`."""
    for name, what in reversed(REPORTS.items()):
        command = option(f"--{name}", f"{name}_to", metavar="FILE", help=f"{what}; - is stdout.")(
            command
        )
    return command


def report_targets(flags: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the formats with the files that a command's options name for them."""
    return {name: flags[f"{name}_to"] for name in REPORTS}


def check_targets(targets: Mapping[str, str | None], *files: Path) -> None:
    """Raise InputError for reports that would overwrite each other or one of the user's files."""
    taken: dict[str, str] = {}
    for name, target in targets.items():
        if target and target in taken:
            where = "standard output" if target == "-" else target
            raise InputError(
                f"--{taken[target]} and --{name} cannot both go to {where}",
                hint="give one of them another name",
            )
        taken[target or ""] = name
    for target in filter(None, targets.values()):
        if target != "-" and os.path.isdir(target):
            raise InputError("this is a folder", place=target, hint="name a file in it")
        mine = [os.path.realpath(file) for file in files if file.exists()]
        if target != "-" and os.path.realpath(target) in mine:
            raise InputError(
                "a report would overwrite your file", place=target, hint="give it another name"
            )


def show(verdict: Verdict, *, color: str = "auto", written: Sequence[str] = ()) -> None:
    """Print the verdict as text."""
    from bisect_deps.reports.terminal import render as as_text

    files = tuple(map(relative, verdict.files))
    verdict = replace(verdict, file=relative(verdict.file), files=files)
    stream = sys.stdout
    width = shutil.get_terminal_size().columns if stream.isatty() else PIPE_WIDTH
    text = as_text(verdict, color=wants_color(color, stream), width=width, written=written)
    encoding = stream.encoding or "utf-8"
    _print(text.encode(encoding, "replace"))


def write_report(target: str, text: str) -> None:
    """Write a report in UTF-8, to standard output for `-`; a file is replaced whole or not at all.

    Raises InputError where the file cannot be written.
    """
    if target == "-":
        _print(text.encode("utf-8", "backslashreplace"))
        return
    write_output(Path(target), text.encode("utf-8", "backslashreplace"))


def _print(data: bytes) -> None:
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # The reader (`head`, a pager) has seen enough; the exit code still tells the verdict.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
