"""`depbisect doctor`: what stands in the way of a run, and how to fix it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from bisect_deps.cli.allowed import be_allowed
from bisect_deps.cli.builder_options import (
    WithBuilderOptions,
    builder_options,
    check_builder_options,
    own_options,
)
from bisect_deps.cli.options import json_option, option
from bisect_deps.cli.output import write_report
from bisect_deps.errors import ExitCode
from bisect_deps.model import IndexSettings
from bisect_deps.run.settings import file_defaults
from bisect_deps.secret import masked

SCHEMA = "depbisect.doctor/1"


class FromRun(WithBuilderOptions):
    """A command that takes those settings of `run` that it knows from the settings files."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> click.Context:
        """Read the settings files of the current folder before the flags."""
        known = {param.name for param in self.params}
        found = {key: value for key, value in file_defaults(Path.cwd()).items() if key in known}
        context = super().make_context(info_name, args, parent, default_map=found, **extra)
        be_allowed(context)
        return context


@click.command("doctor", cls=FromRun)
@option("--builder", metavar="NAME", help="Look at this builder, too.")
@option("--python", metavar="X", help="Version or path of the Python that builds are for.")
@option(
    "--installer",
    type=click.Choice(["uv", "pip"]),
    default="uv",
    help="What the local builder installs with.",
    show_default=True,
)
@option("--index-url", metavar="URL", help="The package index, as the installers have it.")
@option("--extra-index-url", multiple=True, metavar="URL", help="Another index; repeatable.")
@option("--find-links", multiple=True, metavar="PATH|URL", help="More files; repeatable.")
@option("--no-index", is_flag=True, help="Use --find-links only.")
@builder_options
@json_option()
def command(json_to: str | None, **flags: Any) -> int:
    """Check interpreters, installers, index, cache and disk, and the builder if one is named.

    Ends with 0 when all is well, else with 4; each failed check is shown with what fixes it.
    """
    from bisect_deps.run.doctor import Patient, examine

    patient = Patient(
        options=_options(flags),
        python=flags["python"],
        builder=flags["builder"],
        index=IndexSettings(
            index_url=flags["index_url"],
            extra_index_urls=flags["extra_index_url"],
            find_links=flags["find_links"],
            no_index=flags["no_index"],
        ),
    )
    checks = []
    for check in examine(patient):
        checks.append(check)
        if json_to != "-":
            _show(check.name, check.ok, check.detail, check.hint)
    is_well = all(check.ok for check in checks)
    if json_to:
        found = [asdict(check) for check in checks]
        said = json.dumps({"schema": SCHEMA, "ok": is_well, "checks": found}, indent=2)
        write_report(json_to, f"{said}\n")
    return ExitCode.OK if is_well else ExitCode.UNAVAILABLE


def command_named(name: str) -> click.Command:
    """Return the command of that name in this module."""
    return {"doctor": command}[name]


def _options(flags: dict[str, Any]) -> Any:
    from bisect_deps.builders import BUILDERS, options_for
    from bisect_deps.builders.base import BuilderOptions

    here = Path.cwd()
    common: dict[str, Any] = {"folder": here, "cwd": here, "installer": flags["installer"]}
    builder = flags["builder"]
    if builder not in BUILDERS:
        return BuilderOptions(**common)
    check_builder_options(builder)
    return options_for(builder, own_options(builder, flags), **common)


def _show(name: str, ok: bool, detail: str, hint: str) -> None:
    mark = click.style("ok  ", fg="green") if ok else click.style("FAIL", fg="red")
    click.echo(f"{mark} {name:10} {masked(detail)}")
    if not ok and hint:
        click.echo(f"{'':15} -> {masked(hint)}")
