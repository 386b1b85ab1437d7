"""Mutations change what runs and nothing else; what tests notice is told from what they miss."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from benchmarks import reached
from benchmarks.mutations import (
    CAUGHT,
    LISTED,
    REACHED,
    ROOT,
    STALE,
    SURVIVED,
    TIMED_OUT,
    Kept,
    Mutation,
    Result,
    listed,
    mirror_of,
    mutations_of,
    results,
    row,
    run,
    sampled,
    statement_at,
    summary,
)
from benchmarks.mutations import (
    pytest as run_pytest,
)

TEXT = '''"""Of 1 use: x < 1."""

def larger(first: int, second: int = 1, *, é: bool = True) -> int:
    """Return the larger of 2."""
    found = max(first, second)
    if é and not (first == second or first < 0):
        found += 1
    return found
'''
TEST = """from code_under_test import larger

def test_larger():
    assert larger(1, 2) == 3
"""


def changed(kind: str) -> set[str]:
    """Return the lines that mutations of a kind change."""
    before = TEXT.splitlines()
    found = set()
    for made, mutation in mutations_of(TEXT):
        if made == kind:
            after = (mutation.applied(TEXT) or "").splitlines()
            found |= {line.strip() for line in after if line not in before}
    return found


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        (
            "comparison",
            {
                "if é and not (first != second or first < 0):",
                "if é and not (first == second or first <= 0):",
            },
        ),
        (
            "and/or",
            {
                "if é or not (first == second or first < 0):",
                "if é and not (first == second and first < 0):",
            },
        ),
        ("arithmetic", {"found -= 1"}),
        ("min/max, any/all", {"found = min(first, second)"}),
        ("not dropped", {"if é and (first == second or first < 0):"}),
        ("condition negated", {"if (not (é and not (first == second or first < 0))):"}),
        ("boolean", {"def larger(first: int, second: int = 1, *, é: bool = False) -> int:"}),
        ("early return", {"return None"}),
        ("statement dropped", {"pass"}),
        (
            "number +1",
            {
                "def larger(first: int, second: int = 2, *, é: bool = True) -> int:",
                "if é and not (first == second or first < 1):",
                "found += 2",
            },
        ),
    ],
)
def test_each_kind_changes_what_runs(kind: str, lines: set[str]) -> None:
    assert changed(kind) == lines


def test_what_only_asserts_is_not_changed() -> None:
    text = "def pairs(one, two):\n    assert one == two\n    return zip(one, two, strict=True)\n"
    assert list(mutations_of(text)) == []


def test_random_mutations_follow_from_their_seed_and_parse() -> None:
    places = ["bisect_deps/search"]
    some = sampled(ROOT, places, 60, 3)
    assert some == sampled(ROOT, places, 60, 3) != sampled(ROOT, places, 60, 4)
    assert len(set(some)) == 60
    assert len({mutation.name.partition(",")[0] for mutation in some}) > 8
    for mutation in some:
        text = (ROOT / mutation.file).read_text(encoding="utf-8")
        after = mutation.applied(text)
        assert after is not None
        assert ast.dump(ast.parse(after)) != ast.dump(ast.parse(text))


def test_results_tell_caught_survived_and_stale(tmp_path: Path) -> None:
    (tmp_path / "code_under_test.py").write_text(TEXT, encoding="utf-8")
    (tmp_path / "test_it.py").write_text(TEST, encoding="utf-8")
    file = "code_under_test.py"
    mutations = [
        Mutation("noticed", file, "max(", "min("),
        Mutation("missed", file, "first < 0", "first < -1"),
        Mutation("stands there twice", file, "first", "second"),
        Mutation("in a file that is gone", "gone.py", "a", "b"),
    ]
    heard: list[Result] = []
    found = results(tmp_path, mutations, "test_it.py", heard.append)
    assert [result.outcome for result in found] == [CAUGHT, SURVIVED, STALE, STALE]
    assert heard == found
    assert found[0].test == "test_it.py::test_larger"
    assert "max( -> min(" in row(found[0])
    assert summary(found).splitlines()[-1] == "all: 1 of 2 caught, 2 stale"
    assert (tmp_path / file).read_text(encoding="utf-8") == TEXT


def test_a_mutation_that_never_ends_is_caught(tmp_path: Path) -> None:
    (tmp_path / "code_under_test.py").write_text(TEXT, encoding="utf-8")
    (tmp_path / "test_it.py").write_text(TEST, encoding="utf-8")
    endless = Mutation("endless", "code_under_test.py", "found += 1", "while True: pass")
    result = run(tmp_path, endless, "test_it.py", timeout=3.0)
    assert (result.outcome, result.is_caught) == (TIMED_OUT, True)
    assert (tmp_path / "code_under_test.py").read_text(encoding="utf-8") == TEXT


def test_time_that_the_processor_does_other_work_is_no_endless_loop(tmp_path: Path) -> None:
    (tmp_path / "code_under_test.py").write_text(TEXT, encoding="utf-8")
    (tmp_path / "test_it.py").write_text(TEST, encoding="utf-8")
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks/reached.py").write_bytes(Path(reached.__file__).read_bytes())
    only = ["test_it.py::test_larger"]
    for new, outcome in [
        ("while True: pass", TIMED_OUT),
        ("found += 1; __import__('time').sleep(1.5)", SURVIVED),
    ]:
        mutation = Mutation("slow", "code_under_test.py", "found += 1", new)
        assert run(tmp_path, mutation, "", timeout=1.0, only=only).outcome == outcome


def test_tests_that_fail_anyway_prove_nothing(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it():\n    assert False\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="fails without any mutation"):
        results(tmp_path, [Mutation("any", "a.py", "a", "b")], "test_it.py", print)


def test_the_mirrored_tests_are_found() -> None:
    assert mirror_of(ROOT, "bisect_deps/search/narrow.py") == "tests/search"
    assert mirror_of(ROOT, "bisect_deps/search/deeper/still.py") == "tests/search"
    assert mirror_of(ROOT, "bisect_deps/secret.py") == "tests/test_secret.py"


def test_listed_mutations_are_chosen_by_place_and_none_is_stale() -> None:
    every = listed(LISTED, [])
    assert len({mutation.name for mutation in every}) == len(every)
    narrow = listed(LISTED, ["bisect_deps/search/narrow.py"])
    assert {mutation.file for mutation in narrow} == {"bisect_deps/search/narrow.py"}
    assert listed(LISTED, ["bisect_deps/search"])
    assert listed(LISTED, ["bisect_deps/sea"]) == []
    for mutation in every:
        assert mutation.applied((ROOT / mutation.file).read_text(encoding="utf-8")), mutation.name


@pytest.mark.parametrize(
    ("line", "statement"),
    [
        (1, None),
        (3, None),
        (5, range(5, 6)),
        (6, range(6, 7)),
        (7, range(7, 8)),
    ],
    ids=["outside", "defaults", "a statement", "a head", "what it holds"],
)
def test_a_line_belongs_to_the_statement_around_it(line: int, statement: range | None) -> None:
    assert statement_at(TEXT, line) == statement


def test_the_innermost_statement_has_all_its_lines() -> None:
    text = """def outer():
    def inner(one,
              two=2):
        return (
            1
        )
"""
    assert statement_at(text, 3) == range(2, 4)
    assert statement_at(text, 5) == range(4, 7)


REACHING = {
    "": (0.0, {"code.py": [1, 3, 8]}),
    "cheap": (1.0, {"code.py": [5, 6]}),
    "wide": (2.0, {"code.py": [4, 5, 6, 7, 9], "more.py": [1, 2, 3]}),
    "expensive": (70.0, {"code.py": [5, 7]}),
    "elsewhere": (0.5, {"more.py": [1]}),
}


@pytest.mark.parametrize(
    ("file", "old", "only"),
    [
        ("code.py", "found += 1", ["wide"]),
        ("code.py", "or first < 0", ["wide", "cheap"]),
        ("code.py", "return found", ["wide", "cheap"]),
        ("code.py", "= True", ["wide", "cheap"]),
        ("table.py", "max", ["wide", "elsewhere", "cheap"]),
    ],
    ids=["a statement", "a condition", "run by an import", "outside of functions", "a table"],
)
def test_only_tests_that_run_what_is_mutated_are_run(
    file: str, old: str, only: list[str], tmp_path: Path
) -> None:
    (tmp_path / "tests-x.reached.json").write_text(json.dumps(REACHING), encoding="utf-8")
    (tmp_path / "bisect_deps").mkdir()
    (tmp_path / "bisect_deps" / file).write_text(TEXT, encoding="utf-8")
    mutation = Mutation("any", f"bisect_deps/{file}", old, "")
    assert Kept(tmp_path, 60, 60).reaching(tmp_path, "tests/x", mutation) == only


def test_lines_are_noted_for_the_test_that_runs_them(tmp_path: Path) -> None:
    noted = tmp_path / "reached.json"
    tests = f"-p {REACHED} tests/test_secret.py"
    assert run_pytest(ROOT, tests, 60, {"REACHED_TO": str(noted)})[0] == 0
    found = json.loads(noted.read_text(encoding="utf-8"))
    text = (ROOT / "bisect_deps/secret.py").read_text(encoding="utf-8").splitlines()
    shown = text.index("        return MASK") + 1
    assert any(shown in lines.get("secret.py", ()) for _, lines in found.values())
    assert shown not in found[""][1]["secret.py"]
    assert text.index("import binascii") + 1 in found[""][1]["secret.py"]
