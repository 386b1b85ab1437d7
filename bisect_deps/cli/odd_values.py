"""Values that no option can mean, whatever the command: blank words, numbers without end.

Must not know what the commands do.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from bisect_deps.errors import InputError

_ASSIGNED = re.compile(r"(?P<option>--[\w-]+)=\s*")
_HINT = "give a value, or leave it out; in a script, a variable that is not set comes out as this"


class Finite(click.FloatRange):
    """A number in a range that is a number, and ends."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number; fail for nan and inf, which no range keeps out."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is no number to count with", param, ctx)
        return number


def be_said(words: Sequence[str], options: Sequence[str]) -> None:
    """Raise InputError for a blank word, with the one of `options` that it was given to."""
    for before, word in zip(("", *words), words, strict=False):
        assigned = _ASSIGNED.fullmatch(word)
        if assigned and assigned["option"] in options:
            raise InputError(f"{assigned['option']} has an empty value", hint=_HINT)
        if not word.strip():
            where = f"{before} has an empty value" if before in options else "an argument is empty"
            raise InputError(where, hint=_HINT)


def be_said_in_files(defaults: Mapping[str, Any]) -> None:
    """Raise InputError for a setting of a file that is blank or no option's, or holds what is."""
    for name, value in defaults.items():
        items = value if isinstance(value, list) else [value]
        if any(not isinstance(item, (str, int, float)) for item in items):
            raise InputError(
                f"the setting {name.replace('_', '-')} is neither text nor a number",
                place="[tool.depbisect]",
                hint="write it as the option has it, in quotes; several as a list",
            )
        if any(isinstance(item, str) and not item.strip() for item in items):
            raise InputError(
                f"the setting {name.replace('_', '-')} is empty",
                place="[tool.depbisect]",
                hint="give a value, or leave it out",
            )


def be_somewhere(flags: Mapping[str, Any]) -> None:
    """Raise InputError for an index, or files beside it, that can be nowhere."""
    for name in ("index_url", "extra_index_url"):
        for address in _several(flags.get(name)):
            if "://" not in address and not Path(address).is_dir():
                raise InputError(
                    f"{_flag(name)} {address} is neither an address nor a folder",
                    hint="write it as the installers have it: https://index.example/simple",
                )
    for place in _several(flags.get("find_links")):
        if "://" not in place and not place.startswith("file:") and not Path(place).exists():
            raise InputError(
                f"--find-links {place} is not there", hint="name a folder of files, or an address"
            )


def be_alone(*names: str) -> None:
    """Raise InputError where two options that exclude each other are both on the command line."""
    source = click.get_current_context().get_parameter_source
    typed = [_flag(name) for name in names if source(name) is ParameterSource.COMMANDLINE]
    if len(typed) > 1:
        raise InputError(f"{' and '.join(typed)} exclude each other", hint="choose one of them")


def be_of_one_mind(words: Sequence[str], params: Sequence[click.Parameter]) -> None:
    """Raise InputError where both sides of a switch are among the words of a command line."""
    switches = [param for param in params if param.secondary_opts]
    flags = [param for param in params if getattr(param, "is_flag", True) or param.nargs == 0]
    valued = {flag for param in params if param not in flags for flag in param.opts}
    said = {word for before, word in zip(("", *words), words, strict=False) if before not in valued}
    for switch in switches:
        on, off = said.intersection(switch.opts), said.intersection(switch.secondary_opts)
        if on and off:
            raise InputError(
                f"{min(on)} and {min(off)} exclude each other", hint="choose one of them"
            )


def be_names(variables: Sequence[str]) -> None:
    """Raise InputError for what is no name of a variable, such as NAME=VALUE."""
    for variable in variables:
        if "=" in variable or " " in variable:
            raise InputError(
                f"--pass-env {variable} is no name of a variable",
                hint="name it alone; its value is the one it has here",
            )


def _several(value: Any) -> Sequence[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
