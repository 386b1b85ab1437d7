"""Requirement strings in the arrays of a TOML text: read, taken out, put in, never re-written.

The text may be a whole file or stand inside another one, so places go through a `Mapped`.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from packaging.requirements import Requirement

from bisect_deps.errors import InputError
from bisect_deps.formats._commands import Found
from bisect_deps.formats._embedded import Embedding, Follow, StringSlot, broken, embed
from bisect_deps.formats._entries import Entry, all_judged, no_commands, no_entries, no_files
from bisect_deps.formats._splice import TAG, Change, newline_of, quotable, remark_at
from bisect_deps.formats._text import Mapped, mapped
from bisect_deps.formats._toml import Array, Layout, NotToml, Text, layout, load
from bisect_deps.formats._words import Command, Word, commands
from bisect_deps.formats.base import Document, Problem, ProblemKind, Span
from bisect_deps.text import escaped

# An option of pip or a path, as a line of a requirements file has them.
_OPTION = re.compile(
    r"(?:(?P<flag>-[rc]|--requirement|--constraint)\s*=?\s*(?:\{(?:toxinidir|tox_root)\}/)?"
    r"(?P<file>[^\s{}]+)|[-./{])"
)
# What stands for the file's own folder in commands of tox and Hatch.
_ROOT = re.compile(r"\{(?:toxinidir|tox_root|root)\}/")
_ONLY_COMMENT = re.compile(r"[ \t]*(#[^\n]*)?(\r?\n|$)")


def whole_file(document: Document) -> Mapped:
    """Return all of a document as the text that holds requirements."""
    return mapped(document.text, 0)


@dataclass(frozen=True, slots=True)
class TomlStyle:
    """One kind of TOML text that holds requirements.

    `decode` reads the bytes, `source` finds the text in a document (None where there is none, with
    `missing` as the reason), `group_of` names the group of an array by its path, `main` is the path
    of the array that a build installs, `margin` what starts each line of the text in the file.
    `entries` finds what stands in tables instead of arrays, `table` is the one of them that a build
    installs. `names_files` are the groups that stand in requirements files, with those files;
    `not_judged` says what of the text nobody can read. Strings of groups that `with_options`
    matches may be options of pip, which name files. `runs` names the group of strings that are
    shell text, `argv` that of arrays each of which is one command; both may install.
    """

    decode: Callable[[bytes, str], Document]
    source: Callable[[Document], Mapped | None]
    group_of: Callable[[tuple[str, ...]], str | None]
    main: tuple[str, ...]
    missing: str = ""
    margin: str = ""
    table: tuple[str, ...] = ()
    entries: Callable[[dict[str, Any], Layout], Iterator[Entry]] = no_entries
    names_files: Callable[[dict[str, Any]], Iterable[tuple[str, str]]] = no_files
    not_judged: Callable[[dict[str, Any]], str] = all_judged
    with_options: re.Pattern[str] | None = None
    runs: Callable[[tuple[str, ...]], str | None] = no_commands
    argv: Callable[[tuple[str, ...]], str | None] = no_commands

    def read(self, data: bytes, path: str) -> Embedding:
        """Read the bytes, and check with `tomllib` that the right strings were found."""
        document = self.decode(data, path)
        if any(problem.fatal for problem in document.problems):
            return Embedding(document)
        source = self.source(document)
        if source is None:
            return broken(document, self.missing)
        try:
            loaded = load(source.text)
            places = layout(source.text)
            arrays = self._arrays(places)
            found_entries = list(self.entries(loaded, places))
        except NotToml as error:
            return broken(document, f"its layout cannot be followed: {error}")
        except ValueError as error:
            return broken(document, f"not valid TOML: {error}", _line_of(error, document, source))
        slots = [_entry_slot(source, entry) for entry in found_entries]
        follows = [Follow(path, 1, group=group) for group, path in self.names_files(loaded)]
        for group, array in arrays:
            if [text.value.text for text in array.texts] not in _lists_at(loaded, array.path):
                line, _ = document.place(source.offset(array.span.start))
                return broken(document, f"{'.'.join(array.path)} is no plain list", line)
            for text in array.texts:
                option = self._option(group, text)
                if option is None:
                    slots.append(_slot(group, source, text))
                elif option["file"]:
                    line, _ = document.place(source.offset(text.span.start))
                    is_constraint = option["flag"].lstrip("-").startswith("c")
                    follows.append(Follow(option["file"], line, is_constraint, group))
        slots += self._under_conditions(source, places)
        ran, others = self._installed_by_commands(document, source, places)
        slots = sorted([*slots, *ran.slots], key=lambda slot: slot.span.start)
        follows += [file._replace(path=_ROOT.sub("", file.path, count=1)) for file in ran.follows]
        rest = (self._without(loaded, found_entries), others)
        document = self._with_problems(document, source, loaded, found_entries)
        document = document._replace(problems=(*document.problems, *ran.problems))
        found = embed(document, slots, rest)
        has_list = any(array.path == self.main for _, array in arrays) or bool(found_entries)
        return replace(found, has_list=has_list, follows=tuple(follows))

    def _under_conditions(self, source: Mapped, places: Layout) -> Iterator[StringSlot]:
        """Yield what lists ask for by tables: `{value = "…", if = […]}`, as Hatch has them."""
        for place, text in places.strings.items():
            if len(place) > 1 and place[-1] == "value" and isinstance(place[-2], int):
                group = self.group_of(tuple(key for key in place[:-1] if isinstance(key, str)))
                if group is not None:
                    yield _slot(group, source, text)

    def _installed_by_commands(
        self, document: Document, source: Mapped, places: Layout
    ) -> tuple[Found, list[str]]:
        """Return what commands install, and the text of each without the requirements in it."""
        found = Found()
        given: list[tuple[str, Span, Iterable[Command]]] = []
        for array in places.arrays:
            texts = [_slot("", source, text) for text in array.texts]
            if (group := self.argv(array.path)) and texts:
                words = tuple(Word(text.code, text.span) for text in texts)
                given.append((group, source.span(*array.span), [Command(words)]))
            elif group := self.runs(array.path):
                given += [(group, text.span, commands(text.code)) for text in texts]
        for place, text in places.strings.items():
            if group := self.runs(tuple(key for key in place if isinstance(key, str))):
                own = _slot("", source, text)
                given.append((group, own.span, commands(own.code)))
        given.sort(key=lambda own: own[1])
        return found, [found.take_all(own, document, group, span) for group, span, own in given]

    def _option(self, group: str, text: Text) -> re.Match[str] | None:
        if self.with_options is None or not self.with_options.match(group):
            return None
        return _OPTION.match(text.value.text)

    def _with_problems(
        self, document: Document, source: Mapped, loaded: dict[str, Any], entries: list[Entry]
    ) -> Document:
        """Return the document with what is wrong with entries, and what cannot be judged."""
        problems = [_problem_of(document, source, entry) for entry in entries if entry.problem]
        if reason := self.not_judged(loaded):
            problems.append(Problem(ProblemKind.NOT_JUDGED, document.path, 1, reason))
        return document._replace(problems=(*document.problems, *problems))

    def drop(self, embedding: Embedding, indices: Sequence[int]) -> list[Change]:
        """Comment a string out where its line holds nothing else, else cut it out."""
        source = self.source(embedding.document)
        assert source is not None
        wanted = {embedding.slots[index].span for index in indices}
        changes: list[Change] = []
        for _, array in self._arrays(layout(source.text)):
            spans = [source.span(text.span.start, text.span.end) for text in array.texts]
            own = {index for index, span in enumerate(spans) if span in wanted}
            changes += _drop_from(array, source.text, own)
            wanted -= {spans[index] for index in own}
        changes = [(source.span(span.start, span.end), text) for span, text in changes]
        return changes + [_drop_entry(embedding.document, span) for span in sorted(wanted)]

    def add(self, embedding: Embedding, texts: Sequence[str]) -> list[Change]:
        """Append to the list that a build installs, in the list's own style."""
        source = self.source(embedding.document)
        assert source is not None
        newline = newline_of(embedding.document) + self.margin
        for _, array in self._arrays(layout(source.text)):
            if array.path == self.main:
                changes = _add_to(array, source.text, texts, newline)
                return [(source.span(span.start, span.end), text) for span, text in changes]
        found = layout(source.text)
        if self.table and self.table in found.headers:
            return [_new_entries(embedding, self.table, source, found, texts)]
        headers = found.headers
        table = self.main[:-1]
        if not source.text or (table and table not in headers) or self._is_dynamic(source):
            raise InputError(
                f"there is no list {'.'.join(self.main)} to add to",
                place=embedding.document.path,
                hint="add the list, or use a requirements file",
            )
        line = f"{self.main[-1]} = [{', '.join(_quoted(text) for text in texts)}]"
        if not table:
            return [(source.span(0, 0), line + newline)]
        at = headers[table]
        comment = _ONLY_COMMENT.match(source.text, at)
        at = comment.end(1) if comment and comment[1] else at
        at -= source.text[:at].endswith("\r")
        return [(source.span(at, at), newline + line)]

    def remark(self, embedding: Embedding, index: int, comment: str) -> list[Change]:
        """Put the reason at the end of the line."""
        document = embedding.document
        return [remark_at(document, document.lines[index].last, comment)]

    def _is_dynamic(self, source: Mapped) -> bool:
        table: Any = load(source.text)
        for key in self.main[:-1]:
            table = table.get(key, {})
        return self.main[-1] in table.get("dynamic", ())

    def _arrays(self, places: Layout) -> list[tuple[str, Array]]:
        found = []
        for array in places.arrays:
            group = self.group_of(array.path)
            if group is not None:
                found.append((group, array))
        return found

    def _without(self, data: dict[str, Any], entries: Iterable[Entry]) -> object:
        """Return the data without requirements and without commands."""
        data = copy.deepcopy(data)
        for entry in entries:
            holder: Any = data
            for key in entry.path[:-1]:
                holder = holder.get(key, {})
            holder.pop(entry.path[-1], None)
        return self._rest(data, ())

    def _rest(self, value: Any, path: tuple[str, ...]) -> Any:
        if self.runs(path) or self.argv(path):
            return None
        if isinstance(value, dict):
            inner = {key: self._rest(own, (*path, key)) for key, own in value.items()}
            # A list of requirements may be one that an edit makes.
            return {
                key: own
                for key, own in inner.items()
                if own != [] or self.group_of((*path, key)) is None
            }
        if not isinstance(value, list):
            return value
        is_read = self.group_of(path) is not None
        return [self._rest(own, path) for own in value if not (is_read and _asks(own))]


def _asks(own: Any) -> bool:
    """Say whether an element of a list is a requirement, or one under a condition."""
    return isinstance(own, str) or (isinstance(own, dict) and isinstance(own.get("value"), str))


def _slot(group: str, source: Mapped, text: Text) -> StringSlot:
    value = text.value
    starts = [source.starts[at] for at in value.starts] if value.text else value.starts
    ends = [source.ends[at - 1] for at in value.ends]
    if not value.text:
        starts = [source.offset(text.value.starts[0])]
    code = Mapped(value.text, starts, ends)
    return StringSlot(group, source.span(text.span.start, text.span.end), code)


def _lists_at(data: Any, path: tuple[str, ...]) -> Iterator[list[str]]:
    """Yield the strings of each list at a path; lists on the way stand for all they hold."""
    if isinstance(data, list):
        if not path:
            yield [own for own in data if isinstance(own, str)]
        for own in data:
            yield from _lists_at(own, path)
    elif path and isinstance(data, dict):
        yield from _lists_at(data.get(path[0]), path[1:])


def _entry_slot(source: Mapped, entry: Entry) -> StringSlot:
    """Return the slot of a table's entry, whose parts know where the version stands."""
    text = entry.text
    slot = _slot(entry.group, source, text)
    quote = 3 if text.span.end - text.span.start >= 6 and _is_long(source, text) else 1
    inner = source.span(text.span.start + quote, text.span.end - quote)
    if entry.parts.url is not None:
        parts = entry.parts._replace(url_span=inner)
    else:
        parts = entry.parts._replace(specifier_span=inner)
    return replace(slot, parts=parts, written=entry.written)


def _is_long(source: Mapped, text: Text) -> bool:
    return source.text[text.span.start : text.span.start + 3] in ('"""', "'''")


def _problem_of(document: Document, source: Mapped, entry: Entry) -> Problem:
    span = source.span(entry.text.span.start, entry.text.span.end)
    line, _ = document.place(span.start)
    kind = ProblemKind.INVALID_REQUIREMENT
    return Problem(kind, document.path, line, escaped(entry.problem), "", span, fatal=True)


def _new_entries(
    embedding: Embedding,
    table: tuple[str, ...],
    source: Mapped,
    found: Layout,
    texts: Sequence[str],
) -> Change:
    """Put entries behind the last one of a table, or behind its header."""
    document = embedding.document
    group = ".".join(table)
    own = [slot.span.end for slot in embedding.slots if slot.group == group]
    at = max(own) if own else source.offset(found.headers[table] - 1)
    line = document.physical[document.place(at)[0] - 1].span
    newline = newline_of(document)
    return Span(line.end, line.end), "".join(f"{newline}{_as_entry(text)}" for text in texts)


def _as_entry(text: str) -> str:
    own = Requirement(text)
    version = str(own.specifier) or "*"
    if not own.extras and own.marker is None:
        return f'{own.name} = "{version}"'
    extras = ", ".join(f'"{extra}"' for extra in sorted(own.extras))
    fields = [f'version = "{version}"', f"extras = [{extras}]" if extras else ""]
    if own.marker is not None:
        fields.append("markers = '" + str(own.marker) + "'")
    return f"{own.name} = {{ {', '.join(field for field in fields if field)} }}"


def _drop_entry(document: Document, span: Span) -> Change:
    """Return what comments out the line of a table's entry. Raises InputError for a longer one."""
    number, _ = document.place(span.start)
    line = document.physical[number - 1].span
    content = document.slice(line)
    is_own_line = "=" in content[: span.start - line.start] and not content.lstrip().startswith("[")
    if not is_own_line or content.count("{") != content.count("}"):
        raise InputError(
            "this entry cannot be taken out without changing others",
            place=f"{document.path}:{number}",
            hint="write it on a line of its own",
        )
    return Span(line.start, line.start), TAG


def _line_of(error: ValueError, document: Document, source: Mapped) -> int:
    place = re.search(r"line (\d+), column", str(error))
    first, _ = document.place(source.offset(0))
    if place is None:  # at the end of the text: something was not closed
        return document.place(source.offset(max(len(source.text.rstrip()) - 1, 0)))[0]
    return first + int(place[1]) - 1


def _drop_from(array: Array, text: str, dropped: set[int]) -> Iterator[Change]:
    tail = _inline_tail(array, text, dropped)
    for index in sorted(dropped - tail):
        yield from _drop_one(array, text, index)
    if tail:
        first, last = min(tail), max(tail)
        start = array.texts[first].span.start
        if first > 0 and first - 1 not in dropped:
            start = array.texts[first - 1].comma or start
        yield Span(start, array.texts[last].span.end), ""


def _inline_tail(array: Array, text: str, dropped: set[int]) -> set[int]:
    """Return the strings at the end of a list that can be cut with the comma before them."""
    last = len(array.texts) - 1
    if last not in dropped or array.texts[last].comma is not None:
        return set()
    tail: set[int] = set()
    for index in range(last, -1, -1):
        before = array.texts[index - 1] if index else None
        start = before.span.end if before else array.texts[index].span.start
        is_plain = not re.search(r"[\n#{\[]", text[start : array.texts[index].span.start])
        if index not in dropped or not is_plain or (before and before.comma is None):
            break
        tail.add(index)
    return tail


def _drop_one(array: Array, text: str, index: int) -> list[Change]:
    own = array.texts[index]
    line_start = text.rfind("\n", 0, own.span.start) + 1
    end = own.span.end
    if own.comma is not None and "\n" not in text[end : own.comma]:
        end = own.comma + 1
    stands_alone = (
        not text[line_start : own.span.start].strip()
        and _ONLY_COMMENT.match(text, end) is not None
        and "\n" not in text[own.span.start : end]
        and (own.comma is None or end == own.comma + 1)
    )
    if stands_alone:
        return [(Span(own.span.start, own.span.start), TAG)]
    if own.comma is None:
        return [(own.span, "")]
    if re.search(r"[#\n]", text[own.span.end : own.comma]):
        return [(own.span, ""), (Span(own.comma, own.comma + 1), "")]
    end = own.comma + 1
    while text[end] in " \t":
        end += 1
    return [(Span(own.span.start, end), "")]


def _add_to(array: Array, text: str, added: Sequence[str], newline: str) -> list[Change]:
    close = array.span.end - 1
    if not array.texts:
        if array.size:
            raise InputError("the list holds something else than requirements")
        return [(Span(close, close), ", ".join(_quoted(own) for own in added))]
    last = array.texts[-1]
    after = last.span.end if last.comma is None else last.comma + 1
    line_start = text.rfind("\n", 0, last.span.start) + 1
    indent = text[line_start : last.span.start]
    if indent.strip() or "\n" not in text[array.span.start : last.span.start]:
        joined = ", ".join(_quoted(own) for own in added)
        return [(Span(after, after), f" {joined}" if last.comma is not None else f", {joined}")]
    lines = "".join(f"{newline}{indent}{_quoted(own)}," for own in added)
    comment = _ONLY_COMMENT.match(text, after)
    end = comment.end(1) if comment and comment[1] else after
    end -= text[:end].endswith("\r")
    changes = [(Span(end, end), lines)]
    return changes if last.comma is not None else [(Span(after, after), ","), *changes]


def _quoted(text: str) -> str:
    return '"' + quotable(text, '"') + '"'
