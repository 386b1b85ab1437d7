"""No change of the code reads a log of the fixtures otherwise unseen."""

from __future__ import annotations

import json

import pytest

from bisect_deps.diagnosis import diagnose
from tests.diagnosis.readings import KEPT, reading_of, readings
from tests.diagnosis.short import EGG_INFO, SHORT

PARTS = 24


@pytest.fixture(scope="module")
def kept() -> dict[str, list[str]]:
    """Return what each log was last read as."""
    found: dict[str, list[str]] = json.loads(KEPT.read_text(encoding="utf-8"))
    return {name: lines for name, lines in found.items() if not name.startswith("example of")}


@pytest.mark.parametrize("part", range(PARTS))
def test_every_log_is_read_as_it_was_last_read(kept: dict[str, list[str]], part: int) -> None:
    every = dict(readings())
    assert every.keys() == kept.keys()
    found = {name: reading_of(every[name]()) for name in [*every][part::PARTS]}
    differing = {name: lines for name, lines in found.items() if kept[name] != lines}
    assert not differing, "if it is meant: python -m tests.diagnosis.readings"


def test_wheels_for_other_systems_tell_where_the_line_holds() -> None:
    short = SHORT["wheels for other systems alone"]
    [suspect] = diagnose(short.log, requirements=short.requirements).suspects
    assert suspect.advice == (
        'thing has wheels for macOS and Windows alone: write `thing==1.0; sys_platform != "linux"`'
    )


def test_the_release_that_pip_fetched_last_is_the_one_that_failed() -> None:
    short = SHORT["an older release that pip takes after another project's"]
    [suspect] = diagnose(short.log, requirements=short.requirements).suspects
    assert (suspect.name, suspect.version) == ("thing", "1")


def test_a_log_of_very_many_failures_is_read_as_one_of_a_few() -> None:
    def suspects(steps: int) -> list[tuple[str, str | None, int]]:
        log = "".join(
            f"Collecting p{n}==1 (from -r r.txt (line {n}))\n  Downloading p{n}-1.tar.gz\n{EGG_INFO}"
            for n in range(1, steps + 1)
        )
        found = diagnose(log, exit_status=1).suspects
        return [(suspect.name, suspect.version, suspect.evidence[0].line) for suspect in found]

    assert suspects(900) == suspects(12) != suspects(11)


@pytest.mark.parametrize("name", SHORT)
def test_a_short_log_gives_its_cause_and_the_users_lines(name: str) -> None:
    short = SHORT[name]
    found = diagnose(short.log, requirements=short.requirements, exit_status=short.exit_status)
    assert found.cause.value == short.cause
    assert tuple(suspect.requirement for suspect in found.suspects) == short.suspects
