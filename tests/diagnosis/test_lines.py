"""The reader finds the lines worth reading, with their numbers, in logs of any size and encoding."""

from __future__ import annotations

import json
import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from bisect_deps.diagnosis import diagnose
from bisect_deps.diagnosis.lines import LONGEST_LINE, WHOLE, Reader

NOISE = b"copying src/pkg/module.py -> build/lib/pkg/module.py\n"


def numbers(log: bytes) -> list[tuple[int, str]]:
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
