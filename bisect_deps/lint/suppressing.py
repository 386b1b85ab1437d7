"""Ignore comments: which findings they silence, and which of them silence nothing.

`# depbisect: ignore[DB102] reason` at the end of a logical line or on a line of its own above it;
`# depbisect: ignore-file[DB204] reason` in the comments at the head of a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bisect_deps.formats.base import Document, LineKind, Span
from bisect_deps.lint.rules import all_rules
from bisect_deps.lint.rules.base import Change, Finding, Repair, Rule, Safety, line_at
from bisect_deps.lint.rules.meta import BLANKET_IGNORE, UNUSED_IGNORE

_IGNORE = re.compile(
    r"#\s*depbisect:\s*ignore(?P<file>-file)?(?:\[(?P<codes>[^\]]*)\]|(?=\s|$))(?P<reason>[^#]*)"
)


@dataclass(slots=True)
class Ignore:
    """One ignore comment: its lines, the rules it names (None: all), those it silenced.

    `codes` are the names as written with the codes that each means, none for an unknown one.
    """

    document: Document
    span: Span
    first: int
    last: int
    codes: Mapping[str, frozenset[str]] | None
    reason: str
    used: set[str] = field(default_factory=set)

    def covers(self, rule: Rule, first: int, last: int) -> bool:
        """Say whether a finding of that rule on those lines is silenced."""
        if rule in (BLANKET_IGNORE, UNUSED_IGNORE):
            return False  # a comment does not silence what is said about itself
        if self.codes is not None and not any(rule.code in own for own in self.codes.values()):
            return False
        return self.first <= last and first <= self.last


def ignores_of(document: Document) -> Iterator[Ignore]:
    """Yield the ignore comments of a document in the order of their lines."""
    head = True
    for physical in document.physical:
        text = document.slice(physical.span)
        head = head and (not text.strip() or text.lstrip().startswith("#"))
        found = _IGNORE.search(text)
        if found is None:
            continue
        if found["file"] and not head:
            continue
        first, last = _lines_for(document, physical.number, own=not text[: found.start()].strip())
        if found["file"]:
            first, last = 1, max(len(document.physical), 1)
        names = [name.strip() for name in (found["codes"] or "").split(",") if name.strip()]
        known = {name: _codes_of(name) for name in names}
        codes = None if found["codes"] is None else known
        start = physical.span.start
        yield Ignore(
            document,
            Span(start + found.start(), start + found.start() + len(found[0].rstrip())),
            first,
            last,
            codes,
            found["reason"].strip(" :-"),
        )


def _codes_of(name: str) -> frozenset[str]:
    """Return the codes that a code, a prefix (`DB1`) or a name means, as on the command line."""
    prefix = name.upper() if name.upper().startswith("DB") else None
    return frozenset(
        rule.code
        for rule in all_rules().values()
        if rule.name == name.lower() or (prefix and rule.code.startswith(prefix))
    )


def _lines_for(document: Document, number: int, *, own: bool) -> tuple[int, int]:
    if own:
        following = next(
            (
                line
                for line in document.lines
                if line.number > number and line.kind is not LineKind.BLANK
            ),
            None,
        )
        return (following.number, following.last) if following else (number, number)
    line = line_at(document, number)
    return (line.number, line.last) if line else (number, number)


def findings_about(ignores: Sequence[Ignore], ran: set[str]) -> Iterator[tuple[Rule, Finding]]:
    """Yield what is wrong with the ignore comments themselves; `ran` are the codes that ran."""
    for ignore in ignores:
        if ignore.codes is None and ignore.used:
            message = "name the rules: ignore[DB102] reason"
            yield BLANKET_IGNORE, Finding(ignore.document, ignore.span, message)
            continue
        if ignore.codes is None:
            idle = ["ignore"]
        else:
            idle = [n for n, own in ignore.codes.items() if own & ran and not own & ignore.used]
            idle += [name for name, own in ignore.codes.items() if not own]
        if idle:
            named = ", ".join(idle)
            message = f"this ignore silences nothing: {named}"
            if not any((ignore.codes or {}).get(name, True) for name in idle):
                message = f"there is no rule {named}"
            kept = [code for code in ignore.codes or () if code not in idle]
            yield (
                UNUSED_IGNORE,
                Finding(ignore.document, ignore.span, message, repair=_without(ignore, kept)),
            )


def _without(ignore: Ignore, kept: Sequence[str]) -> Repair:
    document, span = ignore.document, ignore.span
    if kept:
        text = re.sub(r"\[[^\]]*\]", f"[{', '.join(kept)}]", document.slice(span), count=1)
        change = Change(document, span, text)
        return Repair(Safety.SAFE, "name only the rules that it silences", (change,))
    start, end = span.start, span.end
    while start and document.text[start - 1] in " \t":
        start -= 1
    line, column = document.place(start)
    if column == 1 and document.physical:
        end = document.physical[line - 1].end
    return Repair(Safety.SAFE, "remove the comment", (Change(document, Span(start, end), ""),))
