"""A person who builds by hand, simulated: knows which lines do not work, and never looks inside."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bisect_deps.builders.base import Capabilities, Handle, Order
from bisect_deps.fix.case import Case
from bisect_deps.fix.repair import repair
from bisect_deps.fix.verdict import verdict_of
from bisect_deps.formats import open_manifest
from bisect_deps.model import BuildStatus, Interpreter, Target, Verdict
from bisect_deps.progress import Silent
from bisect_deps.run.driver import Limits, Prober, drive
from bisect_deps.run.journal import Journal
from bisect_deps.search.strategy import Prefer


@dataclass(frozen=True)
class Secret:
    """A file and what breaks it: sets of lines that fail where all of them are in."""

    lines: tuple[str, ...]
    broken: tuple[frozenset[str], ...]

    @property
    def text(self) -> bytes:
        return "".join(f"{line}\n" for line in self.lines).encode()

    def builds(self, data: bytes) -> bool:
        present = {line for line in data.decode().splitlines() if not line.startswith("#")}
        return not any(broken <= present for broken in self.broken)


def random_case(seed: int, most: int = 120) -> Secret:
    """Return a file of up to `most` lines that breaks for one reason, a pair, or several."""
    dice = random.Random(seed)
    size = dice.randint(1, most)
    lines = tuple(f"project{at}=={dice.randint(0, 9)}.{dice.randint(0, 9)}" for at in range(size))
    shapes = dice.choice([[1], [1], [2], [2], [1, 1], [1, 2], [1, 1, 1], [2, 2]])
    broken = {frozenset(dice.sample(lines, min(shape, size))) for shape in shapes}
    return Secret(lines, tuple(sorted(broken, key=sorted)))


class ByTheSameAnswers:
    """A builder that answers as the person does, and notes what it was asked to build."""

    name = "same"

    def __init__(self, secret: Secret) -> None:
        self.secret = secret
        self.asked: list[bytes] = []

    def identity(self) -> str:
        return "same"

    def describe(self) -> Capabilities:
        return Capabilities(max_parallel=1, check=False)

    def preflight(self) -> list[str]:
        return []

    def start(self, order: Order) -> Handle:
        self.asked.append(order.files[order.path])
        return Handle(str(len(self.asked) - 1))

    def poll(self, handle: Handle) -> BuildStatus:
        works = self.secret.builds(self.asked[int(handle.id)])
        return BuildStatus.PASSED if works else BuildStatus.FAILED

    def log(self, handle: Handle, start: int = 0) -> tuple[str, int]:
        return "", 0

    def installed(self, handle: Handle) -> Mapping[str, str] | None:
        return None

    def modules(self, handle: Handle) -> Mapping[str, str] | None:
        return None

    def cancel(self, handle: Handle) -> bool:
        return True

    def close(self) -> None:
        pass


def run_by(
    builder: ByTheSameAnswers, file: Path, interpreter: Interpreter
) -> tuple[Verdict, list[bytes]]:
    """Tell the story of a run with a builder, as `run --builder command --no-evidence` does."""
    manifest = open_manifest(file)
    case = Case(
        manifest=manifest,
        interpreter=interpreter,
        capabilities=builder.describe(),
        progress=Silent(),
        has_check=True,
        prefer=Prefer.BUILDS,
    )
    with Journal(file.parent / "journal") as journal:
        prober = Prober(manifest, builder, journal, Silent(), Limits(), sleep=lambda _: None)
        conclusion = drive(repair(case), prober)
    target = Target(interpreter.version, interpreter.platform, "manual", "", "")
    verdict = verdict_of(manifest, target, conclusion, prober.probes, builds=prober.builds)
    return verdict, builder.asked
