"""No change of the code tells the story of a scenario otherwise unseen."""

from __future__ import annotations

import pytest

from tests.fix.stories import CHAPTERS, KEPT, LENGTH, chapter


@pytest.fixture(scope="module")
def kept() -> list[str]:
    """Return what each story was last told as."""
    return KEPT.read_text(encoding="utf-8").split("== ")[1:]


@pytest.mark.parametrize("number", range(CHAPTERS))
def test_every_story_is_told_as_it_was_last_told(kept: list[str], number: int) -> None:
    lines = "".join(f"{line.rstrip()}\n" for line in chapter(number))
    before = kept[LENGTH * number : LENGTH * (number + 1)]
    differing = [new for new, old in zip(lines.split("== ")[1:], before, strict=True) if new != old]
    assert not differing, "if it is meant: python -m tests.fix.stories"
