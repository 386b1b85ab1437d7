"""`depbisect trust`: name once which hosts may get a key, and which projects may run commands."""

from __future__ import annotations

import click


@click.command("trust")
@click.argument("names", nargs=-1, metavar="[HOST|FOLDER]...")
@click.option("--remove", is_flag=True, help="Trust them no longer.")
def command(names: tuple[str, ...], remove: bool) -> int:
    """Trust hosts with your keys, and projects with all that their own settings ask for.

    A HOST that a project's settings name then gets the key that belongs to it. A FOLDER is a
    project (and all below it): its settings may name commands, builders, hosts and paths, and the
    .depbisect/ in it is used as yours. Without arguments, what is trusted is listed.
    DEPBISECT_TRUST names hosts and folders for one process, with spaces or commas between them.
    """
    from bisect_deps.system.trust import trust, trusted

    if remove and not names:
        raise click.UsageError("name what is no longer trusted")
    known = trust(names, forget=remove) if names else trusted()
    for word in (*sorted(known.hosts), *sorted(known.folders)):
        click.echo(word)
    if not known.hosts and not known.folders:
        click.echo("Nothing is trusted: depbisect trust HOST, or FOLDER.", err=True)
    return 0


def command_named(name: str) -> click.Command:
    """Return the command of that name in this module."""
    return {"trust": command}[name]
