"""No change of what guides a search changes its questions unseen."""

from __future__ import annotations

import pytest

from tests.search.searches import KEPT, SEEDS, asked


@pytest.fixture(scope="module")
def kept() -> list[str]:
    """Return what each search last asked and found."""
    return KEPT.read_text(encoding="utf-8").split("== ")[1:]


@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_search_asks_what_it_last_asked(kept: list[str], seed: int) -> None:
    lines = "\n".join((str(seed), *asked(seed), ""))
    assert lines == kept[seed], "if it is meant: python -m tests.search.searches"
