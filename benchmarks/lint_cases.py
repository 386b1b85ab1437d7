"""Runs `depbisect lint` on small files that it once judged wrongly, and judges each answer.

    python -m benchmarks.lint_cases [--folder ../shared/cases] [--only KIND]

Each case of `lint.toml` is linted as a user would, in a folder of its own, in all the variants that
its words name. A line for each says whether the answer is right, or what is wrong with it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Files = Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """What one lint said: findings as (line, column, end column, code, severity, message)."""

    code: int
    findings: list[dict[str, Any]]
    out: str
    err: str
    files: Files = field(default_factory=dict)

    def codes(self, line: int | None = None) -> list[str]:
        return [own["code"] for own in self.findings if line in (None, own["line"])]

    def said(self, *words: str) -> bool:
        return all(any(word in own["message"] for own in self.findings) for word in words)


def lint(files: Files, *arguments: str) -> Answer:
    """Lint the files in a folder of their own; return what was said and how they are then."""
    with tempfile.TemporaryDirectory(prefix="case-") as name:
        folder = Path(name)
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "bisect_deps", "lint", *arguments]
        command += ["--output-format", "json", "-o", "report.json"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        report = folder / "report.json"
        findings = json.loads(report.read_text())["findings"] if report.exists() else []
        after = {path: (folder / path).read_text(encoding="utf-8") for path in files}
        return Answer(done.returncode, findings, done.stdout, done.stderr, after)


def _unreadable(case: dict[str, Any]) -> Iterator[str]:
    broken = {
        "pyproject.toml": (case["text"], 3),
        "twice/pyproject.toml": ('[project]\nname="x"\nname="y"\n', 3),
        "setup.cfg": ("[metadata]\nname = x\n[options\ninstall_requires = a\n", 3),
        "tool.py": ('# /// script\n# dependencies = ["a==1"]\nimport a\n', 1),
        "environment.yml": ("dependencies:\n  - a\n b: [\n", 3),
    }
    for path, (text, line) in broken.items():
        answer = lint({path: text}, path)
        if answer.code != 2 or "DB400" not in answer.codes(line):
            found = [(own["line"], own["code"]) for own in answer.findings]
            yield f"{path}: exit {answer.code}, {found}, not 2 with line {line}"


def _unread(case: dict[str, Any]) -> Iterator[str]:
    if "dependencies=[" in case["text"] and "sources" not in case["text"]:
        yield from _unreadable(case)
        return
    answer = lint({case["file"]: case["text"]}, case["file"])
    wanted = {
        "poetry": (0, {3: "DB101"}),
        "sources": (1, {6: "DB201"}),
        "- numpy": (1, {3: "DB110", 4: "DB110"}),
    }
    code, lines = next(own for word, own in wanted.items() if word in case["text"])
    found = {own["line"]: own["code"] for own in answer.findings}
    if (answer.code, found) != (code, lines):
        yield f"exit {answer.code}, {found}"


def _crash(case: dict[str, Any]) -> Iterator[str]:
    answer = lint({case["file"]: case["text"], "other.txt": "flask\n"}, case["file"], "other.txt")
    if answer.codes() != ["DB101", "DB415"] or "Traceback" in answer.err:
        yield f"{answer.codes()} {answer.err[-200:]}"


def _fix_breaks(case: dict[str, Any]) -> Iterator[str]:
    files = {case["file"]: case["text"], "freeze.txt": case["freeze"]}
    answer = lint(files, case["file"], "--fix", "--from", "freeze.txt")
    if answer.files[case["file"]] != case["text"]:
        yield f"it was fixed to {answer.files[case['file']]!r}"


def _false_alarm(case: dict[str, Any]) -> Iterator[str]:
    files: dict[str, str] = {case["file"]: case["text"], **case.get("beside", {})}
    wanted: list[str] = ["DB900"] if "constraints-3.11" in case["text"] else []
    asked = case["file"]
    if case["file"] == "pdm.lock":
        asked = "pyproject.toml"
        project = '[project]\nname="x"\ndependencies=["a>=1"]\n'
        files = {
            asked: f'{project}[project.optional-dependencies]\nplot=["b>=1"]\n',
            "pdm.lock": '[metadata]\ngroups = ["default"]\nlock_version = "4.5.0"\n'
            '[[package]]\nname = "a"\nversion = "1.2"\n',
        }
    answer = lint(files, asked)
    if answer.codes() != wanted or answer.code != 0:
        yield f"exit {answer.code}, {[(o['code'], o['message']) for o in answer.findings]}"


def _missed(case: dict[str, Any]) -> Iterator[str]:
    answer = lint({case["file"]: case["text"]}, case["file"])
    for number, text in enumerate(case["text"].splitlines(), start=1):
        wanted = "DB404" if ";" in text else "DB210" if "@" in text else "DB405"
        wanted = "DB416" if text.startswith("reqeusts") else wanted
        if answer.codes(number) != [wanted]:
            yield f"line {number}: {answer.codes(number)} and not {wanted}"
    if "@" in case["text"] and not answer.said("write requests==2.0"):
        yield "what to write is not said"


def _severity(case: dict[str, Any]) -> Iterator[str]:
    files = {case["file"]: case["text"], "a.txt": "a==1\n", "b.txt": "b==1\n"}
    answer = lint(files, case["file"])
    found = [(own["code"], own["severity"]) for own in answer.findings]
    if found != [("DB407", "error")] or answer.code != 1:
        yield f"exit {answer.code}, {found}"


_ADVICE = ("a~=1.0", "flask==2.*", "two requirements on one line", "${VERSION}", "forward slashes")


def _words(case: dict[str, Any]) -> Iterator[str]:
    answer = lint({case["file"]: case["text"]}, case["file"])
    for number, words in enumerate(_ADVICE, start=1):
        own = [found for found in answer.findings if found["line"] == number]
        if not any(words in found["message"] for found in own):
            yield f"line {number} has no advice like {words!r}"
    if answer.said("put a # before the line"):
        yield "the general advice is still given"


def _wrong_kind(case: dict[str, Any]) -> Iterator[str]:
    answer = lint({case["file"]: case["text"]}, case["file"])
    if answer.codes() != ["DB101"]:
        yield f"{answer.codes()}"
    other = lint({"Cargo.toml": '[package]\nname = "x"\n[dependencies]\na = "1"\n'}, "Cargo.toml")
    if other.codes() != ["DB400"] or other.code != 2:
        yield f"a file of another kind: exit {other.code}, {other.codes()}"


def _noise(case: dict[str, Any]) -> Iterator[str]:
    answer = lint({case["file"]: case["text"]}, case["file"])
    places = [(own["code"], own["column"], own["end_column"]) for own in answer.findings]
    if places != [("DB201", case["text"].index("git+") + 1, len(case["text"]))]:
        yield f"{places}"


def _suppress(case: dict[str, Any]) -> Iterator[str]:
    answer = lint({case["file"]: case["text"]}, case["file"])
    if answer.codes() or answer.code:
        yield f"exit {answer.code}, {answer.codes()}"


def _unsafe_fix(case: dict[str, Any]) -> Iterator[str]:
    answer = lint({case["file"]: case["text"]}, case["file"], "--fix", "--unsafe-fixes")
    if "_libgcc_mutex==" in answer.files[case["file"]]:
        yield "a pin was written that pip rejects"
    if not answer.said("leave it out"):
        yield "it is not said to leave it out"


JUDGES: dict[str, Callable[[dict[str, Any]], Iterator[str]]] = {
    "unread": _unread,
    "crash": _crash,
    "fix-breaks": _fix_breaks,
    "false-alarm": _false_alarm,
    "missed": _missed,
    "severity": _severity,
    "words": _words,
    "wrong-kind": _wrong_kind,
    "noise": _noise,
    "suppress": _suppress,
    "unsafe-fix": _unsafe_fix,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=ROOT.parent / "shared" / "cases")
    parser.add_argument("--only", metavar="KIND", choices=sorted(JUDGES))
    options = parser.parse_args()
    tables = tomllib.loads((options.folder / "lint.toml").read_text(encoding="utf-8"))["case"]
    cases = [case for case in tables if options.only in (None, case["kind"])]
    right = 0
    for case in cases:
        wrong = list(JUDGES[case["kind"]](case))
        right += not wrong
        text = case["text"].splitlines()[0][:60]
        print(f"{'WRONG' if wrong else 'right'}  {case['kind']:12} {case['file']:18} {text}")
        for reason in wrong:
            print(f"       {reason}")
    print(f"{right} of {len(cases)} right")
    sys.exit(right != len(cases))


if __name__ == "__main__":
    main()
