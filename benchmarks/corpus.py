"""Runs `depbisect run` on real failing files and judges its answers against the truth.

    python benchmarks/corpus.py [--only NAME] [--keep FOLDER] [--folder ../shared/corpus/dev]

Each case is run as a user would: a copy of the file alone, the Python and the check of the case.
The fix is verified independently: a fresh environment, plain `uv pip install -r` and the check.
Seconds are put beside one failing install and one green install of the fixed file, taken in the
same run with the same cache.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bisect_deps import interpreters  # noqa: E402

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

WHOLE = ("whole", "subset", "version", "fix")


@dataclass
class Result:
    name: str
    expected: str
    verdict: str
    exit_code: int
    truth: set[str]
    named: set[str]
    innocent: set[str]
    verified: bool | None
    builds: int
    whole: int
    seconds: float
    baseline: float

    @property
    def missed(self) -> set[str]:
        return self.truth - self.named

    @property
    def ratio(self) -> float:
        return self.seconds / self.baseline if self.baseline else 0.0


def name_of(line: str) -> str:
    try:
        return str(canonicalize_name(Requirement(line).name))
    except InvalidRequirement:
        return str(canonicalize_name(line.partition("==")[0].strip()))


def truth_of(case: dict[str, Any]) -> set[str]:
    lines = [*case["single_culprits"], *case["transitive_culprits"]]
    names = {name_of(line) for line in lines}
    for group in case["conflict_sets"]:
        names |= {name_of(line) for line in group}
    return names


def accepted_of(case: dict[str, Any]) -> set[str]:
    """Return what may be named besides the truth: ends of a chain, lines that were not judged."""
    names = {name_of(line) for each in case.get("transitive", []) for line in each["via"]}
    return names | {name_of(line) for line in case.get("not_judged", [])}


def named_in(report: dict[str, Any]) -> set[str]:
    return {
        str(canonicalize_name(member["name"]))
        for culprit in report["culprits"]
        for member in culprit["requirements"]
    }


def install(python: str, file: Path, check: str | None, work: Path) -> tuple[bool, float]:
    """Install a file into a fresh environment and run the check; return success and seconds."""
    uv = interpreters.find_uv() or "uv"
    began = time.monotonic()
    venv = work / "venv"
    shutil.rmtree(venv, ignore_errors=True)
    steps = [
        f"{uv} venv -q --python {python} {venv}",
        f"{uv} pip install -q --python {venv}/bin/python -r {file}",
    ]
    if check:
        steps.append(f'export PATH="{venv}/bin:$PATH" VIRTUAL_ENV="{venv}"; {check}')
    passed = True
    for step in steps:
        done = subprocess.run(step, shell=True, capture_output=True, cwd=work, check=False)
        passed = done.returncode == 0
        if not passed:
            break
    return passed, time.monotonic() - began


def run_case(folder: Path, work: Path, extra: list[str]) -> Result:
    case = tomllib.loads((folder / "case.toml").read_text(encoding="utf-8"))
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    file, fixed = work / "requirements.txt", work / "fixed.txt"
    file.write_bytes((folder / "requirements.txt").read_bytes())
    python = interpreters.find(case["python"]).path
    check = case.get("check")
    _, failing = install(python, file, check, work)

    command = [sys.executable, "-m", "bisect_deps", "run", str(file), "--python", python]
    command += ["--json", str(work / "report.json"), "-o", str(fixed), "--no-progress", *extra]
    if check:
        command += ["--check", check]
    began = time.monotonic()
    with (work / "out.txt").open("wb") as out:
        done = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, cwd=ROOT, check=False)
    seconds = time.monotonic() - began
    try:
        report = json.loads((work / "report.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        report = {"verdict": "crash", "culprits": [], "probes": [], "builds": 0}

    verified, green = install(python, fixed, check, work) if fixed.exists() else (None, 0.0)
    truth, named = truth_of(case), named_in(report)
    return Result(
        name=folder.name,
        expected=case["expected"],
        verdict=report["verdict"],
        exit_code=done.returncode,
        truth=truth,
        named=named,
        innocent=named - truth - accepted_of(case),
        verified=verified,
        builds=report["builds"],
        whole=sum(probe["kind"] in WHOLE for probe in report["probes"]),
        seconds=seconds,
        baseline=failing + green,
    )


def show(result: Result) -> None:
    fix = {True: "yes", False: "NO", None: "-"}[result.verified]
    print(
        f"{result.name:52} {result.expected:5} {result.verdict:12} fix {fix:3} "
        f"builds {result.builds:3} whole {result.whole:3} "
        f"{result.seconds:6.1f} s  x{result.ratio:4.1f}",
        flush=True,
    )
    for label, names in (("missed", result.missed), ("innocent", result.innocent)):
        if names:
            print(f"    {label}: {', '.join(sorted(names))}", flush=True)


def summarise(results: list[Result]) -> None:
    red = [each for each in results if each.expected == "red"]
    green = [each for each in results if each.expected == "green"]
    if red:
        verified = sum(each.verified is True for each in red)
        complete = sum(not each.missed for each in red)
        culprits = sum(len(each.truth) for each in red)
        found = sum(len(each.truth & each.named) for each in red)
        print(f"failing cases: {len(red)}")
        print(f"  fix verified: {verified}/{len(red)} = {verified / len(red):.0%}")
        print(f"  all culprits named: {complete}/{len(red)} = {complete / len(red):.0%}")
        print(f"  culprits named: {found}/{culprits}")
        print(f"  cases with an innocent named: {sum(bool(each.innocent) for each in red)}")
        print(f"  median builds: {statistics.median(each.builds for each in red)}")
        print(f"  median whole builds: {statistics.median(each.whole for each in red)}")
        print(f"  median seconds: {statistics.median(each.seconds for each in red):.1f}")
        print(f"  median time ratio: {statistics.median(each.ratio for each in red):.2f}")
    if green:
        passing = sum(each.verdict == "passes" for each in green)
        print(f"green cases reported as passing: {passing}/{len(green)}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Judge `depbisect run` on real failing files.")
    parser.add_argument("--folder", type=Path, default=ROOT.parent / "shared" / "corpus" / "dev")
    parser.add_argument("--only", action="append", help="part of a case's name; repeatable")
    parser.add_argument("--keep", type=Path, help="keep reports and outputs here")
    parser.add_argument("extra", nargs="*", help="more options for `depbisect run`, after --")
    options = parser.parse_args()
    work = options.keep or Path(tempfile.mkdtemp(prefix="corpus-"))
    results = []
    for folder in sorted(
        path for path in options.folder.iterdir() if (path / "case.toml").exists()
    ):
        if options.only and not any(part in folder.name for part in options.only):
            continue
        results.append(run_case(folder, work / folder.name, options.extra))
        show(results[-1])
    summarise(results)


if __name__ == "__main__":
    main()
