"""YAML texts with the place of every node: PyYAML's own, which reads and never writes here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import yaml

from bisect_deps.formats._text import Mapped, mapped
from bisect_deps.formats.base import Document

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def compose(text: str) -> Any:
    """Return the root node of a text, None for an empty one. Raises YAMLError."""
    return yaml.compose(text, Loader=_Loader)


def compose_all(text: str) -> list[Any]:
    """Return the root nodes of a text's documents, which `---` stands between; raises YAMLError."""
    return list(yaml.compose_all(text, Loader=_Loader))


def wrong(document: Document, read: Callable[[str], object] = compose) -> tuple[str, int] | None:
    """Return why a document is no YAML that `read` takes, with the line; None where it is."""
    try:
        read(document.text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "it cannot be read"
        return f"not valid YAML: {problem}", mark.line + 1 if mark else 1
    return None


def children(node: Any) -> Iterator[tuple[str, Any]]:
    """Yield key and value of a mapping's pairs, `""` and the items of a list; nothing else."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield str(key.value), value
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield "", value


def child(node: Any, key: str) -> Any:
    """Return the value of a key, None where there is none."""
    return next((value for name, value in children(node) if name == key and key), None)


def is_text(node: Any) -> bool:
    """Say whether a node is a scalar."""
    return isinstance(node, yaml.ScalarNode)


def written(document: Document, node: Any) -> Mapped:
    """Return a scalar's text as it stands, without quotes or the header of a block.

    Lines of a block keep their indentation; those of a folded or a plain text end in a space, since
    they go on.
    """
    start, end = node.start_mark.index, node.end_mark.index
    if node.style in ("|", ">"):
        first = document.text.find("\n", start)
        start = end if first < 0 else min(first + 1, end)
    elif node.style in ("'", '"'):
        start, end = start + 1, end - 1
    text = document.text[start:end]
    if node.style != "|":
        text = text.replace("\n", " ").replace("\r", " ")
    return mapped(text, start)
