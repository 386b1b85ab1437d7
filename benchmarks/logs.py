"""How well `diagnose` reads labelled logs, and how fast: `python benchmarks/logs.py`.

Reads `../shared/logs` (or --logs FOLDER), whose README defines the fields and the scoring. Prints
accuracy beside a naive baseline's, the same logs in other wrappings, throughput beside a bare
loop over the same lines, signatures that no log triggers, and with --big the memory at 1 GB.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bisect_deps.diagnosis import diagnose  # noqa: E402
from bisect_deps.diagnosis.gate import candidates  # noqa: E402
from bisect_deps.diagnosis.signatures import SIGNATURES  # noqa: E402
from bisect_deps.model import Diagnosis  # noqa: E402
from tests.support.prefixed import PREFIXES  # noqa: E402

Label = dict[str, Any]
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


@dataclass
class Share:
    """A count out of a total."""

    hit: int = 0
    total: int = 0

    def add(self, good: bool) -> bool:
        self.hit += good
        self.total += 1
        return good

    def __str__(self) -> str:
        return f"{self.hit / max(self.total, 1):.3f} ({self.hit}/{self.total})"


@dataclass
class Score:
    """Every figure over one set of logs."""

    either: Share = field(default_factory=Share)
    top: Share = field(default_factory=Share)
    top_listed: Share = field(default_factory=Share)
    transitive: Share = field(default_factory=Share)
    cause: Share = field(default_factory=Share)
    phase: Share = field(default_factory=Share)
    outcome: Share = field(default_factory=Share)
    false: Share = field(default_factory=Share)
    evidence: Share = field(default_factory=Share)
    brier: list[float] = field(default_factory=list)
    misses: list[str] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logs", type=Path, default=ROOT.parent / "shared" / "logs")
    parser.add_argument("--big", action="store_true", help="also read 1 GB and show the memory")
    parser.add_argument("--misses", action="store_true", help="list what was read wrongly")
    options = parser.parse_args()
    labels: list[Label] = tomllib.loads((options.logs / "labels.toml").read_text("utf-8"))["log"]
    logs = {label["file"]: (options.logs / label["file"]).read_bytes() for label in labels}
    score = accuracy(labels, logs)
    show(score, naive(labels, logs))
    if options.misses:
        print("\n".join(score.misses))
    log_prefixes(labels, logs)
    untriggered(logs.values())
    throughput(logs)
    if options.big:
        memory()


# --- accuracy ---------------------------------------------------------------------------------


def accuracy(labels: list[Label], logs: dict[str, bytes]) -> Score:
    score = Score()
    for label in labels:
        found = diagnose(logs[label["file"]], requirements=label["requirements"])
        if not label.get("ambiguous"):
            judge(label, found, score)
    return score


def judge(label: Label, found: Diagnosis, score: Score) -> None:
    wrong = []
    if not score.cause.add(found.cause.value == label["cause"]):
        wrong.append(f"cause {found.cause.value}, not {label['cause']}")
    if label["outcome"] == "fail" and not score.phase.add(found.phase.value == label["phase"]):
        wrong.append(f"phase {found.phase.value}, not {label['phase']}")
    if not score.outcome.add(found.outcome.value == label["outcome"]):
        wrong.append(f"outcome {found.outcome.value}")
    if label["culprits"]:
        wrong += judge_suspect(label, found, score)
    if (label["is_infra"] or label["outcome"] == "pass") and score.false.add(bool(found.suspects)):
        wrong.append(f"false suspect {found.suspects[0].name}")
    if label["evidence_lines"]:
        shown = {line.line for line in found.evidence}
        shown |= {line.line for suspect in found.suspects for line in suspect.evidence}
        if not score.evidence.add(bool(shown & set(label["evidence_lines"]))):
            wrong.append(f"evidence {sorted(shown)}, not {label['evidence_lines']}")
    if wrong:
        score.misses.append(f"{label['file']}: {'; '.join(wrong)}")


def judge_suspect(label: Label, found: Diagnosis, score: Score) -> list[str]:
    culprits = {name_of(text) for text in label["culprits"]}
    accepted = culprits | {name_of(text) for text in label["failing"]}
    first = found.suspects[0] if found.suspects else None
    own = {name_of(first.name), name_of(first.requirement or first.name)} if first else set()
    named = own | ({name_of(str(first.failing))} if first and first.failing else set())
    right = score.top.add(bool(own & culprits))
    if label["requirements"]:
        score.top_listed.add(right)
    if label["transitive"]:
        score.transitive.add(right)
    if first is not None:
        score.brier.append((first.confidence - right) ** 2)
    good = score.either.add(bool(named & accepted))
    return [] if good and right else [f"suspect {first and first.requirement}, not {culprits}"]


def name_of(requirement: str) -> str:
    text = requirement.removeprefix("-e ").strip()
    if "#egg=" in text:
        text = text.split("#egg=")[1]
    match = None if text.startswith((".", "/")) else _NAME.match(text)
    return canonicalize_name(match[0]) if match else text


def naive(labels: list[Label], logs: dict[str, bytes]) -> Score:
    """Score the obvious reading: the last `name==version` on a line with "error"."""
    score = Score()
    for label in labels:
        if label.get("ambiguous"):
            continue
        text = logs[label["file"]].decode("utf-8", "replace")
        failing = "\n".join(line for line in text.split("\n") if "error" in line.lower())
        pinned = re.findall(r"([A-Za-z0-9][\w.-]*)==\d", failing)
        built = re.findall(r"Failed (?:building wheel for|to build `?)\s?([\w.-]+)", text)
        name = canonicalize_name((pinned or built or [""])[-1])
        culprits = {name_of(written) for written in label["culprits"]}
        if culprits:
            score.either.add(name in culprits | {name_of(written) for written in label["failing"]})
            score.top.add(name in culprits)
        if label["is_infra"] or label["outcome"] == "pass":
            score.false.add(bool(name))
    return score


def show(score: Score, baseline: Score) -> None:
    rows = (
        ("first suspect right (or what failed)", score.either, baseline.either),
        ("first suspect is the user's own requirement", score.top, baseline.top),
        ("  where the requirements are given", score.top_listed, ""),
        ("  where a dependency of it broke", score.transitive, ""),
        ("cause", score.cause, ""),
        ("phase", score.phase, ""),
        ("outcome", score.outcome, ""),
        ("suspect on infrastructure or green logs", score.false, baseline.false),
        ("an evidence line is a labelled one", score.evidence, ""),
        ("Brier score of the first suspect", f"{mean(score.brier):.3f}", ""),
    )
    print(f"{'':45} {'diagnose':>18} {'naive':>18}")
    for title, figure, other in rows:
        print(f"{title:45} {figure!s:>18} {other!s:>18}")


def mean(values: list[float]) -> float:
    return sum(values) / max(len(values), 1)


# --- wrappings, coverage, speed ---------------------------------------------------------------


def log_prefixes(labels: list[Label], logs: dict[str, bytes]) -> None:
    bare = [
        label
        for label in labels
        if label.get("prefix", label.get("dressing")) == "none" and "tty" not in label["file"]
    ]
    print(f"\nsame diagnosis of {len(bare)} bare logs when wrapped")
    for name, dress in PREFIXES.items():
        share = Share()
        for label in bare:
            text = logs[label["file"]].decode("utf-8", "replace")
            plain = diagnose(text, requirements=label["requirements"])
            wrapped = diagnose(dress(text), requirements=label["requirements"])
            share.add(essence(plain) == essence(wrapped))
        print(f"  {name:14} {share}")


def essence(found: Diagnosis) -> tuple[object, ...]:
    return found.cause, found.phase, [(suspect.name, suspect.failing) for suspect in found.suspects]


def untriggered(logs: Iterator[bytes] | Any) -> None:
    seen: set[str] = set()
    for log in logs:
        for line in log.decode("utf-8", "replace").split("\n"):
            seen.update(
                candidate.name for candidate in candidates(line) if candidate.regex.search(line)
            )
    rest = [signature.name for signature in SIGNATURES if signature.name not in seen]
    print(
        f"\n{len(rest)} of {len(SIGNATURES)} signatures that no log triggers:\n  {', '.join(rest)}"
    )


def ordinary(logs: dict[str, bytes], size: int) -> bytes:
    """Return a long build's log: compiler and download lines, an install now and then."""
    noise = [
        "copying src/pkg/module_{0}.py -> build/lib.linux-x86_64-cpython-312/pkg/module_{0}.py",
        "gcc -DNDEBUG -O3 -Wall -fPIC -I/usr/include -c src/m{0}.c -o build/m{0}.o",
        "[{0}/4096] Compiling C++ object src/core/CMakeFiles/core.dir/unit_{0}.cpp.o",
        "Get:{0} http://deb.example/debian bookworm/main amd64 libthing{0} amd64 1.2-{0} [12.3 kB]",
        "tests/test_module_{0}.py::test_that_it_works PASSED                          [ 42%]",
    ]
    green = next(log for name, log in sorted(logs.items()) if "green" in name)
    part = "".join(noise[n % 5].format(n) + "\n" for n in range(20_000)).encode() + green
    return part * (size // len(part) + 1)


def throughput(logs: dict[str, bytes]) -> None:
    log = ordinary(logs, 100_000_000)
    size = len(log) / 1e6
    bare = timed(lambda: sum(1 for _ in log.decode("utf-8", "replace").split("\n")))
    read = timed(lambda: diagnose(log))
    print(f"\nordinary log of {size:.0f} MB: {size / read:.0f} MB/s on one core")
    print(f"  decoding and splitting the same lines alone: {size / bare:.0f} MB/s")
    dense = logs[max(logs, key=lambda name: len(logs[name]))] * 200
    slowest = len(dense) / 1e6 / timed(lambda: diagnose(dense))
    print(f"  a log of errors throughout: {slowest:.1f} MB/s")


def timed(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def memory() -> None:
    """Read 1 GB from a pipe in a process of its own, and show its peak and its processor time."""
    script = (
        "import sys, time\n"
        "from bisect_deps.diagnosis import diagnose\n"
        "def peak():\n"  # rusage would tell the peak of the process that started this one, too
        "    lines = open('/proc/self/status').read().splitlines()\n"
        "    return next(int(line.split()[1]) for line in lines if line.startswith('VmHWM'))\n"
        "base = peak()\n"
        "line = b'copying src/pkg/module.py -> build/lib/pkg/module.py and so on\\n' * 1000\n"
        "bad = b'Collecting a==1\\n  error: subprocess-exited-with-error\\n' * 20\n"
        "blocks = (line + bad if n % 7 == 0 else line for n in range(10**9 // len(line)))\n"
        "start = time.process_time()\n"
        "found = diagnose(blocks)\n"
        "speed = 1000 / (time.process_time() - start)\n"
        "before = f'{base / 1024:.0f} MB before, {speed:.0f} MB/s of processor time'\n"
        "print(f'1 GB: {found.outcome.value}, peak {peak() / 1024:.0f} MB, {before}')\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
