"""What commands install: the requirements of `pip install …` in files that hold shell text.

One style for all of them: a format says where its shell text stands. Source: the options of pip
26.3, of `uv pip install` 0.13 and of pipx.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from bisect_deps.errors import InputError
from bisect_deps.formats._declared import Rejected, declared_pep508
from bisect_deps.formats._embedded import Embedding, Follow, Slot, broken, embed
from bisect_deps.formats._splice import Change
from bisect_deps.formats._text import Mapped
from bisect_deps.formats._words import Command, Word, commands
from bisect_deps.formats.base import Document, Parts, Problem, ProblemKind, Span
from bisect_deps.text import escaped

# Options of the installers that take the next word; all others stand alone.
_TAKING_A_VALUE = """
-r --requirement --requirements -c --constraint --constraints -e --editable -t --target -i
--index-url --extra-index-url -f --find-links --prefix --root --src --platform --python-version
--implementation --abi --no-binary --only-binary --progress-bar --upgrade-strategy -P
--upgrade-package --trusted-host --timeout --retries --resume-retries --cache-dir --proxy --cert
--client-cert --log -p --python -C --config-setting --config-settings --report --exists-action
--build-constraint --use-feature --use-deprecated --build-option --global-option --group
--install-option --keyring-provider -b --build --index --default-index --override --overrides
--resolution --prerelease --link-mode --exclude-newer --index-strategy --extra --torch-backend
--pip-args --suffix --with --with-editable --index-name --refresh-package --reinstall-package
--no-build-package --no-binary-package --allow-insecure-host --directory --project --config-file
--color --python-platform --uploaded-prior-to --all-releases --only-final
"""
_WITH_VALUE = frozenset(_TAKING_A_VALUE.split())
_FILES = {"-r": False, "--requirement": False, "--requirements": False} | {
    "-c": True,
    "--constraint": True,
    "--constraints": True,
}
_PIP = re.compile(r"(?:.*/)?pip(?:\d(?:\.\d+)?)?(?:\.exe)?")
_PYTHON = re.compile(
    r"\{sys\.executable\}|(?:.*/)?(?:python(?:\d(?:\.\d+)?)?w?|py|pypy3?)(?:\.exe)?"
)
_BEFORE = frozenset(
    ("sudo", "exec", "time", "nice", "env", "command", "then", "do", "else", "if", "!", "{", "doas")
)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_VERSION_BY_VARIABLE = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]*)(?P<extras>\[[\w,.\- ]*\])?(?P<clause>[=<>~!]{1,3}.*\$.*)"
)
_PATH = re.compile(r"[.~/]|[A-Za-z]:[\\/]|.*\.(?:whl|zip|tar\.\w+|tgz)$|[\w.-]+/")


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
        self.slots: list[Slot] = []
        self.follows: list[Follow] = []
        self.problems: list[Problem] = []

    def take(self, command: Command, document: Document, label: str) -> None:
        """Take what one command installs; `label` is the first part of its group's name."""
        words = install_words(command.words)
        if words:
            line, _ = document.place(words[0].span.start)
            self.arguments(words, document, f"{label}.{line}")
            for word in command.redirected:
                if re.match(r"[=\d]", word.text):
                    self._redirected(word, document)

    def _redirected(self, word: Word, document: Document) -> None:
        line, _ = document.place(word.span.start)
        message = f"the shell takes the sign before {word.text} as a redirection to a file"
        hint = "put the requirement in quotes"
        kind = ProblemKind.DROPPED_WORDS
        self.problems.append(Problem(kind, document.path, line, message, hint, word.span))

    def arguments(self, words: Sequence[Word], document: Document, group: str) -> None:
        """Take the words behind `install`."""
        at = 0
        while at < len(words):
            word = words[at]
            at += 1
            name, equals, value = word.text.partition("=")
            if not word.text.startswith("-") or word.text == "-":
                self._requirement(word, document, group)
            elif name in _WITH_VALUE:
                if not equals and at < len(words):
                    value = words[at].text
                    at += 1
                if name in _FILES:
                    self._follow(value, word, document, constraint=_FILES[name])
            elif word.text[:2] in ("-r", "-c") and not word.text.startswith("--"):
                value = word.text[2:].removeprefix("=")
                self._follow(value, word, document, constraint=_FILES[word.text[:2]])

    def _follow(self, path: str, word: Word, document: Document, *, constraint: bool) -> None:
        line, _ = document.place(word.span.start)
        self.follows.append(Follow(path, line, constraint))

    def _requirement(self, word: Word, document: Document, group: str) -> None:
        text = word.text.strip()
        parts = _parts(word, text)
        if parts is not None:
            self.slots.append(Slot(group, word.span, word.code, parts, text))
        elif "$" in text or "{" in text or not _PATH.match(text):
            line, _ = document.place(word.span.start)
            message = f"what {text} stands for is only known where the command runs"
            if "$" not in text and "{" not in text:
                message = f"{text} is no requirement that pip takes"
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


def install_words(words: Sequence[Word]) -> Sequence[Word]:
    """Return the words behind `install` where a command installs projects; () for all others."""
    at = 0
    while at < len(words) and (
        words[at].text in _BEFORE
        or _ASSIGNMENT.fullmatch(words[at].text)
        or (at and words[at - 1].text in ("sudo", "env", "doas") and words[at].text[:1] == "-")
    ):
        at += 1
    rest = [word.text for word in words[at:]]
    if len(rest) > 2 and _PYTHON.fullmatch(rest[0]) and "-m" in rest[1:6]:
        skipped = rest.index("-m") + 1
        at, rest = at + skipped, rest[skipped:]
    if not rest:
        return ()
    if rest[0] == "uv" and rest[1:2] == ["pip"]:
        return _after(words[at + 2 :], "install")
    if rest[0] == "uv" and rest[1:2] == ["tool"]:
        return _after(words[at + 2 :], "install")
    if _PIP.fullmatch(rest[0]) or rest[0] == "pipx":
        return _after(words[at + 1 :], "install")
    return ()


def _after(words: Sequence[Word], verb: str) -> Sequence[Word]:
    """Return the words behind the verb, which global options may stand before."""
    at = 0
    while at < len(words) and words[at].text.startswith("-"):
        at += 2 if words[at].text in _WITH_VALUE else 1
    is_verb = at < len(words) and words[at].text == verb
    return words[at + 1 :] if is_verb else ()


def _parts(word: Word, text: str) -> Parts | None:
    """Return what a word asks for by name or URL; None for a path, and for what only runs tell."""
    by_variable = _VERSION_BY_VARIABLE.fullmatch(text)
    if by_variable is not None:
        start = word.text.index(by_variable["clause"])
        span = word.code.span(start, start + len(by_variable["clause"]))
        extras = frozenset((by_variable["extras"] or "[]")[1:-1].replace(" ", "").split(",")) - {""}
        return Parts(by_variable["name"], by_variable["clause"], extras, specifier_span=span)
    if "$" in text and "://" not in text:
        return None
    if re.match(r"(?:git|hg|svn|bzr)\+|https?://|ftp://", text):
        egg = re.search(r"[#&]egg=([\w.-]+)", text)
        span = word.code.span(0, len(word.text))
        return Parts(egg[1] if egg else "", url=text, url_span=span)
    if _PATH.match(text) or "*" in text.partition("=")[0]:
        return None
    try:
        return declared_pep508(word.code)
    except Rejected:
        return None


def _rest(document: Document, slots: Sequence[Slot]) -> str:
    """Return the text without the requirements, which no edit may change."""
    kept, at = [], 0
    for slot in sorted(slots, key=lambda slot: slot.span.start):
        kept.append(document.text[at : slot.span.start].rstrip(" \t"))
        at = slot.span.end
    return "".join([*kept, document.text[at:].lstrip(" \t")])
