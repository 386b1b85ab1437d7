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
from tests.fix.small import small, yearly

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
