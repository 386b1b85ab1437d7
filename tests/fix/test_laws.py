"""The laws of a verdict hold in random scenarios, judged by brute force.

`LAW_SCENARIOS=2000 pytest tests/fix/test_laws.py` is the long run; `LAW_FIRST` is its first seed.
Each seed is one scenario of `drawing` and one of `shapes`. `LAW_STRICT=1` holds verdicts to the
letter of the laws (see `Truth`). `python -m tests.fix.explaining SEED` shows a scenario that breaks
one, `--shapes` one of the others, `--shrink` its smallest kin.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

import pytest

from tests.fix.drawing import draw
from tests.fix.shapes import draw_shape
from tests.fix.simulated import Scenario
from tests.fix.solving import solve_scenario
from tests.fix.truth import judged

SCENARIOS = int(os.environ.get("LAW_SCENARIOS", "40"))
FIRST = int(os.environ.get("LAW_FIRST", "0"))
STRICT = os.environ.get("LAW_STRICT", "0") != "0"
LAWS = {
    0: "the story ends",
    1: "clock, order and journal change nothing",
    2: "every edit is needed and belongs to a culprit",
    3: "what was shown to fail is named with all that takes part",
    4: "a culprit's probe shows its own failure",
    5: "nothing innocent is named",
    6: "ranges have true ends",
    7: "no fix leaves a line out",
    8: "what can be fixed is fixed",
    9: "the fix passes and the file says so",
}
# Scenarios in which a law was broken once, each by another mistake.
ONCE_BROKEN = (317, 524, 728, 731, 797, 1080, 1193, 1223, 1298, 1339, 1437, 1481, 1590, 1620, 1738)
ONCE_BROKEN += (1811, 1813, 1825, 1836, 1875, 1918, 4227, 4232, 4513, 4691, 4913, 5492, 5531, 5923)
ONCE_BROKEN += (6082, 6233, 6265, 6375, 6551, 6626, 7063, 7339, 7755, 8103, 8255, 8565, 666)
SHAPES_BROKEN = (109, 153, 221, 230, 340, 372, 487, 621, 669, 756, 878, 994, 1160, 1271, 1339, 1393)
SHAPES_BROKEN += (
    1435,
    1536,
    1541,
    1587,
    1720,
    1869,
    1917,
    1928,
    1965,
    4100,
    4110,
    4859,
    4940,
    4977,
)
SHAPES_BROKEN += (5160, 5481, 5533, 5677, 5819, 6205, 6302, 6451, 6471, 6505, 6677, 6945)
SHAPES_BROKEN += (499, 7823, 7863, 7983, 8350)
# The laws that the story breaks within the first scenarios.
BROKEN: set[int] = set()


@pytest.fixture(scope="module")
def broken() -> dict[int, list[str]]:
    """Return what breaks each law, a sentence for each scenario and violation."""
    found: dict[int, list[str]] = {law: [] for law in LAWS}
    for seed in range(FIRST, FIRST + SCENARIOS):
        for scenario in (draw(seed), draw_shape(seed)):
            for violation in judged(scenario, solve_scenario, strict=STRICT)[1]:
                found[violation.law].append(f"scenario {seed} ({scenario.plot}): {violation.text}")
    return found


@pytest.mark.parametrize(
    "law",
    [
        pytest.param(
            law,
            id=f"{law} {says}",
            marks=pytest.mark.xfail(reason="not so yet", strict=True) if law in BROKEN else (),
        )
        for law, says in LAWS.items()
    ],
)
def test_no_scenario_breaks_the_law(broken: dict[int, list[str]], law: int) -> None:
    said = broken[law]
    shown = "\n".join(said[:10])
    assert not said, f"law {law} is broken {len(said)} times in 2 x {SCENARIOS} scenarios:\n{shown}"


@pytest.mark.parametrize(
    "scenario",
    [
        *(pytest.param(partial(draw, seed), id=str(seed)) for seed in ONCE_BROKEN),
        *(pytest.param(partial(draw_shape, seed), id=f"shape {seed}") for seed in SHAPES_BROKEN),
    ],
)
def test_a_scenario_that_broke_a_law_breaks_none_now(scenario: Callable[[], Scenario]) -> None:
    assert judged(scenario(), solve_scenario, strict=STRICT)[1] == []
