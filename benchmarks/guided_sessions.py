"""Guided sessions by a simulated person, beside a run that is given the same answers.

    python -m benchmarks.guided_sessions [CASES [FIRST]]

Each case is a file of up to 120 lines with hidden faults (singles, pairs, several). Checked in
each: the person is asked the same questions as a builder, and hears the same verdict; the session's
log replayed gives the same bytes; undo and the same answers change nothing.
"""

from __future__ import annotations

import random
import shlex
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bisect_deps.guided.questions import Guided, begin, new_start
from bisect_deps.guided.script import read_script, script
from bisect_deps.guided.sessions import Given, PersonAnswer, Store
from bisect_deps.guided.state import status
from bisect_deps.reports.json import to_json
from bisect_deps.system import interpreters
from tests.support.person import ByTheSameAnswers, Secret, random_case, run_by


def main(cases: int, first: int = 0) -> None:
    agreed = replayed = undone = fewer_or_same = exact = 0
    steps: list[int] = []
    began = time.monotonic()
    for seed in range(first, first + cases):
        secret = random_case(seed)
        with tempfile.TemporaryDirectory() as name, Store(Path(name)) as store:
            file = Path(name, "requirements.txt")
            file.write_bytes(secret.text)
            verdict, asked = run_by(ByTheSameAnswers(secret), file, interpreters.find())
            guided = _begun(store, file)
            built = _finished(guided, secret)
            steps.append(len(built))
            agreed += built == asked and _told(guided.verdict()) == _told(verdict)
            fewer_or_same += len(built) <= verdict.builds
            found = {
                frozenset(member.requirement.text for member in culprit.members)
                for culprit in guided.verdict().culprits
            }
            exact += found == _minimal(secret)
            undone += _undo_changes_nothing(guided, secret, seed)
            replayed += _replay_gives_the_same(guided, store, file)
    print(f"cases                                     {cases}")
    print(f"same questions and verdict as the run     {agreed}")
    print(f"no more builds than the run               {fewer_or_same}")
    print(f"exactly the hidden sets named             {exact}")
    print(f"undo, then the same answers: same bytes   {undone}")
    print(f"log | replay: same bytes                  {replayed}")
    print(f"builds a case, mean and most              {sum(steps) / cases:.1f}, {max(steps)}")
    print(f"seconds                                   {time.monotonic() - began:.0f}")


def _begun(store: Store, file: Path) -> Guided:
    start, manifest = new_start(file, evidence=False)
    return begin(store, start, manifest, None)


def _finished(guided: Guided, secret: Secret) -> list[bytes]:
    built = []
    while guided.position.inquiry is not None:
        built.append(guided.place.read_bytes())
        guided.answer(Given(PersonAnswer.GOOD if secret.builds(built[-1]) else PersonAnswer.BAD))
    return built


def _told(verdict: Any) -> dict[str, Any]:
    report = to_json(verdict)
    probes = [{**probe, "log": "", "seconds": 0} for probe in report["probes"]]
    return {**report, "probes": probes, "seconds": 0, "file": "", "headline": ""}


def _minimal(secret: Secret) -> set[frozenset[str]]:
    return {
        failing for failing in secret.broken if not any(other < failing for other in secret.broken)
    }


def _undo_changes_nothing(guided: Guided, secret: Secret, seed: int) -> bool:
    before = _state(guided)
    guided.undo(random.Random(seed).randint(1, len(guided.answers)))
    _finished(guided, secret)
    return _state(guided) == before


def _replay_gives_the_same(guided: Guided, store: Store, file: Path) -> bool:
    before, words = _state(guided), read_script("\n".join(script(guided)))
    guided.reset()
    again = _begun(store, file)
    for word, *_ in words[1:]:
        again.answer(Given(PersonAnswer(word)))
    return shlex.join(words[0]).startswith("start ") and _state(again) == before


def _state(guided: Guided) -> tuple[bytes, bytes, dict[str, Any]]:
    return guided.store.path.read_bytes(), guided.place.read_bytes(), status(guided)


if __name__ == "__main__":
    main(*(map(int, sys.argv[1:]) if sys.argv[1:] else (500,)))
