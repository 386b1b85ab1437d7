"""A block is passed over only where all that it says stands before it and after it, too."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisect_deps.diagnosis import diagnose
from bisect_deps.diagnosis.gate import ALARMS, MARKS, words
from bisect_deps.diagnosis.lines import BLOCK, WHOLE, Reader
from bisect_deps.diagnosis.repeats import NEIGHBOURS, Repeats, words_of
from tests.diagnosis.labelled import LOGS

KNOWN = (b"error", b"failed", b"missing")
# Each line differs, as a compiler's or a test run's do, and each is alarming: 40 bytes a line.
ERRORS = [
    b"src/unit_%d.c:%d: error: item%d undeclared\n" % (n, n % 97, n * 31) for n in range(70_000)
]


def judged(blocks: list[bytes]) -> list[bool]:
    repeats = Repeats(KNOWN)
    repeats.dense = True
    found = list(repeats.judged(blocks))
    assert [block for block, _ in found] == blocks
    return [repeated for _, repeated in found]


@given(st.lists(st.sets(st.sampled_from(KNOWN)), max_size=14))
def test_first_and_last_block_of_every_shape_are_read(blocks: list[set[bytes]]) -> None:
    passed = judged([b"".join(b"%s x\n" % word for word in sorted(block)) for block in blocks])
    for word in KNOWN:
        places = [place for place, block in enumerate(blocks) if word in block]
        assert not any(passed[place] for place in {*places[:1], *places[-1:]})


def test_block_is_passed_over_where_only_names_and_numbers_differ() -> None:
    blocks = [b"item %d: Error in f%s()\n" % (number, b"x" * number) for number in range(9)]
    assert (
        judged(blocks)
        == [False] * NEIGHBOURS + [True] * (9 - 2 * NEIGHBOURS) + [False] * NEIGHBOURS
    )


@pytest.mark.parametrize("other", [b"error missing\n", b"::depbisect import end rc=1\nerror\n"])
def test_block_with_another_line_or_a_fence_is_read(other: bytes) -> None:
    blocks = [b"error\n"] * 8
    blocks[4] = other
    assert not judged(blocks)[4]


def test_words_are_those_of_patterns_without_their_escapes() -> None:
    assert words_of([r"^\s*No module named (?P<who>\w+)\b!"]) >= {b"no", b"module", b"named"}
    assert b"s" not in words_of([r"\s"])


def read(log: bytes) -> list[tuple[int, str]]:
    reader = Reader(ALARMS, MARKS, words())
    return [(line.number, line.text) for line in reader.read(log)]


def test_few_of_a_long_logs_like_errors_are_read_and_the_last_are_among_them() -> None:
    found = read(b"".join(ERRORS))
    assert found[-1] == (len(ERRORS), ERRORS[-1].decode().rstrip())
    assert [number for number, _ in found[:WHOLE]] == list(range(1, WHOLE + 1))
    assert len(found) < len(ERRORS) / 2
    assert sum(map(len, ERRORS)) > BLOCK * 20


def test_one_failed_build_amid_a_long_logs_errors_is_found_at_its_line() -> None:
    failed = b"Collecting lxml==4.6.3\nERROR: Failed building wheel for lxml\n"
    before = len(ERRORS) // 2
    log = b"".join([*ERRORS[:before], failed, *ERRORS[before:]])
    assert (before + 2, "ERROR: Failed building wheel for lxml") in read(log)


def test_releases_that_a_resolver_goes_through_are_all_counted_where_the_rest_repeats() -> None:
    step = (
        b"  Collecting boto3\n    Downloading boto3-1.%d.0.tar.gz (1 kB)\n"
        b"INFO: pip is looking at multiple versions of boto3 to determine which is compatible\n"
    )
    log = b"Collecting six\n" + b"".join(step % number for number in range(9_000))
    [suspect] = diagnose(log, exit_status=1).suspects
    assert "9000 of them" in suspect.summary


@pytest.mark.parametrize(
    "name", ["check-flask-jinja", "pip9-py36-wrongwheel", "uv0.13-mysqlclient"]
)
def test_log_that_goes_on_and_on_is_diagnosed_as_when_it_is_short(name: str) -> None:
    [log] = [log for log in LOGS if log.name == name]
    once = log.data.rstrip(b"\n") + b"\n"
    short = diagnose(once * 2, requirements=log.requirements)
    long = diagnose(once * (24 * BLOCK // len(once)), requirements=log.requirements)
    assert [suspect.name for suspect in long.suspects] == [
        suspect.name for suspect in short.suspects
    ]
    assert (long.cause, long.phase) == (short.cause, short.phase)
