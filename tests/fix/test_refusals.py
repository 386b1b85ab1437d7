"""A candidate that a refusal has ruled out is not built."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bisect_deps.diagnosis import diagnose
from bisect_deps.fix.refusals import Need, is_refused, unmet
from bisect_deps.model import Candidate, Outcome
from tests.fix.small import Small, at, small, yearly
from tests.fix.world import ELSEWHERE

# As uv 0.9 says it.
REFUSAL = b"""\
error: No solution found when resolving dependencies
  cause: Because source==1.0 depends on lib>=1,<2 and you require source==1.0, we can conclude \
that you require lib>=1,<2.
         And because you require lib==2.0, we can conclude that your requirements are \
unsatisfiable.
"""


# As pip 24 says it.
BY_PIP = b"""\
ERROR: Cannot install lib==2.0 and source==1.0 because these package versions have conflicting \
dependencies.

The conflict is caused by:
    The user requested lib==2.0
    source 1.0 depends on lib<2 and >=1

To fix this you could try to:
ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/en/latest/topics/dependency-\
resolution/#dealing-with-dependency-conflicts
"""


def given() -> Small:
    """Return a file with a source that asks for lib>=1,<2, which shows only when it is built."""
    projects = {
        "source": [
            at("1.0", "2020-01-01", "lib>=1,<2", wheel=ELSEWHERE, sdist=True),
            at("2.0", "2020-01-01", wheel=ELSEWHERE, sdist=True),
        ],
        "lib": yearly("1.0", "1.5", "2.0", "3.0"),
    }
    return small("source==1.0\n", projects)


@pytest.mark.parametrize("log", [REFUSAL, BY_PIP])
@pytest.mark.parametrize(
    ("versions", "refused"),
    [
        ({"lib": "3.0"}, True),
        ({"lib": "1.0"}, False),
        ({"lib": "3.0", "source": "2.0"}, False),
        ({}, False),
    ],
)
def test_what_a_source_was_told_to_ask_for_rules_out_other_pins(
    versions: dict[str, str], refused: bool, log: bytes
) -> None:
    here = given()
    diagnosis = diagnose(log, requirements=here.case.requirements, exit_status=1)
    failed = here.probe(here.case.settled(Candidate(), {"lib": "2.0"}))
    assert failed.outcome is Outcome.FAIL
    told = replace(failed, diagnosis=diagnosis)
    candidate = here.case.settled(Candidate(), versions)
    assert is_refused(here.case, candidate, [told]) is refused
    assert not is_refused(here.case, candidate, [])


@pytest.mark.parametrize(
    ("limits", "refused"),
    [("lib>=2", True), ("lib>=1", False), ("lib>=1\nlib!=1.0,!=1.5", True), ("another>=2", False)],
)
def test_what_is_asked_for_and_limits_allow_none_of_is_unmet(limits: str, refused: bool) -> None:
    case = small(
        "source==1.0\n", {"source": yearly("1.0"), "lib": yearly("1.0", "1.5", "2.0")}
    ).case
    lines = small(f"{limits}\n", {}).case.requirements
    need = Need("source", "==1.0", "lib", "<2")
    assert unmet(case, [need], {"source": "1.0"}, lines) == (need if refused else None)


@pytest.mark.parametrize(
    ("releases", "refused"),
    [({"source": "2004d", "lib": "2.0"}, True), ({"source": "1.0", "lib": "2004d"}, False)],
)
def test_nothing_is_known_against_a_version_that_is_none(
    releases: dict[str, str], refused: bool
) -> None:
    need = Need("source", "<2", "lib", "<2")
    assert unmet(given().case, [need], releases) == (need if refused else None)
