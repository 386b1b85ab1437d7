"""It worked before: what changed since, and the release after which it failed first."""

from __future__ import annotations

import pytest

from bisect_deps.fix.repair import repair
from bisect_deps.fix.restore import Restored, restore
from bisect_deps.model import Narrow, Outcome
from bisect_deps.run.driver import drive
from tests.fix.small import Small, Stopping, at, breaks, said, small

PROJECTS = {
    "app": [at("1.0", "2020-01-01", "lib", "side")],
    "lib": [at("1.0", "2019-01-01"), at("1.5", "2021-01-01"), at("2.0", "2022-01-01")],
    "side": [at("1.0", "2019-01-01"), at("2.0", "2021-06-01"), at("3.0", "2023-01-01")],
}
FAULT = breaks("amber", app="1.0", lib="2.0")


def restored(here: Small) -> Restored:
    return here.told(restore(here.case, here.probe()))


def test_a_known_good_environment_is_built_again() -> None:
    here = small("app==1.0\n", PROJECTS, FAULT, case={"good": {"lib": "1.5", "side": "3.0"}})
    found = restored(here)
    assert found.passing is not None
    assert said(found.passing.candidate) == "lib==1.5", "only what differs is moved"


def test_on_a_good_day_the_release_that_broke_it_is_named() -> None:
    here = small("app==1.0\n", PROJECTS, FAULT, case={"good_date": "2020-06-01T00:00:00Z"})
    found = restored(here)
    assert found.passing is not None
    assert found.passing.installed == {"app": "1.0", "lib": "1.0", "side": "1.0"}
    [note] = found.notes
    assert note.text == "It broke first with lib 2.0, released 2022-01-01."
    shown = next(probe for probe in here.builds.probes if probe.number == note.probe)
    assert shown.outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("stopped", "said"),
    [
        (("lib==1.5 side==1.0", "lib==1.5 side==2.0"), "between the good day and 2022-01-01"),
        (("lib==1.5 side==2.0",), "between 2021-01-01 and 2022-01-01"),
    ],
    ids=["none after the good day", "one of them"],
)
def test_where_days_are_not_built_to_the_end_the_days_on_either_side_are_said(
    stopped: tuple[str, ...], said: str
) -> None:
    here = small("app==1.0\n", PROJECTS, FAULT, case={"good_date": "2020-06-01T00:00:00Z"})
    found: Restored = drive(
        restore(here.case, here.probe()),
        Stopping(here.builds, stopped),  # type: ignore[arg-type]
    )
    [note] = found.notes
    assert said in note.text
    assert "which release between them is at fault is not known" in note.text


def test_what_worked_and_does_not_pass_any_more_is_not_used() -> None:
    always = breaks("amber", app="1.0", lib="1.0/1.5/2.0")
    here = small("app==1.0\n", PROJECTS, always, case={"good": {"lib": "1.0"}})
    found = restored(here)
    assert found.passing is None
    assert "does not pass here any more" in found.notes[0].text


def test_where_nothing_differs_nothing_is_built() -> None:
    here = small("app==1.0\n", PROJECTS, FAULT, case={"good": {"lib": "2.0"}})
    found = restored(here)
    assert found.passing is None
    assert "nothing that this file pulls in differs" in found.notes[0].text
    assert len(here.builds.asked) == 1


def test_pins_stay_whatever_the_day() -> None:
    here = small(
        "app==1.0\nside==3.0\n", PROJECTS, FAULT, case={"good_date": "2020-06-01T00:00:00Z"}
    )
    found = restored(here)
    assert found.passing is not None
    assert (found.passing.installed or {})["side"] == "3.0"


def test_a_repair_goes_by_what_worked_before_any_guess() -> None:
    good = {"good": {"lib": "1.0", "side": "3.0"}, "narrow": Narrow.NONE}
    here = small("app==1.0\n", PROJECTS, FAULT, case=good)
    concluded = here.told(repair(here.case))
    assert said(concluded.ways[0].candidate) == "lib==1.0", "no guess would go so far back"
    assert [inquiry.purpose for inquiry, _ in here.builds.asked][1:2] == [
        "does it pass with all that was known to work?"
    ]


def test_a_repair_that_memory_does_not_help_goes_by_evidence() -> None:
    good = {"good": {"lib": "2.0"}, "narrow": Narrow.NONE}
    here = small("app==1.0\n", PROJECTS, FAULT, case=good)
    concluded = here.told(repair(here.case))
    assert said(concluded.ways[0].candidate) == "lib==1.5"
    assert any(note.text.startswith("--good tells nothing: ") for note in concluded.notes)
