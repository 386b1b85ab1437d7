"""The sieve finds what a plain search of each line finds, whatever repeats and however often."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisect_deps.diagnosis import sifting
from bisect_deps.diagnosis.announcements import ENDING_WORDS, ENDINGS_BAD, ENDINGS_GOOD
from bisect_deps.diagnosis.gate import ALARMS, MARKS
from bisect_deps.diagnosis.sifting import Sieve, folded
from bisect_deps.diagnosis.signatures._literals import literals_of

LITERALS = {b"collecting ": 1, b"error": 80, b"n't ": 80}
LINES = (
    "",
    "copying a1",
    "copying a2",
    "An ERROR 7",
    "an e.rror",
    "Collecting x",
    "can't go",
    "z" * 300,
)


def searched(block: bytes) -> list[tuple[int, int]]:
    """Return what a search of each line for each literal finds."""
    lines = [folded(line) for line in block.split(b"\n")]
    reaches = [
        max((LITERALS[literal] for literal in LITERALS if literal in line), default=0)
        for line in lines
    ]
    return [(at, reach) for at, reach in enumerate(reaches) if reach]


@given(st.lists(st.lists(st.sampled_from(LINES), max_size=12), max_size=8), st.booleans())
def test_hits_are_those_of_a_plain_search(blocks: list[list[str]], forgets: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if forgets:
            patch.setattr(sifting, "MOST_KNOWN", 2)
        sieve = Sieve(LITERALS)
        for lines in blocks:
            block = "".join(f"{line}\n" for line in lines).encode()
            assert sieve.hits(block) == searched(block)


def test_lines_that_all_differ_are_not_remembered_for_some_blocks() -> None:
    sieve = Sieve(LITERALS)
    word = [
        "".join(chr(97 + number // 26**place % 26) for place in range(3)) for number in range(500)
    ]
    blocks = [f"error {letters}\n{letters}\n".encode() for letters in word]
    assert all(sieve.hits(block) == [(0, 80)] for block in blocks)
    assert len(sieve._clean) < len(word) / 10


def test_folding_keeps_every_literal_apart() -> None:
    kept = {folded(literal) for literal in (*ALARMS, *MARKS)}
    assert len(kept) == len(ALARMS) + len(MARKS)
    assert min(map(len, kept)) >= 4


def test_every_ending_holds_a_word_that_is_looked_for_first() -> None:
    for ending in (ENDINGS_BAD, ENDINGS_GOOD):
        for literal in literals_of(ending.pattern):
            assert any(word in literal for word in ENDING_WORDS), literal
