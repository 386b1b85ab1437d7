"""Literals of Python source with their places, read by its syntax tree and never run."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Mapping

from bisect_deps.formats._text import Mapped, mapped
from bisect_deps.formats.base import Document, Span

_LITERAL = re.compile(r"""(?P<prefix>[rRuUbB]{0,2})(?P<quote>\"{3}|'{3}|"|')""")


def tree_of(document: Document) -> ast.Module:
    """Return the syntax tree. Raises SyntaxError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the user's code warns of is not ours to say
        return ast.parse(document.text)


def wrong(document: Document) -> tuple[str, int] | None:
    """Return why a document is no Python, with the line; None where it is."""
    try:
        tree_of(document)
    except SyntaxError as error:
        return f"not valid Python: {error.msg}", error.lineno or 1
    except ValueError as error:
        return f"not valid Python: {error}", 1
    return None


def constants(tree: ast.Module) -> Mapping[str, ast.expr]:
    """Return the names that the module sets once, to a literal, with what they are set to."""
    found: dict[str, ast.expr] = {}
    twice: set[str] = set()
    for node in ast.walk(tree):
        targets: list[ast.expr] = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, (ast.AugAssign, ast.AnnAssign)):
            targets = [node.target]
        for target in targets:
            if isinstance(target, ast.Name):
                twice |= {target.id} & found.keys()
                found[target.id] = getattr(node, "value", None) or ast.Constant(None)
    return {name: value for name, value in found.items() if name not in twice}


def texts_in(
    node: ast.expr | None, names: Mapping[str, ast.expr], depth: int = 0
) -> Iterator[ast.Constant | None]:
    """Yield the strings of a list, in order, names and `+` followed; None for what is computed."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node
        elif node.value is not None:
            yield None
    elif isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        for element in node.elts:
            yield from texts_in(element, names, depth)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from texts_in(node.left, names, depth)
        yield from texts_in(node.right, names, depth)
    elif isinstance(node, ast.Starred):
        yield from texts_in(node.value, names, depth)
    elif isinstance(node, ast.Name) and node.id in names and depth < _DEEPEST:
        yield from texts_in(names[node.id], names, depth + 1)
    elif node is not None:
        yield None


_DEEPEST = 5


def placed(document: Document, node: ast.Constant) -> tuple[Span, Mapped] | None:
    """Return where a string stands, with and without quotes; None where it is no plain one.

    Strings with escapes, and those put together of several, cannot be edited in place.
    """
    start = _offset(document, node.lineno, node.col_offset)
    end = _offset(document, node.end_lineno or node.lineno, node.end_col_offset or 0)
    found = _LITERAL.match(document.text, start, end)
    if found is None:
        return None
    inner = document.text[found.end() : end - len(found["quote"])]
    if inner != node.value:
        return None
    return Span(start, end), mapped(inner, found.end())


def _offset(document: Document, line: int, column: int) -> int:
    """Return the place of a column that counts the bytes of UTF-8, as syntax trees do."""
    start = document.physical[line - 1].span.start
    content = document.text[start : document.physical[line - 1].end]
    if content.isascii():
        return start + column
    return start + len(content.encode("utf-8")[:column].decode("utf-8", "ignore"))
