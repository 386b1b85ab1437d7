"""The builders' own settings as options of a command, made from what each builder declares.

Must not know any builder's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from bisect_deps.builders import all_settings
from bisect_deps.builders.base import Setting
from bisect_deps.cli.odd_values import Finite
from bisect_deps.cli.options import option
from bisect_deps.errors import InputError

T = TypeVar("T")


class BuilderOption(click.Option):
    """An option that only some builders know."""

    def __init__(self, *names: Any, builders: tuple[str, ...] = (), **arguments: Any) -> None:
        super().__init__(*names, **arguments)
        self.builders = builders


class WithBuilderOptions(click.Command):
    """A command whose help shows the options of builders by themselves."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command's own options first, then those of each builder."""
        groups: dict[str, list[tuple[str, str]]] = {"Options": []}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and not isinstance(param, click.Argument):
                groups.setdefault(_heading(param), []).append(record)
        for heading, records in groups.items():
            with formatter.section(heading):
                formatter.write_dl(records)


def builder_options(command: T) -> T:
    """Give a command the settings of all builders as options."""
    for setting, builders in reversed(all_settings().values()):
        command = _option(setting, builders)(command)
    return command


def own_options(builder: str, flags: Mapping[str, Any]) -> dict[str, object]:
    """Return the builder's own settings by name, from a command's parsed options."""
    return {name: flags[name] for name, (_, known) in all_settings().items() if builder in known}


def check_builder_options(builder: str) -> None:
    """Raise InputError for an option on the command line that the builder would ignore.

    What stands in settings files, or in variables, waits there for its own builder.
    """
    context = click.get_current_context()
    for param in context.command.params:
        source = context.get_parameter_source(param.name or "")
        if not isinstance(param, BuilderOption) or source is not ParameterSource.COMMANDLINE:
            continue
        if builder not in param.builders:
            wanted = " or ".join(f"--builder {name}" for name in param.builders)
            raise InputError(
                f"{param.opts[0]} means nothing to --builder {builder}",
                hint=f"add {wanted}, or leave it out",
            )


def _option(setting: Setting, builders: tuple[str, ...]) -> Any:
    kind: Any = click.Choice(setting.choices) if setting.choices else setting.kind
    kind = Finite(0, min_open=True) if kind is float else kind
    how: dict[str, Any] = {"is_flag": True} if setting.kind is bool else {"type": kind}
    if setting.repeat:
        how["multiple"] = True
    elif setting.default is not None:
        how["default"] = _plain(setting.default)
        how["show_default"] = setting.kind is not bool
    return option(
        setting.flag,
        cls=BuilderOption,
        builders=builders,
        metavar=setting.metavar,
        help=setting.help,
        **how,
    )


def _plain(default: object) -> object:
    """Return a default as help shows it: 300, not 300.0."""
    if isinstance(default, float) and default.is_integer():
        return int(default)
    return default


def _heading(param: click.Parameter) -> str:
    if not isinstance(param, BuilderOption):
        return "Options"
    return f"Options of --builder {', '.join(param.builders)}"
