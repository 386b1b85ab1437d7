"""Compares the answers in two folders of kept results: same fixes to the byte, same culprits?

Reads what `benchmarks/corpus.py --keep` leaves. Whether a run was cold, warm or under load must
make no difference.
"""

from __future__ import annotations

import json
from pathlib import Path


def compare(first: Path, second: Path) -> list[str]:
    """Print how the cases of two folders differ, and return the names of those that do."""
    names = [_cases(folder) for folder in (first, second)]
    different = []
    for name in sorted(names[0] & names[1]):
        if reasons := _differences(first / name, second / name):
            different.append(name)
            print(f"{name}: {'; '.join(reasons)}")
    for name in sorted(names[0] ^ names[1]):
        print(f"{name}: in one of the folders only")
    both = len(names[0] & names[1])
    print(f"{both - len(different)} of {both} alike: {first} and {second}")
    return different


def _cases(folder: Path) -> set[str]:
    if not folder.is_dir():
        raise SystemExit(f"no such folder: {folder}")
    return {path.parent.name for path in folder.glob("*/err.txt")}


def _differences(first: Path, second: Path) -> list[str]:
    found = []
    if _fix(first) != _fix(second):
        found.append("another fix")
    (verdict, culprits), (other_verdict, other_culprits) = _verdict(first), _verdict(second)
    if verdict != other_verdict:
        found.append(f"{verdict} and {other_verdict}")
    if culprits != other_culprits:
        lost, new = culprits - other_culprits, other_culprits - culprits
        found.append(f"culprits {_said(lost)} and {_said(new)}")
    return found


def _fix(folder: Path) -> dict[str, bytes]:
    fixed = folder / "fixed"
    paths = [path for path in fixed.rglob("*") if path.is_file()]
    return {str(path.relative_to(fixed)): path.read_bytes() for path in paths}


def _verdict(folder: Path) -> tuple[str, set[str]]:
    """Return the verdict and each culprit as `name version + name version`."""
    try:
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return "no report", set()
    culprits = {
        " + ".join(
            sorted(f"{member['name']} {member['version']}" for member in culprit["requirements"])
        )
        for culprit in report["culprits"]
    }
    return report["verdict"], culprits


def _said(culprits: set[str]) -> str:
    return ", ".join(sorted(culprits)) or "none"
