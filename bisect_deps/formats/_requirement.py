"""From a line's parts to the domain's requirement, and what makes two of them equal."""

from __future__ import annotations

import re

from packaging.utils import canonicalize_name

from bisect_deps.formats._lines import options_start
from bisect_deps.formats.base import Document, LogicalLine, Parts
from bisect_deps.model import Edit, EditAction, FixEdit, Requirement

# A clause without one of our operators, or two that no comma parts.
_FOREIGN = re.compile(r"^\s*(?:[\w*^]|~(?!=))|[\w*]\s+[<>=!~^]")


def requirement_of(number: int, line: LogicalLine, parts: Parts, document: Document) -> Requirement:
    """Return the requirement that a line declares."""
    return Requirement(
        number=number,
        name=canonicalize_name(parts.name),
        specifier=_specifier(parts, document),
        text=_text(line),
        file=document.path,
        line=line.number,
        extras=parts.extras,
        marker=parts.marker,
        url=_url(parts, document),
        hashes=parts.hashes,
        editable=parts.editable,
        constraint=document.constraint,
        group=line.group,
    )


def described_edit(own: Requirement, edit: Edit) -> FixEdit:
    """Return an edit of a requirement as the report shows it.

    Before and after are version clauses; of a REPLACE they are whole requirements, and the name is
    the one that stands there then.
    """
    name, before, after = own.name or edit.name, own.specifier, edit.to
    if edit.action is EditAction.REPLACE:
        name, before = edit.name or own.name, own.text
    elif edit.action is EditAction.DROP:
        after = None
    return FixEdit(own.file, own.line, name, before, after, edit.action)


def _text(line: LogicalLine) -> str:
    cut = options_start(line.written)
    return line.written[:cut].strip() if cut else line.written


def _specifier(parts: Parts, document: Document) -> str:
    written = document.slice(parts.specifier_span) if parts.specifier_span else ""
    is_plain = written and not any(sign in written for sign in "$\\\r\n")
    # Other formats may have words of their own for it, like `^1.2`, `*` or `1.2`.
    return written if is_plain and not _FOREIGN.search(written) else parts.specifier


def _url(parts: Parts, document: Document) -> str | None:
    # As written, since a variable in it may stand for a secret.
    if parts.url is None or parts.url_span is None:
        return parts.url
    written = document.slice(parts.url_span).strip("\"'")
    # A table names the system apart from the address: `git = "https://…"`.
    is_apart = re.match(r"(?:git|hg|svn)\+", parts.url) and not re.match(r"\w+\+", written)
    return parts.url if is_apart else written


def comparable(parts: Parts) -> object:
    """Return what an edit must keep of a requirement it does not concern."""
    return (
        canonicalize_name(parts.name),
        _clauses(parts.specifier),
        frozenset(canonicalize_name(extra) for extra in parts.extras),
        parts.marker,
        parts.url,
        parts.hashes,
        parts.editable,
        parts.config_settings,
    )


def _clauses(specifier: str) -> frozenset[str]:
    return frozenset("".join(clause.split()) for clause in specifier.split(",") if clause.strip())
