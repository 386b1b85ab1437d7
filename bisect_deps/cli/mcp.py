"""`depbisect mcp`: the commands as tools for assistants, over standard input and output."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from bisect_deps.cli.endings import say
from bisect_deps.cli.options import option
from bisect_deps.errors import ExitCode, InputError


@click.command("mcp")
@click.option(
    "--root",
    "roots",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER",
    help="Only files below it can be named; repeatable.  [default: the current folder]",
)
@click.option("--write", is_flag=True, help="Let tools change files below --root.")
@option("--python", metavar="X", help="Version or path of the Python that builds are for.")
@option("--index-url", metavar="URL", help="The package index, as the installers have it.")
def command(roots: tuple[Path, ...], write: bool, python: str | None, index_url: str | None) -> int:
    """Serve diagnose, run, lint, pin, report and guided sessions to an assistant.

    Speaks the Model Context Protocol over standard input and output; an assistant starts it. Needs
    the extra: pip install 'depbisect[mcp]'.
    """
    if sys.stdin.isatty():
        raise InputError(
            "an assistant starts this, and speaks to it over standard input",
            hint="add `depbisect mcp` to its settings: docs/agents.md",
        )
    try:
        from bisect_deps.assistants.server import Tools, serve
    except ModuleNotFoundError as error:
        raise InputError(
            f"depbisect mcp needs the package {error.name}",
            hint="install the extra: pip install 'depbisect[mcp]'",
        ) from error
    from bisect_deps.assistants.allowed import Allowed

    allowed = Allowed(tuple(root.resolve() for root in roots or (Path.cwd(),)), may_write=write)
    try:
        serve(Tools(allowed, python, index_url)).run("stdio")
    except KeyboardInterrupt:
        _leave()
    return 0


def _leave() -> NoReturn:
    """End at once: the SDK reads standard input in a thread, which Python would wait for.

    What a tool had started was interrupted before we came here.
    """
    say("Interrupted; nothing is lost: a run goes on with the same call.")
    os._exit(ExitCode.INTERRUPTED)


def command_named(name: str) -> click.Command:
    """Return the command of that name in this module."""
    return {"mcp": command}[name]
