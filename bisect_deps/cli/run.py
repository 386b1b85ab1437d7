"""`depbisect run`: flags in, verdict and exit code out."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click
from click.core import ParameterSource

from bisect_deps.builders import options_of
from bisect_deps.cli.allowed import be_allowed
from bisect_deps.cli.builder_options import (
    WithBuilderOptions,
    builder_options,
    check_builder_options,
    own_options,
)
from bisect_deps.cli.given import be_a_log
from bisect_deps.cli.odd_values import (
    Finite,
    be_alone,
    be_names,
    be_said_in_files,
    be_somewhere,
)
from bisect_deps.cli.options import color_option, note, option, relative, wants_color
from bisect_deps.cli.output import check_targets, deliver, report_options, report_targets
from bisect_deps.errors import DepbisectError, ExitCode, InputError
from bisect_deps.model import STDIN, IndexSettings, Narrow, Note, Verdict, VerdictKind
from bisect_deps.policy import POLICY
from bisect_deps.run.output import is_folder, write_fix
from bisect_deps.run.settings import RunSettings, default_file, file_defaults, instant
from bisect_deps.system.interrupts import answering
from bisect_deps.system.trust import STATE_FOLDER

if TYPE_CHECKING:
    from bisect_deps.run.running import Finished

# Writes the lock and returns the paths written.
Locker: TypeAlias = Callable[[], Sequence[str]]

# Not a builder but a conversation.
MANUAL = "manual"

EXIT_CODES = {
    VerdictKind.PASSES: ExitCode.OK,
    VerdictKind.FIXED: ExitCode.OK,
    VerdictKind.CULPRITS: ExitCode.FINDINGS,
    VerdictKind.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
    VerdictKind.UNAVAILABLE: ExitCode.UNAVAILABLE,
}


class FromFiles(WithBuilderOptions):
    """A command whose defaults come from the settings files, then from `DEPBISECT_*`."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> click.Context:
        """Read the settings files of the current folder before the flags."""
        context = super().make_context(
            info_name, args, parent, default_map=self._defaults(Path.cwd()), **extra
        )
        be_allowed(context)
        return context

    def _defaults(self, folder: Path) -> dict[str, Any]:
        defaults = file_defaults(folder)
        known = {param.name for param in self.params}
        tables = {"lint"}
        unknown = sorted(key for key in defaults if key not in known | tables)
        if unknown:
            raise InputError(
                f"there is no setting {unknown[0]!r}",
                place="[tool.depbisect]",
                hint=f"the settings are the options of run: {', '.join(sorted(map(str, known)))}",
            )
        _be_no_looser(defaults)
        own = {key: value for key, value in defaults.items() if key not in tables}
        be_said_in_files(own)
        return own


def _be_no_looser(defaults: Mapping[str, Any]) -> None:
    """Refuse a project's file that opens the sandbox: it comes with the code that is built."""
    loose = "sandbox" if defaults.get("sandbox", "require") != "require" else ""
    for name in (loose, "sandbox_path"):
        if name in defaults:
            raise InputError(
                f"a project's own file may not set {name.replace('_', '-')}",
                place="[tool.depbisect]",
                hint=f"say it yourself: --{name.replace('_', '-')}, or DEPBISECT_{name.upper()}",
            )


@click.command("run", cls=FromFiles)
@click.argument("file", required=False, type=click.Path(path_type=Path))
@option(
    "-r",
    "--requirements",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A requirements file, - for standard input; repeatable: they make one build.",
)
@option(
    "--builder",
    default="local",
    metavar="NAME",
    help="Who builds; manual asks you to.  [default: local]",
)
@option(
    "--installer",
    type=click.Choice(["uv", "pip"]),
    default="uv",
    help="What the local builder installs with.",
    show_default=True,
)
@option(
    "--python",
    metavar="X",
    help="Version or path of the Python that the build is for; auto: that of the file.",
)
@option("--platform", metavar="TAG", help="Read wheel facts for another platform.")
@option(
    "--check",
    multiple=True,
    metavar="CMD",
    help="A command that must succeed in the built environment; repeatable.",
)
@option("--imports", is_flag=True, help="Also import the modules of every requirement.")
@option(
    "--log",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A log of the failed build that you already have: saves the first build.",
)
@option(
    "--good",
    metavar="FILE|DATE|REV",
    help="A lock, a freeze, a date or a git revision that still worked.",
)
@click.option(
    "-o", "--output", metavar="FILE|FOLDER/", help="Write the fixed file there.", default=None
)
@click.option("--write", is_flag=True, help="Fix the file in place.")
@option(
    "--lock",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the complete verified environment there; pylock.toml where FILE is named so.",
)
@report_options
@option("--concise", is_flag=True, help="Show one line a culprit, and the diff.")
@option(
    "-j",
    "--jobs",
    type=click.IntRange(1, POLICY.most_jobs),
    metavar="N",
    help="Builds at once.",
)
@option("--max-builds", type=click.IntRange(0), metavar="N", help="Stop after so many builds.")
@option(
    "--timeout",
    type=Finite(0, min_open=True),
    default=int(POLICY.timeout),
    metavar="SECONDS",
    help="Time limit of one build.",
    show_default=True,
)
@option(
    "--retries",
    type=click.IntRange(0),
    default=POLICY.retries,
    metavar="N",
    help="Tries after an infrastructure failure.",
    show_default=True,
)
@click.option("--resume/--fresh", default=True, help="Go on from the journal, or start over.")
@option("--index-url", metavar="URL", help="The package index, as the installers have it.")
@option("--extra-index-url", multiple=True, metavar="URL", help="Another index; repeatable.")
@option("--find-links", multiple=True, metavar="PATH|URL", help="More files; repeatable.")
@option("--no-index", is_flag=True, help="Use --find-links only.")
@option("--exclude-newer", metavar="DATE", help="Read the index as of that date.")
@option("--prefer", type=click.Choice(["builds", "time"]), help="Fewest builds, or shortest time.")
@option(
    "--fix-style",
    type=click.Choice(["add", "constraints"]),
    default="add",
    help="Where pins of transitive releases go.",
    show_default=True,
)
@option(
    "--narrow",
    type=click.Choice([depth.value for depth in Narrow]),
    default=Narrow.QUICK.value,
    help="How far versions are narrowed; quick takes at most as many builds as the fix.",
    show_default=True,
)
@option(
    "--pass-env",
    multiple=True,
    metavar="NAME",
    help="Let builds and checks see this variable; repeatable.",
)
@option("--allow-removal", is_flag=True, help="A fix may leave a requirement out.")
@option("--annotate", is_flag=True, help="Write the reason beside each line of the fix.")
@option("--alternatives", is_flag=True, help="Look for other ways out, too; takes more builds.")
@option("--no-evidence", is_flag=True, help="Use neither index nor resolver: builds alone answer.")
@builder_options
@click.option("-q", "--quiet", is_flag=True, help="Show the verdict only.")
@click.option("-v", "--verbose", count=True, help="Show more.")
@click.option("--no-progress", is_flag=True, help="One line an event instead of a live display.")
@color_option()
def command(**flags: Any) -> int:
    """Bisect a failing build of FILE to a verdict and a verified fix.

    FILE defaults to requirements.txt, else pyproject.toml; - is standard input. Nothing is written
    to it unless you say --write; the diff of the fix is shown.
    """
    _check_builder(flags)
    _check_values(flags)
    settings = settings_of(flags)
    _check_files(settings)
    _check_outputs(settings, flags)
    if settings.builder == MANUAL:
        return _bisect_by_hand(settings, flags)
    from bisect_deps.guided.handover import handed_over
    from bisect_deps.reports.live import display
    from bisect_deps.run.running import run

    is_one_file = not settings.files and settings.stdin is None
    handover = handed_over(settings.file) if is_one_file else None

    with answering() as answer:
        with display(
            sys.stderr,
            quiet=flags["quiet"],
            verbose=bool(flags["verbose"]),
            animated=not flags["no_progress"],
            color=wants_color(flags["color"], sys.stderr),
        ) as progress:
            finished = run(settings, progress, handover, known=answer.known)
        if handover is not None and flags["write"]:
            from bisect_deps.guided.handover import end_session

            end_session(settings.file)
        locker = _locker(finished, flags)
        verdict = _with_way_on(finished.verdict, settings.max_builds)
        deliver_verdict(verdict, finished.originals, settings, flags, locker)
        if finished.interrupted or answer.interrupted:
            raise KeyboardInterrupt
    return EXIT_CODES[verdict.kind]


def _with_way_on(verdict: Verdict, most: int | None) -> Verdict:
    """Return a verdict that a spent budget cut short with the command that goes on from there."""
    if verdict.kind is not VerdictKind.INCONCLUSIVE or most is None or verdict.builds < most:
        return verdict
    from bisect_deps.fix.repair import GO_ON

    command = going_on(sys.argv[1:], max(2 * most, POLICY.offered_builds))
    way_on = Note(f"To go on: `{command}`; no finished build is repeated.")
    others = [note for note in verdict.notes if note.text != GO_ON]
    return replace(verdict, notes=(*others, way_on))


def going_on(words: Sequence[str], most: int) -> str:
    """Return the command of these words with another `--max-builds`, and what was built kept."""
    kept: list[str] = []
    for word in words:
        if kept[-1:] == ["--max-builds"]:
            kept.pop()
        elif word != "--fresh" and not word.startswith("--max-builds="):
            kept.append(word)
    return shlex.join(["depbisect", *kept, "--max-builds", str(most)])


def command_named(name: str) -> click.Command:
    """Return the command of that name in this module."""
    del name
    return command


def _bisect_by_hand(settings: RunSettings, flags: dict[str, Any]) -> int:
    """Hold the conversation of `guide`, then do with the verdict as any other run does."""
    from bisect_deps.cli.guide import be_in_a_terminal, converse
    from bisect_deps.guided.sessions import Store
    from bisect_deps.reports.json import dumps

    be_in_a_terminal()
    named = settings.files or (settings.file,)
    files = {"file": named[0], "requirements": named[1:]}
    about = {"to": None, "check_note": "", **flags, **files}
    with Store(settings.file.absolute().parent) as store:
        guided = converse(store, about, "run --builder manual")
        if guided is None:
            return ExitCode.INTERRUPTED
        verdict = guided.verdict()
        store.write(store.state / "report.json", dumps(verdict).encode())
        guided.reset()
    deliver_verdict(verdict, guided.originals, settings, flags)
    return EXIT_CODES[verdict.kind]


def _files(flags: Mapping[str, Any]) -> tuple[Path, ...]:
    """Return the files in their order, each once; those of the command line alone where it has any.

    Standard input is called STDIN.
    """
    sources = {name: _source(name) for name in ("file", "requirements")}
    typed = [name for name, source in sources.items() if source is ParameterSource.COMMANDLINE]
    named: list[Path] = []
    for name in typed or sources:
        given = flags[name]
        named += given if name == "requirements" else filter(None, [given])
    return tuple(dict.fromkeys(Path(STDIN) if path == Path("-") else path for path in named)) or (
        default_file(Path()),
    )


def _source(name: str) -> ParameterSource | None:
    return click.get_current_context().get_parameter_source(name)


def settings_of(flags: Mapping[str, Any]) -> RunSettings:
    """Return the settings that parsed options ask for; reads standard input where it is named."""
    newer = flags["exclude_newer"]
    files = _files(flags)
    reads_stdin = Path(STDIN) in files
    return RunSettings(
        file=Path(STDIN) if reads_stdin else files[0],
        files=files if len(files) > 1 else (),
        stdin=sys.stdin.buffer.read() if reads_stdin else None,
        builder=flags["builder"],
        installer=flags["installer"],
        python=flags["python"],
        platform=flags["platform"],
        checks=tuple(flags["check"]),
        imports=flags["imports"],
        log=flags["log"],
        good=flags["good"],
        jobs=flags["jobs"],
        max_builds=flags["max_builds"],
        timeout=flags["timeout"],
        retries=flags["retries"],
        resume=flags["resume"],
        evidence=not flags["no_evidence"],
        index=IndexSettings(
            index_url=flags["index_url"],
            extra_index_urls=tuple(flags["extra_index_url"]),
            find_links=tuple(flags["find_links"]),
            no_index=flags["no_index"],
            exclude_newer=None if newer is None else instant(newer),
        ),
        prefer=flags["prefer"],
        fix_style=flags["fix_style"],
        own=own_options(flags["builder"], flags),
        lock=flags["lock"] is not None,
        alternatives=flags["alternatives"],
        allow_removal=flags["allow_removal"],
        narrow=Narrow(flags["narrow"]),
        annotate=flags["annotate"],
        pass_env=tuple(flags.get("pass_env", ())),
    )


def _check_builder(flags: dict[str, Any]) -> None:
    check_builder_options(flags["builder"])
    if flags["lock"] is not None and flags["builder"] == MANUAL:
        raise InputError(
            "a person's builds cannot be read, so there is nothing to --lock",
            hint="use --builder local, or leave it out",
        )


def _check_values(flags: Mapping[str, Any]) -> None:
    be_alone("index_url", "no_index")
    be_somewhere(flags)
    be_names(flags["pass_env"])


def _check_files(settings: RunSettings) -> None:
    # A pipe can be read once only.
    if settings.log is not None and not settings.log.is_fifo():
        from bisect_deps.diagnosis.sources import only_log_in

        be_a_log(only_log_in(settings.log), str(settings.log))
    by_hand = settings.builder == MANUAL
    if by_hand and settings.stdin is not None:
        raise InputError(
            "the conversation needs standard input for itself",
            hint="write it to a file, and name that",
        )
    of_one_file = not by_hand and options_of(settings.builder).one_file
    if of_one_file and (settings.files or settings.stdin is not None):
        what = "several files" if settings.files else "standard input"
        raise InputError(
            f"--builder {settings.builder} builds one file, not {what}",
            hint="name one file, or use --builder local",
        )


def _check_outputs(settings: RunSettings, flags: dict[str, Any]) -> None:
    output: str | None = flags["output"]
    if output is not None and flags["write"]:
        raise InputError("-o and --write exclude each other", hint="choose one of them")
    if flags["write"] and settings.stdin is not None:
        raise InputError(
            "standard input cannot be fixed in place", hint="name a file for the fix with -o"
        )
    if output is not None and settings.files and not is_folder(output):
        raise InputError(
            "one file cannot hold the fix of several",
            place=output,
            hint=f"give a folder: {output}/",
        )
    files = settings.files or (settings.file,)
    if output is not None and _is_one_of(Path(output), files):
        raise InputError(
            "-o names the input itself", place=output, hint="use --write to fix it in place"
        )
    lock: Path | None = flags["lock"]
    if lock is not None and _is_one_of(lock, files):
        raise InputError(
            "--lock would overwrite your file", place=str(lock), hint="give it another name"
        )
    check_targets(report_targets(flags), *files)


def _is_one_of(path: Path, files: Sequence[Path]) -> bool:
    return path.exists() and any(file.exists() and path.samefile(file) for file in files)


def _locker(finished: Finished, flags: dict[str, Any]) -> Locker | None:
    """Return what writes the lock that was asked for."""
    path: Path | None = flags["lock"]
    if path is None:
        return None
    from bisect_deps.resolution.lockfile import write_lock

    return lambda: write_lock(path, finished.verdict, finished.index, finished.interpreter)


def deliver_verdict(
    verdict: Verdict,
    originals: Mapping[str, bytes],
    settings: RunSettings,
    flags: dict[str, Any],
    locker: Locker | None = None,
) -> None:
    """Write the fix and the lock where they were asked for, and show the verdict and reports."""
    written: list[str] = []
    failure: DepbisectError | None = None
    try:
        placed = write_fix(verdict, originals, settings.file, flags["output"], flags["write"])
        written = [relative(path) for path in placed]
        if locker is not None:
            locked = locker()
            note(f"Locked: {', '.join(locked) or 'nothing, since nothing passes'}.")
    except DepbisectError as error:
        # What took minutes to find is shown all the same.
        failure = error
    deliver(
        verdict,
        settings.file.resolve().parent / STATE_FOLDER,
        targets=report_targets(flags),
        color=flags["color"],
        written=written,
        concise=flags["concise"],
    )
    if verdict.fix is None and (flags["write"] or flags["output"] is not None):
        passes = verdict.kind is VerdictKind.PASSES
        note(f"Nothing was written: {'it passes as it is' if passes else 'no fix is proven'}.")
    if failure is not None:
        raise failure
