"""Shell text to commands and their words, each with its place: as much of a shell as pip needs.

Knows quotes, continued lines, comments, operators and redirections. Expands nothing. Source: POSIX,
Shell Command Language, token recognition.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bisect_deps.formats._text import Mapped
from bisect_deps.formats.base import Span

_OPERATORS = "&|;()`"
# Programs that run what they are given as text.
SHELLS = frozenset({"bash", "sh", "dash", "ash", "zsh", "ksh", "su", "cmd", "pwsh", "powershell"})
_HERE = re.compile(r"<<-?[ \t]*(?P<quote>[\"']?)(?P<end>\w+)(?P=quote)")
_EXPRESSION = re.compile(r"\$\{\{.*?\}\}|\$\{[^}\n]*\}", re.DOTALL)


class Word(NamedTuple):
    """A word without its quotes, each character with its place; `span` has the quotes."""

    code: Mapped
    span: Span

    @property
    def text(self) -> str:
        """Return what the program is given, variables not expanded."""
        return self.code.text


class Command(NamedTuple):
    """One simple command; `redirected` are words that the shell takes as names of files."""

    words: tuple[Word, ...]
    redirected: tuple[Word, ...] = ()


def commands(source: Mapped) -> Iterator[Command]:
    """Yield the simple commands of a shell text in order, also those inside substitutions."""
    yield from _Shell(source).commands()


def arguments(source: Mapped) -> Command:
    """Return the one command of a text that no shell reads: only quotes and backslashes count."""
    reader = _Shell(source, operators="", signs="")
    words = []
    while reader.at < len(reader.text):
        if reader.text[reader.at] in " \t\r\n":
            reader.at += 1
        else:
            words.append(reader.word())
    return Command(tuple(words))


def runs_its_input(words: Sequence[str]) -> bool:
    """Say whether a command takes what it is given as text for commands."""
    return any(word.rpartition("/")[2] in (*SHELLS, "ssh") for word in words)


class _Shell:
    def __init__(self, source: Mapped, operators: str = _OPERATORS, signs: str = "<>") -> None:
        self.source = source
        self.ends = f" \t\r\n{signs}{operators}"
        self.text = source.text
        self.at = 0
        self.here: list[str] = []

    def commands(self) -> Iterator[Command]:
        words: list[Word] = []
        redirected: list[Word] = []
        into_file = False
        while self.at < len(self.text):
            char = self.text[self.at]
            if self.text.startswith(("\\\n", "\\\r\n"), self.at):
                self.at += 3 if self.text.startswith("\\\r", self.at) else 2
            elif char in " \t\r":
                self.at += 1
            elif char == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif char == "\n" or char in _OPERATORS or self.text.startswith("$(", self.at):
                self.at += 1
                if words:
                    yield Command(tuple(words), tuple(redirected))
                words, redirected, into_file = [], [], False
                if char == "\n":
                    self._pass_over_here_documents()
            elif char in "<>":
                into_file = self._redirection(words)
            else:
                word = self.word()
                (redirected if into_file else words).append(word)
                is_number = word.text.isdigit() and self.text[self.at : self.at + 1] in ("<", ">")
                if is_number and words and not into_file:
                    words.pop()  # the 2 of 2>file
                into_file = False
        if words:
            yield Command(tuple(words), tuple(redirected))

    def _pass_over_here_documents(self) -> None:
        # A block of YAML keeps its indentation here, before the word that ends a text as well.
        for end in self.here:
            found = re.compile(rf"^[ \t]*{end}[ \t]*\r?$", re.MULTILINE).search(self.text, self.at)
            self.at = found.end() if found else len(self.text)
        self.here = []

    def _redirection(self, words: Sequence[Word]) -> bool:
        """Pass over the signs of a redirection; say whether the name of a file follows."""
        if here := _HERE.match(self.text, self.at):
            self.at = here.end()
            if not runs_its_input([word.text for word in words]):
                self.here.append(here["end"])
            return False
        while self.at < len(self.text) and self.text[self.at] in "<>":
            self.at += 1
        if self.text[self.at : self.at + 1] == "&":
            self.at += 1
        return True

    def word(self) -> Word:
        """Read a word, to the next sign that ends one."""
        start = self.at
        kept: list[int] = []
        ends: list[int] = []
        text: list[str] = []
        quote = ""
        while self.at < len(self.text):
            char = self.text[self.at]
            if found := _EXPRESSION.match(self.text, self.at):
                for at in range(self.at, found.end()):
                    self._keep(at, text, kept, ends)
                self.at = found.end()
                continue
            if quote:
                if char == quote:
                    quote = ""
                elif (
                    char == "\\"
                    and quote == '"'
                    and self.text[self.at + 1 : self.at + 2] in '"\\$`'
                ):
                    self.at += 1
                    self._keep(self.at, text, kept, ends)
                else:
                    self._keep(self.at, text, kept, ends)
            elif char in "\"'":
                quote = char
            elif char == "\\":
                if self.text.startswith(("\\\n", "\\\r\n"), self.at):
                    break
                self.at += 1
                self._keep(self.at, text, kept, ends)
            elif char in self.ends:
                break
            else:
                self._keep(self.at, text, kept, ends)
            self.at += 1
        code = Mapped("".join(text), kept, ends)
        span = self.source.span(start, min(self.at, len(self.text)))
        return Word(code if text else Mapped("", [span.start], []), span)

    def _keep(self, at: int, text: list[str], starts: list[int], ends: list[int]) -> None:
        if at < len(self.text):
            text.append(self.text[at])
            starts.append(self.source.starts[at])
            ends.append(self.source.ends[at])
