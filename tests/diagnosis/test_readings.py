"""No change of the code reads a log of the fixtures otherwise unseen."""

from __future__ import annotations

import json

import pytest

from bisect_deps.diagnosis import diagnose
from tests.diagnosis.readings import KEPT, reading_of, readings
from tests.diagnosis.short import SHORT


def test_every_log_is_read_as_it_was_last_read() -> None:
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    found = {name: reading_of(diagnosis) for name, diagnosis in readings()}
    differing = {name: found.get(name) for name, lines in kept.items() if found.get(name) != lines}
    assert not differing, "if it is meant: python -m tests.diagnosis.readings"


@pytest.mark.parametrize("name", SHORT)
def test_a_short_log_gives_its_cause_and_the_users_lines(name: str) -> None:
    short = SHORT[name]
    found = diagnose(short.log, requirements=short.requirements, exit_status=short.exit_status)
    assert found.cause.value == short.cause
    assert tuple(suspect.requirement for suspect in found.suspects) == short.suspects
