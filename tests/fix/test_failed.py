"""What failed builds prove: releases that fail, alone or together."""

from __future__ import annotations

from bisect_deps.fix.failed import failed_by
from bisect_deps.model import (
    Breakage,
    BreakageKind,
    Candidate,
    Cause,
    Diagnosis,
    Outcome,
    Phase,
    Probe,
    ProbeKind,
)
from tests.fix.simulated import Checks
from tests.fix.small import at, small, yearly

HERE = small("user==1.0\n", {"user": yearly("1.0")})


def test_of_what_fails_together_the_nearest_to_the_failure_likeliest_moves() -> None:
    breakage = Breakage(BreakageKind.NAME_GONE, "user", "lacks", through=("app", "middle", "user"))
    diagnosis = Diagnosis(Outcome.FAIL, Cause.IMPORT_ERROR, Phase.CHECK, breakages=(breakage,))
    installed = dict.fromkeys(("app", "middle", "user", "lacks", "idle"), "1.0")
    probe = Probe(
        1,
        ProbeKind.WHOLE,
        Candidate(),
        Outcome.FAIL,
        diagnosis=diagnosis,
        installed=installed,
    )
    [failed] = failed_by(HERE.case, [probe])
    assert list(failed.releases) == ["lacks", "user", "middle", "app"]
    assert failed.reported


def test_a_release_that_is_refused_for_what_it_requires_is_not_cleared_by_a_build_alone() -> None:
    source = {"wheel": "", "sdist": True}
    projects = {"app": [at("1.0", "2020-01-01", "lib>=2", **source)], "lib": yearly("1.0")}
    here = small("app==1.0\n", projects, checks=Checks.NONE)
    refused, alone = here.probe(), here.alone("app==1.0")
    assert (refused.outcome, alone.outcome) == (Outcome.FAIL, Outcome.PASS)
    [failed] = failed_by(here.case, [refused, alone])
    assert failed.releases == {"app": "1.0"}
