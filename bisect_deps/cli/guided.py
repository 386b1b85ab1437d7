"""`depbisect start`, then `good`, `bad`, `skip`, `undo`, `status`, `log`, `replay`, `reset`.

A guided session: a person (or a script) builds elsewhere and says how it went.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bisect_deps.config import default_file, instant
from bisect_deps.errors import InputError
from bisect_deps.journal import STATE_FOLDER
from bisect_deps.sessions import Given, Store, Word

if TYPE_CHECKING:
    from bisect_deps.guiding import Guided

# Where the session's folder is noted when it is not the current one.
POINTER = "guided"


def command_named(name: str) -> click.Command:
    """Return the command of that name in this module."""
    return COMMANDS[name]


def options_of_start(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the argument and options that begin a session."""
    for decorate in reversed(
        [
            click.argument("file", required=False, type=click.Path(path_type=Path)),
            click.option("--log", type=click.Path(path_type=Path), help="Log of the failed build."),
            click.option("--to", metavar="OTHER", help="Write what to build there, not to FILE."),
            click.option("--python", metavar="X", help="Python that is built for."),
            click.option(
                "--check-note", default="", metavar="TEXT", help='What "it works" means here.'
            ),
            click.option("--index-url", metavar="URL", help="The package index to read."),
            click.option("--exclude-newer", metavar="DATE", help="Read it as of that date."),
            click.option("--no-evidence", is_flag=True, help="Use neither index nor resolver."),
        ]
    ):
        command = decorate(command)
    return command


@click.command("start")
@options_of_start
def start(**flags: Any) -> None:
    """Begin a guided session about FILE, whose build fails elsewhere.

    Keeps the original and says which file to build first; answer with good, bad or skip.
    """
    _start(flags, Path.cwd())


def _start(flags: dict[str, Any], here: Path) -> None:
    from bisect_deps.guiding import begin, new_start

    file = flags["file"] or default_file(here)
    log = None if flags["log"] is None else read_log(flags["log"])
    newer = flags["exclude_newer"]
    begun, manifest = new_start(
        file,
        to=flags["to"],
        python=flags["python"],
        index_as_of=None if newer is None else instant(newer),
        index_url=flags["index_url"],
        evidence=not flags["no_evidence"],
        check_note=flags["check_note"],
    )
    with Store(file.absolute().parent) as store:
        guided = begin(store, begun, manifest, log)
        _point(here, store.root)
        show(guided)


@click.command("good")
@click.option("--sure", is_flag=True, help="It fits no earlier answer, and is true all the same.")
def good(sure: bool) -> None:
    """Say that the file built (and works)."""
    _answer(Given(Word.GOOD, sure=sure), None)


@click.command("bad")
@click.option("--log", type=click.Path(path_type=Path), help="The log of this build; - is stdin.")
@click.option("--sure", is_flag=True, help="It fits no earlier answer, and is true all the same.")
def bad(log: Path | None, sure: bool) -> None:
    """Say that the build failed; with its log, fewer builds are needed."""
    _answer(Given(Word.BAD, sure=sure), log)


@click.command("skip")
@click.option("--reason", default="", metavar="TEXT", help="Why it cannot be told.")
def skip(reason: str) -> None:
    """Say that this build cannot be told: another failure, the platform was down."""
    _answer(Given(Word.SKIP, reason=reason), None)


@click.command("undo")
@click.argument("steps", type=click.IntRange(1), default=1)
def undo(steps: int) -> None:
    """Take back the last answer, or the last STEPS."""
    with open_store() as store:
        guided = _guided(store)
        guided.undo(steps)
        show(guided)


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--write", is_flag=True, help="Write the file to build again.")
def status(as_json: bool, write: bool) -> None:
    """Show what is known, and what to build next."""
    with open_store() as store:
        guided = _guided(store)
        if write:
            guided.write()
        if as_json:
            click.echo(json.dumps(guided.status(), indent=2))
            return
        from bisect_deps.cli.guided_text import known

        for line in known(guided):
            click.echo(line)
        show(guided)


@click.command("log")
def log() -> None:
    """Print the session as a script that replay reads."""
    with open_store() as store:
        for line in _guided(store).script():
            click.echo(line)


@click.command("replay")
@click.argument("script", type=click.Path(path_type=Path))
def replay(script: Path) -> None:
    """Give all the answers of a session's log again; SCRIPT - is standard input."""
    from bisect_deps.guiding import read_script

    commands = read_script(read_log(script).decode("utf-8", "replace"))
    if not commands or commands[0][0] != "start":
        raise InputError(
            "it does not begin with a start", place=str(script), hint="give what log printed"
        )
    answers: dict[str, click.Command] = {"good": good, "bad": bad, "skip": skip}
    for words in commands:
        if words[0] not in ("start", *answers):
            raise InputError(f"replay knows no {words[0]!r}", place=str(script))
    with start.make_context("start", commands[0][1:]) as context:
        _start(context.params, Path.cwd())
    for words in commands[1:]:
        answers[words[0]].main(words[1:], standalone_mode=False)


@click.command("reset")
@click.option("--force", is_flag=True, help="Also where the file was changed by hand.")
def reset(force: bool) -> None:
    """End the session and put the original file back, byte for byte."""
    from bisect_deps.guiding import Changed

    with open_store() as store:
        guided = _guided(store)
        try:
            guided.reset(force=force)
        except Changed as changed:
            click.echo(changed.diff, err=True, nl=False)
            raise
        (Path.cwd() / STATE_FOLDER / POINTER).unlink(missing_ok=True)
        click.echo(f"{guided.start.file} is as it was before the session.")


COMMANDS = {
    command.name: command
    for command in (start, good, bad, skip, undo, status, log, replay, reset)
    if command.name is not None
}


def open_store() -> Store:
    """Return the store of the session of the current folder."""
    here = Path.cwd()
    pointer = here / STATE_FOLDER / POINTER
    if pointer.is_file() and not Store(here).exists:
        return Store(Path(os.path.normpath(here / pointer.read_text(encoding="utf-8"))))
    if not (here / STATE_FOLDER).is_dir():
        raise InputError(
            "no session is under way in this folder",
            hint="begin one: depbisect start requirements.txt",
        )
    return Store(here)


def read_log(path: Path) -> bytes:
    """Return the bytes of a file, `-` for standard input. Raises InputError."""
    if str(path) == "-":
        return sys.stdin.buffer.read()
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=str(path)) from None


def show(guided: Guided) -> None:
    """Print what to build next and how to answer, or the verdict; keep the report of the latter."""
    from bisect_deps.cli.guided_text import next_step

    if guided.position.inquiry is not None:
        for line in next_step(guided):
            click.echo(line)
        return
    from bisect_deps.cli import output
    from bisect_deps.files import write_whole
    from bisect_deps.reports.json import dumps

    verdict = guided.verdict()
    write_whole(guided.store.state / "report.json", dumps(verdict).encode())
    sys.stdout.flush()
    output.show(verdict)
    place = guided.start.to or guided.start.file
    if verdict.fix is not None:
        click.echo(f"\n{place} holds the fix now. To put the original back: depbisect reset")


def _answer(given: Given, log_path: Path | None) -> None:
    from bisect_deps.guiding import Changed

    data = None if log_path is None else read_log(log_path)
    with open_store() as store:
        guided = _guided(store)
        try:
            name = "" if data is None else store.keep_log(data)
            guided.answer(Given(given.word, name, given.reason, given.sure))
        except Changed as changed:
            click.echo(changed.diff, err=True, nl=False)
            raise
        show(guided)


def _guided(store: Store) -> Guided:
    from bisect_deps.guiding import Guided as Opened

    return Opened(store)


def _point(here: Path, folder: Path) -> None:
    """Note where the session is, so that the next commands find it from here."""
    if here.resolve() == folder.resolve():
        return
    from bisect_deps.files import write_whole
    from bisect_deps.journal import make_state_folder

    make_state_folder(here / STATE_FOLDER)
    write_whole(here / STATE_FOLDER / POINTER, os.path.relpath(folder, here).encode())
