"""`depbisect start`, then `good`, `bad`, `skip`, `undo`, `status`, `log`, `replay`, `reset`.

A guided session: a person (or a script) builds elsewhere and says how it went.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bisect_deps.cli import guided_text
from bisect_deps.cli.given import be_a_log
from bisect_deps.cli.options import json_option
from bisect_deps.errors import InputError, JournalError
from bisect_deps.guided.sessions import POINTER, Given, PersonAnswer, Store, folder_of
from bisect_deps.run.settings import default_file, instant
from bisect_deps.system.files import (
    hint_for_missing,
    holds,
    read_regular,
    write_output,
    write_whole,
)
from bisect_deps.system.trust import STATE_FOLDER
from bisect_deps.text import safe

if TYPE_CHECKING:
    from bisect_deps.guided.questions import Guided

STDIN_PATH = Path("-")
SURE = "It looks like a mistake, and is true all the same."


def command_named(name: str) -> click.Command:
    """Return the command of that name in this module."""
    return COMMANDS[name]


def options_of_start(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the argument and options that begin a session."""
    for decorate in reversed(
        [
            click.argument("file", required=False, type=click.Path(path_type=Path)),
            click.option(
                "-r",
                "--requirements",
                multiple=True,
                type=click.Path(path_type=Path),
                metavar="FILE",
                help="A requirements file; - is stdin; repeatable: they make one build.",
            ),
            click.option(
                "--log", type=click.Path(path_type=Path), help="Log of the failed build; saves one."
            ),
            click.option(
                "--to", metavar="OTHER", help="Write what to build to this FILE or FOLDER/."
            ),
            click.option("--python", metavar="X", help="Python that is built for."),
            click.option(
                "--platform", metavar="TAG", help="Read wheel facts for another platform."
            ),
            click.option(
                "--check-note", default="", metavar="TEXT", help='What "it works" means here.'
            ),
            click.option("--index-url", metavar="URL", help="The package index to read."),
            click.option("--exclude-newer", metavar="DATE", help="Read it as of that date."),
            click.option(
                "--no-evidence", is_flag=True, help="Look nothing up: your answers alone count."
            ),
        ]
    ):
        command = decorate(command)
    return command


@click.command("start")
@options_of_start
def start(**flags: Any) -> None:
    """Begin a guided session about FILE, whose build fails elsewhere.

    Keeps the original and says what to build first; answer with good, bad or skip.
    """
    flags = without_stdin(flags)
    with Store(file_of(flags).absolute().parent) as store:
        show(begin_session(store, flags))


@click.command("good")
@click.option("--sure", is_flag=True, help=SURE)
def good(sure: bool) -> None:
    """Say that the file built (and works)."""
    _answer(Given(PersonAnswer.GOOD, sure=sure), None)


@click.command("bad")
@click.option("--log", type=click.Path(path_type=Path), help="The log of this build; - is stdin.")
@click.option("--sure", is_flag=True, help=SURE)
def bad(log: Path | None, sure: bool) -> None:
    """Say that the build failed; with its log, fewer builds are needed."""
    _answer(Given(PersonAnswer.BAD, sure=sure), None if log is None else read_log(log))


@click.command("skip")
@click.option("--reason", default="", metavar="TEXT", help="Why it cannot be tested.")
def skip(reason: str) -> None:
    """Say that this build cannot be tested: another failure, the platform was down."""
    _answer(Given(PersonAnswer.SKIP, reason=reason), None)


@click.command("undo")
@click.argument("steps", type=click.IntRange(1), default=1)
def undo(steps: int) -> None:
    """Take back the last answer, or the last STEPS."""
    with session() as guided, difference_shown():
        guided.undo(steps)
        show(guided)


@click.command("status")
@json_option()
@click.option("--write", is_flag=True, help="Write what is to be built again.")
def status(json_to: str | None, write: bool) -> None:
    """Show what is known, and what to build next."""
    with session() as guided:
        if write:
            guided.write()
        if json_to:
            from bisect_deps.cli.output import write_report
            from bisect_deps.guided import state

            write_report(json_to, json.dumps(state.status(guided), indent=2) + "\n")
        if json_to == "-":
            return
        for line in guided_text.so_far(guided):
            click.echo(line)
        show(guided)


@click.command("log")
def log() -> None:
    """Print the session as a script that replay reads."""
    from bisect_deps.guided.script import script

    with session() as guided:
        for line in script(guided):
            click.echo(line)


@click.command("replay")
@click.argument("script", type=click.Path(path_type=Path))
def replay(script: Path) -> None:
    """Give all the answers of a session's log again; SCRIPT - is standard input."""
    from bisect_deps.guided.script import read_script

    text = read_log(script, empty="give what log printed").decode("utf-8", "replace")
    words = read_script(text)
    commands = [_parsed(word, script) for word in words]
    if [name for name, _ in commands[:1]] != ["start"]:
        raise InputError(
            "it does not begin with a start", place=str(script), hint="give what log printed"
        )
    beside = Path() if str(script) == "-" else script.parent
    flags = commands[0][1]
    more = files_of(flags)[1:]
    flags["file"] = _found(file_of(flags), beside)
    flags["requirements"] = tuple(_found(path, beside) for path in more)
    with Store(flags["file"].absolute().parent) as store, difference_shown():
        guided = begin_session(store, flags)
        for name, options in commands[1:]:
            path = options.get("log")
            data = None if path is None else read_log(_found(path, beside, store.answers))
            take(guided, _given(name, options), data)
        show(guided)


@click.command("reset")
@click.option("--keep", is_flag=True, help="Keep the file as it is now, the fix for example.")
@click.option("--force", is_flag=True, help="Also where the file was changed by hand.")
def reset(keep: bool, force: bool) -> None:
    """End the session and put the original file back, byte for byte."""
    from bisect_deps.guided.questions import Guided

    with open_store() as store, difference_shown():
        try:
            guided = Guided(store)
        except JournalError:
            if not force:
                raise
            for path in store.put_back():
                click.echo(f"{os.path.relpath(path)} is as it was before the session.")
            store.end()
        else:
            guided.reset(force=force, keep=keep)
            are = "are" if guided_text.has_several(guided) else "is"
            kept = "kept as it is now" if keep else "as it was before the session"
            click.echo(f"The session is over; {_shown_place(guided, keep)} {are} {kept}.")


COMMANDS = {
    command.name: command
    for command in (start, good, bad, skip, undo, status, log, replay, reset)
    if command.name is not None
}


def file_of(flags: dict[str, Any]) -> Path:
    """Return the file that a session is to be about; of several, the first."""
    return files_of(flags)[0]


def files_of(flags: Mapping[str, Any]) -> tuple[Path, ...]:
    """Return the files that are built together, in their order, each once."""
    named = [*filter(None, [flags["file"]]), *flags.get("requirements", ())]
    return tuple(dict.fromkeys(named)) or (default_file(Path.cwd()),)


def without_stdin(flags: dict[str, Any]) -> dict[str, Any]:
    """Return the flags with standard input written to the file that `--to` names.

    Raises InputError where that is not said, or where it would overwrite something else.
    """
    if STDIN_PATH not in files_of(flags):
        return flags
    to = flags["to"]
    if not to or to.endswith("/") or len(files_of(flags)) > 1:
        raise InputError(
            "standard input alone cannot be built again and again",
            hint="name the file to write it to: depbisect start - --to requirements.txt",
        )
    data, place = sys.stdin.buffer.read(), Path(to)
    if place.exists() and not holds(place, data):
        raise InputError(
            "there is such a file already, and it is not what standard input gave",
            place=to,
            hint="give --to another name",
        )
    write_output(place, data)
    return {**flags, "file": place, "requirements": (), "to": None}


def begin_session(store: Store, flags: dict[str, Any]) -> Guided:
    """Begin the session that the flags of `start` ask for, in a store that is open."""
    from bisect_deps.guided.questions import begin, new_start

    newer = flags["exclude_newer"]
    log = None if flags["log"] is None else read_log(flags["log"])
    begun, manifest = new_start(
        file_of(flags),
        more=files_of(flags)[1:],
        platform=flags["platform"],
        to=flags["to"],
        python=flags["python"],
        index_as_of=None if newer is None else instant(newer),
        index_url=flags["index_url"],
        evidence=not flags["no_evidence"],
        check_note=" ".join(flags["check_note"].split()),
    )
    guided = begin(store, begun, manifest, log)
    _point(Path.cwd(), store.root)
    return guided


def open_store() -> Store:
    """Return the store of the session of the current folder. Raises InputError without one."""
    folder = folder_of(Path.cwd())
    if not (folder / STATE_FOLDER).is_dir():
        raise InputError(
            "no session is under way in this folder",
            hint="begin one: depbisect start requirements.txt",
        )
    return Store(folder)


@contextmanager
def session() -> Iterator[Guided]:
    """Open the session of the current folder, locked while it is in use."""
    from bisect_deps.guided.questions import Guided

    with open_store() as store:
        yield Guided(store)


@contextmanager
def difference_shown() -> Iterator[None]:
    """Show what was changed by hand, where that stands in the way."""
    from bisect_deps.guided.questions import Changed

    try:
        yield
    except Changed as changed:
        click.echo(safe(changed.diff), err=True, nl=False)
        raise


def read_log(path: Path, empty: str = "without a log, leave --log out") -> bytes:
    """Return the bytes of a file, `-` for standard input. Raises InputError where it is empty."""
    if str(path) == "-":
        data = sys.stdin.buffer.read()
    else:
        try:
            data = read_regular(path, pipe=True)
        except OSError as error:
            missing = isinstance(error, FileNotFoundError)
            hint = hint_for_missing(path, "") if missing else ""
            said = f"cannot be read: {error.strerror}"
            raise InputError(said, place=str(path), hint=hint) from None
    if not data.strip():
        raise InputError("it is empty", place=str(path), hint=empty)
    be_a_log(data, str(path))
    return data


def take(guided: Guided, given: Given, log: bytes | None) -> None:
    """Keep the log of an answer, then take the answer; one that looks wrong only when sure."""
    from dataclasses import replace

    from bisect_deps.guided.questions import Doubtful

    name = "" if log is None else guided.store.keep_log(log)
    try:
        guided.answer(replace(given, log=name))
    except Doubtful as error:
        error.hint = f"{error.hint}; if it is true all the same, say it again with --sure"
        raise


def show(guided: Guided) -> None:
    """Print what to build next and how to answer, or the verdict; keep the report of the latter."""
    if guided.position.inquiry is not None:
        for line in guided_text.next_step(guided):
            click.echo(line)
        return
    from bisect_deps.cli import output
    from bisect_deps.reports.json import dumps

    verdict = guided.verdict()
    guided.store.write(guided.store.state / "report.json", dumps(verdict).encode())
    sys.stdout.flush()
    place = guided_text.place(guided)
    output.show(verdict, written=[place] if verdict.fix is not None else [])
    for line in guided_text.end(guided, fixed=verdict.fix is not None):
        click.echo(line)


def _answer(given: Given, log: bytes | None) -> None:
    with session() as guided, difference_shown():
        take(guided, given, log)
        show(guided)


def _given(name: str, options: dict[str, Any]) -> Given:
    return Given(
        PersonAnswer(name), reason=options.get("reason", ""), sure=bool(options.get("sure", False))
    )


def _parsed(words: list[str], script: Path) -> tuple[str, dict[str, Any]]:
    name = words[0]
    if name not in ("start", *(word.value for word in PersonAnswer)):
        raise InputError(f"replay knows no {name!r}", place=str(script))
    with COMMANDS[name].make_context(name, words[1:]) as context:
        return name, context.params


def _found(path: Path, *folders: Path) -> Path:
    """Return a path as it is, or where a script that came from elsewhere means it."""
    tries = [
        path,
        *(folder / path for folder in folders),
        *(folder / path.name for folder in folders),
    ]
    return next((place for place in tries if str(path) == "-" or place.is_file()), path)


def _shown_place(guided: Guided, keep: bool) -> str:
    return guided_text.place(guided) if keep else guided_text.files(guided)


def _point(here: Path, folder: Path) -> None:
    """Note where the session is, so that the next commands find it from here."""
    if here.resolve() == folder.resolve():
        return
    from bisect_deps.system.trust import make_state_folder

    make_state_folder(here / STATE_FOLDER)
    write_whole(here / STATE_FOLDER / POINTER, os.path.relpath(folder, here).encode())
