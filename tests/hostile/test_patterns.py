"""Every pattern of the package takes linear time, whatever text it is given.

The worst texts are made from the pattern itself: its own words and characters, many times over, and
each of its words before a long run of one character. A pattern that starts again at every place and
reads to the end each time needs 64 times as long for a text eight times as long, a linear one eight
times: the growth is judged, not the time. Each pattern is used as the package uses it: searched or
matched.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import bisect_deps
from bisect_deps.diagnosis.diagnosing import diagnose
from bisect_deps.diagnosis.log_prefixes import plain
from bisect_deps.diagnosis.signatures.base import Signature
from bisect_deps.formats import parse_manifest
from bisect_deps.secret import redact

PACKAGE = Path(bisect_deps.__file__).parent
SIZE = 16_000
# The three slowest texts are tried eight times as long, if they take so many processor seconds.
WORTH_A_LOOK = 0.02
LONGER = 8
# Between eight times (linear) and 64 times (quadratic).
GROWTH = 24
ANCHORED = {"match", "fullmatch"}
METHODS = {"search", "match", "fullmatch", "sub", "subn", "finditer", "findall", "split"}
CALLED = re.compile(rf"\.(?:{'|'.join(METHODS)})\b")
RUNS = " a0-./\\\"'(=,:_@<[{~!\t\b\n\r\x1b;&?A%$|"


class Used(NamedTuple):
    """A pattern, how it is used, and what must stand in a text before it is tried."""

    name: str
    pattern: re.Pattern[Any]
    method: str
    gate: str = ""


class TooSlow(Exception):
    """The limit has passed."""


def patterns() -> dict[str, Used]:
    """Return every compiled pattern of the package, once a method, by where it stands."""
    methods = _methods()
    found: dict[tuple[str | bytes, int, str], Used] = {}
    for module in pkgutil.walk_packages([str(PACKAGE)], "bisect_deps."):
        if module.name.endswith(("__main__", "_imports_script")):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            # Compiled where it is used first: `_compiled(NAME)`.
            called = methods.get((module.name, f"{name}()"))
            is_source = isinstance(value, str) and called is not None
            for pattern, gate in _patterns_in(re.compile(value) if is_source else value):
                own = called or methods.get((module.name, name))
                others = methods.get(("", name))
                for method in sorted(own or others or {"search"}):
                    key = (pattern.pattern, pattern.flags, method)
                    where = f"{module.name.removeprefix('bisect_deps.')}.{name}"
                    found.setdefault(key, Used(where, pattern, method, gate))
    return {
        f"{pattern.name} {pattern.method} {number}": pattern
        for number, pattern in enumerate(found.values())
    }


def _methods() -> dict[tuple[str, str], set[str]]:
    """Return how each name is used in its module, and in any ("")."""
    found: dict[tuple[str, str], set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        module = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        module = module.removesuffix(".__init__")
        text = path.read_text(encoding="utf-8")
        # What is not used there need not be read: large tables take seconds.
        nodes = list(ast.walk(ast.parse(text))) if CALLED.search(text) else []
        tables = _tables(nodes)
        for node in nodes:
            if not isinstance(node, ast.Attribute) or node.attr not in METHODS:
                continue
            used = _used(node.value)
            for name in filter(None, (used, tables.get(used))):
                for where in (module, ""):
                    method = node.attr if node.attr in ANCHORED else "search"
                    found.setdefault((where, name), set()).add(method)
    return found


def _tables(nodes: list[ast.AST]) -> dict[str, str]:
    """Return the table that each name of a loop is of: `for pattern, change in _CHANGES`."""
    loops = [node for node in nodes if isinstance(node, (ast.For, ast.comprehension))]
    return {
        name.id: loop.iter.id
        for loop in loops
        if isinstance(loop.iter, ast.Name)
        for name in ast.walk(loop.target)
        if isinstance(name, ast.Name)
    }


def _used(node: ast.expr) -> str:
    """Return the name of the pattern that is used, `NAME()` if late; "" for what is none."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "_compiled":
        return f"{ast.unparse(node.args[0])}()"
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _patterns_in(value: object, depth: int = 0) -> Iterator[tuple[re.Pattern[Any], str]]:
    if isinstance(value, re.Pattern):
        yield value, ""
    elif isinstance(value, Signature):
        yield value.regex, "".join(value.gate[:1])
    elif depth < 3 and isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from _patterns_in(item, depth + 1)
    elif depth < 3 and isinstance(value, dict):
        for item in value.values():
            yield from _patterns_in(item, depth + 1)


def words_of(pattern: str) -> list[str]:
    """Return the plain words that a pattern holds."""
    plain = re.sub(r"\\[sSdDwWbBAZ]|\(\?[^)]*?>|\(\?[:=!<]+|\[[^\]]*\]|\{[^}]*\}", " ", pattern)
    plain = re.sub(r"\\(.)", r"\1", plain)
    return sorted({word for word in re.split(r"[\s()|*+?^$]+", plain) if word})[:16]


def worst(used: Used, size: int) -> Iterator[str]:
    """Yield texts of about that size."""
    source = used.pattern.pattern
    words = words_of(source if isinstance(source, str) else source.decode())
    for unit in [*RUNS, "a.", "a-", 'a="', "a://", *words, *(f"{word} " for word in words)]:
        yield unit * (size // len(unit)) + "\0" + used.gate
    for word in words[:6]:
        for run in ' a"':
            yield used.gate + (word + run * 3) * (size // (len(word) + 3))
            yield word + run * size + "\0" + used.gate


def seconds(used: Used, text: str, limit: float) -> float:
    """Return the processor seconds of using the pattern on the text, at most about the limit."""
    given: Any = text.encode() if isinstance(used.pattern.pattern, bytes) else text
    start = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, limit)
    try:
        if used.method in ANCHORED:
            getattr(used.pattern, used.method)(given)
        else:
            for _ in used.pattern.finditer(given):
                pass
    except TooSlow:
        return limit
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return time.process_time() - start


def grows(used: Used, number: int) -> bool:
    """Say whether the pattern takes far longer on its worst text of that number, made longer.

    A hiccup accuses nobody: of the short one the longer of two tries counts, of the long one both.
    """
    text, longer = (list(worst(used, size))[number] for size in (SIZE, SIZE * LONGER))
    short = max(seconds(used, text, 60.0) for _ in range(2))
    limit = max(short, WORTH_A_LOOK / 4) * GROWTH
    return seconds(used, longer, limit) >= limit and seconds(used, longer, limit) >= limit


@pytest.fixture(autouse=True)
def _limit() -> Iterator[None]:
    def stop(number: int, frame: object) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGPROF, stop)
    yield
    signal.signal(signal.SIGPROF, before)


ALL = patterns()


def test_the_patterns_are_found() -> None:
    names = {used.name for used in ALL.values()}
    assert len(ALL) > 300
    assert {
        "secret._USER_PART",
        "diagnosis.log_prefixes._ANSI",
        "diagnosis.lines._JSON_STRING",
    } <= names


@pytest.mark.parametrize("name", ALL)
def test_a_pattern_takes_linear_time(name: str) -> None:
    used = ALL[name]
    times = [seconds(used, text, 1.0) for text in worst(used, SIZE)]
    slowest = sorted(range(len(times)), key=times.__getitem__)[-3:]
    for number in slowest:
        if times[number] > WORTH_A_LOOK:
            text = list(worst(used, 40))[number]
            assert not grows(used, number), f"{used.pattern.pattern!r} at {text!r}"


WORST_TEXTS = {
    "blanks of a requirements file": lambda size: read_lines(" " * size + "x"),
    "characters and as many back spaces": lambda size: plain(b"a" * size + b"\b" * size),
    "a long word with dots before an address": lambda size: redact("a." * size),
    "addresses without end": lambda size: redact("a://a@" * size),
    "one long line of a log": lambda size: diagnose(b"error: " + b"x" * size),
    "a log of brackets": lambda size: diagnose(b'{"[' * size),
}


def read_lines(text: str) -> object:
    return parse_manifest(text.encode(), Path("requirements.txt"), folder=Path("/"))


@pytest.mark.parametrize("name", WORST_TEXTS)
def test_reading_the_worst_text_takes_linear_time(name: str) -> None:
    for size in (10_000, 40_000, 160_000):
        signal.setitimer(signal.ITIMER_PROF, 4.0)
        try:
            WORST_TEXTS[name](size)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
