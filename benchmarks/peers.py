"""depbisect beside the other ways to find culprits, on real failing files, in one run.

    python benchmarks/peers.py [--only NAME] [--limit SECONDS] [--folder ../shared/corpus/dev]

picire (delta debugging) comes from the index into a venv of its own and takes one line as its
atom; QuickXplain is a plain script; the manual protocol adds one line at a time and leaves out what
breaks the build. Every build is a real `uv pip install -r` into a fresh environment, with the
case's check where the file installs. To be fair to the others, a subset counts as failing only
where it fails as the whole file does: at the install, or with the same last line of the check. All
share one cache, warmed by one install of the whole file; known subsets cost nothing.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from corpus import name_of, named_in, tomllib, truth_of  # noqa: E402
from rivals import Items, _quickxplain  # noqa: E402

from bisect_deps.system import interpreters  # noqa: E402

UV = interpreters.find_uv() or "uv"
CASES = (
    "datalux-osintgram-py311",
    "ibm-cloud-get-started-python-py312",
    "johnwoodill-wine-streamlit-demo-py39",
    "realpython-dwitter-part-3-py313",
    "realpython-pandas-gradebook-project-data-py311",
)


class OutOfTime(Exception):
    """The method has used up its time on this case."""


@dataclass
class Found:
    culprits: set[str]
    builds: int
    seconds: float
    note: str = ""


@dataclass
class Lab:
    """Builds files of one case, one after the other."""

    python: str
    check: str | None
    work: Path

    def failure(self, lines: Sequence[str]) -> str:
        """Return how a file of these lines fails: `install`, the check's last line, "" if not."""
        file, venv = self.work / "subset.txt", self.work / "venv"
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        shutil.rmtree(venv, ignore_errors=True)
        self._run(f"{UV} venv -q --python {self.python} {venv}")
        if self._run(f"{UV} pip install -q --python {venv}/bin/python -r {file}").returncode:
            return "install"
        if self.check is None:
            return ""
        done = self._run(f'export PATH="{venv}/bin:$PATH" VIRTUAL_ENV="{venv}"; {self.check}')
        if done.returncode == 0:
            return ""
        said = done.stdout.decode("utf-8", "replace").strip().splitlines()
        return f"check: {said[-1] if said else done.returncode}"

    def _run(self, command: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            command,
            shell=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.work,
            check=False,
        )


class Oracle:
    """Says whether a subset fails as the whole file does; remembers, counts, keeps the time."""

    def __init__(self, lab: Lab, lines: Sequence[str], limit: float) -> None:
        self.lab = lab
        self.lines = lines
        self.deadline = time.monotonic() + limit
        self.known: dict[Items, bool] = {}
        self.chased = ""

    def fails(self, items: Items) -> bool:
        """Return the answer to one subset, by a build if it is new."""
        if items not in self.known:
            if time.monotonic() > self.deadline:
                raise OutOfTime
            failure = self.lab.failure([self.lines[item] for item in sorted(items)])
            self.chased = self.chased or failure
            self.known[items] = bool(failure) and failure == self.chased
        return self.known[items]


def by_quickxplain(oracle: Oracle, culprits: set[str]) -> None:
    rest = list(range(len(oracle.lines)))
    while rest and oracle.fails(frozenset(rest)):
        found = _quickxplain(rest, oracle.fails)
        culprits |= {name_of(oracle.lines[item]) for item in found}
        rest.remove(found[-1])


def by_hand(oracle: Oracle, culprits: set[str]) -> None:
    everything = frozenset(range(len(oracle.lines)))
    oracle.fails(everything)
    kept: Items = frozenset()
    for item in sorted(everything):
        if oracle.fails(kept | {item}):
            culprits.add(name_of(oracle.lines[item]))
        else:
            kept |= {item}


def by_script(
    method: Callable[[Oracle, set[str]], None], lab: Lab, lines: Sequence[str], limit: float
) -> Found:
    oracle = Oracle(lab, lines, limit)
    culprits: set[str] = set()
    began = time.monotonic()
    note = ""
    try:
        method(oracle, culprits)
    except OutOfTime:
        note = "out of time"
    return Found(culprits, len(oracle.known), time.monotonic() - began, note)


def by_picire(python: Path, lab: Lab, lines: Sequence[str], limit: float) -> Found:
    """Run picire's own command once, as its users do; it reduces to one failing core."""
    began = time.monotonic()
    file, test, out = lab.work / "in.txt", lab.work / "test.sh", lab.work / "picire"
    tally = lab.work / "tally.txt"
    for stale in (out, tally):
        shutil.rmtree(stale, ignore_errors=True) if stale.is_dir() else stale.unlink(True)
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    chased = lab.failure(lines)
    about = json.dumps([lab.python, lab.check, str(lab.work), chased, str(tally)])
    judge = shlex.join([sys.executable, str(Path(__file__).resolve()), "--judge", about])
    test.write_text(f'#!/bin/sh\nexec {judge} "$1"\n')
    test.chmod(0o755)
    command = [str(python.parent / "picire"), "--quiet", "--atom", "line", "--cache", "content"]
    command += ["--input", str(file), "--test", str(test), "--out", str(out)]
    note = ""
    try:
        subprocess.run(command, timeout=limit, capture_output=True, check=False, cwd=lab.work)
    except subprocess.TimeoutExpired:
        note = "out of time"
    seconds = time.monotonic() - began
    builds = 1 + (len(tally.read_text().splitlines()) if tally.exists() else 0)
    reduced = out / file.name
    kept = reduced.read_text().split("\n") if reduced.exists() and not note else []
    culprits = {name_of(line) for line in kept if line.strip()}
    return Found(culprits, builds, seconds, note)


def judge_for_picire(about: str, file: str) -> int:
    """Return 0 where the file fails as the whole one does (picire's "interesting")."""
    python, check, work, chased, tally = json.loads(about)
    with Path(tally).open("a") as stream:
        stream.write("build\n")
    lines = [line for line in Path(file).read_text().splitlines() if line.strip()]
    return 0 if Lab(python, check, Path(work)).failure(lines) == chased else 1


def by_depbisect(lab: Lab, lines: Sequence[str], limit: float) -> Found:
    folder = lab.work / "ours"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    file, report = folder / "requirements.txt", folder / "report.json"
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    command = [sys.executable, "-m", "bisect_deps", "run", str(file), "--python", lab.python]
    command += ["--json", str(report), "--no-progress", "--quiet"]
    command += ["--check", lab.check] if lab.check else []
    began = time.monotonic()
    note = ""
    try:
        subprocess.run(command, timeout=limit, capture_output=True, check=False, cwd=ROOT)
    except subprocess.TimeoutExpired:
        note = "out of time"
    seconds = time.monotonic() - began
    if not report.exists():
        return Found(set(), 0, seconds, note or "no report")
    told: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return Found(named_in(told), told["builds"], seconds, "+ verified fix" if told["fix"] else "")


def lines_of(file: Path) -> list[str]:
    text = [line.partition(" #")[0].strip() for line in file.read_text("utf-8").splitlines()]
    return [line for line in text if line and not line.startswith("#")]


def make_picire(work: Path) -> Path:
    """Install picire from the index into its own venv; it needs a setuptools of its day."""
    venv = work / "picire-venv"
    subprocess.run([UV, "venv", "-q", "--python", sys.executable, str(venv)], check=True)
    install = [UV, "pip", "install", "-q", "--python", str(venv / "bin" / "python")]
    subprocess.run([*install, "picire", "setuptools<70"], check=True)
    return venv / "bin" / "python"


def main() -> int:
    parser = argparse.ArgumentParser(description="depbisect beside other ways, on real files.")
    parser.add_argument("--folder", type=Path, default=ROOT.parent / "shared" / "corpus" / "dev")
    parser.add_argument("--only", action="append", help="part of a case's name; repeatable")
    parser.add_argument("--limit", type=float, default=300.0, help="seconds a method has per case")
    parser.add_argument("--judge", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.judge:
        return judge_for_picire(*options.judge)
    work = Path(tempfile.mkdtemp(prefix="peers-"))
    picire = make_picire(work)
    print(f"{'case':48} {'method':12} {'culprits':9} {'builds':>6} {'seconds':>8}")
    for name in CASES:
        if options.only and not any(part in name for part in options.only):
            continue
        case = tomllib.loads((options.folder / name / "case.toml").read_text(encoding="utf-8"))
        lines = lines_of(options.folder / name / "requirements.txt")
        truth = truth_of(case)
        lab = Lab(interpreters.find(case["python"]).path, case.get("check"), work / name)
        lab.work.mkdir()
        lab.failure(lines)
        methods: dict[str, Callable[[], Found]] = {
            "depbisect": lambda lab=lab, lines=lines: by_depbisect(lab, lines, options.limit),
            "picire": lambda lab=lab, lines=lines: by_picire(picire, lab, lines, options.limit),
            "QuickXplain": lambda lab=lab, lines=lines: by_script(
                by_quickxplain, lab, lines, options.limit
            ),
            "by hand": lambda lab=lab, lines=lines: by_script(by_hand, lab, lines, options.limit),
        }
        for method, find in methods.items():
            found = find()
            hit = f"{len(found.culprits & truth)}/{len(truth)}"
            wrong = len(found.culprits - truth)
            hit += f" +{wrong} ?" if wrong else ""
            cost = f"{found.builds:6} {found.seconds:8.1f}"
            print(f"{name:48} {method:12} {hit:9} {cost}  {found.note}", flush=True)
    shutil.rmtree(work, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
