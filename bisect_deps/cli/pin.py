"""`depbisect pin`: a file with bare names in, a pinned and proven one out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bisect_deps.cli.options import json_option, note, option
from bisect_deps.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bisect_deps.formats.base import Manifest
    from bisect_deps.lint.pinning import KnownVersions, Pins
    from bisect_deps.model import IndexSettings, Interpreter


def command_named(_: str) -> click.Command:
    """Return the command."""
    return pin


@click.command("pin")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option(
    "-r",
    "--requirements",
    "more",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A file that is installed together with FILE; repeatable.",
)
@click.option(
    "--from",
    "source",
    metavar="SOURCE",
    help="env (the active environment), - (a freeze on standard input), run (the last verified "
    "one), index (the resolver of today), or the file of a lock or freeze.",
)
@option("--python", metavar="X", help="The Python to pin for: a version or a path.")
@click.option("--transitive", is_flag=True, help="Also pin what the lines pull in (constraints).")
@click.option("--hashes", is_flag=True, help="Write the hashes of all files; implies --transitive.")
@click.option("--no-verify", is_flag=True, help="Write without a build that proves it.")
@click.option("--diff", "only_diff", is_flag=True, help="Show what would change; write nothing.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write there instead."
)
@json_option("Write what was pinned as JSON")
@option("--index-url", metavar="URL", help="The index to ask.")
@option("--exclude-newer", metavar="DATE", help="Only releases that were there on that day.")
def pin(
    file: Path | None,
    *,
    more: tuple[Path, ...],
    source: str | None,
    python: str | None,
    transitive: bool,
    hashes: bool,
    no_verify: bool,
    only_diff: bool,
    output: Path | None,
    json_to: str | None,
    index_url: str | None,
    exclude_newer: str | None,
) -> int:
    """Write pins in place of bare names and ranges, and prove them by a build.

    FILE defaults to requirements.txt, else pyproject.toml. Versions come from --from; by default
    from the last verified run, else a lock beside the file, else the resolver of today.
    """
    from bisect_deps.cli.output import write_report
    from bisect_deps.formats import open_manifest, open_several
    from bisect_deps.lint.pinning import Pinner, changed
    from bisect_deps.run.settings import default_file
    from bisect_deps.secret import masked
    from bisect_deps.system import interpreters

    files = [path for path in (file, *more) if path is not None]
    files = files or [Path(default_file(Path.cwd()).name)]
    path = files[0]
    manifest = open_several(files, path) if len(files) > 1 else open_manifest(path)
    interpreter = interpreters.find(python)
    index = _index(manifest, index_url, exclude_newer)
    known = _known(manifest, source, interpreter)
    pinner = Pinner(manifest, interpreter, index, transitive=transitive, hashes=hashes)
    pins = pinner.pins(known)
    for left in pins.left:
        note(f"Not pinned: {left}.")
    for kept in pins.kept:
        note(f"Kept: {kept}.")
    rendered = manifest.render(pins.edits)
    diff = _diff(manifest, rendered)
    report = _report(manifest, pins, interpreter)
    report["diff"] = diff.decode("utf-8", "replace")
    report["files"] = list(changed(manifest, rendered))
    if json_to != "-":
        click.echo(diff, nl=False)
    code = ExitCode.FINDINGS if pins.left and not pins.edits else ExitCode.OK
    if not pins.edits:
        note(f"Nothing to pin in {path}.")
    elif not (no_verify or only_diff):
        report["proof"] = _proven(manifest, rendered, interpreter, index, known)
        if failure := report["proof"]["failure"]:
            click.echo(f"error: {path} does not build with these pins.\n{failure}", err=True)
            click.echo("Nothing was written.", err=True)
            code = ExitCode.FINDINGS
    if pins.edits and code is ExitCode.OK:
        report["written"] = _written(manifest, rendered, output, only_diff=only_diff)
        _say(pins, report, known, only_diff=only_diff)
    if json_to:
        write_report(json_to, masked(json.dumps(report, ensure_ascii=False, indent=2) + "\n"))
    return code


def _index(manifest: Manifest, index_url: str | None, exclude_newer: str | None) -> IndexSettings:
    """Return where the installer looks: options, settings of the project, then the file itself."""
    from bisect_deps.model import IndexSettings
    from bisect_deps.resolution.sources import sources
    from bisect_deps.run.settings import file_defaults, instant, settings_file
    from bisect_deps.system.trust import be_sent_there

    defaults, file = file_defaults(Path.cwd()), settings_file(Path.cwd())
    url = index_url or defaults.get("index_url")
    if file is not None and isinstance(url, str) and url != index_url:
        be_sent_there(url, setting="index-url", file=file, always=False)
    newer = exclude_newer or defaults.get("exclude_newer")
    asked = IndexSettings(
        index_url=url if isinstance(url, str) else None,
        exclude_newer=instant(newer) if isinstance(newer, str) else None,
    )
    return sources(asked, manifest, "uv", Path.cwd())


def _known(
    manifest: Manifest, source: str | None, interpreter: Interpreter
) -> KnownVersions | None:
    from bisect_deps.lint.pinning import STDIN, default_source, known_from
    from bisect_deps.lint.scoping import lock_beside

    folder = manifest.path.absolute().parent
    lock = lock_beside(str(folder))
    chosen = source or default_source(folder, [lock] if lock else [])
    stdin = sys.stdin.buffer.read() if chosen == STDIN else None
    return known_from(chosen, folder, interpreter, stdin)


def _diff(manifest: Manifest, rendered: Mapping[str, bytes]) -> bytes:
    from bisect_deps.lint.pinning import changed
    from bisect_deps.reports.diff import unified_bytes

    files = changed(manifest, rendered)
    return unified_bytes({name: manifest.files.get(name, b"") for name in files}, files)


def _report(manifest: Manifest, pins: Pins, interpreter: Interpreter) -> dict[str, Any]:
    """Return what is known before a build; `edits` are as in the report of a run."""
    from bisect_deps.reports.json import edit_to_json

    return {
        "version": 1,
        "file": str(manifest.path),
        "python": interpreter.version,
        "source": pins.origin,
        "edits": [edit_to_json(edit) for edit in manifest.describe(pins.edits)],
        "left": list(pins.left),
        "kept": list(pins.kept),
        "files": [],
        "diff": "",
        "proof": None,
        "written": [],
    }


def _proven(
    manifest: Manifest,
    rendered: Mapping[str, bytes],
    interpreter: Interpreter,
    index: IndexSettings,
    known: KnownVersions | None,
) -> dict[str, Any]:
    """Return how a build of the pinned files ended; `failure` is "" where it passed."""
    from bisect_deps.lint.proving import prove

    proof = prove(
        rendered,
        folder=manifest.path.absolute().parent,
        cwd=Path.cwd(),
        index=index,
        requirements=manifest.requirements,
        interpreter=interpreter,
        label="pin",
        checks=known.checks if known else (),
        imports=known is not None and known.imports,
    )
    return {
        "passed": not proof.failure,
        "failure": proof.failure,
        "seconds": round(proof.seconds, 3),
        "installed": dict(proof.installed or {}),
    }


def _written(
    manifest: Manifest, rendered: Mapping[str, bytes], output: Path | None, *, only_diff: bool
) -> list[str]:
    """Write the pinned files, and return their paths; none where only the diff is asked for."""
    from bisect_deps.errors import InputError
    from bisect_deps.lint.pinning import changed
    from bisect_deps.system.files import write_output, write_whole

    files = changed(manifest, rendered)
    if output is not None and len(files) > 1:
        raise InputError(
            f"several files change ({', '.join(files)}), and -o names one",
            hint="leave -o out, and they are changed in place",
        )
    if only_diff:
        return []
    folder = manifest.path.absolute().parent
    if output is not None:
        return [write_output(output, data) for data in files.values()]
    return [write_whole(folder / name, data) for name, data in files.items()]


def _say(
    pins: Pins, report: Mapping[str, Any], known: KnownVersions | None, *, only_diff: bool
) -> None:
    from bisect_deps.lint.pinning import described

    proof = report["proof"]
    tried = " and what that run checked" if known and (known.checks or known.imports) else ""
    how = (
        f"proven by a build{tried} on Python {report['python']} ({proof['seconds']:.1f} s)"
        if proof
        else "nothing was built"
    )
    verb = "Would pin" if only_diff else "Pinned"
    note(f"{verb} {described(pins, report['files'])}; {how}.")
