"""`depbisect help`: how a command is used, as its `--help` says it."""

from __future__ import annotations

import click

from bisect_deps.errors import ExitCode


@click.command("help")
@click.argument("words", nargs=-1, metavar="[COMMAND]")
@click.pass_context
def command(context: click.Context, words: tuple[str, ...]) -> int:
    """Show how COMMAND is used; without it, which commands there are."""
    group = context.parent
    assert group is not None
    assert isinstance(group.command, click.Group)
    if not words:
        click.echo(group.get_help())
        return ExitCode.OK
    name, found, _ = group.command.resolve_command(group, list(words))
    assert found is not None
    with click.Context(found, info_name=name, parent=group) as asked:
        click.echo(asked.get_help())
    return ExitCode.OK


def command_named(name: str) -> click.Command:
    """Return the command of that name in this module."""
    return {"help": command}[name]
