"""conda's environment.yml: conda's own lines, and the `pip:` list among them, edited line by line.

Entries of the list are lines of pip's own format. conda's packages are not ours to bisect, and no
package index has them: only the linter reads them. Source: conda, Package match specifications.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bisect_deps.errors import InputError
from bisect_deps.formats._conda import conda_parts
from bisect_deps.formats._embedded import Embedding, StringSlot, broken, embed
from bisect_deps.formats._lines import read_code
from bisect_deps.formats._splice import TAG, Change, newline_of, remark_at
from bisect_deps.formats._text import decode_utf8, mapped
from bisect_deps.formats._yaml import child, children, compose, is_text, written, wrong
from bisect_deps.formats.base import CONDA_GROUP, Document, PhysicalLine, Span

GROUP = "dependencies.pip"
INSTALLED = frozenset({GROUP})
# A header that lost all its entries is still known, so that a file without any can be read.
_HEADER = re.compile(rf"(?P<indent>[ ]*)(?:{TAG})?-[ ]+['\"]?pip['\"]?[ ]*:[ ]*(#.*)?$")
_ENTRY = re.compile(r"(?P<indent>[ ]*)-[ ]+(?P<text>\S.*)$")
_COMMENT_AT_END = re.compile(r"\s#.*$")


@dataclass(frozen=True, slots=True)
class Environment:
    """The style of environment.yml."""

    def read(self, data: bytes, path: str) -> Embedding:
        """Read the bytes; a file without a `pip:` list is one without requirements."""
        document = decode_utf8(data, path)
        if any(problem.fatal for problem in document.problems):
            return Embedding(document)
        if (reason := wrong(document)) is not None:
            return broken(document, *reason)
        header, slots = _pip_list(document)
        conda = list(_conda_slots(document))
        own = {document.place(slot.span.start)[0] for slot in (*slots, *conda)}
        rest = tuple(
            document.slice(line.span)
            for line in document.physical
            if line.number not in own and line is not header and not _is_blank(document, line)
        )
        found = embed(document, sorted([*slots, *conda], key=_start), rest, read_code)
        return replace(found, has_list=header is not None)

    def drop(self, embedding: Embedding, indices: Sequence[int]) -> list[Change]:
        """Comment entries out, and the header of a list that loses all of them."""
        document = embedding.document
        lines = [document.place(embedding.slots[index].span.start)[0] for index in indices]
        header, own = _pip_list(document)
        if header is not None and len(lines) == len(own):
            lines.append(header.number)
        changes = []
        for number in lines:
            span = document.physical[number - 1].span
            content = document.slice(span)
            at = span.start + len(content) - len(content.lstrip())
            changes.append((Span(at, at), TAG))
        return changes

    def add(self, embedding: Embedding, texts: Sequence[str]) -> list[Change]:
        """Append entries to the list."""
        document = embedding.document
        _, own = _pip_list(document)
        if not own:
            raise InputError(
                "there is no pip: list to add to",
                place=document.path,
                hint="add the list, or use a requirements file",
            )
        line = document.physical[document.place(own[-1].span.start)[0] - 1]
        content = document.slice(line.span)
        indent = content[: len(content) - len(content.lstrip())]
        newline = newline_of(document)
        added = "".join(f"{newline}{indent}- {text}" for text in texts)
        return [(Span(line.span.end, line.span.end), added)]

    def remark(self, embedding: Embedding, index: int, comment: str) -> list[Change]:
        """Put the reason at the end of the line."""
        document = embedding.document
        return [remark_at(document, document.lines[index].last, comment)]


STYLE = Environment()


def _pip_list(document: Document) -> tuple[PhysicalLine | None, list[StringSlot]]:
    header, indent = None, 0
    slots: list[StringSlot] = []
    for line in document.physical:
        content = document.slice(line.span)
        if header is None:
            found = _HEADER.match(content)
            if found:
                header, indent = line, len(found["indent"])
            continue
        if _is_blank(document, line):
            continue
        entry = _ENTRY.match(content)
        if entry is None or len(entry["indent"]) <= indent:
            break
        slots += _slot(entry["text"], line.span.start + entry.start("text"))
    return header, slots


def _slot(text: str, start: int) -> Iterator[StringSlot]:
    if text[0] in "\"'":
        end = text.find(text[0], 1)
        end = len(text) if end < 0 else end
        yield StringSlot(GROUP, Span(start, start + end + 1), mapped(text[1:end], start + 1))
    else:
        plain = _COMMENT_AT_END.sub("", text).rstrip()
        yield StringSlot(GROUP, Span(start, start + len(plain)), mapped(plain, start))


def _conda_slots(document: Document) -> Iterator[StringSlot]:
    """Yield conda's own lines; the specification is judged by conda's words, not by pip's."""
    root = compose(document.text)
    for _, node in children(child(root, "dependencies")):
        text = str(node.value).strip() if is_text(node) else ""
        code = written(document, node) if text else mapped("", 0)
        parts = conda_parts(text, code)
        if parts is not None:
            span = Span(node.start_mark.index, node.end_mark.index)
            yield StringSlot(CONDA_GROUP, span, code, parts, text)


def _start(slot: StringSlot) -> int:
    return slot.span.start


def _is_blank(document: Document, line: PhysicalLine) -> bool:
    content = document.slice(line.span).strip()
    return not content or content.startswith("#")
