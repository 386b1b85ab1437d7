"""The sieve finds what a plain search of each line finds, whatever repeats and however often."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisect_deps.diagnosis.announcements import ENDING_WORDS, ENDINGS_BAD, ENDINGS_GOOD
from bisect_deps.diagnosis.gate import ALARMS, MARKS
from bisect_deps.diagnosis.sifting import WIDTH, Sieve
from bisect_deps.diagnosis.signatures._literals import literals_of

LITERALS = {b"collecting ": 1, b"error": 80, b"n't ": 80}
ALL = (*ALARMS, *MARKS)
LINES = (
    "",
    "copying a1",
    "copying a2",
    "An ERROR 7",
    "an e.rror, errerror",
    "erroR NOT: Collecting x",
    "Collecting x",
    "can't go",
    "z" * 300,
)


def searched(block: bytes) -> list[tuple[int, int]]:
    """Return what a search of each line for each literal finds."""
    lines = block.lower().split(b"\n")
    reaches = [
        max((LITERALS[literal] for literal in LITERALS if literal in line), default=0)
        for line in lines
    ]
    return [(at, reach) for at, reach in enumerate(reaches) if reach]


@given(st.lists(st.sampled_from(LINES), max_size=40))
def test_hits_are_those_of_a_plain_search(lines: list[str]) -> None:
    block = "".join(f"{line}\n" for line in lines).encode()
    assert Sieve(LITERALS).hits(block) == searched(block)


@given(st.text("abcdeilnorst '\n"), st.sets(st.sampled_from(sorted(ALL)), min_size=1))
def test_hits_of_few_literals_are_those_of_a_plain_search(text: str, chosen: set[bytes]) -> None:
    literals = dict.fromkeys(chosen, 1)
    block = b"\n".join([text.encode(), *sorted(chosen), text.upper().encode()])
    found = [number for number, _ in Sieve(literals).hits(block)]
    lines = enumerate(block.lower().split(b"\n"))
    assert found == [at for at, line in lines if any(literal in line for literal in chosen)]


@pytest.mark.parametrize("literal", ALL)
def test_each_literal_is_found_at_both_ends_and_in_capitals(literal: bytes) -> None:
    sieve = Sieve(dict.fromkeys(ALL, 1))
    assert sieve.hits(literal) == sieve.hits(literal.upper() + b"\n") == [(0, 1)]
    assert sieve.hits(b"x\n" + literal) == sieve.hits(b"x\n" + literal + b"\nx") == [(1, 1)]


def test_no_literal_is_shorter_than_what_is_looked_for() -> None:
    assert min(map(len, ALL)) >= WIDTH


def test_every_ending_holds_a_word_that_is_looked_for_first() -> None:
    for ending in (ENDINGS_BAD, ENDINGS_GOOD):
        for literal in literals_of(ending.pattern):
            assert any(word in literal for word in ENDING_WORDS), literal
