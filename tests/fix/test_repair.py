"""What a repair says that is ended early."""

from __future__ import annotations

from bisect_deps.fix.conclusion import Conclusion
from bisect_deps.fix.repair import repair
from bisect_deps.model import VerdictKind
from bisect_deps.run.driver import drive
from tests.fix.simulated import SimulatedBuilds
from tests.fix.small import at, breaks, small, yearly
from tests.fix.solving import case_of

HERE = small(
    "user==1.0\n",
    {"user": [at("1.0", "2020-01-01", "lacks")], "lacks": yearly("1.0", "2.0")},
    breaks("amber", user="1.0", lacks="2.0"),
)


def test_a_repair_that_is_stopped_tells_what_each_build_showed() -> None:
    limited = SimulatedBuilds(HERE.scenario, max_builds=1)
    story = repair(case_of(HERE.scenario, limited))
    conclusion: Conclusion = drive(story, limited)  # type: ignore[arg-type]
    assert conclusion.kind is VerdictKind.INCONCLUSIVE
    told = [note.text for note in conclusion.notes if note.text.startswith("So far")]
    assert told == ["So far: the file as it is fails: lacks: ImportError: amber"]
