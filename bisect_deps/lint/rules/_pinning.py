"""What several rules ask of a version clause: is it pinned, what to pin it to, with which edit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from bisect_deps.formats.base import Span
from bisect_deps.lint.rules.base import (
    BUILD_GROUP,
    Change,
    Finding,
    Item,
    Pinned,
    Repair,
    Safety,
    Scope,
    specifiers,
)
from bisect_deps.text import of_file


def declared(scope: Scope, items: Iterable[Item] | None = None) -> Iterator[Item]:
    """Yield the requirements by name and version that apply: no constraints, links or paths.

    Of those items, by default of all.
    """
    anywhere = not scope.targets
    for item in scope.items if items is None else items:
        if (anywhere or item.worlds) and is_declared(item) and item.line.group != BUILD_GROUP:
            yield item


def is_declared(item: Item) -> bool:
    """Say whether an item asks for a project by name, and is no mere constraint."""
    return bool(item.name) and not item.constraint and item.parts.url is None


def is_pinned(scope: Scope, item: Item) -> bool:
    """Say whether this line, or another of the project wherever this one applies, fixes a version.

    Lines are judged together, since installers combine them: `flask` with `flask==3.0` in a
    constraints file is pinned. So is what the project's own lock holds.
    """
    name = item.name
    if name in scope.locked:
        return True
    if scope.unread_constraints and _may_be_constrained(scope, item):
        return True  # nobody knows, and DB900 says so once
    if name not in scope.fixed:
        return False
    if item.pin or item.parts.url is not None:
        return True
    covered = 0
    for other in scope.together(item):
        if other.pin or other.parts.url is not None:
            if other.parts.marker in (None, item.parts.marker):
                return True
            covered |= other.worlds
    return bool(item.worlds) and not item.worlds & ~covered


def _may_be_constrained(scope: Scope, item: Item) -> bool:
    # What stands before a `[` is the list; tox writes conditions for lines of it.
    lists = {group.partition("[")[0] for group in scope.unread_constraints}
    return "" in lists or item.line.group.partition("[")[0] in lists


def joined_specifier(scope: Scope, item: Item) -> str:
    """Return the version clauses of all lines of the project that apply together."""
    clauses = {item.parts.specifier: None}
    clauses.update({other.parts.specifier: None for other in scope.together(item)})
    return ",".join(clause for clause in clauses if clause)


def pin_for(scope: Scope, item: Item) -> tuple[Pinned, Safety] | None:
    """Return the version to pin to: what is known to have worked, else what an index has today."""
    known = scope.evidence.get(item.name)
    if known is None and scope.facts is None:
        return None
    allowed = specifiers(joined_specifier(scope, item))
    if known and (allowed is None or allowed.contains(known.version, prereleases=True)):
        # What worked in an environment in which the line does not apply proves nothing for it.
        is_proven = known.holds_for(item.parts.marker)
        return known, Safety.SAFE if is_proven else Safety.UNSAFE
    if scope.facts is not None:
        newest = scope.facts.newest(item.name, joined_specifier(scope, item))
        if newest is not None:
            return Pinned(newest, "newest on the index"), Safety.UNSAFE
    return None


def pin_repair(scope: Scope, item: Item) -> Repair | None:
    """Return the edit that replaces the version clause by a pin, None where no version is known."""
    found = pin_for(scope, item)
    if found is None:
        return None
    pinned, safety = found
    return repin(scope, item, pinned, safety)


def repin(scope: Scope, item: Item, pinned: Pinned, safety: Safety) -> Repair | None:
    """Return the edit that makes the version clause a pin, None where it has no place.

    The hashes of a line belong to its version: without those of the new one there is no edit.
    """
    span = item.parts.specifier_span
    if span is None and item.parts.insertion is not None:
        span = Span(item.parts.insertion, item.parts.insertion)
    if span is None:
        return None
    hashes: tuple[str, ...] = ()
    if item.parts.hashes:
        hashes = pinned.hashes
        if not hashes and scope.facts is not None:
            hashes = scope.facts.hashes(item.name, pinned.version)
        if not hashes:
            return None
    change = Change(item.document, span, f"=={pinned.version}")
    note = f"pin =={pinned.version}, {_origin(pinned)}"
    return Repair(safety, note, (change,), pins=(item.name, pinned.version), hashes=hashes)


def add_hashes(scope: Scope, item: Item) -> Repair | None:
    """Return the edit that gives a pinned line its hashes, None where none are known."""
    span = item.parts.specifier_span
    if item.pin is None or span is None or item.line.group:
        return None
    known, safety = scope.evidence.get(item.name), Safety.SAFE
    hashes = known.hashes if known and known.version == item.pin else ()
    if not hashes and scope.facts is not None:
        hashes, safety = scope.facts.hashes(item.name, item.pin), Safety.UNSAFE
    if not hashes:
        return None
    change = Change(item.document, span, f"=={item.pin}")
    note = f"add {len(hashes)} hash{'' if len(hashes) == 1 else 'es'}"
    return Repair(safety, note, (change,), pins=(item.name, item.pin), hashes=hashes)


def repin_to_index(scope: Scope, item: Item, version: str | None) -> Repair | None:
    """Return the edit to a version that the index has; to be reviewed, since nothing was built."""
    if version is None or item.pin is None or item.parts.url is not None:
        return None
    return repin(scope, item, Pinned(version, "on the index"), Safety.UNSAFE)


def drift_finding(scope: Scope, item: Item, message: str) -> Finding:
    """Return the finding that a line's version may change, with the pin that fixes it."""
    document, line, parts, name, _, _, _, _ = item
    known, repair, step = None, None, ""
    if scope.evidence or scope.facts is not None:
        known, repair = scope.evidence.get(name), pin_repair(scope, item)
    if repair is not None and repair.pins is not None:
        message += f"; pin it: {parts.name}=={repair.pins[1]} ({repair.note.split(', ')[-1]})"
    elif known is not None:
        message += f" ({known.origin} has {known.version}, which this line does not allow)"
    elif line.group == "":
        step = _pin_all(scope.root)
    where = parts.specifier_span or item.span
    return Finding(document, where, message, name, line, repair, None, step)


@lru_cache(maxsize=64)
def _pin_all(root: str) -> str:
    return of_file(f"; pin all by `depbisect pin {root}`")


def whole_line(item: Item) -> Span:
    """Return the logical line with its line end, so that nothing is left of it."""
    end = item.line.span.end
    for physical in item.document.physical[item.line.last - 1 : item.line.last]:
        end = physical.end
    return Span(item.line.span.start, end)


def _origin(pinned: Pinned) -> str:
    return pinned.origin if pinned.origin.endswith("on the index") else f"from {pinned.origin}"
