"""setup.cfg: `[options] install_requires` and its relatives, edited line by line.

`configparser` drops comments and layout, so it only checks; places come from the lines themselves.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bisect_deps.errors import InputError
from bisect_deps.formats._embedded import Embedding, Slot, broken, embed
from bisect_deps.formats._splice import TAG, Change, newline_of, remark
from bisect_deps.formats._text import decode_utf8, mapped
from bisect_deps.formats.base import Document, PhysicalLine, Span

INSTALLED = frozenset({"options.install_requires"})
_KEYS = ("install_requires", "setup_requires", "tests_require")
_EXTRAS = "options.extras_require"
_SECTION = re.compile(r"\[(?P<name>[^\]]+)\]")
_KEY = re.compile(r"(?P<key>[^\s#;=:\[][^=:]*?)\s*[=:]\s*")
_COMMENT_AT_END = re.compile(r"\s+#.*$")


@dataclass(frozen=True, slots=True)
class SetupCfg:
    """The style of setup.cfg."""

    def read(self, data: bytes, path: str) -> Embedding:
        """Read the bytes; lists are one requirement per line, or separated by semicolons."""
        document = decode_utf8(data, path)
        if any(problem.fatal for problem in document.problems):
            return Embedding(document)
        parser = configparser.RawConfigParser()
        try:
            parser.read_string(document.text)
        except configparser.Error as error:
            line = getattr(error, "lineno", None) or 1
            return broken(document, str(error).splitlines()[0], line)
        rest = {
            section: {k: v for k, v in parser[section].items() if _group(section, k) is None}
            for section in parser.sections()
        }
        has_list = parser.has_option("options", "install_requires")
        return replace(embed(document, _slots(document), rest), has_list=has_list)

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
        """Append lines to `install_requires`."""
        document = embedding.document
        own = [slot for slot in embedding.slots if slot.group in INSTALLED]
        if not own:
            raise InputError(
                "there is no list install_requires to add to",
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


STYLE = SetupCfg()


def _group(section: str, key: str) -> str | None:
    if section == "options" and key in _KEYS:
        return f"options.{key}"
    return f"{_EXTRAS}.{key}" if section == _EXTRAS else None


def _stands_alone(document: Document, slot: Slot) -> bool:
    line = document.physical[document.place(slot.span.start)[0] - 1]
    before = document.text[line.span.start : slot.span.start]
    return not before.strip()


def _slots(document: Document) -> Iterator[Slot]:
    section, group = "", None
    for line in document.physical:
        content = document.slice(line.span)
        if not content.strip() or content.lstrip().startswith(("#", ";")):
            continue
        if found := _SECTION.match(content):
            section, group = found["name"], None
        elif not content[0].isspace():
            key = _KEY.match(content)
            group = _group(section, key["key"].lower()) if key else None
            if key and group:
                yield from _on_key_line(content, line, key.end(), group)
        elif group:
            yield from _whole_line(content, line, 0, group)


def _on_key_line(content: str, line: PhysicalLine, at: int, group: str) -> Iterator[Slot]:
    for part in content[at:].split(";"):
        yield from _whole_line(content[: at + len(part)], line, at, group)
        at += len(part) + 1


def _whole_line(content: str, line: PhysicalLine, at: int, group: str) -> Iterator[Slot]:
    text = _COMMENT_AT_END.sub("", content[at:]).rstrip()
    start = at + len(text) - len(text.lstrip())
    if text.strip():
        code = mapped(text.strip(), line.span.start + start)
        yield Slot(group, Span(code.starts[0], code.ends[-1]), code)
