"""Options as all commands have them, and what they mean everywhere.

An option made by `option` is set by its `DEPBISECT_*` variable, too. `--color`, `-q` and `-v` are
given to every command that has none of its own.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import click

_QUIET = "depbisect.quiet"
_COLOR = "When to colour; auto: on a terminal, without NO_COLOR."


def environment_name(option: str) -> str:
    """Return the variable that sets an option: `max_builds` to `DEPBISECT_MAX_BUILDS`."""
    return f"DEPBISECT_{option.upper()}"


def option(*names: str, **arguments: Any) -> Callable[[Any], Any]:
    """Return a click option that its `DEPBISECT_*` variable sets too."""
    flags = [flag for name in names if name.startswith("-") for flag in name.split("/")]
    name = max(flags, key=len).lstrip("-").replace("-", "_")
    arguments.setdefault("envvar", environment_name(name))
    return click.option(*names, **arguments)


def json_option(what: str = "Write the result as JSON") -> Callable[[Any], Any]:
    """Return `--json FILE`, as `json_to`; alone or with `-` it is standard output."""
    return click.option(
        "--json",
        "json_to",
        is_flag=False,
        flag_value="-",
        metavar="FILE",
        help=f"{what}; alone or with - to stdout.",
    )


def requirements_option(what: str) -> Callable[[Any], Any]:
    """Return `-r FILE`, repeatable, as `requirements`; `-` is standard input."""
    return click.option(
        "-r",
        "--requirements",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help=f"{what}; - is stdin; repeatable.",
    )


def color_option() -> Callable[[Any], Any]:
    """Return `--color` for a command that colours by itself; the others have it, too."""
    return option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        show_default=True,
        help=_COLOR,
    )


def give_common(command: click.Command) -> None:
    """Give a command `--color`, `-q` and `-v` where it has none, and what is general to them."""
    taken = {param.name for param in command.params}
    command.params += [param for param in _common() if param.name not in taken]
    command.context_settings.setdefault("help_option_names", ["-h", "--help"])


def note(text: str) -> None:
    """Say on standard error what went on beside the result; `-q` leaves it out."""
    context = click.get_current_context(silent=True)
    if context is None or not (context.meta.get(_QUIET) or context.params.get("quiet")):
        click.echo(relative(text), err=True)


def relative(text: str) -> str:
    """Return text in which the paths below the current folder begin there."""
    try:
        here = Path.cwd()
    except OSError:  # It was removed.
        return text
    if here == Path(here.anchor):
        return text
    return re.sub(rf"(?<![\w/.-]){re.escape(str(here))}[/\\](?=[\w.])", "", text)


def wants_color(choice: str, stream: TextIO) -> bool:
    """Say whether to colour what goes to `stream`, for a choice of auto, always or never."""
    if choice != "auto":
        return choice == "always"
    is_plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return stream.isatty() and not is_plain


def _common() -> list[click.Parameter]:
    return [
        click.Option(
            ["--color"],
            type=click.Choice(["auto", "always", "never"]),
            default="auto",
            show_default=True,
            envvar=environment_name("color"),
            expose_value=False,
            callback=_color,
            help=_COLOR,
        ),
        click.Option(
            ["-q", "--quiet"],
            is_flag=True,
            expose_value=False,
            callback=_quiet,
            help="Show the result alone.",
        ),
        click.Option(
            ["-v", "--verbose"],
            count=True,
            expose_value=False,
            callback=_verbose,
            help="Show more: on standard error, each request that is made.",
        ),
    ]


def _color(context: click.Context, param: click.Parameter, choice: str) -> str:
    context.color = wants_color(choice, sys.stdout)
    return choice


def _quiet(context: click.Context, param: click.Parameter, quiet: bool) -> bool:
    context.meta[_QUIET] = quiet
    return quiet


def _verbose(context: click.Context, param: click.Parameter, count: int) -> int:
    if count:
        logger = logging.getLogger("urllib3")
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_Masked("%(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
        context.call_on_close(lambda: logger.removeHandler(handler))
    return count


class _Masked(logging.Formatter):
    """Writes a record without any secret."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text."""
        from bisect_deps.secret import masked

        return masked(super().format(record))
