"""`depbisect guide`: a guided session as a conversation in the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bisect_deps.cli.guided import options_of_start, read_log, show
from bisect_deps.cli.guided_text import WORDS
from bisect_deps.config import default_file, instant
from bisect_deps.errors import DepbisectError, ExitCode, InputError
from bisect_deps.model import EditAction, VerdictKind
from bisect_deps.reports.base import counted, safe_line
from bisect_deps.sessions import Given, Store, Word

if TYPE_CHECKING:
    from bisect_deps.guiding import Guided

QUESTION = "Did it build? [g]ood [b]ad [s]kip [l]og file [p]aste log [u]ndo [q]uit"
END_OF_PASTE = "."
EXIT_CODES = {
    VerdictKind.PASSES: ExitCode.OK,
    VerdictKind.FIXED: ExitCode.OK,
    VerdictKind.CULPRITS: ExitCode.FINDINGS,
    VerdictKind.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
    VerdictKind.UNAVAILABLE: ExitCode.UNAVAILABLE,
}


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
    return converse(flags)


def converse(flags: dict[str, Any]) -> int:
    """Hold the conversation until the verdict or until the person leaves; return the exit code."""
    if not sys.stdin.isatty():
        raise InputError(
            "a conversation needs a terminal",
            hint="in a script: depbisect start, then good, bad or skip",
        )
    file = flags["file"] or default_file(Path.cwd())
    with Store(file.absolute().parent) as store:
        guided = _open(store, file, flags)
        while guided.position.inquiry is not None:
            for line in _page(guided):
                click.echo(line)
            try:
                if not _turn(guided):
                    click.echo(f"The session is kept. Go on with: depbisect guide {file}")
                    return ExitCode.INTERRUPTED
            except (click.Abort, EOFError, KeyboardInterrupt):
                click.echo(f"\nThe session is kept. Go on with: depbisect guide {file}")
                return ExitCode.INTERRUPTED
            except DepbisectError as error:
                click.echo(f"{error}")
                if error.hint:
                    click.echo(f"  {error.hint}")
        show(guided)
        return EXIT_CODES[guided.verdict().kind]


def _open(store: Store, file: Path, flags: dict[str, Any]) -> Guided:
    """Go on with the session of this file, or begin one."""
    from bisect_deps.guiding import Guided as Opened
    from bisect_deps.guiding import begin, new_start

    if store.exists:
        guided = Opened(store)
        if guided.start.file != file.name:
            raise InputError(
                f"the session in this folder is about {guided.start.file}",
                hint=f"depbisect guide {guided.start.file}, or end it: depbisect reset",
            )
        click.echo(f"Going on after {counted(len(guided.answers), 'answer')}.")
        guided.write()
        return guided
    newer = flags["exclude_newer"]
    start, manifest = new_start(
        file,
        to=flags["to"],
        python=flags["python"],
        index_as_of=None if newer is None else instant(newer),
        index_url=flags["index_url"],
        evidence=not flags["no_evidence"],
        check_note=flags["check_note"],
    )
    log = None if flags["log"] is None else read_log(flags["log"])
    return begin(store, start, manifest, log)


def _page(guided: Guided) -> Iterator[str]:
    """Yield the build to make, the file as a checklist, and roughly how long it will take."""
    here = guided.position
    assert here.inquiry is not None
    edits = {e.number: e for e in here.inquiry.candidate.edits if e.number is not None}
    yield ""
    yield f"Build {len(here.asked) + 1}, of roughly {len(here.asked) + here.left[0]}:"
    for each in guided.manifest.requirements:
        edit = edits.get(each.number)
        if edit is None:
            yield f"  [x] {safe_line(each.text)}"
        elif edit.action is EditAction.DROP:
            yield f"  [ ] {safe_line(each.text)}   (commented out)"
        else:
            yield f"  [x] {each.name}{edit.to}   (was {safe_line(each.text)})"
    for edit in here.inquiry.candidate.edits:
        if edit.action is EditAction.ADD:
            yield f"  [+] {edit.name}{edit.to}   (added)"
    place = guided.start.to or guided.start.file
    yield f"{place} holds exactly this. Build it now."
    if guided.start.check_note:
        yield f"It is good when: {safe_line(guided.start.check_note)}"


def _turn(guided: Guided) -> bool:
    """Ask once and take the answer; False where the person leaves."""
    letter = click.prompt(QUESTION, prompt_suffix=" ", show_default=False).strip().lower()[:1]
    if letter == "q":
        return False
    if letter == "u":
        guided.undo(1)
    elif letter == "g":
        _give(guided, Word.GOOD)
    elif letter == "b":
        _give(guided, Word.BAD)
    elif letter == "s":
        reason = click.prompt("Why can it not be told?", default="", show_default=False)
        _give(guided, Word.SKIP, reason=reason)
    elif letter == "l":
        path = click.prompt("Path of the log")
        _give(guided, Word.BAD, read_log(Path(path).expanduser()))
    elif letter == "p":
        _give(guided, Word.BAD, _pasted())
    else:
        click.echo("Please answer with one of the letters in brackets.")
    return True


def _give(guided: Guided, word: Word, log: bytes = b"", reason: str = "") -> None:
    from bisect_deps.guiding import contradicted

    doubtful = contradicted(guided.position, word)
    sure = False
    if doubtful is not None:
        at = guided.position.asked.index(doubtful) + 1
        word_then = WORDS[doubtful.given.word]
        click.echo(f"Build {at} differs by commented-out lines only, and it {word_then}.")
        sure = click.confirm("Are you sure of this answer?")
        if not sure:
            return
    name = guided.store.keep_log(log) if log else ""
    guided.answer(Given(word, name, reason, sure))


def _pasted() -> bytes:
    """Read a pasted log, line by line, until a line that holds a full stop alone."""
    click.echo(f"Paste the log, then a line with {END_OF_PASTE!r} alone (or Ctrl-D).")
    lines: list[str] = []
    for line in sys.stdin:
        if line.rstrip("\r\n") == END_OF_PASTE:
            break
        lines.append(line)
    return "".join(lines).encode("utf-8", "surrogateescape")
