"""Breaks the code on purpose and counts how often the tests notice.

    python -m benchmarks.mutations                                 those of mutations.toml
    python -m benchmarks.mutations bisect_deps/search              those of one folder or file
    python -m benchmarks.mutations --sample 40 bisect_deps/search  40 random ones instead
    python -m benchmarks.mutations --tests "tests/fix -k laws"     other tests than the folder's own
    python -m benchmarks.mutations --sample 200 --kept FOLDER      goes on where it was cut off
    python -m benchmarks.mutations --sample 200 --kept FOLDER --part 2/2     every second one

With `--kept` the folder's tests run once, without a mutation, to see which run which lines; of
those that run the mutated one, the cheapest `--most` seconds are run, and none where none does.
What comes of a mutation is kept in the folder and not run again.

Each mutation is made in a copy of the repository, and the tests of the mirrored folder run until
the first fails. A listed mutation (`name`, `file`, `old`, `new`) whose old text does not stand in
its file exactly once is stale: it is reported and not run. Random ones follow from `--seed`; of
those that survive, some change nothing that anyone could see. Exit code 1 where fewer than
`--least` are caught, or the tests fail without any mutation.
"""

from __future__ import annotations

import argparse
import ast
import compileall
import json
import math
import os
import py_compile
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
LISTED = Path(__file__).with_suffix(".toml")
PACKAGE = "bisect_deps"
# A mutation may make a loop endless: that is noticed, too.
TIMEOUT = 600.0
# With `--kept`, how many times longer a run may wait than its processor may work.
LOADED = 10
# Built once and never looked at by tests of the code.
LEFT_OUT = (".git", ".venv", ".mypy_cache", ".ruff_cache", ".pytest_cache", "__pycache__")

# What sees which lines a test runs.
REACHED = "benchmarks.reached"

CAUGHT, SURVIVED, STALE, TIMED_OUT = "caught", "SURVIVED", "STALE", "timed out"


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change of one file. `start` is where `old` stands, None where it is to be looked for."""

    name: str
    file: str
    old: str
    new: str
    start: int | None = None

    def applied(self, text: str) -> str | None:
        """Return the file's text with the change, None where `old` does not stand there once."""
        if self.start is not None:
            end = self.start + len(self.old)
            if text[self.start : end] != self.old:
                return None
            return text[: self.start] + self.new + text[end:]
        return text.replace(self.old, self.new) if text.count(self.old) == 1 else None


@dataclass(frozen=True, slots=True)
class Result:
    """What the tests made of a mutation, which one noticed, and how long they took."""

    mutation: Mutation
    outcome: str
    test: str = ""
    seconds: float = 0.0

    @property
    def is_caught(self) -> bool:
        """Say whether the tests noticed."""
        return self.outcome in (CAUGHT, TIMED_OUT)


# --- mutations that are listed ----------------------------------------------------------------


def listed(path: Path, places: Sequence[str]) -> list[Mutation]:
    """Return the mutations of a file whose place is one of these, all without any."""
    data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    found = [Mutation(**entry) for entry in data["mutation"]]
    return [
        mutation
        for mutation in found
        if not places or any(_is_in(mutation.file, p) for p in places)
    ]


def _is_in(file: str, place: str) -> bool:
    return Path(file) == Path(place) or Path(place) in Path(file).parents


# --- mutations at random ----------------------------------------------------------------------

_COMPARISONS = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
}
_ARITHMETIC = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
}
_CALLS = {"min": "max", "max": "min", "any": "all", "all": "any"}


def sampled(root: Path, places: Sequence[str], count: int, seed: int) -> list[Mutation]:
    """Return so many random mutations of the files at these places, every kind as often as any."""
    kinds: dict[str, list[Mutation]] = {}
    for path in sorted(_files(root, places)):
        for kind, mutation in mutations_of(path.read_text(encoding="utf-8")):
            file = path.relative_to(root).as_posix()
            kinds.setdefault(kind, []).append(replace(mutation, file=file))
    random = Random(seed)
    for some in kinds.values():
        random.shuffle(some)
    found: list[Mutation] = []
    while len(found) < count and any(kinds.values()):
        for kind in sorted(kinds):
            left = kinds[kind]
            while left and not _parses(root, left[-1]):
                left.pop()
            if left and len(found) < count:
                found.append(left.pop())
    return sorted(found, key=lambda mutation: (mutation.file, mutation.start or 0))


def _files(root: Path, places: Sequence[str]) -> Iterator[Path]:
    for place in places or (PACKAGE,):
        path = root / place
        yield from path.rglob("*.py") if path.is_dir() else (path,)


def mutations_of(text: str) -> Iterator[tuple[str, Mutation]]:
    """Yield every mutation of a file's text that is known here, with its kind."""
    source = _Source(text)
    tree = ast.parse(text)
    passed_over = _passed_over(tree)
    for node in ast.walk(tree):
        if node in passed_over:
            continue
        for kind, start, end, new in _changes(source, node):
            old = text[start:end]
            mutation = Mutation(f"{kind}, line {source.line(start)}", "", old, new, start)
            if old != new:
                yield kind, mutation


def _parses(root: Path, mutation: Mutation) -> bool:
    """Say whether a file can still be read with the mutation."""
    changed = mutation.applied((root / mutation.file).read_text(encoding="utf-8"))
    try:
        ast.parse(changed or "")
    except SyntaxError:
        return False
    return changed is not None


class _Source:
    """A text, and where in it the nodes of its tree stand."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._lines = text.splitlines(keepends=True)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def at(self, line: int, column: int) -> int:
        """Return the offset in characters; the tree counts columns in bytes."""
        before = self._lines[line - 1].encode()[:column].decode()
        return self._starts[line - 1] + len(before)

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Return where a node starts and ends."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = self.at(node.lineno, node.col_offset)
        return start, self.at(node.end_lineno, node.end_col_offset)

    def line(self, offset: int) -> int:
        """Return the number of the line that a character stands on."""
        return self.text.count("\n", 0, offset) + 1


_Change = tuple[str, int, int, str]


def _passed_over(tree: ast.AST) -> set[ast.AST]:
    """Return the nodes that decide nothing when the code runs: types, docstrings, imports."""
    found: set[ast.AST] = set()
    for node in ast.walk(tree):
        for part in _undecisive(node):
            found.update(ast.walk(part))
    return found


def _undecisive(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a node that decide nothing, itself or some below it."""
    if isinstance(node, (ast.AnnAssign, ast.arg)) and node.annotation is not None:
        yield node.annotation
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        yield from node.decorator_list
        yield from [node.returns] if node.returns is not None else ()
    elif isinstance(node, ast.ClassDef):
        yield from (*node.bases, *node.decorator_list)
    elif isinstance(node, ast.If):
        yield from [node] if "TYPE_CHECKING" in ast.dump(node.test) else ()
    elif isinstance(node, ast.Expr):
        yield from [node] if isinstance(node.value, ast.Constant) else ()
    elif isinstance(node, ast.Assert) or (isinstance(node, ast.keyword) and node.arg == "strict"):
        yield node  # `strict` is zip's own assertion


def _changes(source: _Source, node: ast.AST) -> Iterator[_Change]:
    """Yield the ways to change one node: kind, start, end, new text."""
    if isinstance(node, ast.Compare):
        yield from _comparisons(source, node)
    elif isinstance(node, ast.BoolOp):
        yield from _connectives(source, node)
    elif isinstance(node, (ast.BinOp, ast.AugAssign)):
        yield from _arithmetic(source, node)
    elif isinstance(node, ast.Constant):
        yield from _constants(source, node)
    elif isinstance(node, ast.Call):
        yield from _calls(source, node)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        start, end = source.span(node)
        yield "not dropped", start, end, f"({ast.unparse(node.operand)})"
    if isinstance(node, (ast.If, ast.While, ast.IfExp)):
        start, end = source.span(node.test)
        yield "condition negated", start, end, f"(not ({source.text[start:end]}))"
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        yield from _early_returns(source, node)
    if isinstance(node, (ast.Expr, ast.AugAssign, ast.Assign, ast.Break, ast.Continue)):
        yield from _statements(source, node)


def _comparisons(source: _Source, node: ast.Compare) -> Iterator[_Change]:
    left = node.left
    for operator, right in zip(node.ops, node.comparators, strict=True):
        old, new = _COMPARISONS[type(operator)]
        yield from _between(source, left, right, "comparison", old, new)
        left = right


def _connectives(source: _Source, node: ast.BoolOp) -> Iterator[_Change]:
    old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
    for left, right in zip(node.values, node.values[1:], strict=False):
        yield from _between(source, left, right, "and/or", old, new)


def _arithmetic(source: _Source, node: ast.BinOp | ast.AugAssign) -> Iterator[_Change]:
    if type(node.op) not in _ARITHMETIC:
        return
    old, new = _ARITHMETIC[type(node.op)]
    left, right = (
        (node.left, node.right) if isinstance(node, ast.BinOp) else (node.target, node.value)
    )
    yield from _between(source, left, right, "arithmetic", old, new)


def _between(
    source: _Source, left: ast.expr, right: ast.expr, kind: str, old: str, new: str
) -> Iterator[_Change]:
    """Yield the change of an operator: the only text between its sides but parentheses."""
    start, end = source.span(left)[1], source.span(right)[0]
    gap = source.text[start:end]
    if gap.count(old) == 1 and "#" not in gap:
        at = start + gap.index(old)
        yield kind, at, at + len(old), new


def _constants(source: _Source, node: ast.Constant) -> Iterator[_Change]:
    start, end = source.span(node)
    if isinstance(node.value, bool):
        yield "boolean", start, end, str(not node.value)
    elif isinstance(node.value, int):
        yield "number +1", start, end, str(node.value + 1)
        yield "number -1", start, end, f"({node.value - 1})"


def _calls(source: _Source, node: ast.Call) -> Iterator[_Change]:
    if isinstance(node.func, ast.Name) and node.func.id in _CALLS:
        start, end = source.span(node.func)
        yield "min/max, any/all", start, end, _CALLS[node.func.id]
    if isinstance(node.func, ast.Name) and node.func.id in ("sorted", "reversed") and node.args:
        start, end = source.span(node)
        first = source.span(node.args[0])
        yield "order dropped", start, end, f"list({source.text[first[0] : first[1]]})"


def _early_returns(
    source: _Source, node: ast.FunctionDef | ast.AsyncFunctionDef
) -> Iterator[_Change]:
    """Yield a return before each statement of the body but the first."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    for statement in body[1:]:
        start, _ = source.span(statement)
        if not isinstance(statement, (ast.Return, ast.FunctionDef)):
            yield "early return", start, start, "return None\n" + " " * statement.col_offset


def _statements(source: _Source, node: ast.stmt) -> Iterator[_Change]:
    start, end = source.span(node)
    if isinstance(node, ast.Break):
        yield "break/continue", start, end, "continue"
    elif isinstance(node, ast.Continue):
        yield "break/continue", start, end, "pass"
    elif isinstance(node, ast.Assign):
        # Without a plain assignment the name is missing: nothing worth a run.
        if not any(isinstance(target, ast.Name) for target in node.targets):
            yield "statement dropped", start, end, "pass"
    else:
        yield "statement dropped", start, end, "pass"


# --- running ----------------------------------------------------------------------------------


def mirror_of(root: Path, file: str) -> str:
    """Return the tests that mirror a file: those of the nearest folder, or its own test file."""
    parts = Path(file).with_suffix("").parts[1:]
    own = root.joinpath("tests", *parts[:-1], f"test_{parts[-1]}.py")
    if len(parts) == 1 and own.exists():
        return own.relative_to(root).as_posix()
    folder = root.joinpath("tests", *parts[:-1])
    while not folder.is_dir():
        folder = folder.parent
    return folder.relative_to(root).as_posix()


def copied(root: Path, to: Path) -> Path:
    """Return a copy of the repository as it stands, what builds and tools left behind not in it."""
    shutil.copytree(root, to, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
    mode = py_compile.PycInvalidationMode.CHECKED_HASH
    compileall.compile_dir(to / PACKAGE, quiet=2, invalidation_mode=mode)
    return to


def run(
    copy: Path,
    mutation: Mutation,
    tests: str,
    timeout: float = TIMEOUT,
    only: Sequence[str] | None = None,
) -> Result:
    """Make a mutation in a copy, run the tests (or `only` these of them), and take it back."""
    path = copy / mutation.file
    text = path.read_bytes().decode("utf-8") if path.is_file() else ""
    changed = mutation.applied(text)
    if changed is None:
        return Result(mutation, STALE)
    began = time.monotonic()
    path.write_bytes(changed.encode())
    try:
        if only is None:
            code, output = pytest(copy, tests, timeout)
        else:
            code, output = _pytest_of(copy, only, timeout)
    except subprocess.TimeoutExpired:
        return Result(mutation, TIMED_OUT, "", time.monotonic() - began)
    finally:
        path.write_bytes(text.encode())
    if code == -signal.SIGXCPU:
        return Result(mutation, TIMED_OUT, "", time.monotonic() - began)
    outcome = SURVIVED if code == 0 else CAUGHT
    return Result(mutation, outcome, _noticing(output), time.monotonic() - began)


def _pytest_of(copy: Path, only: Sequence[str], timeout: float) -> tuple[int, str]:
    """Run these tests in their order until the first fails; none at all is a pass.

    `timeout` counts the processor's seconds: a busy machine is no endless loop.
    """
    if not only:
        return 0, ""
    names = copy / "only.json"
    names.write_text(json.dumps(list(only)), encoding="utf-8")
    variables = {"REACHED_ONLY": str(names), "REACHED_SECONDS": str(math.ceil(timeout))}
    files = shlex.join(sorted({name.partition("::")[0] for name in only}))
    plugin = f"-p {REACHED} {files}"
    return pytest(copy, plugin, LOADED * timeout, variables)


def pytest(
    copy: Path, tests: str, timeout: float, variables: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run tests in a copy until the first fails; return pytest's exit code and output."""
    options = ["-x", "-q", "-n", "0", "-p", "no:cacheprovider", "--tb=no", "-rfE"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *shlex.split(tests)],
        cwd=copy,
        # Two versions of a file may be alike in size and second: none is compiled by its time.
        env={**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
        | dict(variables or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=timeout,
        check=False,
    )
    return done.returncode, done.stdout.decode("utf-8", "replace")


def _noticing(output: str) -> str:
    """Return the first test that failed, in pytest's words."""
    lines = [line for line in output.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    return lines[0].split(" - ")[0].partition(" ")[2] if lines else ""


def results(
    root: Path,
    mutations: Sequence[Mutation],
    tests: str | None,
    heard: Callable[[Result], None],
    timeout: float = TIMEOUT,
) -> list[Result]:
    """Run every mutation in one copy, one after another; `heard` is told each result at once.

    Raises SystemExit where the tests fail without a mutation: then nothing could be learned.
    """
    found: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="mutations-") as name:
        copy = copied(root, Path(name) / "copy")
        for command in sorted({tests or mirror_of(root, mutation.file) for mutation in mutations}):
            code, output = pytest(copy, command, timeout)
            if code != 0:
                raise SystemExit(f"{command} fails without any mutation:\n{output[-2000:]}")
        for mutation in mutations:
            result = run(copy, mutation, tests or mirror_of(root, mutation.file), timeout)
            found.append(result)
            heard(result)
    return found


@dataclass(frozen=True, slots=True)
class Kept:
    """A folder that holds what came of mutations, and which tests run which lines."""

    folder: Path
    most: float
    timeout: float

    def results(self, mutations: Sequence[Mutation], heard: Callable[[Result], None]) -> None:
        """Run the mutations whose result is not kept, one after another; keep each at once."""
        with tempfile.TemporaryDirectory(prefix="mutations-") as name:
            copy = copied(ROOT, Path(name) / "copy")
            for mutation in mutations:
                if (result := self.known(mutation)) is None:
                    tests = mirror_of(ROOT, mutation.file)
                    only = self.reaching(copy, tests, mutation)
                    result = run(copy, mutation, tests, self.timeout, only)
                    self._place(mutation).write_text(
                        json.dumps([result.outcome, result.test, result.seconds]), encoding="utf-8"
                    )
                heard(result)

    def known(self, mutation: Mutation) -> Result | None:
        """Return what came of a mutation before."""
        try:
            return Result(mutation, *json.loads(self._place(mutation).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None

    def _place(self, mutation: Mutation) -> Path:
        told = f"{mutation.file} {mutation.start} {mutation.old} {mutation.new} {mutation.name}"
        return self.folder / f"{sha256(told.encode()).hexdigest()[:16]}.json"

    def reaching(self, copy: Path, tests: str, mutation: Mutation) -> list[str]:
        """Return the tests that run the mutated statement, the cheapest first.

        Outside of all functions, and of what imports run, those that run any of the file.
        """
        text = (copy / mutation.file).read_text(encoding="utf-8")
        file = mutation.file.removeprefix(f"{PACKAGE}/")
        start = text.index(mutation.old) if mutation.start is None else mutation.start
        statement = statement_at(text, text.count("\n", 0, start) + 1)
        tests_to_lines = self._lines(copy, tests)
        _, imported = tests_to_lines.pop("")
        known = any(file in lines for _, lines in tests_to_lines.values())
        if statement is not None and set(statement) & set(imported.get(file, ())):
            statement = None
        found: list[tuple[float, int, str]] = []
        for name, (seconds, lines) in tests_to_lines.items():
            ran = lines.get(file, [])
            # Nobody runs a table: any test may read it.
            if not known or (ran if statement is None else set(statement) & set(ran)):
                found.append((seconds, -sum(map(len, lines.values())), name))
        # One that runs much may notice what many cheap ones do not.
        widest = min(found, key=lambda test: (test[0] > self.most / 2, test[1]), default=None)
        chosen: list[str] = []
        left = self.most
        for test in [*([widest] if widest else []), *sorted(found)]:
            seconds, _, name = test
            if chosen and left < seconds:
                break
            if name not in chosen:
                chosen.append(name)
                left -= seconds
        return chosen

    def _lines(self, copy: Path, tests: str) -> dict[str, tuple[float, dict[str, list[int]]]]:
        path = self.folder / f"{tests.replace('/', '-')}.reached.json"
        if not path.exists():
            code, output = pytest(copy, f"-p {REACHED} {tests}", 3600, {"REACHED_TO": str(path)})
            if code != 0:
                path.unlink(missing_ok=True)
                raise SystemExit(f"{tests} fails without any mutation:\n{output[-2000:]}")
        found: dict[str, tuple[float, dict[str, list[int]]]]
        found = json.loads(path.read_text(encoding="utf-8"))
        return found


def statement_at(text: str, line: int) -> range | None:
    """Return the lines of the innermost statement around one, None outside of all functions.

    A statement that holds others is its head alone.
    """
    found: range | None = None
    inside = False
    for node in ast.walk(ast.parse(text)):  # from the outside in
        end = getattr(node, "end_lineno", None) or 0
        if isinstance(node, ast.stmt) and node.lineno <= line <= end:
            body: list[ast.stmt] = getattr(node, "body", [])
            head = max(node.lineno, body[0].lineno - 1) if body else end
            if inside:
                found = range(node.lineno, head + 1)
            inside |= isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and head < line
    return found


# --- showing ----------------------------------------------------------------------------------


def row(result: Result) -> str:
    """Return a result as a row of the table."""
    mutation = result.mutation
    change = f"{_short(mutation.old)} -> {_short(mutation.new)}"
    noticed = result.test.rpartition("/")[2]
    return (
        f"{result.outcome:9} {result.seconds:6.1f} s  {mutation.file.removeprefix(PACKAGE + '/')}: "
        f"{mutation.name}  [{change}]  {noticed}"
    ).rstrip()


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 40 else f"{line[:37]}..."


def summary(found: Sequence[Result]) -> str:
    """Return how many were caught, of those that were run, by folder and in all."""
    lines = []
    folders = sorted({Path(result.mutation.file).parent.as_posix() for result in found})
    for folder in [*folders, ""]:
        some = [
            result
            for result in found
            if folder in ("", Path(result.mutation.file).parent.as_posix())
        ]
        ran = [result for result in some if result.outcome != STALE]
        caught = sum(result.is_caught for result in ran)
        stale = f", {len(some) - len(ran)} stale" if len(some) > len(ran) else ""
        lines.append(f"{folder or 'all'}: {caught} of {len(ran)} caught{stale}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("places", nargs="*", help="files and folders, from the repository's root")
    parser.add_argument("--list", type=Path, default=LISTED, help="TOML file of mutations")
    parser.add_argument("--sample", type=int, help="make so many random mutations instead")
    parser.add_argument("--seed", type=int, default=0, help="what the random ones follow from")
    parser.add_argument("--tests", help="pytest's arguments (default: the mirrored folder)")
    parser.add_argument("--least", type=int, default=0, help="how many must be caught")
    parser.add_argument(
        "--timeout",
        type=float,
        default=TIMEOUT,
        help="seconds for one run (with --kept: of the processor)",
    )
    parser.add_argument("--kept", type=Path, help="folder of what was found so far")
    parser.add_argument("--most", type=float, default=60, help="with --kept: seconds of tests")
    parser.add_argument("--part", default="1/1", help="with --kept: N/M, every Mth from the Nth on")
    options = parser.parse_args()
    if options.sample:
        chosen = sampled(ROOT, options.places, options.sample, options.seed)
    else:
        chosen = listed(options.list, options.places)

    def hear(result: Result) -> None:
        print(row(result), flush=True)

    if options.kept is None:
        found = results(ROOT, chosen, options.tests, hear, options.timeout)
    else:
        options.kept.mkdir(parents=True, exist_ok=True)
        first, every = map(int, options.part.split("/"))
        found = []
        Kept(options.kept.resolve(), options.most, options.timeout).results(
            chosen[first - 1 :: every], lambda result: (hear(result), found.append(result))[0]
        )
    print(summary(found))
    return int(sum(result.is_caught for result in found) < options.least)


if __name__ == "__main__":
    sys.exit(main())
