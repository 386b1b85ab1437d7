"""What a story of builds asks: one inquiry a build, in rounds, until the budget is spent."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from bisect_deps.errors import DepbisectError, ExitCode
from bisect_deps.model import (
    Candidate,
    Probe,
    ProbeKind,
)


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question about the manifest, to be answered by one build.

    `isolated` names one requirement (`numpy==1.19.5`) to be built alone in place of the candidate.
    `check` False leaves the user's checks out; `imports` asks for the imports check. Equal
    inquiries with another `repeat` are asked again on purpose. `exact` are the releases that the
    candidate resolves to (`numpy==1.19.5`): enough to be told how its check ends, no proof of it.
    """

    candidate: Candidate
    kind: ProbeKind
    purpose: str
    isolated: str | None = None
    check: bool = True
    imports: bool = False
    build_constraints: tuple[str, ...] = ()
    repeat: int = 0
    exact: tuple[str, ...] | None = None


T = TypeVar("T")

Story: TypeAlias = Generator[Sequence[Inquiry], Sequence[Probe], T]


class BudgetSpent(DepbisectError):
    """No build is left of `--max-builds`; thrown into the story, which says what it knows."""

    exit_code = ExitCode.INCONCLUSIVE
