"""noxfile.py: the literal requirements of its sessions' `install` calls, by the syntax tree.

Source: Nox, Configuration and API (`Session.install`, `Session.run`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bisect_deps.errors import InputError
from bisect_deps.formats._commands import Found
from bisect_deps.formats._embedded import Embedding, broken
from bisect_deps.formats._installers import CONDA_INSTALL, PIP_INSTALL, Install, installs
from bisect_deps.formats._python import constants, placed, texts_in, tree_of, wrong
from bisect_deps.formats._splice import Change
from bisect_deps.formats._text import decode_python
from bisect_deps.formats._words import Word
from bisect_deps.formats.base import Problem, ProblemKind

_INSTALLS = {"install": PIP_INSTALL, "conda_install": CONDA_INSTALL}
_RUNS = ("run", "run_always", "run_install")


@dataclass(frozen=True, slots=True)
class Noxfile:
    """The style of noxfile.py."""

    def read(self, data: bytes, path: str) -> Embedding:
        """Read the bytes, and no more of the program than its literals."""
        document = decode_python(data, path)
        if any(problem.fatal for problem in document.problems):
            return Embedding(document)
        if (reason := wrong(document)) is not None:
            return broken(document, *reason)
        tree = tree_of(document)
        names = constants(tree)
        found = Found()
        for call, verb in sorted(_calls(tree), key=lambda pair: pair[0].lineno):
            words: list[Word] = []
            for argument in call.args:
                for text in texts_in(argument, names):
                    place = placed(document, text) if text is not None else None
                    if place is not None:
                        words.append(Word(place[1], place[0]))
                    elif verb in _INSTALLS:
                        message = "an argument of install is computed when the session runs"
                        kind = ProblemKind.NOT_JUDGED
                        found.problems.append(Problem(kind, path, argument.lineno, message))
            own = _INSTALLS.get(verb)
            for install in (Install(own, words),) if own else installs(words):
                found.arguments(install, document, f"nox.{call.lineno}")
        return found.embedding(document)

    def drop(self, embedding: Embedding, indices: Sequence[int]) -> list[Change]:
        """Raise InputError: a call without arguments is another call."""
        raise _refusal(embedding)

    def add(self, embedding: Embedding, texts: Sequence[str]) -> list[Change]:
        """Raise InputError: nobody knows in which session."""
        raise _refusal(embedding)

    def remark(self, embedding: Embedding, index: int, comment: str) -> list[Change]:
        """Return nothing: a comment might stand inside of a line of code."""
        return []


STYLE = Noxfile()


def _refusal(embedding: Embedding) -> InputError:
    return InputError(
        "requirements of sessions are changed, and neither added nor taken out",
        place=embedding.document.path,
        hint="edit the session by hand",
    )


def _calls(tree: ast.Module) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(tree):
        called = node.func if isinstance(node, ast.Call) else None
        if not isinstance(called, ast.Attribute) or not isinstance(called.value, ast.Name):
            continue
        if isinstance(node, ast.Call) and called.attr in (*_INSTALLS, *_RUNS):
            yield node, called.attr
