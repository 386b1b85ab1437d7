"""The reader finds the lines worth reading, with their numbers, in logs of any size and encoding."""

from __future__ import annotations

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisect_deps.diagnosis import diagnose
from bisect_deps.diagnosis.lines import LONGEST_LINE, TAIL, WHOLE, Reader

NOISE = b"copying src/pkg/module.py -> build/lib/pkg/module.py\n"


def numbers(log: bytes | list[bytes]) -> list[tuple[int, str]]:
    reader = Reader((b"error",), (b"collecting",))
    return [(line.number, line.text) for line in reader.read(log)]


@given(st.lists(st.sampled_from(["a", "", "error b", "Collecting c", "x\r"]), max_size=60))
def test_every_line_of_a_small_log_is_read_with_its_number(lines: list[str]) -> None:
    log = "".join(f"{line}\n" for line in lines).encode()
    expected = [(number, line.rstrip("\r")) for number, line in enumerate(lines, 1)]
    assert numbers(log) == expected


def test_alarming_line_deep_in_a_long_log_keeps_its_number_and_brings_what_follows() -> None:
    before = WHOLE * 3
    found = numbers(NOISE * before + b"an error\nafter\n" + NOISE * 200)
    assert (before + 1, "an error") in found
    assert (before + 2, "after") in found
    assert len(found) < WHOLE + 200


@given(st.integers(1, 70), st.integers(0, 50))
def test_block_borders_lose_no_line(size: int, before: int) -> None:
    log = NOISE * before + b"an error\n" * 3
    pieces = (log[at : at + size] for at in range(0, len(log), size))
    reader = Reader((b"error",), ())
    found = [line.number for line in reader.read(pieces) if line.text == "an error"]
    assert found == [before + 1, before + 2, before + 3]


def test_tail_is_the_end_of_the_log_without_blank_lines() -> None:
    reader = Reader((), ())
    list(reader.read(NOISE * 100 + b"last\n\n"))
    assert (reader.tail()[-1].number, reader.tail()[-1].text) == (101, "last")


@given(
    st.lists(st.sampled_from(["", "noise", "error b", "Collecting c"]), max_size=3 * TAIL),
    st.integers(1, 200),
)
def test_blocks_of_any_size_are_read_alike(lines: list[str], block: int) -> None:
    log = "".join(f"{line}\n" for line in lines).encode()

    def read() -> tuple[list[tuple[int, str, bool]], list[int], int]:
        reader = Reader((b"error",), (b"collecting",))
        told = [(line.number, line.text, line.alarming) for line in reader.read(log)]
        return told, [line.number for line in reader.tail()], reader.count

    with pytest.MonkeyPatch.context() as small:
        small.setattr("bisect_deps.diagnosis.lines.WHOLE", 3)
        small.setattr("bisect_deps.diagnosis.lines.WINDOW", 4)
        at_once = read()
        small.setattr("bisect_deps.diagnosis.lines.BLOCK", block)
        assert read() == at_once
    numbers = range(max(1, len(lines) - TAIL + 1), len(lines) + 1)
    assert at_once[1:] == ([n for n in numbers if lines[n - 1]], len(lines))
    expected = []
    for number, line in enumerate(lines, 1):
        hot = number <= 3 or "error b" in lines[max(0, number - 5) : number]
        if hot or "Collecting c" in lines[max(0, number - 2) : number]:
            expected.append((number, line, hot))
    assert at_once[0] == expected


@given(st.text("aé\n", max_size=40), st.integers(1, 9), st.sampled_from(["utf-16-le", "utf-16-be"]))
def test_utf16_is_read_in_pieces_of_any_size(text: str, size: int, encoding: str) -> None:
    log = ("\ufeff" + text).encode(encoding)
    pieces = [log[:2], *(log[at : at + size] for at in range(2, len(log), size))]
    assert numbers(pieces) == numbers(text.encode())


def test_utf16_of_a_windows_shell_is_read() -> None:
    log = "ERROR: No matching distribution found for idna==99.1\n".encode("utf-16")
    assert diagnose(log).suspects[0].name == "idna"


def test_lines_inside_json_strings_are_read_with_the_number_of_the_outer_line() -> None:
    inner = "Collecting idna==99.1\nERROR: No matching distribution found for idna==99.1\n"
    found = diagnose("{\n" + json.dumps({"logs": inner})[1:-1] + "\n}\n")
    assert (found.suspects[0].name, found.suspects[0].evidence[0].line) == ("idna", 2)


def test_line_without_end_is_cut_and_read_on() -> None:
    log = b"x" * (LONGEST_LINE * 3) + b"\nERROR: No matching distribution found for idna==99.1\n"
    assert diagnose(log).suspects[0].name == "idna"


def test_memory_does_not_grow_with_the_log() -> None:
    bad = b"Collecting a==1\n  error: subprocess-exited-with-error\nTraceback (most recent call last)\n"
    block = NOISE * 2000 + bad * 20

    def peak(blocks: int) -> int:
        tracemalloc.start()
        diagnose(block for _ in range(blocks))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(2)  # warms caches
    assert peak(120) < peak(40) + 4_000_000
