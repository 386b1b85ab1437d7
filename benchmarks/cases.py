"""Runs `depbisect run` on small inputs that once went wrong, and judges each answer.

    python benchmarks/cases.py [--only ID] [--keep FOLDER] [--folder ../shared/cases] [--limit 600]

Each case of `run.toml` is run as a user would, in a copy of its files, in all its variants (warm
and cold caches, orders of lines, indexes). A line for each says whether the answer is right, or
what is wrong with it, and what was said. A fix counts where a plain install and the check pass.
The series beside a flaky release has a length, a share of failures and kinds of them:

    python benchmarks/cases.py --only flaky-beside-a-culprit --flaky-runs 60 --flaky-share 0.05
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.case_judges import (
    Answer,
    Flaky,
    enough_right,
    judge,
    judge_flaky,
    same_fix,
)
from benchmarks.case_scenes import (
    CULPRIT,
    FLAKY,
    FLAKY_KINDS,
    Case,
    Setting,
    answers,
    read_case,
)
from benchmarks.runs import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SERIES = "flaky-beside-a-culprit"
SAME_IN_ALL_VARIANTS = ("clock-innocent", "clock-django", "clock-aiohttp")


@dataclass(frozen=True)
class Row:
    """One answer, judged: nothing in `wrong` is right. `first` is the report's first sentence."""

    case: str
    variant: str
    wrong: tuple[str, ...]
    verdict: str
    exit_code: int | None
    builds: int
    seconds: float
    seconds_to_fix: float | None
    said: str
    first: str


def main() -> None:
    """Run the cases that were asked for and print the table."""
    options = _options()
    work = options.keep or Path(tempfile.mkdtemp(prefix="cases-"))
    setting = Setting(
        work.absolute(),
        options.limit,
        tuple(options.extra),
        options.flaky_runs,
        options.flaky_share,
        tuple(options.flaky_kind or ()),
    )
    tables = tomllib.loads((options.folder / "run.toml").read_text(encoding="utf-8"))["case"]
    cases = [read_case(table) for table in tables]
    known = {case.id for case in cases}
    if unknown := set(options.only or ()) - known:
        raise SystemExit(f"no such case: {', '.join(sorted(unknown))}")
    asked = [case for case in cases if not options.only or case.id in options.only]
    work.mkdir(parents=True, exist_ok=True)
    right = 0
    with (work / "cases.jsonl").open("w", encoding="utf-8") as kept:
        for case in asked:
            rows = list(_judged(case, setting))
            right += not any(row.wrong for row in rows)
            for row in rows:
                print(json.dumps(dataclasses.asdict(row)), file=kept, flush=True)
    print(f"{right} of {len(asked)} right")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Judge `depbisect run` on small known inputs.")
    parser.add_argument("--folder", type=Path, default=ROOT.parent / "shared" / "cases")
    parser.add_argument("--only", action="append", metavar="ID", help="a case; repeatable")
    parser.add_argument("--keep", type=Path, help="keep reports, outputs and cases.jsonl here")
    parser.add_argument("--limit", type=float, default=600.0, help="seconds for one run (600)")
    parser.add_argument("--flaky-runs", type=int, default=30, help="length of the series (30)")
    parser.add_argument("--flaky-share", type=float, default=0.2, help="share that fails (0.2)")
    parser.add_argument(
        "--flaky-kind",
        action="append",
        choices=FLAKY_KINDS,
        help="how the flaky release fails; repeatable (all, in turn)",
    )
    parser.add_argument("extra", nargs="*", help="more options for `depbisect run`, after --")
    options: argparse.Namespace = parser.parse_args()
    return options


def _judged(case: Case, setting: Setting) -> Iterator[Row]:
    """Yield a row for each variant of a case, and one for what all together show; print them."""
    judged = _series if case.id == SERIES else _variants
    for row in judged(case, setting):
        print(_line(row), flush=True)
        yield row


def _variants(case: Case, setting: Setting) -> Iterator[Row]:
    seen = []
    for answer in answers(case, setting):
        seen.append(answer)
        yield _row(case, answer, judge(case.id, answer))
    if case.id in SAME_IN_ALL_VARIANTS and (wrong := list(same_fix(seen))):
        yield dataclasses.replace(_row(case, seen[0], wrong), variant="all")


def _series(case: Case, setting: Setting) -> Iterator[Row]:
    found: list[tuple[str, Flaky]] = []
    costs: list[tuple[int, float]] = []
    reasons = []
    for answer in answers(case, setting):
        how, why = judge_flaky(answer, CULPRIT, FLAKY)
        kind, _, number = answer.variant.partition(" ")
        found.append((kind, how))
        costs.append((answer.builds, answer.run.seconds))
        if how is Flaky.WRONG:
            reasons.append(f"{kind} {number}: {why}")
    wrong = [*enough_right([how for _, how in found], setting.flaky_share), *reasons]
    counts = [
        f"{kind}: " + ", ".join(f"{found.count((kind, how))} {how.value}" for how in Flaky)
        for kind in dict.fromkeys(kind for kind, _ in found)
    ]
    yield Row(
        case=case.id,
        variant=f"{len(found)} runs, {setting.flaky_share:.0%}",
        wrong=tuple(wrong),
        verdict="",
        exit_code=None,
        builds=round(statistics.median(builds for builds, _ in costs)),
        seconds=sum(seconds for _, seconds in costs),
        seconds_to_fix=None,
        said="; ".join(counts),
        first="",
    )


def _row(case: Case, answer: Answer, wrong: Sequence[str]) -> Row:
    return Row(
        case=case.id,
        variant=answer.variant,
        wrong=tuple(wrong),
        verdict=answer.report["verdict"],
        exit_code=answer.run.exit_code,
        builds=answer.builds,
        seconds=round(answer.run.seconds, 1),
        seconds_to_fix=answer.report.get("seconds_to_fix"),
        said=_said(answer),
        first=_first(answer),
    )


def _said(answer: Answer) -> str:
    """Return culprits and fix in one line."""
    culprits = [
        " + ".join(_release(member) for member in culprit["requirements"])
        for culprit in answer.report["culprits"]
    ]
    edits = [_edit(edit) for edit in answer.edits]
    return f"{'; '.join(culprits) or 'no culprit'} | fix: {'; '.join(edits) or 'none'}"


def _release(member: dict[str, Any]) -> str:
    return f"{member['name']} {member['version'] or ''}".strip()


def _edit(edit: Any) -> str:
    to = edit["to"] or ""
    if edit["action"] == "drop":
        return f"without {edit['name']}"
    return to if to.startswith(edit["name"]) else f"{edit['name']}{to}"


def _first(answer: Answer) -> str:
    """Return the first sentence of the verdict, or of the error where there is none."""
    for text in (answer.report.get("headline"), answer.run.out, answer.run.err):
        if lines := (text or "").strip().splitlines():
            return str(lines[0])
    return ""


def _line(row: Row) -> str:
    title = f"{row.case} ({row.variant})" if row.variant else row.case
    head = f"{title:46} {'WRONG' if row.wrong else 'right'} "
    head += f"{row.verdict:12} builds {row.builds:3} {row.seconds:6.1f} s  {row.said}"
    return "\n".join([head, *(f"    {reason}" for reason in row.wrong[:6])])


if __name__ == "__main__":
    main()
