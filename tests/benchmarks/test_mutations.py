"""Mutations change what runs and nothing else; what tests notice is told from what they miss."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from benchmarks.mutations import (
    CAUGHT,
    LISTED,
    ROOT,
    STALE,
    SURVIVED,
    TIMED_OUT,
    Mutation,
    Result,
    function_at,
    listed,
    mirror_of,
    mutations_of,
    results,
    row,
    run,
    sampled,
    summary,
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


@pytest.mark.parametrize(("line", "start"), [(1, None), (3, None), (5, 3), (8, 3)])
def test_a_line_belongs_to_the_function_around_it(line: int, start: int | None) -> None:
    assert function_at(TEXT, line) == start


def test_the_innermost_function_counts_from_its_decorators_on() -> None:
    text = "def outer():\n    @cache\n    def inner():\n        return 1\n    return inner\n"
    assert [function_at(text, line) for line in (4, 5)] == [2, 1]
