"""Which literals a line must hold, one of them at least, for a pattern to match it.

Derived from the parsed pattern, so that a signature need not list them. Parsing all patterns takes
0.1 s of a start, so what was derived is kept beside them. Knows no log.

    python -m bisect_deps.diagnosis.signatures
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    from re import _parser as _parse  # type: ignore[attr-defined]
else:
    import sre_parse as _parse

KEPT = Path(__file__).with_name("literals.json")
_SHORTEST = 3
_MOST = 60

# A pattern's parts as the parser gives them: an operation and what it is applied to.
_Parts = Iterable[tuple[Any, Any]]


def kept_literals_of(pattern: str) -> tuple[str, ...]:
    """Return the same as `literals_of`, without parsing a pattern that was kept."""
    kept = _kept().get(pattern)
    return literals_of(pattern) if kept is None else tuple(kept)


@cache
def _kept() -> dict[str, list[str]]:
    found: dict[str, list[str]] = json.loads(KEPT.read_bytes())
    return found


def derived(patterns: Iterable[str]) -> str:
    """Return what is to be kept of these patterns: each with its literals, as JSON."""
    rows = [f"{json.dumps(text)}: {json.dumps(literals_of(text))}" for text in sorted(patterns)]
    return "{\n" + ",\n".join(rows) + "\n}\n"


@cache
def literals_of(pattern: str) -> tuple[str, ...]:
    """Return the literals one of which every match holds, the most telling choice of them.

    Raises ValueError for a pattern that can match without any of three characters or more, or that
    ignores case.
    """
    parsed = _parse.parse(pattern)
    if parsed.state.flags & re.IGNORECASE:
        raise ValueError(f"a pattern that ignores case has no literals: {pattern}")
    parts: Any = parsed
    found = _of(parts)
    if not found:
        raise ValueError(f"a line without any literal can match: {pattern}")
    return found


def _of(parts: _Parts) -> tuple[str, ...]:
    """Return the best set of literals of a sequence, () where there is none."""
    sets: list[tuple[str, ...]] = []
    run: list[str] = [""]
    for operation, value in _flat(parts):
        name = str(operation)
        choices = _choices(name, value)
        if choices and len(run) * len(choices) <= _MOST:
            run = [before + after for before in run for after in choices]
            continue
        sets.append(_usable(run))
        run = list(choices) if choices else [""]
        if not choices:
            sets.append(_inside(name, value))
    sets.append(_usable(run))
    return max(sets, key=_worth, default=())


def _flat(parts: _Parts) -> Iterable[tuple[Any, Any]]:
    """Yield the parts with those of plain groups in their place."""
    for operation, value in parts:
        if str(operation) == "SUBPATTERN" and not value[1] & re.IGNORECASE:
            yield from _flat(value[-1])
        elif str(operation) not in ("AT", "ASSERT", "ASSERT_NOT"):
            yield operation, value


def _choices(name: str, value: Any) -> list[str]:
    """Return the texts that a part stands for where they are few, else none."""
    if name == "LITERAL":
        return [chr(value)]
    if name == "IN" and len(value) <= 4 and all(str(kind) == "LITERAL" for kind, _ in value):
        return [chr(letter) for _, letter in value]
    if name == "BRANCH":
        texts = [_plain(branch) for branch in value[1]]
        return [text for some in texts for text in some] if all(texts) else []
    if name in ("MAX_REPEAT", "MIN_REPEAT") and tuple(value[:2]) == (0, 1):
        inside = _plain(value[2])
        return ["", *inside] if inside else []
    return []


def _plain(parts: _Parts) -> list[str]:
    """Return all texts of a sequence that stands for a few, else none."""
    run = [""]
    for operation, value in _flat(parts):
        choices = _choices(str(operation), value)
        if not choices or len(run) * len(choices) > _MOST:
            return []
        run = [before + after for before in run for after in choices]
    return run


def _inside(name: str, value: Any) -> tuple[str, ...]:
    """Return the literals of a part that is no plain text: of each of its branches, of what repeats."""
    if name == "BRANCH":
        sets = [_of(branch) for branch in value[1]]
        return tuple(dict.fromkeys(text for some in sets for text in some)) if all(sets) else ()
    if name in ("MAX_REPEAT", "MIN_REPEAT") and value[0] > 0:
        return _of(value[2])
    return ()


def _usable(run: Sequence[str]) -> tuple[str, ...]:
    """Return texts as literals, none where one of them is too short to tell anything."""
    texts = dict.fromkeys(run)
    return tuple(texts) if all(len(text) >= _SHORTEST for text in texts) else ()


def _worth(literals: tuple[str, ...]) -> tuple[int, int]:
    """Say how telling a set is: by its shortest literal, then by how few there are."""
    shortest = min((len(text) for text in literals), default=0)
    return min(shortest, 12), -len(literals)
