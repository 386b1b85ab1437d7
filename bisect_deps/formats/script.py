"""Python scripts with inline metadata (PEP 723): the `# /// script` block is TOML behind `# `."""

from __future__ import annotations

from bisect_deps.formats._text import Mapped, decode_python
from bisect_deps.formats._toml_style import TomlStyle
from bisect_deps.formats.base import Document, PhysicalLine

INSTALLED = frozenset({"script.dependencies"})
_OPEN, _CLOSE = "# /// script", "# ///"


def _group(path: tuple[str, ...]) -> str | None:
    return "script.dependencies" if path == ("dependencies",) else None


def _source(document: Document) -> Mapped | None:
    lines = _block(document)
    if lines is None:
        return None
    text: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for line in lines:
        # A comment line is "# " and TOML, or a bare "#".
        start = min(line.span.start + 2, line.span.end)
        text.append(document.text[start : line.end])
        starts += range(start, line.end)
        ends += range(start + 1, line.end + 1)
    return Mapped("".join(text), starts, ends)


def _block(document: Document) -> list[PhysicalLine] | None:
    """Return the lines between the opening mark and the last closing one of the same comment."""
    lines = document.physical
    for index, line in enumerate(lines):
        if document.slice(line.span) != _OPEN:
            continue
        end = None
        for at in range(index + 1, len(lines)):
            content = document.slice(lines[at].span)
            if content != "#" and not content.startswith("# "):
                break
            if content == _CLOSE:
                end = at
        return list(lines[index + 1 : end]) if end is not None else None
    return None


STYLE = TomlStyle(
    decode_python,
    _source,
    _group,
    ("dependencies",),
    missing="no complete `# /// script` block (PEP 723) in this script",
    margin="# ",
)
