"""`depbisect lint`: flags to settings, a report to standard output, an exit code."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bisect_deps.cli.options import (
    color_option,
    environment_name,
    json_option,
    note,
    requirements_option,
    wants_color,
)
from bisect_deps.errors import ExitCode, InputError

if TYPE_CHECKING:
    from bisect_deps.lint.checking import Checker
    from bisect_deps.lint.diagnostics import Report
    from bisect_deps.lint.fixing import Fixed
    from bisect_deps.lint.settings import LintSettings

_FORMATS = ("concise", "full", "json", "sarif", "github", "gitlab", "junit")
_SEVERITIES = ("error", "warning", "info")
_PROFILES = ("publish", "library", "locked", "dev")


def command_named(_: str) -> click.Command:
    """Return the command."""
    return lint


@click.command("lint")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@requirements_option("A file to check, as PATH")
@click.option(
    "--select", multiple=True, metavar="RULES", help="Only these rules: DB102, DB1, range, ALL."
)
@click.option("--extend-select", multiple=True, metavar="RULES", help="These rules too.")
@click.option("--ignore", multiple=True, metavar="RULES", help="Not these rules.")
@click.option("--profile", type=click.Choice(_PROFILES), help="What the files are for.")
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="TARGET",
    help="python=3.12,platform=linux_x86_64; repeatable.",
)
@click.option("--python", metavar="X", help="The Python to check for: a version or a path.")
@click.option("--platform", metavar="TAG", help="The platform to check for.")
@click.option("--online/--offline", default=None, help="Also ask the package index.")
@click.option("--index-url", metavar="URL", help="The index to ask.")
@click.option("--audit", is_flag=True, default=None, help="Also ask pip-audit about the pins.")
@click.option("--fix", is_flag=True, help="Fix what can be fixed safely.")
@click.option("--unsafe-fixes", is_flag=True, default=None, help="Also fix what is to be reviewed.")
@click.option("--diff", is_flag=True, help="Show what --fix would change; write nothing.")
@click.option("--verify", is_flag=True, help="Build the fixed file before it is written.")
@click.option(
    "--from",
    "evidence",
    multiple=True,
    metavar="FILE",
    help="A lock or freeze that worked: pins come from it.",
)
@click.option(
    "-c",
    "--constraint",
    "constraints",
    multiple=True,
    metavar="FILE",
    help="Constraints that are given where the files are installed.",
)
@click.option("--allow-empty", is_flag=True, help="Also succeed where there is nothing to judge.")
@click.option("--baseline", metavar="FILE", help="Report only what is not in this file.")
@click.option("--write-baseline", metavar="FILE", help="Write what is found now as the baseline.")
@click.option(
    "--fail-on", type=click.Choice(_SEVERITIES), help="The least severity that fails (error)."
)
@click.option("--exit-zero", is_flag=True, help="Exit 0 even with findings.")
@click.option("--output-format", type=click.Choice(_FORMATS), help="How the report is written.")
@click.option("-o", "--output-file", metavar="FILE", help="Write the report there.")
@json_option("Write the report as JSON, beside --output-format")
@click.option("--statistics", is_flag=True, help="Count the findings by rule.")
@click.option("--list-rules", is_flag=True, help="List the rules (as JSON: --output-format json).")
@click.option("--explain", metavar="RULE", help="Explain a rule, or ALL.")
@click.option("--stdin-filename", metavar="FILE", help="What `-` is called.")
@click.option("--isolated", is_flag=True, help="Read no configuration file.")
@color_option()
@click.option("-q", "--quiet", is_flag=True, help="No report when nothing is found.")
def lint(paths: tuple[str, ...], **options: Any) -> int:
    """Check that the versions in requirements files are pinned, and can still be installed.

    PATH is a file, a folder to search, or - for standard input; the default is this folder.
    """
    if options["list_rules"]:
        _list_rules(options)
        return ExitCode.OK
    if options["explain"]:
        _show_page(_explanation(options["explain"]), options["color"])
        return ExitCode.OK
    named = (*paths, *map(str, options["requirements"]))
    return _run(named or (".",), options)


def _explanation(selector: str) -> str:
    from bisect_deps.lint.explaining import explain, explain_all
    from bisect_deps.lint.selection import ALL, resolve

    if selector.upper() == ALL:
        return explain_all()
    return "\n".join(explain(rule) for rule in resolve(selector))


def _list_rules(options: dict[str, Any]) -> None:
    from bisect_deps.lint.explaining import rules_json, rules_table
    from bisect_deps.lint.outputs.base import DOCS

    if options["output_format"] == "json":
        settings = _settings(Path.cwd(), options)
        click.echo(rules_json(settings.docs or DOCS), nl=False)
    else:
        click.echo(rules_table(), nl=False)


def _show_page(page: str, color: str) -> None:
    """Show Markdown rendered where somebody reads it, as it is where a program does."""
    if not sys.stdout.isatty() and color != "always":
        click.echo(page, nl=False)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console(no_color=not wants_color(color, sys.stdout), force_terminal=True)
    console.print(Markdown(page))


def _run(paths: tuple[str, ...], options: dict[str, Any]) -> int:
    from bisect_deps.lint.checking import Checker
    from bisect_deps.lint.inputs import Inputs

    # Nothing of a run is thrown away before its end: collecting garbage would find none.
    gc.disable()
    folder = Path.cwd()
    settings = _settings(folder, options)
    inputs = Inputs(folder, settings.exclude)
    stdin = ""
    if "-" in paths:
        stdin = options["stdin_filename"] or "requirements.txt"
        inputs.drafts[inputs.absolute(stdin)] = sys.stdin.buffer.read()
        paths = tuple(stdin if path == "-" else path for path in paths)
    checker = Checker(inputs, settings)
    try:
        report = _report(checker, paths, options, stdin)
    finally:
        checker.close()
    return _finish(report, settings, options, to_stderr=bool(stdin and options["fix"]))


def _report(
    checker: Checker, paths: tuple[str, ...], options: dict[str, Any], stdin: str
) -> Report:
    if options["fix"] or options["diff"]:
        return _fixed(checker, paths, options, stdin)
    return checker.check(paths)


def _settings(folder: Path, options: dict[str, Any]) -> LintSettings:
    from bisect_deps.lint.rules.base import Profile, Severity
    from bisect_deps.lint.settings import LintSettings, read_table

    table: dict[str, Any] = {}
    if not options["isolated"]:
        table, file = read_table(folder)
        if file is not None:
            _be_allowed(table, file, options)
    settings = LintSettings(**table)
    given: dict[str, Any] = {}
    options = {**options, "targets": _targets(options)}
    for name in ("select", "extend_select", "ignore"):
        if options[name]:
            given[name] = tuple(part for text in options[name] for part in text.split(",") if part)
    for name in ("targets", "evidence", "constraints", "index_url", "baseline", "output_format"):
        if options[name]:
            given[name] = options[name]
    for name in ("online", "audit", "unsafe_fixes"):
        if options[name] is not None:
            given[name] = options[name]
    if options["profile"]:
        given["profile"] = Profile(options["profile"])
    if options["fail_on"]:
        given["fail_on"] = Severity(options["fail_on"])
    settings = settings._replace(**given)
    if settings.online and settings.index_url is None:
        settings = settings._replace(index_url=_index_of_the_project(folder))
    return settings


def _targets(options: dict[str, Any]) -> tuple[str, ...]:
    """Return the targets that were named; --python and --platform are one."""
    python: str | None = options["python"]
    if python and os.sep in python:
        from bisect_deps.system.interpreters import find

        python = find(python).version
    named = {"python": python, "platform": options["platform"]}
    one = [f"{name}={value}" for name, value in named.items() if value]
    if one and options["targets"]:
        raise InputError(
            "--target and --python or --platform exclude each other",
            hint="name several targets with --target python=X,platform=TAG",
        )
    return (",".join(one),) if one else options["targets"]


def _be_allowed(table: dict[str, Any], file: Path, options: dict[str, Any]) -> None:
    """Raise NotTrusted where a project's own table has files read outside, or a key sent."""
    from bisect_deps.system.trust import be_inside, be_sent_there

    address = None if options["index_url"] else table.get("index_url")
    if isinstance(address, str):
        be_sent_there(address, setting="index-url", file=file, always=False)
    for name, flag in (("evidence", "from"), ("baseline", "baseline")):
        named = () if options[name] else table.get(name) or ()
        for path in (named,) if isinstance(named, str) else named:
            be_inside(path, setting=flag, file=file)


def _index_of_the_project(folder: Path) -> str | None:
    """Return the index that `run` would ask, by environment or configuration."""
    import os

    from bisect_deps.run.settings import file_defaults, settings_file
    from bisect_deps.system.trust import be_sent_there

    mine = os.environ.get(environment_name("index_url"))
    named, file = file_defaults(folder).get("index_url"), settings_file(folder)
    if mine or file is None or not isinstance(named, str):
        return mine
    be_sent_there(named, setting="index-url", file=file, always=False)
    return named


def _fixed(checker: Checker, paths: tuple[str, ...], options: dict[str, Any], stdin: str) -> Report:
    from bisect_deps.lint.fixing import fix, write

    originals = dict(checker.inputs.drafts)
    before = checker.check(paths) if options["diff"] else None
    fixed = fix(checker, paths, unsafe=checker.settings.unsafe_fixes)
    for text in fixed.notes:
        note(f"note: {text}")
    if before is not None:
        _show_diff(checker, fixed, originals)
        return before
    if stdin:
        click.echo(checker.inputs.read(checker.inputs.absolute(stdin)), nl=False)
        return fixed.report
    if options["verify"] and fixed.files:
        _verify(checker, paths, fixed)
    write(fixed.files)
    if fixed.applied:
        count = len(fixed.applied)
        note(f"Fixed {count} finding{'' if count == 1 else 's'}.")
    return fixed.report


def _verify(checker: Checker, paths: tuple[str, ...], fixed: Fixed) -> None:
    """Build the fixed files. Raises CannotPin, and writes nothing, where one does not build."""
    from bisect_deps.lint.pinning import CannotPin
    from bisect_deps.lint.verifying import verify
    from bisect_deps.model import IndexSettings

    roots = [shown for shown, _ in checker.inputs.roots(paths)]
    index = IndexSettings(index_url=checker.settings.index_url)
    failure = verify(checker.inputs, roots, fixed.files, index)
    if failure:
        raise CannotPin(failure, hint="nothing was written; look at the fixes with --diff")
    note("The fixed files build.")


def _show_diff(checker: Checker, fixed: Fixed, originals: dict[str, bytes]) -> None:
    from bisect_deps.lint.inputs import shown_path
    from bisect_deps.reports.diff import unified_bytes

    old, new = {}, {}
    for path, data in fixed.files.items():
        shown = shown_path(path, checker.inputs.folder)
        old[shown] = originals[path] if path in originals else Path(path).read_bytes()
        new[shown] = data
    click.echo(unified_bytes(old, new), nl=False)


def _finish(
    report: Report, settings: LintSettings, options: dict[str, Any], *, to_stderr: bool
) -> int:
    from bisect_deps.lint.outputs import render
    from bisect_deps.lint.outputs.base import DOCS, OutputStyle

    if options["write_baseline"]:
        from bisect_deps.lint.baseline import write_baseline

        count = write_baseline(report, options["write_baseline"])
        note(f"Wrote {count} findings to {options['write_baseline']}.")
        return ExitCode.OK
    if settings.baseline:
        from bisect_deps.lint.baseline import subtract

        report = subtract(report, settings.baseline)
    for text in report.notes:
        note(f"note: {text}")
    if report.unavailable:
        click.echo(f"error: {report.unavailable}", err=True)
    if options["json_to"]:
        from bisect_deps.cli.output import write_report

        write_report(
            options["json_to"], render(report, "json", OutputStyle(docs=settings.docs or DOCS))
        )
    output_format = "statistics" if options["statistics"] else settings.output_format
    took_stdout = options["json_to"] == "-" and not options["output_file"]
    is_wanted = report.diagnostics or not options["quiet"]
    if not took_stdout and (is_wanted or output_format not in ("concise", "full")):
        color = not options["output_file"] and wants_color(options["color"], sys.stdout)
        style = OutputStyle(color, settings.unsafe_fixes, settings.docs or DOCS)
        text = render(report, output_format, style)
        if options["output_file"]:
            from bisect_deps.system.files import write_output

            write_output(Path(options["output_file"]), text.encode("utf-8"))
        elif not options["diff"] or output_format not in ("concise", "full"):
            click.echo(text, nl=False, err=to_stderr, color=color)
        else:
            click.echo(text, nl=False, err=True, color=color)
    if report.unreadable:
        return ExitCode.USAGE
    if not report.judged and not options["allow_empty"]:
        click.echo("error: nothing was judged: no file names a list of requirements", err=True)
        click.echo("hint: name other files, or say --allow-empty", err=True)
        return ExitCode.USAGE
    if report.unavailable:
        return ExitCode.UNAVAILABLE
    failed = report.at_or_above(settings.fail_on) and not options["exit_zero"]
    return ExitCode.FINDINGS if failed else ExitCode.OK
