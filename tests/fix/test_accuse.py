"""What a search asked for is proven by builds, and by nothing else."""

from __future__ import annotations

from bisect_deps.steps.accusing import found_certified
from bisect_deps.steps.locating import Record

from bisect_deps.model import Candidate, Outcome, Probe, ProbeKind, Requirement
from bisect_deps.search.strategy import Certified

LINES = {n: Requirement(n, f"p{n}", "==1", f"p{n}==1", "requirements.txt", n + 1) for n in range(2)}
BOTH, ONE, OTHER = frozenset({0, 1}), frozenset({0}), frozenset({1})


def probe(number: int, outcome: Outcome) -> Probe:
    return Probe(number, ProbeKind.SUBSET, Candidate(), outcome)


def test_a_build_that_did_not_pass_is_no_passing_proof() -> None:
    certified = Certified(BOTH, BOTH, (ONE, OTHER))
    failing = probe(1, Outcome.FAIL)
    record = Record({BOTH: failing, ONE: probe(2, Outcome.FAIL), OTHER: probe(3, Outcome.PASS)})
    assert found_certified(LINES, certified, record).passing_probe == 3
    record = Record({BOTH: failing, ONE: probe(2, Outcome.FAIL)})
    assert found_certified(LINES, certified, record).passing_probe is None
