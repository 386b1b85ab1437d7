"""What is shown passes one place, and does a terminal, a reader and a secret no harm there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bisect_deps.secret import Secret
from bisect_deps.text import cut, escaped, of_file, printable, said

PACKAGE = Path(__file__).parents[2] / "bisect_deps"
# Reads what terminals were sent; the text that it finds is made safe where it is shown.
READERS = {"diagnosis/log_prefixes.py"}


def test_no_other_module_takes_characters_out() -> None:
    own = re.compile(r"isprintable\(\) or|\\x00-\\x1f|\\x7f-\\x9f")
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if own.search(path.read_text(encoding="utf-8"))
    }
    assert found == {"text/__init__.py", *READERS}


@pytest.mark.parametrize(
    "text", ["a\x1b[31mb", "a\x1b]0;title\x07b", "a\x9b2Jb", "a\u202eb", "a\x07b", "a\r\nb"]
)
def test_words_of_a_server_act_on_no_terminal(text: str) -> None:
    for line in (said(text), cut(text)):
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e]", line)
        assert (line[0], line[-1]) == ("a", "b")


@pytest.mark.parametrize("word", ["hunter2secret", "hunter2 secret", "hunter2\nsecret"])
def test_a_secret_is_taken_out_whatever_parts_it(word: str) -> None:
    line = said(f"denied: {word} is no key", [Secret(word)])
    assert line == "denied: *** is no key"


def test_a_secret_that_the_limit_would_part_is_gone_before() -> None:
    assert said("x" * 8 + "hunter2secret", [Secret("hunter2secret")], limit=14) == "x" * 8 + "***"


def test_what_is_invisible_in_a_file_is_seen() -> None:
    assert of_file("six\u200b==1\n") == "six\N{REPLACEMENT CHARACTER}==1\n"
    assert escaped("six\u200b==1") == "six\\u200b==1"
    assert printable("six\u200b", lambda char: f"<{ord(char):x}>") == "six<200b>"
    assert of_file("https://me:hunter2@index.example/") == "https://***@index.example/"
