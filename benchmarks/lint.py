"""What the pin lint finds and how long it takes, beside pinlint and a hadolint-like check.

Usage, from the project root: python -m benchmarks.lint [--pinlint PROGRAM]

Prints (a) what each finds in a sample of 22 requirement lines with one known fault each, (b)
seconds for 10,000 requirements in 200 files, (c) what 10,000 findings cost beside none, (d) the
start-up on one small file. Every program runs as a process of its own. `--pinlint` is the program
of pinlint 0.6.1, in an environment of its own. Start-up is only fair where the byte code is
compiled: name an installed copy in PYTHONPATH.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMIT = "1f0c3b8a5f7d2e4c6b8a9d0e1f2a3b4c5d6e7f80"
HASH = "--hash=sha256:" + "0" * 64

# The fault of a line, the line, the codes of ours and of pinlint that name it. None: no fault, and
# nothing may be said. pinlint's code is what it has for that fault, whatever else it says.
SAMPLE: tuple[tuple[str, str, str | None, str | None], ...] = (
    ("no version", "flask", "DB101", "unpinned"),
    ("range", "requests>=2.0", "DB102", "unpinned"),
    ("wildcard", "numpy==1.*", "DB103", "unpinned"),
    ("compatible release", "pandas~=2.1", "DB104", "unpinned"),
    ("arbitrary equality", "six===1.16.0", "DB105", "-"),
    ("unsatisfiable", "tqdm==4.66,>=5", "DB107", "-"),
    ("pre-release", "black==24.1b1", "DB108", "-"),
    ("branch", "tool @ git+https://git.example/t@main", "DB201", "unpinnable"),
    ("full commit: fine", f"fine @ git+https://git.example/f@{COMMIT}", None, None),
    ("short commit", "short @ git+https://git.example/s@1f0c3b8", "DB202", "-"),
    ("archive of a branch", "arch @ https://git.example/a/archive/main.zip", "DB203", "-"),
    ("URL without a hash", "https://files.example/w-1.0-py3-none-any.whl", "DB204", "-"),
    ("local path", "./vendor/local-1.0.tar.gz", "DB205", "-"),
    ("absolute path", "certifi @ file:///croot/certifi_16/work/certifi", "DB206", "-"),
    ("egg with extra", "git+https://git.example/e@v1#egg=e[x]", "DB207", "-"),
    ("duplicate", "six===1.16.0", "DB401", "duplicate"),
    ("contradiction", "black==23.1.0", "DB402", "duplicate"),
    ("single equals sign", "attrs=23.1", "DB406", "parse-error"),
    ("ignored option", "idna==3.7 --pre", "DB407", "-"),
    ("swallowed line", "rich==13.0  # note \\\nlost==1.0", "DB408", "-"),
    ("hidden separator", "# note\x0cevil==1.0", "DB409", "-"),
    ("marker: fine", 'tomli==2.0.1 ; python_version < "3.11"', None, None),
)
# What a line would install where nothing ties it down, seen the way hadolint's DL3013 looks at the
# words of a `pip install` command.
_PINNED_WORD = re.compile(r"==|===|@|^-|://|\.(?:whl|zip|tar\.gz)$|^\.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pinlint", help="the program of pinlint 0.6.1")
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        show_sample(folder, options.pinlint)
        show_speed(folder / "large", options.pinlint, min(options.runs, 5))
        show_findings(folder, options.runs)
        show_startup(folder, options.runs)


def show_sample(folder: Path, pinlint: str | None) -> None:
    starts, lines = [], []
    for _, text, _, _ in SAMPLE:
        starts.append(len(lines) + 1)
        lines += re.split(r"[\n\f]", text)
    (folder / "requirements.txt").write_text("\n".join(text for _, text, _, _ in SAMPLE) + "\n")
    ours = found_by_ours(folder)
    theirs = found_by_pinlint(folder, pinlint) if pinlint else None
    names = ["ours", "hadolint-like"] + (["pinlint"] if theirs is not None else [])
    print(f"{'fault':22}" + "".join(f"{name:>18}" for name in names))
    right = dict.fromkeys(names, 0)
    for number, (fault, text, our_code, their_code) in enumerate(SAMPLE):
        first, last = starts[number], starts[number] + len(re.findall(r"[\n\f]", text))
        cells = {
            "ours": judged(ours, first, last, our_code),
            "hadolint-like": judged_words(text, our_code),
        }
        if theirs is not None:
            cells["pinlint"] = judged(theirs, first, last, their_code)
        for name, cell in cells.items():
            right[name] += cell.startswith("+")
        print(f"{fault:22}" + "".join(f"{cells[name]:>18}" for name in names))
    print(f"{'right of 22':22}" + "".join(f"{right[name]:>18}" for name in names))
    print("+ the fault is named (or nothing is said where none is), ~ something else, - silence")


def judged(found: dict[int, set[str]], first: int, last: int, wanted: str | None) -> str:
    said = set().union(*(found.get(line, set()) for line in range(first, last + 1)))
    if wanted is None:
        return "+" if not said else f"~ {min(said)}"
    if wanted in said:
        return f"+ {wanted}"
    return f"~ {min(said)}" if said else "-"


def judged_words(text: str, wanted: str | None) -> str:
    is_said = not _PINNED_WORD.search(text)
    if wanted is None:
        return "~ DL3013" if is_said else "+"
    return (
        "-"
        if not is_said
        else ("+ DL3013" if wanted in ("DB101", "DB102", "DB104") else "~ DL3013")
    )


def found_by_ours(folder: Path) -> dict[int, set[str]]:
    command = [*OURS, "requirements.txt", "--output-format", "json", "--isolated"]
    answer = run(command, folder)
    found: dict[int, set[str]] = {}
    for finding in json.loads(answer)["findings"]:
        found.setdefault(finding["line"], set()).add(finding["code"])
    return found


def found_by_pinlint(folder: Path, program: str) -> dict[int, set[str]]:
    answer = run([program, "--no-hashes", "--format", "json", "requirements.txt"], folder)
    found: dict[int, set[str]] = {}
    for finding in json.loads(answer):
        own = finding.get("finding", finding)
        found.setdefault(own["line"], set()).add(own["code"])
    return found


def show_speed(folder: Path, pinlint: str | None, runs: int) -> None:
    files = write_large(folder)
    commands = {"ours, off-line": [*OURS, "--isolated", "requirements"]}
    if pinlint:
        commands["pinlint, no hashes"] = [pinlint, "--no-hashes", *files]
    commands["import packaging, click"] = [sys.executable, "-c", "import packaging, click"]
    print("\n10,000 requirements in 200 files with includes: seconds (cpu median, wall median)")
    for name, command in commands.items():
        cpu, wall = timed(command, folder, runs)
        print(f"{name:26}{cpu:8.3f}{wall:8.3f}")


def write_large(folder: Path) -> list[str]:
    """Write 200 files of 50 requirements: every fourth includes its neighbour, every tenth pins."""
    chance = random.Random(1)
    (folder / "requirements").mkdir(parents=True)
    names = [f"requirements/part{number:03}.txt" for number in range(200)]
    for number, name in enumerate(names):
        lines = []
        if number % 4 == 0 and number:
            lines.append(f"-r part{number - 1:03}.txt")
        if number % 10 == 3:
            lines.append("-c ../constraints.txt")
        lines += [_line(chance, number * 50 + own) for own in range(50)]
        (folder / name).write_text("\n".join(lines) + "\n")
    pins = "".join(f"project-{number}==1.0\n" for number in range(0, 10_000, 50))
    (folder / "constraints.txt").write_text(pins)
    return names


def _line(chance: random.Random, number: int) -> str:
    version = f"{chance.randint(0, 9)}.{chance.randint(0, 20)}.{chance.randint(0, 9)}"
    name, kind = f"project-{number}", chance.random()
    if kind < 0.7:
        return f"{name}=={version}"
    if kind < 0.8:
        return f"{name}>={version},<{int(version[0]) + 1}"
    if kind < 0.9:
        return f"{name}=={version} ; python_version < '3.{chance.randint(8, 13)}'"
    return f"{name}[extra]=={version}  # why" if kind < 0.95 else name


def show_findings(folder: Path, runs: int) -> None:
    """Show what 10,000 lines with a finding each cost against as many clean pins, run in turn."""
    kinds = {"pins": "==", "ranges": ">=", "compatible": "~=", "no version": None}
    for kind, sign in kinds.items():
        lines = (f"project-{n}{f'{sign}1.{n % 20}.{n % 7}' if sign else ''}" for n in range(10_000))
        (folder / f"{kind}.txt").write_text("\n".join(lines) + "\n")
    spent: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(runs + 1):
        for kind in kinds:
            spent[kind].append(timed([*OURS, "--isolated", f"{kind}.txt"], folder, 1)[0])
    print("\n10,000 lines in one file, cpu seconds (median) and their share of clean pins")
    for kind in kinds:
        own, clean = spent[kind][1:], spent["pins"][1:]
        ratio = statistics.median(a / b for a, b in zip(own, clean, strict=True))
        print(f"{kind:26}{statistics.median(own):8.3f}{ratio:8.2f} x")


def show_startup(folder: Path, runs: int) -> None:
    (folder / "small.txt").write_text("flask==3.0.3\n")
    ours = [*OURS, "--isolated", "small.txt"]
    base = [sys.executable, "-c", "import click, packaging.requirements"]
    pairs = [(timed(ours, folder, 1), timed(base, folder, 1)) for _ in range(runs + 1)][1:]
    ratio = statistics.median(own[0] / other[0] for own, other in pairs)
    own = statistics.median(own[0] for own, _ in pairs)
    other = statistics.median(other[0] for _, other in pairs)
    print("\nstart-up on one small file, cpu seconds (median)")
    print(
        f"depbisect lint {own:.3f}, import click, packaging.requirements {other:.3f}: {ratio:.2f} x"
    )


OURS = [sys.executable, "-m", "bisect_deps", "lint"]


def run(command: Sequence[str], folder: Path) -> str:
    answer = subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    if not answer.stdout:
        raise SystemExit(f"{command[0]} said nothing: {answer.stderr}")
    return answer.stdout


def timed(command: Sequence[str], folder: Path, runs: int) -> tuple[float, float]:
    """Return the median cpu and wall seconds of the whole process."""
    measured = [_once(command, folder) for _ in range(runs)]
    return statistics.median(c for c, _ in measured), statistics.median(w for _, w in measured)


def _once(command: Sequence[str], folder: Path) -> tuple[float, float]:
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment(), capture_output=True, check=False)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - started
    return _spent(after) - _spent(before), wall


def _spent(usage: resource.struct_rusage) -> float:
    return usage.ru_utime + usage.ru_stime


def environment() -> dict[str, str]:
    path = os.environ.get("PYTHONPATH") or str(ROOT)
    return {**os.environ, "PYTHONPATH": path, "NO_COLOR": "1"}


if __name__ == "__main__":
    main()
