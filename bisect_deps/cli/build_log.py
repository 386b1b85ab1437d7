"""`depbisect build-log`: the log of a hosted build, shown and diagnosed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bisect_deps.cli.given import requirements_of
from bisect_deps.cli.options import json_option, requirements_option
from bisect_deps.errors import ExitCode
from bisect_deps.system.files import write_output

if TYPE_CHECKING:
    from bisect_deps.builders.algorithmia.settings import Options
    from bisect_deps.run.build_logs import BuildLog

_MOST_LINES = 30


def command_named(_: str) -> click.Command:
    """Return the command."""
    return build_log


@click.command("build-log")
@click.argument("algorithm", metavar="OWNER/NAME")
@click.argument("commit", required=False, metavar="[HASH]")
@click.option(
    "--api-address",
    metavar="URL",
    envvar="DEPBISECT_API_ADDRESS",
    help="The cluster's API, as in https://api.CLUSTER.",
)
@requirements_option("The file that was built: suspects are then named by your own lines")
@click.option("--all", "everything", is_flag=True, help="Show the whole log, not only its end.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write the log there."
)
@json_option()
def build_log(
    algorithm: str,
    commit: str | None,
    *,
    api_address: str | None,
    requirements: tuple[Path, ...],
    everything: bool,
    output: Path | None,
    json_to: str | None,
) -> int:
    """Show the log of a hosted algorithm's build, and name the suspects in it.

    HASH is the commit that was built, or the build's id; without it, the newest finished build. The
    key comes from ALGORITHMIA_API_KEY, or a token from ALGORITHMIA_BEARER_TOKEN.
    """
    from bisect_deps.builders.algorithmia import open_api
    from bisect_deps.builders.algorithmia.api import Algorithm
    from bisect_deps.cli.output import write_report
    from bisect_deps.run import build_logs

    named = Algorithm.parse(algorithm)
    api = open_api(_options(api_address))
    try:
        found = build_logs.fetch(api, named, commit, requirements=requirements_of(requirements))
    finally:
        api.close()
    if output is not None:
        write_output(output, found.log.encode())
    if json_to is not None:
        write_report(json_to, json.dumps(build_logs.to_json(found), ensure_ascii=False) + "\n")
    if json_to != "-":
        click.echo("\n".join(_lines(found, requirements, output, everything)))
    return ExitCode.OK


def _options(address: str | None) -> Options:
    from bisect_deps.builders.algorithmia.settings import Options
    from bisect_deps.cli.allowed import project_address

    here = Path.cwd()
    return Options(folder=here, cwd=here, api_address=project_address(address))


def _lines(
    found: BuildLog, requirements: Sequence[Path], output: Path | None, everything: bool
) -> Iterator[str]:
    from bisect_deps.reports.diagnosis import to_text
    from bisect_deps.text import shown

    build = found.build
    yield f"{found.algorithm}: build {shown(build.id)} of {shown(build.commit)}"
    ended = f", finished {shown(build.finished)}" if build.finished else ""
    yield f"{shown(build.status)}: started {shown(build.started) or 'unknown'}{ended}"
    if found.newer is not None:
        yield f"(a newer build, {shown(found.newer.id)}, is {shown(found.newer.status)})"
    yield ""
    yield from _log(found.log, everything)
    yield ""
    label = str(output) if output is not None else f"build of {build.commit[:10]}"
    for line in to_text(found.diagnosis, log=label, requirements=" ".join(map(str, requirements))):
        if not line.startswith("\nnext: "):
            yield line
    if found.failed:
        file = shown(" ".join(map(str, requirements)) or "requirements.txt")
        yield (
            f"\nnext: depbisect run {file} --builder algorithmia --algorithm {found.algorithm}, "
            "which starts from this log where the file is the one that was built"
        )


def _log(text: str, everything: bool) -> Iterator[str]:
    from bisect_deps.text import shown

    lines = text.rstrip("\n").split("\n")
    left_out = 0 if everything else max(0, len(lines) - _MOST_LINES)
    if left_out:
        yield f"... {left_out} lines before (--all shows them, -o FILE writes them)"
    yield from (shown(line) for line in lines[left_out:])
