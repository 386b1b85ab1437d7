"""INI files with requirements in the values of some keys, edited line by line.

`configparser` drops comments and layout, so it only checks; places come from the lines themselves.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from bisect_deps.errors import InputError
from bisect_deps.formats._commands import Found
from bisect_deps.formats._embedded import (
    Embedding,
    Follow,
    LineReader,
    StringSlot,
    broken,
    embed,
    read_pep508,
)
from bisect_deps.formats._splice import TAG, Change, newline_of, remark
from bisect_deps.formats._text import Mapped, decode_utf8, mapped
from bisect_deps.formats._words import arguments
from bisect_deps.formats.base import Document, Problem, ProblemKind, Span
from bisect_deps.text import escaped

_NOTHING = re.compile("")
_NO_FILE = re.compile(r"(?!)(?P<flag>)(?P<file>)")
_SECTION = re.compile(r"\[(?P<name>[^\]]+)\]")
_KEY = re.compile(r"(?P<key>[^\s#;=:\[][^=:]*?)\s*[=:]\s*")
_COMMENT_AT_END = re.compile(r"(?<!\s)\s+#.*$")


class _Line(NamedTuple):
    """A line of a value: the group of its key, its text, and whether the key stands on it."""

    group: str
    code: Mapped
    on_key_line: bool


_GroupOf = Callable[[str, str], "str | None"]


def listed(lines: Iterable[_Line]) -> Iterator[StringSlot]:
    """Yield one string a line, several between semicolons on the line of the key."""
    for line in lines:
        at = 0
        for part in line.code.text.split(";") if line.on_key_line else [line.code.text]:
            text = _COMMENT_AT_END.sub("", part)
            yield from _slot(line.group, line.code.slice(at, at + len(text)))
            at += len(part) + 1


@dataclass(frozen=True, slots=True)
class IniStyle:
    """One kind of INI file that holds requirements.

    `group_of` names the group of a section's key, None for one without requirements; `main` is the
    section and key that a build installs. `before` is what may stand before a requirement, and
    `files` what a line looks like that names a requirements file, as `file` (`-c` in `flag`).
    `runs` names the group of a section's key that holds commands, which may install, too;
    `root` is what stands for the file's own folder in them. `divide` makes strings of lines.
    `refers` is how a value takes over another one, `computed` what only the tool knows.
    """

    group_of: Callable[[str, str], str | None]
    main: tuple[str, str]
    before: re.Pattern[str] = _NOTHING
    files: re.Pattern[str] = _NO_FILE
    skipped: re.Pattern[str] = _NO_FILE
    read_line: LineReader = read_pep508
    runs: Callable[[str, str], str | None] = lambda *_: None
    root: re.Pattern[str] = _NO_FILE
    divide: Callable[[Iterable[_Line]], Iterator[StringSlot]] = listed
    refers: re.Pattern[str] = _NO_FILE
    computed: re.Pattern[str] = _NO_FILE

    def read(self, data: bytes, path: str) -> Embedding:
        """Read the bytes; lists are one requirement per line, or separated by semicolons."""
        document = decode_utf8(data, path)
        if any(problem.fatal for problem in document.problems):
            return Embedding(document)
        parser = configparser.RawConfigParser()
        try:
            parser.read_string(document.text)
        except configparser.Error as error:
            return broken(document, *_wrong(error))
        lists, runs = (self._with_named(document, own) for own in (self.group_of, self.runs))
        rest = {
            section: {
                k: v
                for k, v in parser[section].items()
                if not (lists(section, k) or runs(section, k))
            }
            for section in parser.sections()
        }
        slots: list[StringSlot] = []
        follows: list[Follow] = []
        problems: list[Problem] = []
        for slot in self.divide(_lines(document, lists)):
            named = self.files.match(slot.code.text)
            if named is not None:
                is_constraint = named["flag"].startswith(("-c", "--c"))
                line, _ = document.place(slot.span.start)
                follows += [
                    Follow(file.strip(), line, is_constraint, slot.group)
                    for file in named["file"].split(",")
                ]
            elif not self.skipped.match(slot.code.text):
                own = _behind(slot, self.before)
                if self.computed.match(own.code.text):
                    problems.append(_computed(document, own))
                else:
                    slots.append(own)
        has_list = parser.has_option(*self.main)
        found, others = self._installed_by_commands(document, runs)
        slots = sorted([*slots, *found.slots], key=lambda slot: slot.span.start)
        follows += [
            file._replace(path=self.root.sub("", file.path, count=1)) for file in found.follows
        ]
        document = document._replace(problems=(*document.problems, *problems, *found.problems))
        return replace(
            embed(document, slots, (rest, others), self.read_line),
            has_list=has_list,
            follows=tuple(follows),
        )

    def _with_named(self, document: Document, group_of: _GroupOf) -> _GroupOf:
        """Return a function that also knows the keys which those that have a group take over."""
        named: set[tuple[str, str]] = set()

        def known(section: str, key: str) -> str | None:
            is_named = (section, key) in named
            return group_of(section, key) or (
                f"{self.main[0]}:{section}.{key}" if is_named else None
            )

        while True:
            found = {
                (other["section"], other["key"].lower())
                for line in _lines(document, known)
                for other in self.refers.finditer(line.code.text)
            }
            if found <= named:
                return known
            named |= found

    def _installed_by_commands(self, document: Document, runs: _GroupOf) -> tuple[Found, list[str]]:
        """Return what commands install, and each command without the requirements in it."""
        found, others = Found(), []
        for slot in self.divide(_lines(document, runs)):
            own = _behind(slot, self.before)
            command = arguments(own.code)
            others.append(found.take_all([command], document, own.group, slot.span))
        return found, others

    def drop(self, embedding: Embedding, indices: Sequence[int]) -> list[Change]:
        """Comment a line out; cut a requirement out that shares its line."""
        document, text = embedding.document, embedding.document.text
        changes: list[Change] = []
        cut = 0
        for index in sorted(indices):
            slot = embedding.slots[index]
            start, end = slot.span.start, slot.span.end
            if _stands_alone(document, slot):
                changes.append((Span(start, start), TAG))
                changes += [(Span(at, at), TAG) for at in _further_lines(document, slot)]
                continue
            while text[end : end + 1] in ("\t", " ", ";"):
                end += 1
            if text[end : end + 1] in ("", "\r", "\n"):
                while start > cut and text[start - 1] in "\t ;":
                    start -= 1
            changes.append((Span(start, end), ""))
            cut = end
        return changes

    def add(self, embedding: Embedding, texts: Sequence[str]) -> list[Change]:
        """Append lines to the list that a build installs."""
        document = embedding.document
        own = [slot for slot in embedding.slots if slot.group == ".".join(self.main)]
        if not own:
            raise InputError(
                f"there is no list {self.main[1]} to add to",
                place=document.path,
                hint="add the list, or use a requirements file",
            )
        last = own[-1]
        if not _stands_alone(document, last):
            return [(Span(last.span.end, last.span.end), "".join(f"; {text}" for text in texts))]
        line = document.physical[document.place(last.span.start)[0] - 1]
        indent = document.text[line.span.start : last.span.start]
        newline = newline_of(document)
        added = "".join(f"{newline}{indent}{text}" for text in texts)
        return [(Span(line.span.end, line.span.end), added)]

    def remark(self, embedding: Embedding, index: int, comment: str) -> list[Change]:
        """Put the reason on a line of its own, since the format has no comment behind a value."""
        document, slot = embedding.document, embedding.slots[index]
        if not _stands_alone(document, slot):
            return []
        line = document.physical[document.place(slot.span.start)[0] - 1]
        indent = document.text[line.span.start : slot.span.start]
        text = f"{indent}{remark(document, comment)}{newline_of(document)}"
        return [(Span(line.span.start, line.span.start), text)]


def _computed(document: Document, slot: StringSlot) -> Problem:
    line, _ = document.place(slot.span.start)
    message = f"what {escaped(slot.code.text)} stands for is only known where the tool runs"
    return Problem(ProblemKind.NOT_JUDGED, document.path, line, message, "", slot.span)


def _wrong(error: configparser.Error) -> tuple[str, int]:
    """Return what keeps a file from being read, and the line."""
    places = getattr(error, "errors", ())  # of a line that is neither section nor value
    if places:
        return f"this line is no section and no value: {escaped(str(places[0][1]))}", places[0][0]
    message = str(error).splitlines()[0].replace("'<string>'", "").strip()
    return message, getattr(error, "lineno", None) or 1


def _behind(slot: StringSlot, before: re.Pattern[str]) -> StringSlot:
    """Return the slot without what stands before its requirement."""
    found = before.match(slot.code.text)
    if found is None or not found.end():
        return slot
    code = slot.code.slice(found.end(), len(slot.code.text))
    condition = found[0].strip().rstrip(":").strip()
    group = f"{slot.group}[{condition}]" if condition else slot.group
    return replace(slot, group=group, code=code, span=code.span(0, len(code.text)))


def _stands_alone(document: Document, slot: StringSlot) -> bool:
    line = document.physical[document.place(slot.span.start)[0] - 1]
    before = document.text[line.span.start : slot.span.start]
    return not before.strip()


def _further_lines(document: Document, slot: StringSlot) -> Iterator[int]:
    """Yield where the text of each further line of a string starts; comments are none."""
    first, last = (document.place(at)[0] for at in (slot.span.start, slot.span.end - 1))
    for line in document.physical[first:last]:
        content = document.slice(line.span)
        if content.strip() and not _is_comment(content):
            yield line.span.start + len(content) - len(content.lstrip())


def _is_comment(content: str) -> bool:
    return content.lstrip().startswith(("#", ";"))


def _lines(document: Document, group_of: Callable[[str, str], str | None]) -> Iterator[_Line]:
    """Yield the lines of the values whose key has a group, but those that only comment."""
    section, group = "", None
    for line in document.physical:
        content = document.slice(line.span)
        if not content.strip() or _is_comment(content):
            continue
        code = mapped(content, line.span.start)
        if found := _SECTION.match(content):
            section, group = found["name"], None
        elif not content[0].isspace():
            key = _KEY.match(content)
            group = group_of(section, key["key"].lower()) if key else None
            if key and group:
                yield _Line(group, code.slice(key.end(), len(content)), on_key_line=True)
        elif group:
            yield _Line(group, code, on_key_line=False)


def _slot(group: str, code: Mapped) -> Iterator[StringSlot]:
    """Yield the slot of a text without the blanks around it; none for an empty one."""
    code = code.stripped()
    if code.text:
        yield StringSlot(group, Span(code.starts[0], code.ends[-1]), code)


def continued(lines: Iterable[_Line]) -> Iterator[StringSlot]:
    """Yield one string a line as tox reads it: a backslash at the end joins the next one to it.

    A `#` starts a comment wherever it stands, but behind a backslash. Source: tox, its INI loader.
    """
    opened: _Line | None = None
    for line in lines:
        code = _without_comment(line.code.stripped())
        is_open = code.text.endswith("\\")
        code = code.slice(0, len(code.text) - is_open)
        if opened is not None and line.on_key_line:
            yield from _slot(opened.group, opened.code)
        elif opened is not None:
            code = _joined(opened.code, code)
        opened = line._replace(code=code) if is_open else None
        if not is_open:
            yield from _slot(line.group, code)
    if opened is not None:
        yield from _slot(opened.group, opened.code)


_COMMENT_ANYWHERE = re.compile(r"(?<!\\)#")


def _without_comment(code: Mapped) -> Mapped:
    """Return the text before its comment; a `#` behind a backslash stands for itself."""
    comment = _COMMENT_ANYWHERE.search(code.text)
    if comment is not None:
        code = code.slice(0, comment.start()).stripped()
    if "\\#" not in code.text:
        return code
    kept = [at for at in range(len(code.text)) if not code.text.startswith("\\#", at)]
    text = "".join(code.text[at] for at in kept)
    return Mapped(text, [code.starts[at] for at in kept], [code.ends[at] for at in kept])


def _joined(first: Mapped, second: Mapped) -> Mapped:
    starts, ends = [*first.starts, *second.starts], [*first.ends, *second.ends]
    return Mapped(first.text + second.text, starts, ends)
