"""Workflows of GitHub and GitLab: the requirements of `pip install …` in their scripts.

Source: GitHub, Workflow syntax (`run`); GitLab, CI/CD YAML syntax (`script` and its relatives).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bisect_deps.formats._commands import CommandStyle
from bisect_deps.formats._text import Mapped, decode_utf8
from bisect_deps.formats._yaml import children, compose_all, is_text, written, wrong
from bisect_deps.formats.base import Document

_SCRIPTS = frozenset(
    {
        "run",
        "script",
        "before_script",
        "after_script",
        "pre_get_sources_script",
        "bash",
        "powershell",
    }
)
# Steps in another language than a shell's.
_LANGUAGES = ("python", "node", "perl", "ruby")


def _texts(document: Document) -> Iterator[tuple[str, Mapped]]:
    seen: set[int] = set()
    # GitLab's `spec:` is a document of its own before the jobs.
    for node in (node for root in compose_all(document.text) for node in _scripts(root)):
        start = node.start_mark.index
        if start not in seen:  # an anchor stands once, however often it is named
            seen.add(start)
            yield "workflow", written(document, node)


def _scripts(node: Any) -> Iterator[Any]:
    pairs = list(children(node))
    shell = next(
        (str(value.value) for key, value in pairs if key == "shell" and is_text(value)), ""
    )
    for key, value in pairs:
        if key in _SCRIPTS:
            if not shell.startswith(_LANGUAGES):
                yield from _texts_in(value)
        else:
            yield from _scripts(value)


def _texts_in(node: Any) -> Iterator[Any]:
    if is_text(node):
        yield node
    for key, value in children(node):
        if not key:
            yield from _texts_in(value)


def _wrong(document: Document) -> tuple[str, int] | None:
    return wrong(document, compose_all)


STYLE = CommandStyle(decode_utf8, _texts, _wrong)
