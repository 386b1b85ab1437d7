"""Prints the lines of code of each room of the package, at a revision or now.

python -m benchmarks.lines            the working tree
python -m benchmarks.lines v0.1.0     a revision

A line of code is neither blank, comment, docstring nor import.
"""

from __future__ import annotations

import ast
import io
import subprocess
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

_NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def code_lines(source: str) -> int:
    """Return how many lines of a module are code."""
    left_out: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            left_out |= _lines_of(node)
        elif isinstance(node, _DOCUMENTED) and ast.get_docstring(node) is not None:
            left_out |= _lines_of(node.body[0])
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _NO_CODE:
            code |= set(range(token.start[0], token.end[0] + 1))
    return len(code - left_out)


def sources(revision: str | None) -> Iterator[tuple[str, str]]:
    """Yield the room and the text of each module of the package."""
    if revision is None:
        for path in sorted(Path("bisect_deps").rglob("*.py")):
            yield path.parts[1], path.read_text(encoding="utf-8")
        return
    for name in _git("ls-tree", "-r", "--name-only", revision, "bisect_deps").splitlines():
        if name.endswith(".py"):
            yield name.split("/")[1], _git("show", f"{revision}:{name}")


def main() -> None:
    """Print a room a line, then all of them."""
    lines: Counter[str] = Counter()
    files: Counter[str] = Counter()
    for room, source in sources(sys.argv[1] if len(sys.argv) > 1 else None):
        lines[room] += code_lines(source)
        files[room] += 1
    for room in sorted(lines):
        print(f"{room:16}{lines[room]:7,}{files[room]:5} files")
    print(f"{'all':16}{sum(lines.values()):7,}{sum(files.values()):5} files")


def _lines_of(node: ast.stmt) -> set[int]:
    return set(range(node.lineno, (node.end_lineno or node.lineno) + 1))


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True)
    return done.stdout


if __name__ == "__main__":
    main()
