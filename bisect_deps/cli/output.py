"""Where a command's result goes: text to standard output, reports to files or standard output."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from bisect_deps.cli.options import wants_color
from bisect_deps.errors import InputError
from bisect_deps.files import write_whole
from bisect_deps.model import Verdict

PIPE_WIDTH = 80


def deliver(
    verdict: Verdict,
    state: Path,
    *,
    json_to: str | None = None,
    html_to: str | None = None,
    color: str = "auto",
    written: Sequence[str] = (),
) -> None:
    """Write the reports that were asked for; show the verdict unless one took standard output.

    `state` is the state folder, for the logs. Raises InputError where a file cannot be written.
    """
    check_targets(json_to, html_to, *map(Path, verdict.files or (verdict.file,)))
    if json_to:
        from bisect_deps.reports.json import dumps

        write_report(json_to, dumps(verdict))
    if html_to:
        from bisect_deps.reports import html

        page = html.render(verdict, logs=html.kept_logs(state, verdict), written=written)
        write_report(html_to, page)
    if "-" not in (json_to, html_to):
        show(verdict, color=color, written=written)


def check_targets(json_to: str | None, html_to: str | None, *files: Path) -> None:
    """Raise InputError for reports that would overwrite each other or one of the user's files."""
    targets = [target for target in (json_to, html_to) if target]
    if len(targets) == 2 and targets[0] == targets[1]:
        where = "standard output" if targets[0] == "-" else targets[0]
        raise InputError(
            f"--json and --html cannot both go to {where}", hint="give one of them another name"
        )
    for target in targets:
        mine = [os.path.realpath(file) for file in files if file.exists()]
        if target != "-" and os.path.realpath(target) in mine:
            raise InputError(
                "a report would overwrite your file", place=target, hint="give it another name"
            )


def show(verdict: Verdict, *, color: str = "auto", written: Sequence[str] = ()) -> None:
    """Print the verdict as text."""
    from bisect_deps.reports.terminal import render

    stream = sys.stdout
    width = shutil.get_terminal_size().columns if stream.isatty() else PIPE_WIDTH
    text = render(verdict, color=wants_color(color, stream), width=width, written=written)
    encoding = stream.encoding or "utf-8"
    _print(text.encode(encoding, "replace"))


def write_report(target: str, text: str) -> None:
    """Write a report in UTF-8, to standard output for `-`; a file is replaced whole or not at all.

    Raises InputError where the file cannot be written.
    """
    if target == "-":
        _print(text.encode())
        return
    write_whole(Path(target), text.encode())


def _print(data: bytes) -> None:
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # The reader (`head`, a pager) has seen enough; the exit code still tells the verdict.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
