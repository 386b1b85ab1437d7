"""Write a man page for each command: `python .ci/man_pages.py FOLDER`; needs the extra `site`."""

import sys
from pathlib import Path

import click
from click_man.core import write_man_pages

from bisect_deps import __version__
from bisect_deps.cli import COMMANDS, group


def main(folder: str) -> None:
    """Write the pages; commands are loaded first, since ours come only when they are used."""
    context = click.Context(group, info_name="depbisect")
    for name in COMMANDS:
        group.add_command(group.get_command(context, name), name)
    Path(folder).mkdir(parents=True, exist_ok=True)
    write_man_pages("depbisect", group, version=__version__, target_dir=folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
