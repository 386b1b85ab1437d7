"""Prefixes, colours and progress come off exactly; what is shown can do a terminal no harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisect_deps.diagnosis.log_prefixes import plain, strip_prefixes
from bisect_deps.text import cut

LINE = "  Preparing metadata (setup.py): started"


@pytest.mark.parametrize(
    "prefix",
    [
        "2024-05-14T09:12:33.1234567Z ",
        "2023-07-21T20:26:11.107697429Z stdout F ",
        "2023-02-15T19:00:14.254752054Z stderr F ",
        "[2023-01-16T18:20:13.966Z] ",
        "[09:12:33] ",
        "09:12:33 ",
        "2024-05-14 09:12:33,123 ",
        "#9 3.456 ",
        "3.456 ",
        "builder-1  | ",
        "web_2     | ",
        "remote:        ",
        "Step #3: ",
        'Step #3 - "build": ',
        "[Container] 2024/05/14 09:12:33 ",
        "install\tRun pip\t2024-05-14T09:12:33.1234567Z ",
        "< ",
    ],
)
def test_prefix_comes_off_and_indentation_stays(prefix: str) -> None:
    assert strip_prefixes(prefix + LINE)[0] == LINE


def test_prefix_of_a_stream_names_its_channel() -> None:
    assert strip_prefixes("builder-1  | x")[1] != strip_prefixes("web-1      | x")[1] != ""


@pytest.mark.parametrize(
    "line",
    [
        "  198 |   #include <a.h>",
        "numpy==1.2",
        "[1/5] Building x.o",
        "Collecting a-1 | b",
        "#include <x.h>",
        "remote: Enumerating objects: 5, done.",
    ],
)
def test_line_that_only_looks_prefixed_stays(line: str) -> None:
    assert strip_prefixes(line)[0].endswith(line.removeprefix("remote: "))


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"10%|#|\r100%|##|\rdone\n", "done"),
        (b"done\r\n", "done"),
        (b"\x1b[31;1mERROR: Job failed\x1b[0;m\n", "ERROR: Job failed"),
        (b"Building wheel ... -\x08 \x08\\\x08 \x08error\n", "Building wheel ... error"),
        (b"section_start:1:step\r\x1b[0K\x1b[0K\x1b[36;1mhello\x1b[0;m\n", "hello"),
        (b"\xff\xfeok\n", "\ufffd\ufffdok"),
    ],
)
def test_line_reads_as_a_terminal_would_end_up_showing_it(raw: bytes, shown: str) -> None:
    assert plain(raw) == shown


@given(st.binary(max_size=400))
def test_no_control_character_survives(raw: bytes) -> None:
    text = cut(plain(raw))
    assert all(letter.isprintable() or letter == "\ufffd" or ord(letter) > 0x9F for letter in text)
    assert "\x1b" not in text
