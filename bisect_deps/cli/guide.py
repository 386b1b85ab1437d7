"""`depbisect guide`: a guided session as a conversation in the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bisect_deps.cli import guided_text
from bisect_deps.cli.guided import (
    STDIN_PATH,
    begin_session,
    difference_shown,
    file_of,
    files_of,
    options_of_start,
    read_log,
    show,
)
from bisect_deps.cli.typed import Typed
from bisect_deps.errors import DepbisectError, ExitCode, InputError
from bisect_deps.guided.sessions import Given, PersonAnswer, Store
from bisect_deps.model import VerdictKind
from bisect_deps.text import counted, safe

if TYPE_CHECKING:
    from bisect_deps.guided.questions import Guided

QUESTION = "Did it build? [g]ood [b]ad [s]kip [l]og file [p]aste log [u]ndo [q]uit"
ANSWERS = ("good", "bad", "skip", "log", "paste", "undo", "quit")
# What can be answered, too, once a build has proven a fix.
END = "end"
END_QUESTION = f"{QUESTION} [e]nd with the fix"
EXIT_CODES = {
    VerdictKind.PASSES: ExitCode.OK,
    VerdictKind.FIXED: ExitCode.OK,
    VerdictKind.CULPRITS: ExitCode.FINDINGS,
    VerdictKind.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
    VerdictKind.UNAVAILABLE: ExitCode.UNAVAILABLE,
}


# What each answer means, for who asks with `?`.
MEANINGS = (
    "  g  it built, and works",
    "  b  it failed",
    "  l  it failed, and its log is in a file: fewer builds are needed",
    "  p  it failed, and you paste its log",
    "  s  it cannot be tested: it failed for another reason, or could not be built",
    "  u  take the last answer back",
    "  q  leave; the session is kept, and the same command goes on",
)
END_MEANING = "  e  enough: show the fix that is proven; the same command looks for a smaller one"


def command_named(name: str) -> click.Command:
    """Return the command of that name in this module."""
    del name
    return command


@click.command("guide")
@options_of_start
def command(**flags: Any) -> int:
    """Go through a guided session about FILE, question by question.

    Closed at any moment, it goes on where it was with the next `depbisect guide`.
    """
    be_in_a_terminal()
    if STDIN_PATH in files_of(flags):
        raise InputError(
            "the conversation needs standard input for itself",
            hint="write it to a file, and name that",
        )
    with Store(file_of(flags).absolute().parent) as store:
        guided = converse(store, flags)
        if guided is None:
            return ExitCode.INTERRUPTED
        show(guided)
        return EXIT_CODES[guided.verdict().kind]


def be_in_a_terminal() -> None:
    """Raise InputError where nobody could answer."""
    if not sys.stdin.isatty():
        raise InputError(
            "a conversation needs a terminal",
            hint="in a script: depbisect start, then good, bad or skip",
        )


def converse(store: Store, flags: dict[str, Any], again: str = "guide") -> Guided | None:
    """Ask until the session has its answer; None where the person leaves before.

    `again` are the words of the command that goes on.
    """
    file = file_of(flags)
    guided = _open(store, file, flags)
    typed = Typed(sys.stdin.fileno())
    named = " ".join(f"-r {path}" for path in files_of(flags)) if files_of(flags)[1:] else file
    kept = f"The session is kept. Go on with: depbisect {again} {named}"
    asked: object = None
    while guided.position.inquiry is not None:
        if guided.position.build != asked:
            asked = guided.position.build
            for line in _page(guided):
                click.echo(line)
        try:
            if not _turn(guided, typed):
                click.echo(kept)
                return None
        except (click.Abort, EOFError, KeyboardInterrupt):
            click.echo(f"\n{kept}")
            return None
        except DepbisectError as error:
            asked = None if isinstance(error, InputError) and error.place else asked
            click.echo(str(error))
            if error.hint:
                click.echo(f"  {error.hint}")
    return guided


def _open(store: Store, file: Path, flags: dict[str, Any]) -> Guided:
    """Go on with the session of this file, or begin one."""
    from bisect_deps.guided.questions import Guided as Opened

    if not store.exists:
        return begin_session(store, flags)
    guided = Opened(store)
    if guided.start.file != file.name:
        raise InputError(
            f"the session in this folder is about {guided_text.files(guided)}",
            hint=f"depbisect guide {guided.start.file}, or end it: depbisect reset",
        )
    with difference_shown():
        guided.be_ours(
            "depbisect reset ends the session; depbisect status --write undoes the change"
        )
    click.echo(f"Going on after {counted(len(guided.answers), 'answer')}.")
    guided.write()
    return guided


def _page(guided: Guided) -> Iterator[str]:
    """Yield the build to make, the file as a checklist, and roughly how long it will take."""
    yield ""
    yield from guided_text.learnt(guided)
    yield f"Build {len(guided.position.asked) + 1}. {guided_text.left(guided)}"
    yield from guided_text.checklist(guided)
    several = guided_text.has_several(guided)
    holds, them = ("hold", "them") if several else ("holds", "it")
    yield f"{guided_text.place(guided)} {holds} exactly this. Build {them} now."
    if guided.start.check_note:
        yield f"It is good when: {safe(guided.start.check_note)}"


def _turn(guided: Guided, typed: Typed) -> bool:
    """Ask once and take the answer; False where the person leaves."""
    has_fix = guided.position.fix is not None
    answer = _ask(typed, END_QUESTION if has_fix else QUESTION).lower()
    answers = (*ANSWERS, END) if has_fix else ANSWERS
    word = next((choice for choice in answers if answer in (choice, choice[:1])), None)
    if word == "quit":
        return False
    if word in ("undo", END):
        with difference_shown():
            guided.stop() if word == END else guided.undo(1)
    elif word == "good":
        _give(guided, typed, PersonAnswer.GOOD)
    elif word == "bad":
        _give(guided, typed, PersonAnswer.BAD)
    elif word == "skip":
        _give(
            guided,
            typed,
            PersonAnswer.SKIP,
            reason=_ask(typed, "Why can it not be tested? (may be empty)"),
        )
    elif word == "log":
        path = Path(_ask(typed, "Path of the log:")).expanduser()
        _give(guided, typed, PersonAnswer.BAD, read_log(path))
    elif word == "paste":
        log = _pasted(typed)
        if log.strip():
            _give(guided, typed, PersonAnswer.BAD, log)
    elif answer in ("?", "h", "help"):
        for line in (*MEANINGS, END_MEANING) if has_fix else MEANINGS:
            click.echo(line)
    elif typed.drop_ahead():
        click.echo("That was more than an answer. To give a log, answer p first, then paste it.")
    else:
        click.echo("Please answer with one of the letters in brackets; ? explains them.")
    return True


def _ask(typed: Typed, question: str) -> str:
    click.echo(question, nl=False)
    click.echo(" ", nl=False)
    sys.stdout.flush()
    return typed.line().strip()


def _give(
    guided: Guided, typed: Typed, word: PersonAnswer, log: bytes = b"", reason: str = ""
) -> None:
    from bisect_deps.guided.questions import Doubtful

    name = guided.store.keep_log(log) if log else ""
    with difference_shown():
        try:
            guided.answer(Given(word, name, reason))
        except Doubtful as doubtful:
            click.echo(f"Wait: {doubtful}.")
            click.echo(f"  {doubtful.hint}")
            if _ask(typed, "Take the answer all the same? [y]es [n]o").lower() in ("y", "yes"):
                guided.answer(Given(word, name, reason, sure=True))


def _pasted(typed: Typed) -> bytes:
    """Return a pasted log; nothing where the person changes their mind."""
    with typed.pasting():
        click.echo("Paste the log now; it is not shown. End it with a line that holds only a full")
        click.echo("stop, or with Ctrl-D. (Ctrl-C leaves the log out.)")
        try:
            log = typed.paste()
        except KeyboardInterrupt:
            log = b""
    click.echo(f"Took {counted(len(log.splitlines()), 'line')}." if log else "No log, then.")
    return log
