"""What differs in a build is told briefly, and exactly."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisect_deps.formats import parse_manifest
from bisect_deps.guided.state import said
from bisect_deps.model import Candidate, Edit, EditAction

LINES = [f"p{at}==1.{at}" for at in range(10)]
MANIFEST = parse_manifest("".join(f"{line}\n" for line in LINES).encode(), Path("r.txt"))


def drops(*numbers: int) -> list[Edit]:
    return [Edit(EditAction.DROP, f"p{at}", at) for at in numbers]


def pins(*numbers: int) -> list[Edit]:
    return [Edit(EditAction.REPIN, f"p{at}", at, "==2") for at in numbers]


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([], "the file as it is"),
        (drops(3), "without p3==1.3"),
        (pins(3), "with p3==2"),
        ([*pins(3), *drops(4)], "with p3==2; without p4==1.4"),
        (drops(*range(10)), "with every line commented out"),
        (drops(*range(8)), "with only p8==1.8 and p9==1.9"),
        ([*pins(9), *drops(*range(8))], "with only p9==2 and p8==1.8"),
        ([*pins(9), *drops(*range(9))], "with only p9==2"),
        ([Edit(EditAction.ADD, "more", None, "==3")], "with more==3"),
    ],
    ids=["nothing", "one out", "one moved", "both", "all out", "few in", "few", "one", "added"],
)
def test_a_build_is_told_by_what_is_shorter(edits: list[Edit], expected: str) -> None:
    assert said(MANIFEST, Candidate(tuple(edits))) == expected


def test_many_on_both_sides_are_counted() -> None:
    many = parse_manifest("".join(f"q{at}==1\n" for at in range(40)).encode(), Path("r.txt"))
    edits = tuple(Edit(EditAction.DROP, f"q{at}", at) for at in range(20))
    assert said(many, Candidate(edits)) == (
        "20 of 40 lines commented out (q0==1, q1==1, q2==1 and 17 more)"
    )
