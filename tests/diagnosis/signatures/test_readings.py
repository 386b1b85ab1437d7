"""No change of a signature reads an example otherwise unseen, nor takes it for another's cause."""

from __future__ import annotations

import json

from tests.diagnosis.readings import KEPT, examples


def test_every_example_is_read_as_it_was_last_read() -> None:
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    kept = {name: lines for name, lines in kept.items() if name.startswith("example of")}
    found = dict(examples())
    differing = {name: found.get(name) for name, lines in kept.items() if found.get(name) != lines}
    assert not differing, "if it is meant: python -m tests.diagnosis.readings"
