"""pre-commit's configuration: the `additional_dependencies` of its Python hooks.

The other half of the lines, `rev`, is a tag or commit that `pre-commit autoupdate` keeps. Source:
pre-commit's page on its configuration.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bisect_deps.errors import InputError
from bisect_deps.formats._embedded import Embedding, StringSlot, broken, embed
from bisect_deps.formats._splice import Change, remark_at
from bisect_deps.formats._text import decode_utf8
from bisect_deps.formats._yaml import child, children, compose, is_text, written, wrong
from bisect_deps.formats.base import Document, Span

# How npm, Go, Cargo and RubyGems write theirs: `prettier@3.0`, `cli:taplo:0.9`, `rubocop:1.2`.
_FOREIGN = re.compile(r"^@|^[\w./-]+@(?!\s)(?!.*://)|^[\w./-]+(?::[\w./-]+)+$|/")
_PYTHON = ("python", "conda", "python_venv", "unsupported")


@dataclass(frozen=True, slots=True)
class Hooks:
    """The style of `.pre-commit-config.yaml`."""

    def read(self, data: bytes, path: str) -> Embedding:
        """Read the bytes; hooks in other languages have no requirements."""
        document = decode_utf8(data, path)
        if any(problem.fatal for problem in document.problems):
            return Embedding(document)
        if (found := wrong(document)) is not None:
            return broken(document, *found)
        slots = list(_slots(document))
        kept, at = [], 0
        for slot in slots:
            kept.append(document.text[at : slot.span.start])
            at = slot.span.end
        rest = "".join([*kept, document.text[at:]])
        return replace(embed(document, slots, rest), has_list=True)

    def drop(self, embedding: Embedding, indices: Sequence[int]) -> list[Change]:
        """Raise InputError: a hook without its dependency is another hook."""
        raise _refusal(embedding)

    def add(self, embedding: Embedding, texts: Sequence[str]) -> list[Change]:
        """Raise InputError: nobody knows for which hook."""
        raise _refusal(embedding)

    def remark(self, embedding: Embedding, index: int, comment: str) -> list[Change]:
        """Put the reason at the end of the line."""
        document = embedding.document
        return [remark_at(document, document.lines[index].last, comment)]


STYLE = Hooks()


def _refusal(embedding: Embedding) -> InputError:
    return InputError(
        "requirements of hooks are changed, and neither added nor taken out",
        place=embedding.document.path,
        hint="edit the hook by hand",
    )


def _slots(document: Document) -> Iterator[StringSlot]:
    """Yield the requirements; each hook is an environment of its own.

    What an alias (`*name`) says again stands where its anchor is, and is yielded there alone.
    """
    known: set[int] = set()
    for number, hook in enumerate(_hooks(compose(document.text)), 1):
        language = child(hook, "language")
        if language is not None and str(language.value) not in _PYTHON:
            continue
        nodes = [n for _, n in children(child(hook, "additional_dependencies")) if is_text(n)]
        if any(_FOREIGN.search(str(node.value)) for node in nodes):
            continue
        for node in nodes:
            span = Span(node.start_mark.index, node.end_mark.index)
            if span.start not in known:
                known.add(span.start)
                yield StringSlot(f"hooks.{number}", span, written(document, node))


def _hooks(root: Any) -> Iterator[Any]:
    for _, repository in children(child(root, "repos")):
        for _, hook in children(child(repository, "hooks")):
            yield hook
