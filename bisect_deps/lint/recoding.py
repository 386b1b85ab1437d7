"""A document of any encoding as UTF-8 bytes that say the same."""

from __future__ import annotations

import re

from bisect_deps.formats.base import Document

_COOKIE = re.compile(r"(?m)\A((?:[^\n]*\n)?#[^\n]*?coding[:=]\s*)([-\w.]+)")


def as_utf8(document: Document) -> bytes:
    """Return the text in UTF-8 without a byte order mark, a coding line changed to say so."""
    return _COOKIE.sub(r"\g<1>utf-8", document.text, count=1).encode("utf-8", "surrogatepass")
