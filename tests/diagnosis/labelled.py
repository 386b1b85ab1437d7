"""The labelled logs of fixtures/logs, as values for tests."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FOLDER = Path(__file__).parent.parent.parent / "fixtures" / "logs"


@dataclass(frozen=True)
class Labelled:
    """One log with what is right about it."""

    name: str
    data: bytes
    outcome: str
    cause: str
    phase: str
    infrastructure: bool
    culprits: frozenset[str]
    requirements: tuple[str, ...]
    evidence: frozenset[int]
    prefix: str


def plain_name(text: str) -> str:
    """Return the normalised name of a requirement; a path stays as it is."""
    if "#egg=" in text:
        text = text.split("#egg=")[1]
    if text.startswith((".", "/")):
        return text
    for at, letter in enumerate(text):
        if not (letter.isalnum() or letter in "._-"):
            return canonicalize_name(text[:at].rstrip())
    return canonicalize_name(text)


def logs() -> list[Labelled]:
    """Return every labelled log."""
    labels = tomllib.loads((FOLDER / "labels.toml").read_text(encoding="utf-8"))["log"]
    return [
        Labelled(
            name=label["file"].removesuffix(".log"),
            data=(FOLDER / label["file"]).read_bytes(),
            outcome=label["outcome"],
            cause=label["cause"],
            phase=label["phase"],
            infrastructure=label["is_infra"],
            culprits=frozenset(plain_name(text) for text in label["culprits"]),
            requirements=tuple(label["requirements"]),
            evidence=frozenset(label["evidence_lines"]),
            prefix=label["prefix"],
        )
        for label in labels
    ]


LOGS = logs()
BARE = [log for log in LOGS if log.prefix == "none"]
