"""The fix as the user would have written it, and built as it is written."""

from __future__ import annotations

from bisect_deps.fix.culprits import described
from bisect_deps.fix.written import written
from bisect_deps.model import Candidate, Outcome, Probe
from tests.fix.small import Small, breaks, said, small, yearly

PROJECTS = {"app": yearly("1.0"), "lib": yearly("1.0", "2.0", "3.0")}
FAULT = breaks("amber", app="1.0", lib="3.0")


def rewritten(text: str, **more: object) -> tuple[Small, Probe]:
    """Return the fix that holds lib at 2.0 as it is written then."""
    here = small(text, PROJECTS, FAULT, case=more)
    failing = here.probe()
    fixed = here.probe(here.case.settled(Candidate(), {"lib": "2.0"}))
    assert (failing.outcome, fixed.outcome) == (Outcome.FAIL, Outcome.PASS)
    member = here.case.member("lib", "3.0", here.case.resolve(Candidate()))
    assert member is not None
    culprit = described([member], failing, fixed.number)
    here.builds.asked.clear()
    return here, here.told(written(here.case, [culprit], fixed))


def test_a_range_stays_a_range_that_keeps_the_failing_release_out() -> None:
    here, fix = rewritten("app>=1\nlib>=1\n")
    [edit] = fix.candidate.edits
    assert edit.to is not None
    assert not edit.to.startswith("=="), "no line of this file is a pin"
    assert here.asked == [said(fix.candidate)], "built as it is written"
    assert fix.outcome is Outcome.PASS
    assert (fix.installed or {})["lib"] == "2.0"


def test_a_pin_stays_a_pin_and_costs_no_build() -> None:
    here, fix = rewritten("app==1.0\nlib==3.0\n")
    assert said(fix.candidate) == "lib==2.0"
    assert here.asked == []


def test_the_reason_stands_beside_the_line_where_it_is_wanted() -> None:
    _, fix = rewritten("app==1.0\nlib==3.0\n", annotate=True)
    [edit] = fix.candidate.edits
    assert "amber" in edit.comment
