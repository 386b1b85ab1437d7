"""The difference between two states of some files, as `git apply` and `patch -p1` take it.

Works on bytes, since line ends, a missing final newline and odd encodings are part of the file.
"""

from __future__ import annotations

import codecs
import difflib
import re
from collections.abc import Iterator, Mapping

_NO_NEWLINE = b"\\ No newline at end of file\n"
_UTF16_AND_32 = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# PEP 263: the encoding stands in a comment of the first or second line.
_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", re.MULTILINE)


def unified(old: Mapping[str, bytes], new: Mapping[str, bytes], context: int = 3) -> str:
    """Return the unified diff of all files as text; "" where nothing differs.

    Paths are relative, with `/`. A file missing on one side is shown as created or removed. Each
    file is decoded as pip reads it, so that the text is legible; encoded as UTF-8 it applies to
    files in UTF-8 (with or without BOM). `unified_bytes` applies to every file.
    """
    parts: list[bytes] = []
    for path in _paths(old, new):
        before, after = old.get(path), new.get(path)
        encoding = _encoding(after or before or b"")
        parts += _file(path, _recoded(before, encoding), _recoded(after, encoding), context)
    return b"".join(parts).decode("utf-8", "replace")


def unified_bytes(old: Mapping[str, bytes], new: Mapping[str, bytes], context: int = 3) -> bytes:
    """Return the unified diff of all files, byte for byte as they are."""
    return b"".join(
        part
        for path in _paths(old, new)
        for part in _file(path, old.get(path), new.get(path), context)
    )


def _paths(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> list[str]:
    return [path for path in dict.fromkeys((*old, *new)) if old.get(path) != new.get(path)]


def _file(path: str, before: bytes | None, after: bytes | None, context: int) -> Iterator[bytes]:
    lines = difflib.diff_bytes(
        difflib.unified_diff,
        _lines(before or b""),
        _lines(after or b""),
        b"/dev/null" if before is None else _quoted(f"a/{path}"),
        b"/dev/null" if after is None else _quoted(f"b/{path}"),
        n=context,
    )
    for line in lines:
        yield line
        if not line.endswith(b"\n"):
            yield b"\n" + _NO_NEWLINE


def _lines(data: bytes) -> list[bytes]:
    """Split at line feeds alone, as diff tools do: a carriage return is part of its line."""
    lines = [line + b"\n" for line in data.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def _quoted(path: str) -> bytes:
    """Write a path as git does: in quotes where it holds special bytes, a tab after a blank."""
    raw = path.encode("utf-8", "surrogateescape")
    if any(byte < 0x20 or byte > 0x7E or byte in b'"\\' for byte in raw):
        return b'"' + b"".join(_quoted_byte(byte) for byte in raw) + b'"'
    return raw + b"\t" if b" " in raw else raw


def _quoted_byte(byte: int) -> bytes:
    if byte in b'"\\':
        return b"\\" + bytes([byte])
    return bytes([byte]) if 0x20 <= byte <= 0x7E else b"\\%03o" % byte


def _encoding(data: bytes) -> str:
    for bom, name in _UTF16_AND_32.items():
        if data.startswith(bom):
            return name
    try:
        data.decode()
    except UnicodeDecodeError:
        pass
    else:
        return "utf-8"
    found = _CODING.search(b"\n".join(data.split(b"\n")[:2]))
    try:
        return codecs.lookup(found[1].decode() if found else "latin-1").name
    except LookupError:
        return "latin-1"


def _recoded(data: bytes | None, encoding: str) -> bytes | None:
    if data is None or encoding == "utf-8":
        return data
    return data.decode(encoding, "replace").encode("utf-8", "replace")
