"""Whatever costs a user builds or waiting stands in `bisect_deps/policy.py`, and nowhere else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bisect_deps.policy import POLICY, Pace, Policy

PACKAGE = Path(__file__).parent.parent / "bisect_deps"
# Itself, the texts that run on other machines without the package, and what is only recorded.
APART = {"policy.py", "builders/_job_script.py", "builders/_imports_script.py", "model.py"}
# What such a constant is called: a time, a count of builds or tries, or how many at once.
COSTS = re.compile(
    r"(?:^|_)(?:SECONDS|TIMEOUTS?|PAUSES?|GRACE|PATIENCE|WAIT|BACKOFF|DELAY|INTERVAL|AGE"
    r"|TRIES|RETRIES|ATTEMPTS|REPEATS|BUILDS|ROUNDS|PROBES|SLOTS|JOBS|WORKERS)$"
)
# Arguments and fields that hold one.
WAITS = re.compile(r"^(?:.*_)?(?:timeout|tries|retries|patience|grace|pause|max_builds)$")


def grown(source: str, name: str) -> Iterator[str]:
    """Yield each number of a module that costs builds or waiting, as `file: what`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign | ast.AnnAssign) and _is_number(node.value):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [part.id for target in targets for part in _names(target)]
            yield from (f"{name}: {constant}" for constant in names if COSTS.search(constant))
            if isinstance(node, ast.AnnAssign):
                yield from (f"{name}: {constant}" for constant in names if WAITS.search(constant))
            if name.startswith("fix/") and isinstance(node, ast.Assign):
                own = [
                    constant for constant in names if constant.isupper() and "SHOWN" not in constant
                ]
                yield from (f"{name}: {constant}" for constant in own)
        elif isinstance(node, ast.Call):
            for given in node.keywords:
                if given.arg and WAITS.search(given.arg) and _is_number(given.value):
                    yield f"{name}: {given.arg}={ast.unparse(given.value)}"
            called = ast.unparse(node.func)
            if called.endswith("sleep") and node.args and _is_number(node.args[0]):
                yield f"{name}: {ast.unparse(node)}"
        elif isinstance(node, ast.arguments):
            names = [*node.posonlyargs, *node.args]
            last = zip(reversed(names), reversed(node.defaults), strict=False)
            for argument, value in (*last, *zip(node.kwonlyargs, node.kw_defaults, strict=True)):
                if WAITS.search(argument.arg) and _is_number(value):
                    yield f"{name}: {argument.arg}={ast.unparse(value)}"


def _names(target: ast.expr) -> Iterator[ast.Name]:
    return (node for node in ast.walk(target) if isinstance(node, ast.Name))


def _is_number(value: ast.expr | None) -> bool:
    """Say whether an expression holds a number other than 0, which waits for nothing."""
    if isinstance(value, ast.Tuple):
        return any(map(_is_number, value.elts))
    if isinstance(value, ast.BinOp):
        return _is_number(value.left) and _is_number(value.right)
    number = value.value if isinstance(value, ast.Constant) else None
    return isinstance(number, int | float) and not isinstance(number, bool) and number != 0


def test_no_module_has_a_number_of_its_own_that_costs_builds_or_waiting() -> None:
    found = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if name not in APART:
            found |= set(grown(path.read_text(encoding="utf-8"), name))
    assert found == set(), "it belongs into bisect_deps/policy.py, with its reason"


@pytest.mark.parametrize(
    "source",
    [
        "_TIMEOUT = 30",
        "MOST_TRIES: int = 4",
        "SOONEST_PAUSE, LATEST_PAUSE = 1.0, 10.0",
        "run(command, timeout=30)",
        "time.sleep(0.5)",
        "def ask(self, *, tries: int = 4): ...",
        "class Options:\n    call_timeout: float = 300.0",
        "KEPT_SECONDS = 7 * 24 * 3600",
    ],
)
def test_a_number_that_costs_waiting_is_seen(source: str) -> None:
    assert list(grown(source, "run/driver.py"))


@pytest.mark.parametrize(
    "source", ["lock.acquire(timeout=0)", "wait(timeout=left)", "LARGEST = 64", "tries = 0"]
)
def test_what_waits_for_nothing_is_no_matter_of_policy(source: str) -> None:
    assert not list(grown(source, "run/driver.py"))


def test_a_number_of_the_repair_is_one_of_policy_whatever_its_name() -> None:
    assert list(grown("MOST_SHAPES = 4", "fix/install.py")) == ["fix/install.py: MOST_SHAPES"]


def test_every_number_is_read_by_some_module() -> None:
    texts = [path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")]
    read = set(re.findall(r"\bPOLICY\.(\w+)", "\n".join(texts)))
    assert read == set(Policy.__dataclass_fields__)


def test_a_pause_starts_below_its_longest() -> None:
    paces = [
        value
        for name in Policy.__dataclass_fields__
        if isinstance(value := getattr(POLICY, name), Pace)
    ]
    assert paces
    assert all(pace.first < pace.most and pace.growth > 1 for pace in paces)
