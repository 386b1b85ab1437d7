"""Answers about single lines, remembered: logs that are long repeat themselves."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

Text = TypeVar("Text", str, bytes)
Answer = TypeVar("Answer")
# Half a megabyte each: what is asked again soon, of lines as people write them.
MOST_REMEMBERED = 1_024
LONGEST_REMEMBERED = 400


def remembered(answer: Callable[[Text], Answer]) -> Callable[[Text], Answer]:
    """Return a function of one text, with its last answers to short ones remembered."""
    known = lru_cache(maxsize=MOST_REMEMBERED)(answer)

    @wraps(answer)
    def asked(text: Text) -> Answer:
        return known(text) if len(text) <= LONGEST_REMEMBERED else answer(text)

    return asked
