"""Where the strings of arrays stand in a TOML text: a scanner that keeps every place.

Reads only as much TOML as that takes, and never judges it: whoever uses it compares with `tomllib`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bisect_deps.formats._text import Mapped
from bisect_deps.formats.base import Span

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^\s,\]}#]+(?: \d\d:[^\s,\]}#]+)?")
_ESCAPES = {
    "b": "\b",
    "t": "\t",
    "n": "\n",
    "f": "\f",
    "r": "\r",
    "e": "\x1b",
    '"': '"',
    "\\": "\\",
}
_CODES = {"x": 2, "u": 4, "U": 8}


class NotToml(ValueError):
    """The text is no TOML that the scanner can follow."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string of an array: `span` with its quotes, `value` with the place of each character."""

    span: Span
    value: Mapped
    comma: int | None = None


@dataclass(slots=True)
class Array:
    """An array by the path of its key: its strings, and where it opens and closes."""

    path: tuple[str, ...]
    span: Span
    texts: list[Text] = field(default_factory=list)
    size: int = 0


def load(text: str) -> dict[str, Any]:
    """Return the data of a TOML text. Raises ValueError."""
    loaded: dict[str, Any] = tomllib.loads(text)
    return loaded


@dataclass(frozen=True, slots=True)
class Layout:
    """All arrays under a key, in the order of the text, and where each table's header ends.

    `strings` are all strings that stand as values, by the path in the data.
    """

    arrays: tuple[Array, ...] = ()
    headers: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    strings: Mapping[tuple[str | int, ...], Text] = field(default_factory=dict)


def layout(text: str) -> Layout:
    """Return where arrays and tables stand. Raises NotToml."""
    scanner = _Scanner(text)
    try:
        return Layout(tuple(scanner.document()), scanner.headers, scanner.strings)
    except IndexError as error:
        raise NotToml("the text ends too early") from error


@dataclass(slots=True)
class _Scanner:
    text: str
    at: int = 0
    headers: dict[tuple[str, ...], int] = field(default_factory=dict)
    strings: dict[tuple[str | int, ...], Text] = field(default_factory=dict)
    numbers: dict[tuple[str, ...], int] = field(default_factory=dict)

    def document(self) -> Iterator[Array]:
        """Follow tables and keys to the end of the text."""
        table: tuple[str, ...] = ()
        place: tuple[str | int, ...] = ()
        while self._skip(newlines=True):
            if self.text[self.at] == "[":
                doubled = self.text.startswith("[[", self.at)
                self.at += 2 if doubled else 1
                table = self._key()
                self._expect("]]" if doubled else "]")
                self.headers[table] = self.at
                place = table
                if doubled:
                    self.numbers[table] = self.numbers.get(table, -1) + 1
                    place = (*table, self.numbers[table])
                continue
            key = self._key()
            self._expect("=")
            yield from self._value(table + key, place + key)

    def _skip(self, *, newlines: bool) -> bool:
        """Pass over white space and comments; say whether anything is left."""
        blank = " \t\r\n" if newlines else " \t"
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif char in blank:
                self.at += 1
            else:
                return True
        return False

    def _expect(self, sign: str) -> None:
        self._skip(newlines=False)
        if not self.text.startswith(sign, self.at):
            raise NotToml(f"expected {sign} at {self.at}")
        self.at += len(sign)

    def _key(self) -> tuple[str, ...]:
        parts: list[str] = []
        while True:
            self._skip(newlines=False)
            if self.text[self.at] in "\"'":
                parts.append(self._string().value.text)
            elif found := _BARE.match(self.text, self.at):
                parts.append(found[0])
                self.at = found.end()
            else:
                raise NotToml(f"expected a key at {self.at}")
            self._skip(newlines=False)
            if not self.text.startswith(".", self.at):
                return tuple(parts)
            self.at += 1

    def _value(self, path: tuple[str, ...], place: tuple[str | int, ...]) -> Iterator[Array]:
        self._skip(newlines=False)
        char = self.text[self.at]
        if char in "\"'":
            self.strings[place] = self._string()
        elif char == "[":
            yield from self._array(path, place)
        elif char == "{":
            yield from self._inline_table(path, place)
        elif found := _SCALAR.match(self.text, self.at):
            self.at = found.end()
        else:
            raise NotToml(f"expected a value at {self.at}")

    def _array(self, path: tuple[str, ...], place: tuple[str | int, ...]) -> Iterator[Array]:
        start = self.at
        found = Array(path, Span(start, start))
        nested: list[Array] = []
        self.at += 1
        while self._skip(newlines=True) and self.text[self.at] != "]":
            own = self._string() if self.text[self.at] in "\"'" else None
            if own is None:
                nested += self._value(path, (*place, found.size))
            found.size += 1
            self._skip(newlines=True)
            comma = self.at if self.text[self.at] == "," else None
            if comma is not None:
                self.at += 1
            elif self.text[self.at] != "]":
                raise NotToml(f"expected a comma at {self.at}")
            if own is not None:
                found.texts.append(Text(own.span, own.value, comma))
        self._expect("]")
        found.span = Span(start, self.at)
        yield found
        yield from nested

    def _inline_table(self, path: tuple[str, ...], place: tuple[str | int, ...]) -> Iterator[Array]:
        self.at += 1
        while self._skip(newlines=True) and self.text[self.at] != "}":
            key = self._key()
            self._expect("=")
            yield from self._value(path + key, place + key)
            self._skip(newlines=True)
            if self.text[self.at] == ",":
                self.at += 1
        self._expect("}")

    def _string(self) -> Text:
        start = self.at
        quote = self.text[start]
        is_long = self.text.startswith(quote * 3, start)
        self.at += 3 if is_long else 1
        if is_long:
            for newline in ("\r\n", "\n"):
                if self.text.startswith(newline, self.at):
                    self.at += len(newline)
                    break
        value: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        while not self._closes(quote, is_long=is_long):
            before = self.at
            char = self._char(escapes=quote == '"')
            value.append(char)
            starts += [before] * len(char)
            ends += [self.at] * len(char)
        self.at += 3 if is_long else 1
        if not value:
            starts, ends = [self.at - (3 if is_long else 1)], []
        return Text(Span(start, self.at), Mapped("".join(value), starts, ends))

    def _closes(self, quote: str, *, is_long: bool) -> bool:
        if not is_long:
            if self.text[self.at] == "\n":
                raise NotToml(f"a string is not closed at {self.at}")
            return self.text[self.at] == quote
        # Up to two quotes may stand before the three that close.
        closing = self.text.startswith(quote * 3, self.at)
        return closing and not self.text.startswith(quote * 4, self.at)

    def _char(self, *, escapes: bool) -> str:
        char = self.text[self.at]
        self.at += 1
        if char != "\\" or not escapes:
            return char
        sign = self.text[self.at]
        self.at += 1
        if sign in _ESCAPES:
            return _ESCAPES[sign]
        if sign in _CODES:
            digits = self.text[self.at : self.at + _CODES[sign]]
            self.at += _CODES[sign]
            try:
                return chr(int(digits, 16))
            except (ValueError, OverflowError) as error:
                raise NotToml(f"not a character: {digits}") from error
        if sign in " \t\r\n":
            while self.text[self.at] in " \t\r\n":
                self.at += 1
            return ""
        raise NotToml(f"unknown escape at {self.at}")
