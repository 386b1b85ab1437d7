"""Jupyter notebooks: the requirements of `%pip install …` and `!pip install …` in code cells.

Source: the notebook format (nbformat 4); IPython, built-in magic commands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from bisect_deps.formats._commands import CommandStyle
from bisect_deps.formats._json import Path, strings
from bisect_deps.formats._text import Mapped, decode_utf8
from bisect_deps.formats.base import Document

_PROGRAMS = (
    r"(?:uvx?|pip3?|pipx|python3?|conda|(?:micro)?mamba|poetry|pdm|pixi|\{sys\.executable\})\b"
)
_MAGIC = re.compile(
    rf"^[ \t]*(?:%|!)[ \t]*(?={_PROGRAMS})|^[ \t]*!(?=\{{sys\.executable\}})", re.MULTILINE
)
_CELL_SCRIPT = re.compile(r"\A\s*%%(?:bash|sh|script bash|capture)\b[^\n]*\n")


def _wrong(document: Document) -> tuple[str, int] | None:
    try:
        loaded = json.loads(document.text)
    except ValueError as error:
        return f"not valid JSON: {getattr(error, 'msg', error)}", getattr(error, "lineno", 1)
    if not isinstance(loaded, dict) or ("cells" not in loaded and "worksheets" not in loaded):
        return "no notebook: it has no cells", 1
    return None


def _texts(document: Document) -> Iterator[tuple[str, Mapped]]:
    kinds: dict[Path, str] = {}
    sources: dict[Path, list[Mapped]] = {}
    for path, _, code in strings(document.text):
        if len(path) > 2 and path[-3:-1] == ("cells", path[-2]) and path[-1] == "cell_type":
            kinds[path[:-1]] = code.text
        elif "source" in path[-2:]:
            sources.setdefault(path[: path.index("source")], []).append(code)
    for cell, pieces in sources.items():
        if kinds.get(cell) == "code":
            yield from _commands_in(_joined(pieces))


def _joined(pieces: list[Mapped]) -> Mapped:
    """Return the lines of a cell, a string each, as one text."""
    pieces = [piece for piece in pieces if piece.text]
    return Mapped(
        "".join(piece.text for piece in pieces),
        [at for piece in pieces for at in piece.starts],
        [at for piece in pieces for at in piece.ends],
    )


def _commands_in(code: Mapped) -> Iterator[tuple[str, Mapped]]:
    """Yield the lines that a shell or pip runs, each without its sign."""
    if _CELL_SCRIPT.match(code.text) and "%%capture" not in code.text:
        yield "notebook", code
        return
    for found in _MAGIC.finditer(code.text):
        end = code.text.find("\n", found.end())
        while end > 0 and code.text[end - 1] == "\\":
            end = code.text.find("\n", end + 1)
        yield "notebook", code.slice(found.end(), len(code.text) if end < 0 else end)


STYLE = CommandStyle(decode_utf8, _texts, _wrong)
