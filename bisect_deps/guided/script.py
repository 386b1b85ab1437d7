"""A session as a script of its own commands, in the style of `git bisect log`."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from bisect_deps.errors import InputError
from bisect_deps.guided.questions import Guided
from bisect_deps.guided.sessions import Given, Start, Store
from bisect_deps.guided.state import said


def script(guided: Guided) -> Iterator[str]:
    """Yield the lines that `replay` reads in this folder: the start, every answer that stands."""
    yield f"# depbisect session of {guided.start.file}, answers: {len(guided.answers)}"
    yield _command(_start_words(guided.store.root, guided.start))
    for number, asked in enumerate(guided.position.asked, start=1):
        yield f"# build {number}: {said(guided.manifest, asked.inquiry.candidate)}"
        yield _command(_answer_words(guided.store, asked.given))


def read_script(text: str) -> list[list[str]]:
    """Return the commands of a session's log, each as its words. Raises InputError."""
    commands = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            words = shlex.split(line, comments=True)
        except ValueError as error:
            raise InputError(f"cannot be read: {error}", place=f"line {number}") from None
        if words[:1] == ["depbisect"] and len(words) > 1:
            commands.append(words[1:])
        elif words:
            raise InputError(
                f"not a command of a session: {line.strip()}",
                place=f"line {number}",
                hint="give what depbisect log printed",
            )
    return commands


def _start_words(root: Path, start: Start) -> list[str]:
    words = ["start"]
    for key in start.named:
        words += ["-r", os.path.relpath(root / key)]
    words += [] if start.named else [os.path.relpath(root / start.file)]
    to = None
    if start.to is not None:
        to = os.path.relpath(root / start.to) + ("/" if start.to.endswith("/") else "")
    for flag, value in (
        ("--exclude-newer", start.index_as_of),
        ("--to", to),
        ("--python", start.python),
        ("--platform", start.platform),
        ("--index-url", start.index_url),
        ("--check-note", start.check_note),
    ):
        words += [flag, value] if value else []
    return words if start.evidence else [*words, "--no-evidence"]


def _answer_words(store: Store, given: Given) -> list[str]:
    words: list[str] = [given.word.value]
    words += ["--log", os.path.relpath(store.answers / given.log)] if given.log else []
    words += ["--reason", given.reason] if given.reason else []
    return [*words, "--sure"] if given.sure else words


def _command(words: list[str]) -> str:
    return " ".join(["depbisect", *(shlex.quote(word) for word in words)])
