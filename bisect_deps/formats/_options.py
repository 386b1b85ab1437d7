"""The options of a requirements file: shell words with their places, matched as optparse does.

Pip gives everything from the first word that starts with a dash to `shlex` and `optparse`. This is
the same reading with the place of each option kept, and with every problem collected instead of the
first one raised.
"""

from __future__ import annotations

from typing import NamedTuple

from bisect_deps.formats._text import Mapped
from bisect_deps.formats.base import Option, ProblemKind, Span

# Long name to whether it takes a value. Source: pip's requirements file format, 26.3.
_TAKES_VALUE = {
    "--index-url": True,
    "--pypi-url": True,
    "--extra-index-url": True,
    "--no-index": False,
    "--constraint": True,
    "--requirement": True,
    "--editable": True,
    "--find-links": True,
    "--no-binary": True,
    "--only-binary": True,
    "--prefer-binary": False,
    "--require-hashes": False,
    "--no-require-hashes": False,
    "--pre": False,
    "--all-releases": True,
    "--only-final": True,
    "--trusted-host": True,
    "--use-feature": True,
    "--hash": True,
    "--config-settings": True,
}
_SHORT = {
    "-i": "--index-url",
    "-c": "--constraint",
    "-r": "--requirement",
    "-e": "--editable",
    "-f": "--find-links",
    "-C": "--config-settings",
}
_CANONICAL = {"--pypi-url": "--index-url"}
_FEATURES = {
    "fast-deps",
    "inprocess-build-deps",
    "venv-isolation",
    "truststore",
    "no-binary-enable-wheel-cache",
    "build-constraint",
}
# Options that older pips accepted here, with the first pip that rejects them.
_REMOVED = {"--global-option": "25.3", "--build-option": "25.3", "--install-option": "23.1"}
_NAME_LISTS = ("--no-binary", "--only-binary", "--all-releases", "--only-final")
_STRONG_HASHES = ("sha256", "sha384", "sha512")


class OptionError(NamedTuple):
    """Why pip rejects the options of a line."""

    kind: ProblemKind
    message: str
    hint: str
    span: Span


class OptionsRead(NamedTuple):
    """The options of one line, the words that belong to none, and what pip rejects."""

    options: list[Option]
    stray: list[tuple[str, Span]]
    errors: list[OptionError]


class ShellWord(NamedTuple):
    """A shell word: its value without quotes, where it starts and ends in the line."""

    value: str
    start: int
    end: int


def split_words(text: str) -> list[ShellWord]:
    """Split into words as `shlex.split` does. Raises ValueError for an open quote or escape."""
    words: list[ShellWord] = []
    value: list[str] = []
    start: int | None = None
    quote = ""
    index = 0
    while index < len(text):
        char = text[index]
        if not quote and char in " \t\r\n":
            if start is not None:
                words.append(ShellWord("".join(value), start, index))
            value, start = [], None
        elif char == "\\" and quote != "'":
            if index + 1 == len(text):
                raise ValueError("a backslash at the end escapes nothing")
            start = index if start is None else start
            index += 1
            if quote and text[index] not in '"\\':
                value.append("\\")
            value.append(text[index])
        elif char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
            start = index if start is None else start
        else:
            value.append(char)
            start = index if start is None else start
        index += 1
    if quote:
        raise ValueError(f"a quotation mark ({quote}) is not closed")
    if start is not None:
        words.append(ShellWord("".join(value), start, len(text)))
    return words


def read_options(line: Mapped) -> OptionsRead:
    """Read the options part of a line."""
    reader = _OptionReader(line)
    try:
        reader.read_all(split_words(line.text))
    except ValueError as error:
        reader.reject(ShellWord("", 0, len(line.text)), str(error))
    return reader.read


class _OptionReader:
    """The options of one line while they are being read."""

    def __init__(self, line: Mapped) -> None:
        self.line = line
        self.read = OptionsRead([], [], [])

    def read_all(self, words: list[ShellWord]) -> None:
        """Match words as optparse does, options and others in any order."""
        queue = list(reversed(words))
        while queue:
            word = queue.pop()
            if word.value == "--":
                queue, rest = [], queue[::-1]
                self.read.stray.extend(self._stray(other) for other in rest)
            elif word.value.startswith("--"):
                self._long(word, queue)
            elif word.value.startswith("-") and len(word.value) > 1:
                self._short(word, queue)
            else:
                self.read.stray.append(self._stray(word))

    def reject(self, word: ShellWord, message: str, hint: str = "") -> None:
        """Note why pip rejects a word."""
        span = self.line.span(word.start, word.end)
        self.read.errors.append(OptionError(ProblemKind.INVALID_OPTION, message, hint, span))

    def _long(self, word: ShellWord, queue: list[ShellWord]) -> None:
        written, equals, value = word.value.partition("=")
        matches = [name for name in _TAKES_VALUE if name.startswith(written)]
        if written in _TAKES_VALUE:
            matches = [written]
        if len(matches) != 1:
            self._unknown(word, written, matches)
        elif not _TAKES_VALUE[matches[0]]:
            if equals:
                self.reject(word, f"{written} takes no value")
            self._add(Option(matches[0], written, None, self.line.span(word.start, word.end)))
        elif equals:
            cut = self.line.text.index("=", word.start) + 1
            self._valued(matches[0], written, word, ShellWord(value, cut, word.end))
        else:
            self._separate(matches[0], written, word, queue)

    def _short(self, word: ShellWord, queue: list[ShellWord]) -> None:
        written = word.value[:2]
        if written not in _SHORT:
            self._unknown(word, written, [])
        elif len(word.value) > 2:
            joined = ShellWord(word.value[2:], word.start + 2, word.end)
            self._valued(_SHORT[written], written, word, joined)
        else:
            self._separate(_SHORT[written], written, word, queue)

    def _separate(self, name: str, written: str, word: ShellWord, queue: list[ShellWord]) -> None:
        if queue:
            self._valued(name, written, word, queue.pop())
        else:
            self.reject(word, f"{written} needs a value")

    def _valued(self, name: str, written: str, word: ShellWord, value: ShellWord) -> None:
        name = _CANONICAL.get(name, name)
        span = self.line.span(word.start, value.end)
        self._add(Option(name, written, value.value, span, self.line.span(value.start, value.end)))

    def _add(self, option: Option) -> None:
        self.read.options.append(option)
        error = _value_error(option)
        if error is not None:
            self.read.errors.append(error)

    def _stray(self, word: ShellWord) -> tuple[str, Span]:
        return word.value, self.line.span(word.start, word.end)

    def _unknown(self, word: ShellWord, written: str, matches: list[str]) -> None:
        if written in _REMOVED:
            message = f"{written} was removed: pip {_REMOVED[written]} and later reject the file"
            hint = "use --config-settings, or take it out"
            span = self.line.span(word.start, word.end)
            self.read.errors.append(OptionError(ProblemKind.REMOVED_OPTION, message, hint, span))
        elif matches:
            self.reject(word, f"{written} is ambiguous: {', '.join(sorted(matches))}")
        else:
            message = f"no such option in a requirements file: {written}"
            self.reject(word, message, "give it on the command line, or take it out")


def _value_error(option: Option) -> OptionError | None:
    value, span = option.value or "", option.span
    if option.name == "--hash":
        algorithm, colon, _ = value.partition(":")
        if not colon:
            message = "a hash is written as an algorithm and a digest"
            return OptionError(ProblemKind.BAD_HASH, message, "--hash=sha256:<digest>", span)
        if algorithm not in _STRONG_HASHES:
            message = f"pip rejects {algorithm or 'empty'} hashes"
            hint = f"use one of {', '.join(_STRONG_HASHES)}"
            return OptionError(ProblemKind.BAD_HASH, message, hint, span)
    elif option.name == "--config-settings" and "=" not in value:
        message = f"{option.written} needs KEY=VALUE"
        return OptionError(ProblemKind.INVALID_OPTION, message, "", span)
    elif option.name == "--use-feature" and value not in _FEATURES:
        message = f"pip knows no feature of the name {value!r}"
        return OptionError(ProblemKind.INVALID_OPTION, message, "", span)
    elif option.name in _NAME_LISTS and value.startswith("-"):
        message = f"{option.written} needs project names, :all: or :none:"
        return OptionError(ProblemKind.INVALID_OPTION, message, "", span)
    return None
