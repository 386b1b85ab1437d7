"""`depbisect init`: the file that a builder's system needs, put where the system looks for it."""

from __future__ import annotations

from pathlib import Path

import click

from bisect_deps.builders import template_of
from bisect_deps.errors import ExitCode, InputError
from bisect_deps.system.files import holds, write_output


@click.command("init")
@click.argument("builder")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write it there; - is standard output.",
)
@click.option("--force", is_flag=True, help="Overwrite a file that says something else.")
def command(builder: str, output: Path | None, force: bool) -> int:
    """Write the file that BUILDER needs before it can build, and say what to do with it.

    It goes where the system looks for it, below the root of the repository that you are in.
    """
    template = template_of(builder)
    if output == Path("-"):
        click.echo(template.text, nl=False)
        return ExitCode.OK
    path = output or _inside(_root(), template.path)
    if path.exists() and not force and not holds(path, template.text.encode()):
        raise InputError(
            "there is a file of that name that says something else",
            place=str(path),
            hint="give another place with -o, or overwrite it with --force",
        )
    write_output(path, template.text.encode())
    click.echo(f"Wrote {path}. Then:")
    for step in template.then:
        click.echo(f"  {step}")
    return ExitCode.OK


def command_named(name: str) -> click.Command:
    """Return the command of that name in this module."""
    del name
    return command


def _inside(root: Path, name: str) -> Path:
    """Return where a file belongs. Raises InputError where a link of the repository leads out."""
    path = root / name
    if not path.resolve().is_relative_to(root.resolve()):
        raise InputError(
            f"a link leads out of the repository, to {path.resolve()}",
            place=str(path),
            hint="remove the link, or name a place with -o",
        )
    return path


def _root() -> Path:
    """Return the root of the repository around the current folder, else that folder."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)
