"""Reads the small logs that were once read wrongly, and judges each answer.

    python benchmarks/log_cases.py [--folder ../shared/cases] [--only ID]

Each case of `logs.toml` holds a log, the requirements that were given with it, and under `right`
what the answer has to say. A line for each says whether it does; the exit code is 1
where one does not.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from packaging.utils import canonicalize_name

from benchmarks.runs import ROOT
from bisect_deps.diagnosis import diagnose
from bisect_deps.model import Diagnosis
from bisect_deps.reports.diagnosis import to_json, to_text

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Said = dict[str, Any]


def main() -> int:
    """Read the cases that were asked for, print a line for each, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT.parent / "shared" / "cases")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    cases = tomllib.loads((options.folder / "logs.toml").read_text("utf-8"))["case"]
    chosen = [case for case in cases if options.only in case["id"]]
    wrong = 0
    for case in chosen:
        faults = judge(case)
        wrong += bool(faults)
        print(f"{'wrong' if faults else 'right':6} {case['id']:24} {'; '.join(faults)}")
    print(f"{len(chosen) - wrong} of {len(chosen)} right")
    return 1 if wrong else 0


def judge(case: Said) -> list[str]:
    """Return what is wrong with the answer to a case, nothing where it is right."""
    found = diagnose(case["log"], requirements=case.get("requirements", []))
    said = to_json(found)
    faults = []
    for key, wanted in case["right"].items():
        got = _JUDGES[key](said, found)
        good = wanted in got if key in _WITHIN else got == wanted
        if key == "suspects_named":
            good = set(wanted) <= set(got)
        if not good:
            faults.append(f"{key}: {str(got)[:200]!r}, not {wanted!r}")
    return faults


_WITHIN = ("advice_has", "says")


def _first(said: Said, key: str) -> Any:
    return said["suspects"][0][key] if said["suspects"] else None


def _advice(said: Said, found: Diagnosis) -> str:
    return " ".join([*(suspect["advice"] for suspect in said["suspects"]), *said["notes"]])


def _name(said: Said, found: Diagnosis) -> str | None:
    """Return the first suspect, in the spelling of the log: what failed where that differs."""
    first = next(iter(found.suspects), None)
    if first is None:
        return None
    failing = re.split(r"[=<>~! ]", str(first.failing or ""), maxsplit=1)[0]
    return failing or first.name


_JUDGES: dict[str, Callable[[Said, Diagnosis], Any]] = {
    "outcome": lambda said, found: said["outcome"],
    "cause": lambda said, found: said["cause"],
    "phase": lambda said, found: said["phase"],
    "infrastructure": lambda said, found: said["infrastructure"],
    "suspects": lambda said, found: len(said["suspects"]),
    "requirement": lambda said, found: _first(said, "requirement"),
    "suspects_named": lambda said, found: [
        canonicalize_name(suspect["name"]) for suspect in said["suspects"]
    ],
    "name": _name,
    "advice_has": _advice,
    "says": lambda said, found: "\n".join(to_text(found, log="-")),
}


if __name__ == "__main__":
    raise SystemExit(main())
