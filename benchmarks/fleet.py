"""Builds and seconds of `depbisect fleet` against single runs, on generated or real files.

    python -m benchmarks.fleet [--files 60] [--jobs 1,2] [--builder local|slurm|buildbot] [--single]
    python -m benchmarks.fleet --corpus ../shared/corpus/dev [--limit 300] [--only 'flask*']

Prints, for each number of files at once: builds, seconds, good files. `--single` adds the sum of
single runs, each in a folder of its own. For slurm a one-node cluster is started, for buildbot a
master, with as many slots or workers as jobs. Of a corpus each file is installed for its own
Python, or all for `--python`, without its check; one whose single run takes more than `--limit`
seconds is left out.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from itertools import chain
from pathlib import Path

from benchmarks.corpus_truth import Case, read_case
from tests.support.buildbot import PASSWORD, USER, master
from tests.support.local_index import Fault, LocalIndex, Project
from tests.support.slurm import cluster

FAULTS = (Fault.HEADER, Fault.COMPILE)
CULPRITS, SOUND = 6, 24


def projects() -> list[Project]:
    """Return sound projects, and some whose older releases do not build."""
    found = [Project(f"sound{n}").release("1.0").release("2.0") for n in range(SOUND)]
    for number in range(CULPRITS):
        fault = FAULTS[number % len(FAULTS)]
        project = Project(f"broken{number}").release("1.0", fault=fault)
        found.append(project.release("1.1", fault=fault).release("2.0"))
    return found


def write_files(folder: Path, count: int) -> None:
    """Write files of ten lines; nine of ten hold one of the culprits, one of three a second."""
    chosen = random.Random(14)
    for number in range(count):
        names = [f"sound{n}==1.0" for n in chosen.sample(range(SOUND), 9)]
        if number % 10:
            names.append(f"broken{chosen.randrange(CULPRITS)}==1.0")
        if number % 3 == 1:
            names.append(f"broken{chosen.randrange(CULPRITS)}==1.0")
        path = folder / f"app{number:02}" / "requirements.txt"
        path.parent.mkdir(parents=True)
        path.write_text("".join(f"{name}\n" for name in dict.fromkeys(names)))


def depbisect(folder: Path, *arguments: str, limit: float | None = None) -> list[dict[str, object]]:
    """Run the command there; return what it wrote as JSON lines, nothing where it took too long."""
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    command = [sys.executable, "-m", "bisect_deps", *arguments, "--json", "-", "-q"]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE) as process:
        try:
            out, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            return []
    return [
        json.loads(line)
        for line in (out.splitlines() if "fleet" in arguments else [out])
        if line.strip()
    ]


def measure_corpus(cases: list[Case], work: Path, jobs: int, limit: float) -> None:
    """Print builds and seconds of single runs, and of one fleet a Python."""
    alone, together = [0.0, 0.0], [0.0, 0.0]
    left_out: list[str] = []
    pythons: set[str] = set()
    for case in cases:
        single = work / "single" / case.name
        shutil.copytree(case.folder, single, ignore=lambda *_: ["case.toml", "log.txt", "pip.log"])
        began = time.monotonic()
        reports = depbisect(single, "run", "requirements.txt", "--python", case.python, limit=limit)
        if not reports:
            left_out.append(case.name)
            continue
        pythons.add(case.python)
        alone[0] += int(str(reports[0]["builds"]))
        alone[1] += time.monotonic() - began
        shutil.copytree(single, work / case.python / case.name, ignore=lambda *_: [".depbisect"])
    for python in sorted(pythons):
        began = time.monotonic()
        files = ("fleet", "*/requirements.txt", "-j", str(jobs), "--python", python)
        rows = depbisect(work / python, *files)
        together[0] += sum(int(str(row["builds"])) for row in rows)
        together[1] += time.monotonic() - began
        known = sum(bool(row["known"]) for row in rows)
        print(f"Python {python}: {len(rows)} files, {known} with known releases", flush=True)
    print(f"single runs: {alone[0]:.0f} builds, {alone[1]:.0f} s; left out: {left_out or 'none'}")
    print(f"fleet -j {jobs}: {together[0]:.0f} builds, {together[1]:.0f} s")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=60)
    parser.add_argument("--jobs", default="1,2")
    parser.add_argument("--builder", default="local")
    parser.add_argument("--single", action="store_true")
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--python")
    parser.add_argument("--only", default="*")
    parser.add_argument("--limit", type=float, default=300.0)
    asked = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="fleet-"))
    if asked.corpus is not None:
        found = [asked.corpus.glob(f"{name}/case.toml") for name in asked.only.split(",")]
        cases = [read_case(path.parent) for path in sorted({*chain.from_iterable(found)})]
        if asked.python:
            cases = [replace(case, python=asked.python) for case in cases]
        measure_corpus(cases, work, int(asked.jobs.split(",")[0]), asked.limit)
        return
    index = LocalIndex(work / "index", *projects())
    options = ["--no-index", "--find-links", str(index.find_links), "--builder", asked.builder]
    if asked.single:
        write_files(work / "single", asked.files)
        began, builds = time.monotonic(), 0
        for path in sorted((work / "single").glob("*/requirements.txt")):
            [report] = depbisect(path.parent, "run", path.name, *options)
            builds += int(str(report["builds"]))
        print(f"single runs: {builds} builds, {time.monotonic() - began:.0f} s", flush=True)
    for turn, jobs in enumerate(asked.jobs.split(",")):
        folder = work / f"fleet{turn}-{jobs}"
        write_files(folder, asked.files)
        with contextlib.ExitStack() as stack:
            if asked.builder == "slurm":
                found = stack.enter_context(cluster(work / f"slurm{turn}", slots=int(jobs)))
                os.environ.update(found)
            more: list[str] = []
            if asked.builder == "buildbot":
                address = stack.enter_context(master(work / f"farm{turn}", workers=int(jobs)))
                os.environ.update(BUILDBOT_USER=USER, BUILDBOT_PASSWORD=PASSWORD)
                more = ["--buildbot-address", address]
            began = time.monotonic()
            rows = depbisect(folder, "fleet", "*/requirements.txt", "-j", jobs, *options, *more)
        seconds = time.monotonic() - began
        total = sum(int(str(row["builds"])) for row in rows)
        bad = [row for row in rows if row["verdict"] not in ("passes", "fixed")]
        good = len(rows) - len(bad)
        print(f"-j {jobs}: {total} builds, {seconds:.0f} s, {good} of {len(rows)} good", flush=True)
        for row in bad:
            print(f"  {row}", flush=True)


if __name__ == "__main__":
    main()
