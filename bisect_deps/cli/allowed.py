"""What a project's own settings may ask of a command before its user has trusted it.

A `depbisect.toml` or pyproject.toml comes with a clone. It may choose how a search goes; what runs
a command, sends a key or leaves the project needs `depbisect trust`, or the flag itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from bisect_deps.builders import BUILDERS, options_of
from bisect_deps.cli.builder_options import BuilderOption
from bisect_deps.errors import NotTrusted
from bisect_deps.reports import REPORTS
from bisect_deps.run.settings import settings_file
from bisect_deps.system.trust import be_inside, be_sent_there, trusted

_COMMANDS = ("check", "python", "pass_env")
_PATHS = (
    *(f"{name}_to" for name in REPORTS),
    "output",
    "lock",
    "log",
    "good",
    "file",
    "requirements",
)
_ADDRESSES = ("index_url", "extra_index_url", "find_links")


def be_allowed(context: click.Context) -> None:
    """Raise NotTrusted for a setting of the project's own file that its user has to allow."""
    file = settings_file(Path.cwd())
    taken = _from_file(context)
    if file is None or not taken:
        return
    for param, value in _addresses(context, taken):
        be_sent_there(value, setting=_shown(param), file=file, always=_is_builders(param))
    if trusted().has_folder(file.parent):
        return
    for name, param in taken.items():
        if name in _PATHS:
            for path in _values(context.params[name]):
                be_inside(path, setting=_shown(param), file=file)
        why = _danger(param, context.params[name])
        if why:
            raise _refused(param, why, file)
    _allow_builder(context, taken, file)


def project_address(given: str | None) -> str | None:
    """Return the build API's address: `given` by the user, else the project's own if allowed."""
    from bisect_deps.run.settings import file_defaults

    here = Path.cwd()
    named = file_defaults(here).get("api_address")
    file = settings_file(here)
    if given or file is None or not isinstance(named, str):
        return given
    be_sent_there(named, setting="api-address", file=file, always=True)
    return named


def _from_file(context: click.Context) -> dict[str, click.Parameter]:
    """Return the options whose value is the project's file's, as far as the command uses them."""
    builder = context.params.get("builder")
    found = {}
    for param in context.command.params:
        name = param.name or ""
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT_MAP:
            continue
        if isinstance(param, BuilderOption) and builder not in param.builders:
            continue
        found[name] = param
    return found


def _addresses(
    context: click.Context, taken: dict[str, click.Parameter]
) -> Iterator[tuple[click.Parameter, str]]:
    for name, param in taken.items():
        if name in _ADDRESSES or _is_builders(param):
            for value in _values(context.params[name]):
                if "://" in value or _is_builders(param):
                    yield param, value


def _is_builders(param: click.Parameter) -> bool:
    """Say whether it is the address of a builder, which gets a key."""
    return isinstance(param, BuilderOption) and param.metavar == "URL"


def _danger(param: click.Parameter, value: Any) -> str:
    values = list(_values(value))
    if param.name == "python":
        return "runs a program" if any(os.sep in text for text in values) else ""
    if param.name in _COMMANDS and values:
        return "runs a command" if param.name == "check" else "hands variables to builds"
    return ""


def _allow_builder(context: click.Context, taken: dict[str, click.Parameter], file: Path) -> None:
    """Raise NotTrusted where the file chooses or steers a builder that is not this machine.

    A builder behind an address is allowed by its host: it was named, or the user's own words are.
    """
    builder = context.params.get("builder")
    if builder not in BUILDERS or options_of(str(builder)).here:
        return
    steering = [param for name, param in taken.items() if name == "builder" or _steers(param)]
    if not steering:
        return
    has_address = any(
        _is_builders(param)
        and isinstance(param, BuilderOption)
        and builder in param.builders
        and context.params.get(param.name or "")
        for param in context.command.params
    )
    # What stands in the file was allowed before, what is the user's own needs no leave.
    if not has_address:
        raise _refused(
            steering[0], f"steers --builder {builder}, which works with your rights", file
        )


def _steers(param: click.Parameter) -> bool:
    return isinstance(param, BuilderOption) and not _is_builders(param)


def _values(value: Any) -> Iterable[str]:
    if value is None or value is False or value is True:
        return ()
    return [str(item) for item in (value if isinstance(value, (list, tuple)) else (value,))]


def _refused(param: click.Parameter, why: str, file: Path) -> NotTrusted:
    name = _shown(param)
    return NotTrusted(
        f"{name} {why}, and this file came with the project",
        place=os.path.relpath(file),
        hint=f"if you know the project: depbisect trust {os.path.relpath(file.parent)}; or say "
        f"--{name} yourself",
    )


def _shown(param: click.Parameter) -> str:
    flags = [flag for flag in param.opts if flag.startswith("--")]
    return max(flags, key=len).lstrip("-") if flags else str(param.name)
