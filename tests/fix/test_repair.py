"""What a repair says that is ended early."""

from __future__ import annotations

import pytest

from bisect_deps.fix.conclusion import Conclusion
from bisect_deps.fix.repair import repair
from bisect_deps.model import Cause, Diagnosis, Outcome, Phase, Probe, VerdictKind
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


UNDECIDED: dict[str, tuple[Diagnosis | None, VerdictKind, str]] = {
    "stopped": (None, VerdictKind.INCONCLUSIVE, "was not built until it ends"),
    "a disk that is full": (
        Diagnosis(Outcome.UNRESOLVED, Cause.RESOURCES, Phase.BUILD),
        VerdictKind.UNAVAILABLE,
        "for a reason outside the file: resources failure.",
    ),
}


@pytest.mark.parametrize(("diagnosis", "kind", "says"), UNDECIDED.values(), ids=UNDECIDED)
def test_a_first_build_that_tells_nothing_ends_the_repair(
    diagnosis: Diagnosis | None, kind: VerdictKind, says: str
) -> None:
    story = repair(HERE.case)
    [inquiry] = next(story)
    probe = Probe(1, inquiry.kind, inquiry.candidate, Outcome.UNRESOLVED, diagnosis=diagnosis)
    with pytest.raises(StopIteration) as ended:
        story.send([probe])
    conclusion: Conclusion = ended.value.value
    assert (conclusion.kind, conclusion.passing) == (kind, probe)
    assert says in conclusion.summary
    assert conclusion.culprits == ()


def test_an_interrupt_before_the_first_answer_concludes_nothing() -> None:
    story = repair(HERE.case)
    next(story)
    with pytest.raises(KeyboardInterrupt):
        story.throw(KeyboardInterrupt())
