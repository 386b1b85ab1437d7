"""Text of a user's file made fit to be shown."""

from __future__ import annotations


def safe(text: str) -> str:
    """Return text fit to be shown: no secret of a URL, no control character."""
    if "://" in text:
        from bisect_deps.secret import redact

        text = redact(text)
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in "\t\n" else "\N{REPLACEMENT CHARACTER}"
        for char in text
    )
