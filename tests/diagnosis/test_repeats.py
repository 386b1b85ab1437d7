"""Of a long log that repeats itself, what stands nowhere else is read, and the first and the last of the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisect_deps.diagnosis import diagnose, repeats
from bisect_deps.diagnosis.gate import ALARMS, MARKS, meanings
from bisect_deps.diagnosis.lines import BLOCK, WHOLE, Reader
from bisect_deps.diagnosis.repeats import (
    MOST_NEAR,
    MOST_READ,
    MOST_WHOLE,
    NEIGHBOURS,
    Around,
    Literal,
    Meanings,
    Repeats,
    worded,
)
from bisect_deps.diagnosis.signatures import SIGNATURES
from bisect_deps.diagnosis.signatures.base import Signature
from tests.diagnosis.labelled import LOGS

KNOWN = ("error", "failed", "missing")
# Each line differs, as a compiler's or a test run's do, and each is alarming: 40 bytes a line.
ERRORS = [
    b"src/unit_%d.c:%d: error: item%d undeclared\n" % (n, n % 97, n * 31) for n in range(70_000)
]


def judging(*, names: bool = False) -> Repeats:
    literals = [Literal(text, number, names) for number, text in enumerate(KNOWN)]
    judge = Repeats(lambda: Meanings(literals))
    judge.dense = True
    return judge


def judged(blocks: list[bytes], *, names: bool = False) -> list[list[int] | None]:
    """Return the lines of each block that are to be read, None for all."""
    found = list(judging(names=names).judged(blocks))
    assert [block for block, _ in found] == blocks
    return [None if new is None else [line.at for line in new] for _, new in found]


@given(st.lists(st.sets(st.sampled_from(KNOWN), min_size=1), max_size=14))
def test_first_and_last_line_of_every_meaning_are_read(blocks: list[set[str]]) -> None:
    texts = [sorted(block) for block in blocks]
    read = judged(["".join(f"{word} x\n" for word in words).encode() for words in texts])
    for word in KNOWN:
        places = [place for place, words in enumerate(texts) if word in words]
        for place in {*places[:1], *places[-1:]}:
            new = read[place]
            assert new is None or texts[place].index(word) in new


def test_a_few_lines_are_read_where_only_names_and_numbers_differ() -> None:
    blocks = [b"item %d: Error in f%s()\n" % (number, b"x" * number) for number in range(20)]
    ends: list[list[int] | None] = [None] * NEIGHBOURS
    rest = len(blocks) - 2 * NEIGHBOURS - MOST_READ
    assert judged(blocks) == [*ends, *[[0]] * MOST_READ, *[[]] * rest, *ends]


def test_a_line_of_another_shape_is_read_though_it_means_the_same() -> None:
    blocks = [b"error %s\n" % (b"x" * number) for number in range(20)]
    blocks[12] = b"error x\nan error and an error\n"
    assert judged(blocks)[12] == [1]


def test_of_lines_that_name_projects_each_other_name_is_read_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(repeats, "MOST_READ", 0)
    blocks = [b"error: one\nerror: two\n"] * 5 + [b"error: two\nerror: six\nerror: six\n"] * 4
    assert judged(blocks, names=True)[2:7] == [[0, 1], [], [], [1], []]


def test_no_more_names_than_a_few_are_read_of_one_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "MOST_NAMES", 3)
    monkeypatch.setattr(repeats, "MOST_READ", 0)
    blocks = [b"error: %s\nerror: %s\n" % (b"a" * place, b"b" * place) for place in range(1, 12)]
    read = judged(blocks, names=True)[2:9]
    assert [len(new or []) for new in read] == [2, 1, 0, 0, 0, 0, 0]


def test_line_that_means_nothing_is_not_read_however_new() -> None:
    blocks = [b"error\n"] * 20
    blocks[12] = b"something else\nmissing\n"
    assert judged(blocks)[12] == [1]


def test_less_is_read_around_a_line_the_more_often_its_like_was_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(repeats, "MOST_READ", MOST_NEAR + 20)
    blocks = [b"error %s\n" % (b"x" * number) for number in range(MOST_NEAR + 20)]
    around = [line.around for _, new in judging().judged(blocks) for line in new or []]
    near = [Around.NEAR] * (MOST_NEAR - MOST_WHOLE)
    assert around[:MOST_NEAR] == [Around.ALL] * MOST_WHOLE + near
    assert set(around[MOST_NEAR:]) == {Around.NOTHING}


def test_block_with_a_fence_is_read_whole() -> None:
    blocks = [b"error\n"] * 8
    blocks[4] = b"::depbisect import end rc=1\nerror\n"
    assert judged(blocks)[4] is None


def test_what_is_remembered_is_bounded_and_asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "MOST_SHAPES", 1)
    monkeypatch.setattr(repeats, "MOST_WORDINGS", 1)
    read = judged([b"error a\nfailed b\n"] * 8, names=True)
    assert all(read[2:6])


def test_colours_digits_and_marks_are_no_part_of_a_wording() -> None:
    assert worded(b"\x1b[31mBAD\x1b[0m: E402 x-y\n") == "bad  e x y\n"


def test_what_names_of_exceptions_end_in_is_a_word() -> None:
    assert worded(b"ValueError: x\n").split() == ["value", "error", "x"]


@pytest.mark.parametrize("signature", SIGNATURES, ids=lambda signature: signature.name)
def test_what_a_signature_recognises_means_its_number(signature: Signature) -> None:
    known = meanings()
    wording = worded(signature.example.encode())
    kinds = known.kinds([wording, "nothing of the kind"])
    assert SIGNATURES.index(signature) in known.of(kinds[wording])


def read(log: bytes) -> list[tuple[int, str]]:
    reader = Reader(ALARMS, MARKS, meanings)
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


def test_a_step_that_was_announced_before_is_read_again_where_others_follow_it() -> None:
    names = (b"lxml==4.6.3", b"six")
    lxml, six = (b"Collecting %s\n" % name + b"  error: no more\n" * 7_999 for name in names)
    numbers = {number for number, _ in read((lxml + six) * 4)}
    assert {32_001, 40_001, 48_001} <= numbers
    assert len(numbers) < 24_000


def test_a_lone_alarm_that_means_nothing_opens_no_window() -> None:
    words = [b"word %s\n" % (b"x" * (number % 60)) for number in range(60_000)]
    words[40_000] = b"this is not the one\n"
    words[50_000] = b"Traceback (most recent call last):\n"
    numbers = [number for number, _ in read(b"".join(words))]
    assert numbers[WHOLE:] == [40_001, 40_002, *range(50_001, 50_082)]


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
