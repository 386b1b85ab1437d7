"""`depbisect errors`: the runtime errors of a hosted algorithm, grouped, with suspects named."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bisect_deps.cli.given import requirements_of
from bisect_deps.cli.options import json_option, requirements_option
from bisect_deps.errors import ExitCode
from bisect_deps.policy import POLICY
from bisect_deps.text import cut

if TYPE_CHECKING:
    from bisect_deps.builders.algorithmia.api import Api, ErrorEntry
    from bisect_deps.run.runtime_errors import RuntimeFailure, RuntimeFailures

_MOST_LINES = 12
_MOST_ENTRIES = 5


def command_named(_: str) -> click.Command:
    """Return the command."""
    return errors


@click.command("errors")
@click.argument("algorithm", metavar="OWNER/NAME|UUID")
@click.option(
    "--api-address",
    metavar="URL",
    envvar="DEPBISECT_API_ADDRESS",
    help="The cluster's API, as in https://api.CLUSTER.",
)
@requirements_option("The algorithm's requirements: suspects are then named by your own lines")
@click.option("--since", metavar="WHEN", help="Only what came since: 90m, 12h, 2d, or a date.")
@click.option("--follow", is_flag=True, help="Go on and show new errors as they come.")
@click.option("--all", "everything", is_flag=True, help="Show every entry of a group.")
@json_option("Write JSON, one object a line")
def errors(
    algorithm: str,
    *,
    api_address: str | None,
    requirements: tuple[Path, ...],
    since: str | None,
    follow: bool,
    everything: bool,
    json_to: str | None,
) -> int:
    """Show why calls of a hosted algorithm failed, grouped by failure.

    The platform keeps 7 days, at most 200 executions. The key comes from ALGORITHMIA_API_KEY, or a
    token from ALGORITHMIA_BEARER_TOKEN.
    """
    from bisect_deps.run import runtime_errors

    api = _api(api_address)
    show = _Shown(json_to, everything)
    try:
        begin = runtime_errors.instant(since, datetime.now(timezone.utc)) if since else None
        mine = requirements_of(requirements)
        found = runtime_errors.fetch(api, algorithm, since=begin, requirements=mine)
        show(found)
        if not follow:
            return ExitCode.OK
        known = [entry for failure in found.failures for entry in failure.entries]
        for new in runtime_errors.follow(
            api,
            algorithm,
            requirements=mine,
            seen=known,
            pause=_pause(api.address),
            sleep=time.sleep,
        ):
            show(new)
    finally:
        api.close()
    return ExitCode.OK


def _api(address: str | None) -> Api:
    from bisect_deps.builders.algorithmia import open_api
    from bisect_deps.builders.algorithmia.settings import Options
    from bisect_deps.cli.allowed import project_address

    here = Path.cwd()
    return open_api(Options(folder=here, cwd=here, api_address=project_address(address)))


def _pause(address: str) -> float:
    """Return the pause between two requests; a cluster on this machine may be asked often."""
    from bisect_deps.builders._http import is_on_this_machine

    near = is_on_this_machine(address)
    return POLICY.near_follow_pause if near else POLICY.follow_pause


class _Shown:
    """Shows what is found, and writes all of it so far where JSON was asked for."""

    def __init__(self, json_to: str | None, everything: bool) -> None:
        self._json_to = json_to
        self._everything = everything
        self._written: list[str] = []

    def __call__(self, found: RuntimeFailures) -> None:
        from bisect_deps.cli.output import write_report
        from bisect_deps.run import runtime_errors

        line = json.dumps(runtime_errors.to_json(found), ensure_ascii=False) + "\n"
        if self._json_to == "-":
            write_report("-", line)
            return
        self._written.append(line)
        if self._json_to is not None:
            write_report(self._json_to, "".join(self._written))
        click.echo("\n".join(_lines(found, self._everything)))
        sys.stdout.flush()


def _lines(found: RuntimeFailures, everything: bool) -> Iterator[str]:
    name = found.subject.name or "the algorithm"
    identity = f" ({found.subject.id})" if found.subject.id else ""
    if not found.failures:
        when = "in the last 7 days" if found.since is None else f"since {_both(found.since)}"
        yield f"{_safe(name)}{identity}: no errors {when}"
        return
    failures = len(found.failures)
    yield (
        f"{_safe(name)}{identity}: {found.count} error{'s' * (found.count != 1)}, "
        f"{failures} different failure{'s' * (failures != 1)}"
    )
    for number, failure in enumerate(found.failures, 1):
        yield ""
        yield from _failure(number, failure, everything)


def _failure(number: int, failure: RuntimeFailure, everything: bool) -> Iterator[str]:
    count = len(failure.entries)
    kinds = sorted({entry.error_type for entry in failure.entries})
    yield f"{number}. {_safe(', '.join(kinds))}: {count} time{'s' * (count != 1)}"
    yield f"   first seen  {_both(failure.first_seen)}"
    yield f"   last seen   {_both(failure.last_seen)}"
    for suspect in failure.diagnosis.suspects:
        version = f" {suspect.version}" if suspect.version else ""
        yield f"   suspect     {_safe(suspect.name)}{_safe(version)}: {_safe(suspect.summary)}"
        if suspect.requirement:
            yield f"   your line   {_safe(suspect.requirement)}"
        if suspect.advice:
            yield f"   to do       {_safe(suspect.advice)}"
    if not failure.diagnosis.suspects:
        yield f"   suspect     none ({failure.diagnosis.cause.value})"
    yield from (f"   note        {_safe(note)}" for note in failure.diagnosis.notes)
    shown = failure.entries if everything else failure.entries[:_MOST_ENTRIES]
    for entry in shown:
        yield f"   - {_both(entry.created)}"
        yield from _fields(entry)
    if count > len(shown):
        yield f"   - and {count - len(shown)} more (--all shows them)"
    yield "   error"
    lines = failure.entries[0].text.rstrip().split("\n")
    left_out = 0 if everything else max(0, len(lines) - _MOST_LINES)
    if left_out:
        yield f"     ... {left_out} lines (--all shows them)"
    yield from (f"     {_safe(line)}" for line in lines[left_out:])


def _fields(entry: ErrorEntry) -> Iterator[str]:
    yield f"     request {_safe(entry.request_id)}, worker {_safe(entry.worker)}"
    yield (
        f"     {_safe(entry.username)}/{_safe(entry.algoname)} {_safe(entry.algoversion)}, "
        f"billed to {_safe(entry.billable_to)}"
    )
    yield f"     input {_safe(entry.input)}"


def _both(moment: float) -> str:
    """Return an instant in local time and in UTC."""
    there = datetime.fromtimestamp(moment, timezone.utc)
    here = there.astimezone()
    return f"{here:%Y-%m-%d %H:%M:%S %z} ({there:%Y-%m-%d %H:%M:%S} UTC)"


def _safe(text: str) -> str:
    from bisect_deps.secret import masked

    return cut(masked(text))
