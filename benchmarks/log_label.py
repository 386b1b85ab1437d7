"""Labels a build log in a minute, secrets and places removed, for the corpus of logs.

    python -m benchmarks.log_label build.log [-r requirements.txt] [--into FOLDER] [--accept]

The log is cleaned, diagnosed, and shown with a suggestion for each field; Enter takes it, anything
else replaces it (`-` empties a list). What was agreed to is appended to the folder's `labels.toml`,
and the cleaned log stands beside it, as `--name` or its own. `--accept` takes every suggestion.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import tomlkit

from benchmarks.runs import ROOT
from bisect_deps.diagnosis import diagnose
from bisect_deps.diagnosis.log_prefixes import plain, strip_prefixes
from bisect_deps.model import Cause, Diagnosis, Phase
from bisect_deps.secret import redact

Label = dict[str, Any]
Ask = Callable[[str, str], str]

_HOST = re.compile(
    r"(?<=://)(?:[^\s/@'\"]{1,200}@)?[A-Za-z0-9][\w.-]{0,200}(?::\d{1,5})?(?=[/\s'\"`)]|$)"
)
_HOME = re.compile(r"(?:/home/|/Users/|[A-Za-z]:\\Users\\)[\w.-]{1,60}|/root(?=/)")
_MAIL = re.compile(r"[\w.+-]{1,80}@[\w-]{1,80}(?:\.[\w-]{1,40}){1,5}")
_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b(?=[:/\s]|$)")
_ORDER = (
    "outcome", "cause", "phase", "culprits", "failing", "transitive", "ambiguous", "evidence_lines"
)  # fmt: skip


def main() -> int:
    """Clean, diagnose, ask and append; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log", type=Path)
    parser.add_argument("-r", "--requirements", type=Path)
    parser.add_argument("--into", type=Path, default=ROOT / "fixtures" / "logs")
    parser.add_argument("--name", default="")
    parser.add_argument("--accept", action="store_true")
    options = parser.parse_args()
    given = options.requirements.read_text("utf-8").splitlines() if options.requirements else []
    requirements = [line.strip() for line in given if line.strip() and line.strip()[0] not in "#-"]
    text = cleaned(options.log.read_bytes().decode("utf-8", "replace"))
    name = f"{options.name or options.log.stem}.log"
    ask: Ask = (lambda field, suggestion: suggestion) if options.accept else _ask
    label = labelled(name, text, [cleaned(line) for line in requirements], ask)
    (options.into / name).write_text(text, "utf-8")
    append(options.into / "labels.toml", label)
    print(f"{options.into / name} and its entry in labels.toml are written")
    return 0


def cleaned(text: str) -> str:
    """Return the text without secrets, hosts, addresses, mail addresses and names of users."""
    text = redact(text)
    text = _HOST.sub("index.example", text)
    text = _MAIL.sub("someone@mail.example", text)
    text = _ADDRESS.sub(lambda match: "192.0.2.1" if _is_address(match[0]) else match[0], text)
    return _HOME.sub("/home/user", text)


def _is_address(text: str) -> bool:
    """Say whether it is no version: all of its numbers fit, and it is not this machine's own."""
    return all(int(part) < 256 for part in text.split(".")) and not text.startswith(("127.", "0."))


def labelled(name: str, text: str, requirements: list[str], ask: Ask) -> Label:
    """Return the label of a log: what its diagnosis suggests, as far as `ask` agrees."""
    found = diagnose(text, requirements=requirements)
    label: Label = {"file": name, "prefix": prefix_of(text), **suggested(found)}
    for field in _ORDER:
        label[field] = _parsed(ask(field, _written(label[field])), label[field])
    label["is_infra"] = Cause(label["cause"]).is_infrastructure
    lines = text.split("\n")
    label["evidence"] = [plain(lines[at - 1].encode())[:300] for at in label["evidence_lines"]]
    return {**label, "requirements": requirements, "origin": "contributed"}


def suggested(found: Diagnosis) -> Label:
    """Return the fields of a label that a diagnosis tells."""
    first = next(iter(found.suspects), None)
    evidence = first.evidence if first is not None else found.evidence
    return {
        "outcome": "pass" if found.cause is Cause.NONE else "fail",
        "cause": found.cause.value,
        "phase": found.phase.value,
        "culprits": [suspect.requirement or suspect.name for suspect in found.suspects],
        "failing": list(
            dict.fromkeys(str(suspect.failing or suspect.name) for suspect in found.suspects)
        ),
        "transitive": bool(first and first.via),
        "ambiguous": False,
        "evidence_lines": [line.line for line in evidence],
    }


def prefix_of(text: str) -> str:
    """Return `none` for a log without a CI system's prefixes, else `prefixed`."""
    lines = [line for line in text.split("\n") if line.strip()][:200]
    changed = sum(strip_prefixes(line)[0] != line for line in lines)
    return "prefixed" if changed > len(lines) / 2 else "none"


def append(path: Path, label: Label) -> None:
    """Add the label at the end of a labels file; the rest of it stays as it is."""
    document = tomlkit.parse(path.read_text("utf-8")) if path.exists() else tomlkit.document()
    if "log" not in document:
        document["log"] = tomlkit.aot()
    table = tomlkit.table()
    table.update(label)
    document["log"].append(table)  # type: ignore[union-attr]
    path.write_text(tomlkit.dumps(document), "utf-8")


def _written(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value).lower()


def _parsed(answer: str, like: object) -> object:
    """Return an answer as a value of the suggestion's kind."""
    if isinstance(like, bool):
        return answer.strip().lower() in ("true", "yes", "y", "1")
    if not isinstance(like, list):
        return answer.strip()
    parts = [part.strip() for part in answer.split(", ")] if answer.strip() not in ("", "-") else []
    return [int(part) for part in parts] if like and isinstance(like[0], int) else parts


def _ask(field: str, suggestion: str) -> str:
    known = {"cause": [cause.value for cause in Cause], "phase": [phase.value for phase in Phase]}
    while True:
        answer = input(f"{field} [{suggestion}]: ").strip() or suggestion
        if field not in known or answer in known[field]:
            return answer
        print(f"one of: {', '.join(known[field])}")


if __name__ == "__main__":
    raise SystemExit(main())
