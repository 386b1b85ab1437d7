"""Runs `depbisect run` on real failing files and judges its answers against the truth.

    python benchmarks/corpus.py [--only NAME] [--keep FOLDER] [--folder ../shared/corpus/dev]
    python benchmarks/corpus.py --cold --keep COLD      without any cache; --load 4: a busy machine
    python benchmarks/corpus.py --runs 2 --keep BOTH    twice, and whether both say the same
    python benchmarks/corpus.py --compare COLD WARM     whether two kept folders say the same

Each case is run as a user would: a copy of the files alone, the Python and the check of the case.
The fix is verified independently: a fresh environment, plain `uv pip install -r` and the check.
Seconds are put beside one failing install and one green install of the fixed file, taken in the
same run with a cache in the same state. Where an answer is not the expected one, each edit of its
fix is taken back alone: a check has several ways out, and one without needless edits is right. A
line for each case, then a table for faults at install time and at check time; `results.jsonl` in
the kept folder has all of it.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import math
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.corpus_compare import compare
from benchmarks.corpus_truth import Case, compared, read_case
from benchmarks.runs import (
    ROOT,
    Installed,
    busy_machine,
    cold_caches,
    depbisect,
    plain_install,
)
from bisect_deps.formats import open_manifest
from bisect_deps.model import Edit, EditAction
from bisect_deps.system import interpreters

# What a case's folder holds beside the user's files.
ABOUT_THE_CASE = ("case.toml", "log.txt", "pip.log")
WHOLE = ("whole", "subset", "version", "fix")


@dataclass(frozen=True)
class Result:
    """One case, judged. Names are normalised.

    `verified` says whether the fix passes a plain install, None without one; `machine_lacks` that
    there can be none, since a system library is missing. `unaccused` are lines that the fix changes
    though no culprit names them; `unneeded` are edits that can be taken back, None where nobody
    asked. `plain` are the seconds of one failing and one green install, or
    of one install of a file that passes; None where there was no fix to install.
    """

    name: str
    expected: str
    stage: str
    verdict: str
    exit_code: int | None
    truth: tuple[str, ...]
    named: tuple[str, ...]
    missed: tuple[str, ...]
    innocent: tuple[str, ...]
    unaccused: tuple[str, ...]
    unneeded: tuple[str, ...] | None
    verified: bool | None
    machine_lacks: bool
    builds: int
    whole: int
    seconds: float
    seconds_to_fix: float | None
    plain: float | None

    @property
    def to_the_fix(self) -> float | None:
        """Return the time until the fix was proven, as a multiple of the plain installs."""
        return self.seconds_to_fix / self.plain if self.seconds_to_fix and self.plain else None

    @property
    def to_the_end(self) -> float | None:
        """Return the time of the whole run, as a multiple of the plain installs."""
        return self.seconds / self.plain if self.plain else None


def main() -> None:
    """Run the corpus as asked and print what came out."""
    options = _options()
    if options.compare:
        raise SystemExit(1 if compare(*options.compare) else 0)
    work = (options.keep or Path(tempfile.mkdtemp(prefix="corpus-"))).absolute()
    folders = sorted(path.parent for path in options.folder.glob("*/case.toml"))
    parts = options.only or [""]
    cases = [read_case(folder) for folder in folders if any(part in folder.name for part in parts)]
    places = [work / f"run-{number + 1}" for number in range(options.runs)]
    if options.runs == 1:
        places = [work]
    with busy_machine(options.load):
        for place in places:
            summarise(list(_run_all(cases, place, options)))
    different = [name for place in places[1:] for name in compare(places[0], place)]
    raise SystemExit(1 if different else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Judge `depbisect run` on real failing files.")
    parser.add_argument("--folder", type=Path, default=ROOT.parent / "shared" / "corpus" / "dev")
    parser.add_argument("--only", action="append", help="part of a case's name; repeatable")
    parser.add_argument("--keep", type=Path, help="keep reports, outputs and results.jsonl here")
    parser.add_argument("--runs", type=int, default=1, help="how often; all must say the same (1)")
    parser.add_argument("--cold", action="store_true", help="start each case without any cache")
    parser.add_argument("--load", type=int, default=0, help="busy loops beside it (0)")
    parser.add_argument("--limit", type=float, default=600.0, help="seconds for one run (600)")
    parser.add_argument(
        "--prove-minimal",
        action="store_true",
        help="take each edit of a fix back alone, also where the answer is the expected one",
    )
    parser.add_argument(
        "--compare", type=Path, nargs=2, metavar="FOLDER", help="only compare two kept folders"
    )
    parser.add_argument("extra", nargs="*", help="more options for `depbisect run`, after --")
    options: argparse.Namespace = parser.parse_args()
    return options


def _run_all(cases: Sequence[Case], work: Path, options: argparse.Namespace) -> Iterator[Result]:
    work.mkdir(parents=True, exist_ok=True)
    with (work / "results.jsonl").open("w", encoding="utf-8") as kept:
        for case in cases:
            result = run_case(case, work / case.name, options)
            show(result)
            print(json.dumps(dataclasses.asdict(result)), file=kept, flush=True)
            yield result


# -- one case


def run_case(case: Case, work: Path, options: argparse.Namespace) -> Result:
    """Run one case between a failing install and an install of its fix, and judge the answer."""
    shutil.rmtree(work, ignore_errors=True)
    project, fixed = work / "project", work / "fixed"
    shutil.copytree(case.folder, project, ignore=shutil.ignore_patterns(*ABOUT_THE_CASE))
    file = project / "requirements.txt"
    python = interpreters.find(case.python).path
    with _caches(work, options.cold) as (for_plain, for_run):

        def plain(file: Path) -> Installed:
            return plain_install(python, file, case.checks, work / "venv", environment=for_plain)

        first = plain(file)
        arguments = [file.name, "--python", python, "-o", f"{fixed}/", *options.extra]
        for check in case.checks:
            arguments += ["--check", check]
        run = depbisect(arguments, project, work, environment=for_run, limit=options.limit)
        fix = plain(fixed / file.name) if (fixed / file.name).exists() else None
        unneeded = None
        judged = compared(case, run.report, None)
        is_doubted = options.prove_minimal or judged.missed or judged.innocent
        if is_doubted and fix is not None and fix.passed:
            unneeded = tuple(_unneeded(file, run.report, work / "less", plain))
            judged = compared(case, run.report, unneeded)
    shutil.rmtree(work / "venv", ignore_errors=True)
    verified = fix.passed if fix else None
    is_over = run.exit_code is None
    return Result(
        name=case.name,
        expected=case.expected,
        stage=case.stage,
        verdict="over the limit" if is_over else run.report["verdict"],
        exit_code=run.exit_code,
        truth=tuple(sorted(case.truth)),
        named=judged.named,
        missed=judged.missed,
        innocent=judged.innocent,
        unaccused=judged.unaccused,
        unneeded=unneeded,
        verified=verified,
        machine_lacks=judged.machine_lacks and run.exit_code == 1,
        builds=run.report.get("builds", 0),
        whole=sum(probe["kind"] in WHOLE for probe in run.report["probes"]),
        seconds=round(run.seconds, 2),
        seconds_to_fix=_seconds_to_fix(run.report, run.seconds) if verified else None,
        plain=_plain_seconds(case, first, fix),
    )


@contextlib.contextmanager
def _caches(work: Path, cold: bool) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """Yield the variables for plain installs and for our run: the user's caches, or none yet."""
    if not cold:
        yield {}, {}
        return
    folder = work / "caches"
    yield cold_caches(folder / "plain"), cold_caches(folder / "run")
    shutil.rmtree(folder, ignore_errors=True)


def _seconds_to_fix(report: Any, whole: float) -> float:
    """Return when the fix was proven; reports without that word say it at the end."""
    told = report.get("seconds_to_fix")
    return round(whole if told is None else float(told), 2)


def _plain_seconds(case: Case, first: Installed, fix: Installed | None) -> float | None:
    if case.expected == "green":
        return round(first.seconds, 2)
    return round(first.seconds + fix.seconds, 2) if fix and fix.passed else None


def _unneeded(
    file: Path, report: Any, folder: Path, plain: Callable[[Path], Installed]
) -> Iterator[str]:
    """Yield the edits of a fix without which a plain install and the check pass all the same."""
    manifest = open_manifest(file)
    edits = [
        Edit(EditAction(edit["action"]), edit["name"], edit["number"], edit["to"])
        for edit in report["fix"]["candidate"]
    ]
    for edit in edits:
        shutil.rmtree(folder, ignore_errors=True)
        for name, data in manifest.render([other for other in edits if other is not edit]).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        if plain(folder / file.name).passed:
            yield f"{edit.name}{edit.to or ''}"
    shutil.rmtree(folder, ignore_errors=True)


# -- what is printed


def show(result: Result) -> None:
    """Print one case on a line, and what is wrong with the answer below it."""
    fix = {True: "yes", False: "NO", None: "none"}[result.verified]
    if result.machine_lacks:
        fix = "n/a"
    print(
        f"{result.name:52} {result.stage or 'passes':8} {result.verdict:12} fix {fix:4} "
        f"builds {result.builds:3} {result.seconds:6.1f} s  "
        f"fix x{_number(result.to_the_fix)}  end x{_number(result.to_the_end)}",
        flush=True,
    )
    wrong = {
        "missed": result.missed,
        "innocent": result.innocent,
        "changed, and named by no culprit": result.unaccused,
        "not needed in the fix": result.unneeded,
    }
    for label, names in wrong.items():
        if names:
            print(f"    {label}: {', '.join(names)}", flush=True)


def summarise(results: Sequence[Result]) -> None:
    """Print a table of the failing files by the stage of the fault, and a line on the green."""
    red = [result for result in results if result.expected == "red"]
    columns = {
        "at install": [result for result in red if result.stage == "install"],
        "at check": [result for result in red if result.stage == "check"],
        "all": red,
    }
    columns = {heading: found for heading, found in columns.items() if found}
    if columns:
        print("".join([f"{'':38}", *(f"{heading:>16}" for heading in columns)]))
    for label, cell in ROWS.items():
        if columns:
            print("".join([f"{label:38}", *(f"{cell(found):>16}" for found in columns.values())]))
    green = [result for result in results if result.expected == "green"]
    if green:
        passing = sum(result.verdict == "passes" for result in green)
        ratios = [result.to_the_end for result in green if result.to_the_end]
        print(
            f"green files reported as passing: {passing} of {len(green)}; "
            f"time x{_number(statistics.median(ratios) if ratios else None)} of a plain install"
        )


def _share(found: Sequence[Result], holds: Callable[[Result], bool]) -> str:
    count = sum(holds(result) for result in found)
    return f"{count}/{len(found)} {count / len(found):4.0%}" if found else "-"


def _can_be_fixed(found: Sequence[Result]) -> list[Result]:
    return [result for result in found if not result.machine_lacks]


def _culprits(found: Sequence[Result]) -> str:
    named = sum(len(result.truth) - len(result.missed) for result in found)
    return f"{named}/{sum(len(result.truth) for result in found)}"


def _minimal(found: Sequence[Result]) -> str:
    asked = [result for result in found if result.unneeded is not None]
    return _share(asked, lambda result: not result.unneeded)


def _spread(found: Sequence[Result], value: Callable[[Result], float | None]) -> str:
    """Return median and 90th percentile (nearest rank)."""
    values = sorted(number for result in found if (number := value(result)) is not None)
    if not values:
        return "-"
    ninetieth = values[math.ceil(0.9 * len(values)) - 1]
    return f"{_number(statistics.median(values))} / {_number(ninetieth)}"


def _number(value: float | None) -> str:
    return "   -" if value is None else f"{value:4.1f}"


ROWS: dict[str, Callable[[Sequence[Result]], str]] = {
    "failing files": lambda found: str(len(found)),
    "the machine lacks something": lambda found: str(len(found) - len(_can_be_fixed(found))),
    "fix verified, of the others": lambda found: _share(
        _can_be_fixed(found), lambda result: result.verified is True
    ),
    "every edit needed, where asked": _minimal,
    "everything named": lambda found: _share(found, lambda result: not result.missed),
    "culprits named": _culprits,
    "files with an innocent named": lambda found: str(sum(bool(row.innocent) for row in found)),
    "files with an unaccused line changed": lambda found: str(
        sum(bool(row.unaccused) for row in found)
    ),
    "builds, median / p90": lambda found: _spread(found, lambda result: result.builds),
    "whole builds": lambda found: _spread(found, lambda result: result.whole),
    "seconds to the fix": lambda found: _spread(found, lambda result: result.seconds_to_fix),
    "seconds to the end": lambda found: _spread(found, lambda result: result.seconds),
    "ratio to the fix": lambda found: _spread(found, lambda result: result.to_the_fix),
    "ratio to the end": lambda found: _spread(found, lambda result: result.to_the_end),
}


if __name__ == "__main__":
    main()
