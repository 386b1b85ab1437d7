"""What commands install: the requirements of `pip install …` in files that hold shell text.

One style for all of them: a format says where its shell text stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from bisect_deps.errors import InputError
from bisect_deps.formats._conda import conda_parts
from bisect_deps.formats._declared import Rejected, declared_pep508
from bisect_deps.formats._embedded import Embedding, Follow, StringSlot, broken, embed
from bisect_deps.formats._installers import Grammar, Install, InstallCommand, installs
from bisect_deps.formats._ranges import poetry_clause
from bisect_deps.formats._splice import Change
from bisect_deps.formats._text import Mapped
from bisect_deps.formats._words import Command, Word, commands
from bisect_deps.formats.base import CONDA, Document, Parts, Problem, ProblemKind, Span
from bisect_deps.system.files import LONGEST_NAME
from bisect_deps.text import escaped

_VERSION_BY_VARIABLE = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]*)(?P<extras>\[[\w,.\- ]*\])?(?P<clause>[=<>~!]{1,3}.*\$.*)"
)
# In a notebook's strings a quote has a backslash of its own.
_QUOTE = re.compile(r"\\?[\"']")
_AT_VERSION = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]*)(?P<extras>\[[\w,.\- ]*\])?@(?P<version>[\w^~<>=!*.,+ |-]+)"
)
# `a>1`; not `2>&1` or `>1`, which are meant as they are.
_NAME_AND_SIGN = re.compile(r"(?<![^\s<>&])\d*[^\s\d<>&][^\s<>&]*[<>]$")
_PYTHON = re.compile(r"(?:python|pypy)[\d.]*(?:@.*)?")
_PATH = re.compile(r"[.~/]|[A-Za-z]:[\\/]|.*\.(?:whl|zip|tar\.\w+|tgz|py)$|[\w.-]+/")


@dataclass(frozen=True, slots=True)
class CommandStyle:
    """A format that holds shell text. `decode` reads its bytes, `texts` yields each piece.

    `check` returns why the file cannot be read, with the line, None where it can.
    """

    decode: Callable[[bytes, str], Document]
    texts: Callable[[Document], Iterable[tuple[str, Mapped]]]
    check: Callable[[Document], tuple[str, int] | None] = lambda _: None

    def read(self, data: bytes, path: str) -> Embedding:
        """Read the bytes; a file that installs nothing has no requirements."""
        document = self.decode(data, path)
        if any(problem.fatal for problem in document.problems):
            return Embedding(document)
        if (wrong := self.check(document)) is not None:
            return broken(document, *wrong)
        found = Found()
        for label, source in self.texts(document):
            for command in commands(source):
                found.take(command, document, label)
        return found.embedding(document)

    def drop(self, embedding: Embedding, indices: Sequence[int]) -> list[Change]:
        """Cut words out; a command that would install nothing then is refused."""
        slots = embedding.slots
        for group in {slots[index].group for index in indices}:
            if all(at in indices for at, slot in enumerate(slots) if slot.group == group):
                line, _ = embedding.document.place(slots[indices[0]].span.start)
                raise InputError(
                    "the command would have nothing left to install",
                    place=f"{embedding.document.path}:{line}",
                    hint="take the command out by hand",
                )
        return [(_with_gap(embedding.document, slots[index].span), "") for index in indices]

    def add(self, embedding: Embedding, texts: Sequence[str]) -> list[Change]:
        """Raise InputError: nobody knows which command is meant."""
        raise InputError(
            "a requirement cannot be added to a command",
            place=embedding.document.path,
            hint="add it by hand, or use a requirements file",
        )

    def remark(self, embedding: Embedding, index: int, comment: str) -> list[Change]:
        """Return nothing: a comment between words would end the command."""
        return []


def _with_gap(document: Document, span: Span) -> Span:
    start = span.start
    while start and document.text[start - 1] in " \t":
        start -= 1
    return Span(start, span.end)


class Found:
    """What the commands of one file install, gathered command by command."""

    def __init__(self) -> None:
        self.slots: list[StringSlot] = []
        self.follows: list[Follow] = []
        self.problems: list[Problem] = []

    def take_all(self, given: Iterable[Command], document: Document, label: str, span: Span) -> str:
        """Take what the commands at `span` install; return the text there without it."""
        before = len(self.slots)
        for command in given:
            self.take(command, document, label)
        text, at = "", span.start
        for slot in self.slots[before:]:
            text += document.text[at : slot.span.start]
            at = slot.span.end
        return text + document.text[at : span.end]

    def take(self, command: Command, document: Document, label: str) -> None:
        """Take what one command installs; `label` is the first part of its group's name."""
        found = list(installs(command.words))
        for install in found:
            if install.words:
                line, _ = document.place(install.words[0].span.start)
                self.arguments(install, document, f"{label}.{line}")
        if found:
            for word in command.redirected:
                before = document.text[max(word.span.start - LONGEST_NAME, 0) : word.span.start]
                is_version = word.text[:1].isdigit() and _NAME_AND_SIGN.search(before)
                if word.text.startswith("=") or is_version:
                    self._redirected(word, document)

    def _redirected(self, word: Word, document: Document) -> None:
        line, _ = document.place(word.span.start)
        message = f"the shell takes the sign before {word.text} as a redirection to a file"
        hint = "put the requirement in quotes"
        kind = ProblemKind.DROPPED_WORDS
        self.problems.append(Problem(kind, document.path, line, message, hint, word.span))

    def arguments(self, install: Install, document: Document, group: str) -> None:
        """Take the words behind the verb, as the installer reads them."""
        installer = install.installer
        is_done = installer.grammar is Grammar.OPTIONS
        for option, word in _arguments(install):
            if not option and not is_done and not _is_python(word, installer):
                self._requirement(word, document, group, installer.grammar)
            elif option in installer.named:
                is_done = is_done or option != "--with"
                for part in _listed(word):
                    self._requirement(part, document, group, Grammar.PIP)
            elif option in installer.files:
                self._file(word, document, group, installer, option)
            if not option and installer.grammar in (Grammar.TOOL, Grammar.OPTIONS):
                break  # what follows belongs to the program that is run

    def _file(
        self, word: Word, document: Document, group: str, installer: InstallCommand, option: str
    ) -> None:
        line, _ = document.place(word.span.start)
        is_environment = word.text.endswith((".yml", ".yaml"))
        if installer.grammar is Grammar.CONDA and not is_environment:
            message = f"conda reads {escaped(word.text)} by its own words: name it by itself"
            kind = ProblemKind.NOT_JUDGED
            self.problems.append(Problem(kind, document.path, line, message, "", word.span))
        else:
            is_constraint = installer.files[option]
            # What a list of requirements stands in for is not told; a constraint is of its command.
            held = group if is_constraint else ""
            self.follows.append(Follow(word.text, line, is_constraint, held))

    def _requirement(self, word: Word, document: Document, group: str, grammar: Grammar) -> None:
        text = word.text.strip()
        parts = _parts(word, text, grammar)
        if parts is not None:
            parts = _with_quotes(parts, document.text)
            if grammar is Grammar.CONDA:
                group = f"{group}.{CONDA}"
            self.slots.append(StringSlot(group, word.span, word.code, parts, text))
        elif "$" in text or "{" in text or not _PATH.match(text):
            line, _ = document.place(word.span.start)
            message = f"what {text} stands for is only known where the command runs"
            if "$" not in text and "{" not in text:
                message = f"{text} is no requirement that {grammar.reader} takes"
            kind = ProblemKind.NOT_JUDGED
            self.problems.append(
                Problem(kind, document.path, line, escaped(message), "", word.span)
            )

    def embedding(self, document: Document) -> Embedding:
        """Return the document with a line for each requirement."""
        rest = _rest(document, self.slots)
        problems = (*document.problems, *self.problems)
        found = embed(document._replace(problems=problems), self.slots, rest)
        return replace(found, follows=tuple(self.follows))


def _is_python(word: Word, installer: InstallCommand) -> bool:
    """Say whether what a tool is run with is the interpreter: `uvx python@3.12 -m sysconfig`."""
    is_tool = installer.grammar is Grammar.TOOL
    return is_tool and _PYTHON.fullmatch(word.text) is not None


def _arguments(install: Install) -> Iterator[tuple[str, Word]]:
    """Yield each word that is no option, after "", and each value, after its option.

    Short options may stand together, the last with its value: `-qr FILE`, `-rFILE`.
    """
    takes_value = install.installer.takes_value
    words = iter(install.words)
    for word in words:
        name, equals, _ = word.text.partition("=")
        if not word.text.startswith("-") or word.text == "-":
            yield "", word
        elif word.text.startswith("--"):
            if name in takes_value:
                value = (
                    _part_of(word, len(name) + 1, len(word.text)) if equals else next(words, None)
                )
                if value is not None:
                    yield name, value
        else:
            letters = takewhile(str.isalpha, word.text[1:])
            at = next((at for at, sign in enumerate(letters, 1) if f"-{sign}" in takes_value), None)
            if at is not None:
                joined = word.text[at + 1 :]
                start = at + 1 + joined.startswith("=")
                value = _part_of(word, start, len(word.text)) if joined else next(words, None)
                if value is not None:
                    yield f"-{word.text[at]}", value


def _part_of(word: Word, start: int, end: int) -> Word:
    """Return a part of a word, without the quotes that it stands in."""
    return Word(word.code.slice(start, end), word.code.span(start, end))


def _listed(word: Word) -> Iterator[Word]:
    """Yield the requirements of a value, between commas; one in a range is followed by a sign."""
    start = 0
    for found in re.finditer(r",(?=[ \w])|$", word.text):
        if found.start() > start:
            yield _part_of(word, start, found.start()) if "," in word.text else word
        start = found.end()


def _parts(word: Word, text: str, grammar: Grammar) -> Parts | None:
    """Return what a word asks for by name or URL; None for a path, and for what only runs tell."""
    is_plain = "://" not in text and not _PATH.match(text)
    if grammar is Grammar.CONDA:
        is_told = is_plain and "$" not in text and "{" not in text
        return conda_parts(text, word.code) if is_told else None
    at_version = _AT_VERSION.fullmatch(text) if grammar is not Grammar.PIP and is_plain else None
    if at_version is not None:
        return _at_version(word, at_version)
    return _of_pip(word, text)


def _with_quotes(parts: Parts, text: str) -> Parts:
    """Return the parts with the quote that closes one in the clause: `a=="${VERSION}"`."""
    span = parts.specifier_span
    found = _QUOTE.search(text, span.start, span.end) if span is not None else None
    if span is None or found is None or text.count(found[0], span.start, span.end) % 2 == 0:
        return parts
    if not text.startswith(found[0], span.end):
        return parts
    return parts._replace(specifier_span=Span(span.start, span.end + len(found[0])))


def _of_pip(word: Word, text: str) -> Parts | None:
    by_variable = _VERSION_BY_VARIABLE.fullmatch(text)
    if by_variable is not None:
        start = word.text.index(by_variable["clause"])
        span = word.code.span(start, start + len(by_variable["clause"]))
        extras = _extras_in(by_variable["extras"])
        return Parts(by_variable["name"], by_variable["clause"], extras, specifier_span=span)
    if re.match(r"(?:git|hg|svn|bzr)\+|https?://|ftp://", text):
        egg = re.search(r"[#&]egg=([\w.-]+)", text)
        span = word.code.span(0, len(word.text))
        return Parts(egg[1] if egg else "", url=text, url_span=span)
    if "$" in text and "://" not in text:
        return None
    if _PATH.match(text) or "*" in text.partition("=")[0]:
        return None
    try:
        return declared_pep508(word.code)
    except Rejected:
        return None


def _at_version(word: Word, found: re.Match[str]) -> Parts | None:
    """Return what `name@version` of Poetry and of uvx asks for; `@latest` is any version."""
    clause = "" if found["version"] == "latest" else poetry_clause(found["version"])
    if clause is None:
        return None
    # The sign belongs to it: `==` takes its place.
    span = word.code.span(found.start("version") - 1, found.end())
    return Parts(found["name"], clause, _extras_in(found["extras"]), specifier_span=span)


def _extras_in(text: str | None) -> frozenset[str]:
    return frozenset((text or "[]")[1:-1].replace(" ", "").split(",")) - {""}


def _rest(document: Document, slots: Sequence[StringSlot]) -> str:
    """Return the text without the requirements, which no edit may change."""
    kept, at = [], 0
    for slot in sorted(slots, key=lambda slot: slot.span.start):
        kept.append(document.text[at : slot.span.start].rstrip(" \t"))
        at = slot.span.end
    return "".join([*kept, document.text[at:].lstrip(" \t")])
