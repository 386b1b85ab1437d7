"""Of a long log that repeats itself, what stands nowhere else is read, and the first and the last of the rest."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisect_deps.diagnosis import diagnose
from bisect_deps.diagnosis.gate import ALARMS, MARKS, telling, words
from bisect_deps.diagnosis.lines import BLOCK, WHOLE, Reader
from bisect_deps.diagnosis.repeats import NEIGHBOURS, Repeats, Telling, words_of
from tests.diagnosis.labelled import LOGS

KNOWN = (b"error", b"failed", b"missing")
# Each line differs, as a compiler's or a test run's do, and each is alarming: 40 bytes a line.
ERRORS = [
    b"src/unit_%d.c:%d: error: item%d undeclared\n" % (n, n % 97, n * 31) for n in range(70_000)
]


def judged(
    blocks: list[bytes], telling: Telling | Callable[[bytes], Telling] = Telling.ALIKE
) -> list[list[int] | None]:
    """Return the lines of each block that are to be read, None for all."""
    repeats = Repeats(KNOWN, telling if callable(telling) else lambda _: telling)
    repeats.dense = True
    found = list(repeats.judged(blocks))
    assert [block for block, _ in found] == blocks
    return [new for _, new in found]


@given(st.lists(st.sets(st.sampled_from(KNOWN), min_size=1), max_size=14))
def test_first_and_last_line_of_every_shape_are_read(blocks: list[set[bytes]]) -> None:
    texts = [sorted(block) for block in blocks]
    read = judged([b"".join(b"%s x\n" % word for word in words) for words in texts])
    for word in KNOWN:
        places = [place for place, words in enumerate(texts) if word in words]
        for place in {*places[:1], *places[-1:]}:
            new = read[place]
            assert new is None or texts[place].index(word) in new


def test_nothing_is_read_where_only_names_and_numbers_differ() -> None:
    blocks = [b"item %d: Error in f%s()\n" % (number, b"x" * number) for number in range(9)]
    ends: list[list[int] | None] = [None] * NEIGHBOURS
    assert judged(blocks) == [*ends, *[[]] * (9 - 2 * NEIGHBOURS), *ends]


def test_of_lines_that_name_projects_each_other_name_is_read_once() -> None:
    blocks = [b"error: one\nerror: two\n"] * 5 + [b"error: two\nerror: six\nerror: six\n"] * 4
    read = judged(blocks, Telling.NAMES)
    assert read[2:7] == [[0, 1], [], [], [1], []]


def test_no_more_names_than_a_few_are_read_of_one_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bisect_deps.diagnosis.repeats.MOST_NAMES", 3)
    blocks = [b"error: %s\nerror: %s\n" % (b"a" * place, b"b" * place) for place in range(1, 12)]
    assert judged(blocks, Telling.NAMES)[2:9] == [[0, 1], [0, 1], [], [], [], [], []]


def test_line_that_means_nothing_is_not_read_however_new() -> None:
    blocks = [b"error\n"] * 8
    blocks[4] = b"error missing\nfailed error\n"
    read = judged(
        blocks, lambda line: Telling.ALIKE if line == b"failed error" else Telling.NOTHING
    )
    assert read[4] == [1]


def test_block_with_a_fence_is_read_whole() -> None:
    blocks = [b"error\n"] * 8
    blocks[4] = b"::depbisect import end rc=1\nerror\n"
    assert judged(blocks)[4] is None


def test_meanings_and_wordings_are_asked_anew_where_too_many_are_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bisect_deps.diagnosis.repeats.MOST_SHAPES", 1)
    monkeypatch.setattr("bisect_deps.diagnosis.repeats.MOST_WORDINGS", 1)
    read = judged([b"error a\nfailed b\n"] * 8, Telling.NAMES)
    assert all(read[2:6])


def test_words_are_those_of_patterns_without_their_escapes() -> None:
    assert words_of([r"^\s*No module named (?P<who>\w+)\b!"]) >= {b"no", b"module", b"named"}
    assert b"s" not in words_of([r"\s"])


def read(log: bytes) -> list[tuple[int, str]]:
    reader = Reader(ALARMS, MARKS, words(), telling)
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
    found = read(log)
    assert (before + 2, "ERROR: Failed building wheel for lxml") in found
    assert len(found) < len(ERRORS) / 2


def test_second_project_of_like_lines_is_read_amid_those_of_the_first() -> None:
    often = (
        b"Collecting lxml==4.6.3\n  ERROR: Failed building wheel for lxml\nerror: gone\n" * 9_000
    )
    log = often + b"Collecting lief==0.9\n  ERROR: Failed building wheel for lief\n" + often
    found = read(log)
    assert (27_002, "  ERROR: Failed building wheel for lief") in found
    assert len(found) < log.count(b"\n") / 2


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
