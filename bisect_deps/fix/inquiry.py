"""What a story of builds asks: one inquiry a build, in rounds, until the budget is spent."""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

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
    `likely_fails` says what is expected of it: it guides what is built ahead, and no answer.
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
    likely_fails: bool = field(default=False, compare=False)

    @property
    def build(self) -> Hashable:
        """Return what makes two inquiries the same build, whyever they are asked."""
        about = self.isolated, self.check, self.imports, self.build_constraints, self.repeat
        return (self.candidate, *about, self.exact)


T = TypeVar("T")
Asked = TypeVar("Asked")
Reply = TypeVar("Reply")

Story: TypeAlias = Generator[Sequence[Inquiry], Sequence[Probe], T]


class Rounds(Generic[Asked, Reply, T]):
    """What a generator asks, round by round, until it returns: the one place that advances one.

    `asked` is its latest round; `over` says that it returned, `result` what.
    """

    asked: Asked
    result: T

    def __init__(self, asking: Generator[Asked, Reply, T]) -> None:
        self._asking = asking
        self.over = False
        self._go(lambda: next(asking))

    def send(self, reply: Reply) -> None:
        """Answer the round that was asked."""
        self._go(lambda: self._asking.send(reply))

    def throw(self, error: BaseException) -> None:
        """Tell the generator that its round gets no answer."""
        self._go(lambda: self._asking.throw(error))

    def _go(self, advance: Callable[[], Asked]) -> None:
        try:
            self.asked = advance()
        except StopIteration as stop:
            self.over, self.result = True, stop.value


class BudgetSpent(DepbisectError):
    """No build is left of `--max-builds`; thrown into the story, which says what it knows."""

    exit_code = ExitCode.INCONCLUSIVE
