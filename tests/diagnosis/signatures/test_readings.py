"""No change of a signature reads an example otherwise unseen, nor takes it for another's cause."""

from __future__ import annotations

import json

import pytest

from bisect_deps.diagnosis.signatures import TABLES
from tests.diagnosis.readings import KEPT, examples, rivals


@pytest.fixture(scope="module")
def kept() -> dict[str, list[str]]:
    """Return what each example was last read as."""
    found: dict[str, list[str]] = json.loads(KEPT.read_text(encoding="utf-8"))
    return {name: lines for name, lines in found.items() if name.startswith("example of")}


def test_every_example_is_read_as_it_was_last_read(kept: dict[str, list[str]]) -> None:
    found = dict(examples())
    differing = {name: lines for name, lines in found.items() if kept.get(name) != lines}
    assert not differing, "if it is meant: python -m tests.diagnosis.readings"
    assert all(name in found for name in kept if "gives way" not in name)


@pytest.mark.parametrize("table", TABLES)
def test_of_two_signatures_the_one_wins_that_last_won(
    kept: dict[str, list[str]], table: str
) -> None:
    found = dict(rivals([table]))
    differing = {name: lines for name, lines in found.items() if kept.get(name) != lines}
    assert not differing, "if it is meant: python -m tests.diagnosis.readings"
