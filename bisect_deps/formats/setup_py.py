"""setup.py: the literal requirements of its call of `setup()`, by its syntax tree, never run.

What the file computes is named as not judged. Source: setuptools, Keywords.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bisect_deps.errors import InputError
from bisect_deps.formats._embedded import Embedding, Follow, StringSlot, broken, embed
from bisect_deps.formats._python import constants, placed, texts_in, tree_of, wrong
from bisect_deps.formats._splice import Change
from bisect_deps.formats._text import decode_python
from bisect_deps.formats.base import Document, Problem, ProblemKind, Span

INSTALLED = frozenset({"options.install_requires"})
_KEYS = ("install_requires", "setup_requires", "tests_require")
_EXTRAS = "extras_require"
# A call that reads requirements from a file: `open("requirements.txt")`, `load("reqs/base.in")`.
_FILE = re.compile(r"^(?=[\w./-]*require)[\w./-]+\.txt$|^[\w./-]+\.in$")


@dataclass(frozen=True, slots=True)
class SetupPy:
    """The style of setup.py."""

    def read(self, data: bytes, path: str) -> Embedding:
        """Read the bytes, and no more of the program than its literals."""
        document = decode_python(data, path)
        if any(problem.fatal for problem in document.problems):
            return Embedding(document)
        if (found := wrong(document)) is not None:
            return broken(document, *found)
        tree = tree_of(document)
        reading = _Reading(document, constants(tree), tree)
        call = next((node for node in ast.walk(tree) if _is_setup(node)), None)
        for key in call.keywords if isinstance(call, ast.Call) else ():
            reading.take(key)
        slots = sorted(reading.slots, key=lambda slot: slot.span.start)
        problems = (*document.problems, *reading.problems)
        embedding = embed(document._replace(problems=problems), slots, _rest(document, slots))
        follows = tuple(reading.follows)
        return replace(embedding, has_list=reading.has_list, follows=follows)

    def drop(self, embedding: Embedding, indices: Sequence[int]) -> list[Change]:
        """Cut strings out, each with the comma behind it."""
        text = embedding.document.text
        changes: list[Change] = []
        for index in indices:
            span = embedding.slots[index].span
            comma = re.compile(r"\s*,[ \t]*").match(text, span.end)
            changes.append((Span(span.start, comma.end() if comma else span.end), ""))
        return changes

    def add(self, embedding: Embedding, texts: Sequence[str]) -> list[Change]:
        """Put strings behind the last one of `install_requires`."""
        own = [slot for slot in embedding.slots if slot.group in INSTALLED]
        if not own:
            raise InputError(
                "there is no literal list install_requires to add to",
                place=embedding.document.path,
                hint="add the list, or use a requirements file",
            )
        end = max(slot.span.end for slot in own)
        added = "".join(f', "{text}"'.replace('\\"', "'") for text in texts)
        return [(Span(end, end), added)]

    def remark(self, embedding: Embedding, index: int, comment: str) -> list[Change]:
        """Return nothing: a comment might stand inside of a line of code."""
        return []


STYLE = SetupPy()


def _is_setup(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    named = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    return named == "setup"


class _Reading:
    """What the keywords of one call say."""

    def __init__(self, document: Document, names: Mapping[str, ast.expr], tree: ast.Module) -> None:
        self.document = document
        self.tree = tree
        self.names = names
        self.slots: list[StringSlot] = []
        self.problems: list[Problem] = []
        self.follows: list[Follow] = []
        self.has_list = False

    def take(self, key: ast.keyword) -> None:
        """Take one keyword of the call."""
        if key.arg in _KEYS:
            self._list(key.value, f"options.{key.arg}")
        elif key.arg == _EXTRAS:
            table = key.value
            if isinstance(table, ast.Name):
                table = self.names.get(table.id, table)
            if not isinstance(table, ast.Dict):
                self._not_judged(key.value, _EXTRAS)
                return
            for name, value in zip(table.keys, table.values, strict=True):
                called = str(name.value) if isinstance(name, ast.Constant) else "extra"
                self._list(value, f"options.{_EXTRAS}.{called.partition(':')[0]}")
        elif key.arg is None:
            self._not_judged(key.value, "what ** gives to setup()")

    def _list(self, node: ast.expr, group: str) -> None:
        self.has_list = True
        for text in texts_in(node, self.names):
            if text is None:
                self._not_judged(node, group.partition(".")[2])
            elif "\n" in str(text.value).strip():
                self._lines(text, group)
            elif (place := placed(self.document, text)) is not None:
                self.slots.append(StringSlot(group, *place))
            else:
                self._not_judged(text, group.partition(".")[2])

    def _lines(self, text: ast.Constant, group: str) -> None:
        """Take a text with one requirement a line, which setuptools accepts, too."""
        place = placed(self.document, text)
        if place is None:
            self._not_judged(text, group.partition(".")[2])
            return
        code = place[1]
        for found in re.finditer(r"[^\n]*\S[^\n]*", code.text):
            line = code.slice(*found.span()).stripped()
            if not line.text.startswith("#"):
                self.slots.append(StringSlot(group, line.span(0, len(line.text)), line))

    def _not_judged(self, node: ast.expr, what: str) -> None:
        # What is computed mostly comes from a file that the module opens somewhere.
        files = list(_files(node, self.names)) or list(dict.fromkeys(_files(self.tree, {})))
        if files:
            group = f"options.{what}"
            self.follows += [Follow(file, node.lineno, group=group) for file in files]
            return
        message = f"{what} is computed when the file runs"
        kind = ProblemKind.NOT_JUDGED
        self.problems.append(Problem(kind, self.document.path, node.lineno, message))


def _files(node: ast.AST, names: Mapping[str, ast.expr]) -> Iterator[str]:
    """Yield the requirements files that an expression, or what a name in it stands for, names."""
    for part in ast.walk(node):
        inner = names.get(part.id) if isinstance(part, ast.Name) else None
        for own in (part, *(ast.walk(inner) if inner is not None else ())):
            text = own.value if isinstance(own, ast.Constant) else None
            if isinstance(text, str) and _FILE.match(text):
                yield text


def _rest(document: Document, slots: Sequence[StringSlot]) -> str:
    kept, at = [], 0
    for slot in slots:
        kept.append(document.text[at : slot.span.start])
        at = slot.span.end
    return "".join([*kept, document.text[at:]])
