"""What each log of the fixtures was last read as: all that a diagnosis says, of sentences the length.

    python -m tests.diagnosis.readings      write them anew, and look at the difference

The labels say what is right; these say that a change of the code reads no log otherwise unseen.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import TypeAlias

from bisect_deps.diagnosis import diagnose
from bisect_deps.diagnosis.signatures import SIGNATURES, TABLES
from bisect_deps.diagnosis.signatures import __name__ as PACKAGE
from bisect_deps.model import Breakage, Diagnosis, Evidence, Remedy, Suspect
from tests.diagnosis import labelled, test_breakages, test_unseen
from tests.diagnosis.short import SHORT

KEPT = Path(__file__).parent.parent.parent / "fixtures" / "readings.json"

# So many lines are the last ones of a log, and so many of each are shown beside another's.
_LAST, _SHOWN = 30, 300

# An error that names a thing, one that names a cause, and the last word of a compiler.
_ERRORS = (
    "ModuleNotFoundError: No module named 'something'",
    "SyntaxError: Missing parentheses in call to 'print'. Did you mean print(x)?",
    "error: command 'gcc' failed with exit status 1",
)
_RIVALS = (
    "Collecting thing==1\n  error: subprocess-exited-with-error\n"
    "  × python setup.py egg_info did not run successfully.\n  │ exit code: 1\n"
    "  ╰─> [2 lines of output]\n      {}\n      {}\n      [end of output]\n"
)


def _quoted(evidence: tuple[Evidence, ...]) -> str:
    return ",".join(f"{quoted.line}:{len(quoted.text)}" for quoted in evidence)


def _remedied(remedies: tuple[Remedy, ...]) -> str:
    return ",".join(f"{remedy.kind.value} {remedy.requirement}" for remedy in remedies)


def _suspect(suspect: Suspect) -> tuple[object, ...]:
    return (
        *(suspect.name, suspect.version or "", suspect.requirement or "", suspect.failing or ""),
        *(" > ".join(suspect.via), suspect.phase.value, suspect.cause.value),
        *(f"{suspect.confidence:.3f}", suspect.group or "", len(suspect.advice)),
        *(_quoted(suspect.evidence), _remedied(suspect.remedies)),
    )


def _breakage(found: Breakage) -> tuple[object, ...]:
    return (
        *(found.kind.value, found.user, found.lacks, found.what, " > ".join(found.through)),
        *(found.module, found.own, found.signature),
        *(_quoted(found.evidence), _remedied(found.remedies)),
    )


def reading_of(found: Diagnosis) -> list[str]:
    """Return a diagnosis as a line of its own, one a suspect and one a breakage."""
    own = (found.outcome.value, found.cause.value, found.phase.value, found.signature)
    rows = [
        (*own, _quoted(found.evidence), *map(len, found.notes)),
        *map(_suspect, found.suspects),
        *map(_breakage, found.breakages),
    ]
    return [" | ".join(map(str, row)) for row in rows]


# A log's name, and what reads it.
Reading: TypeAlias = tuple[str, Callable[[], Diagnosis]]


def _parts(name: str, data: bytes, requirements: Sequence[str]) -> Iterator[Reading]:
    """Yield a log with its requirements and with none, cut off in its middle, and its ends alone."""
    lines = data.splitlines(keepends=True)
    middle = len(lines) // 2
    yield name, partial(diagnose, data, requirements=requirements)
    yield f"{name}, no file", partial(diagnose, data)
    parts = ("beginning", lines[:middle]), ("end", lines[middle:]), ("last lines", lines[-_LAST:])
    for part, kept in parts:
        log = b"".join(kept)
        yield f"{name}, its {part}", partial(diagnose, log, requirements=requirements)


def _beside(one: bytes, other: bytes) -> bytes:
    """Return two logs as Docker Compose shows them, a line of each by turns."""
    lines = zip_longest(one.splitlines()[-_SHOWN:], other.splitlines()[-_SHOWN:])
    return b"".join(
        b"%s  | %s\n" % (name, line)
        for pair in lines
        for name, line in zip((b"one-1", b"two-1"), pair, strict=True)
        if line is not None
    )


def readings() -> Iterator[Reading]:
    """Yield each log's name and what reads it: as it is, in parts, and beside another."""
    for log in labelled.LOGS:
        yield from _parts(f"logs/{log.name}", log.data, log.requirements)
    for label in test_unseen.LABELS:
        data = (test_unseen.FOLDER / label["file"]).read_bytes()
        yield from _parts(f"unseen/{label['file']}", data, label["requirements"])
    for label in test_breakages.LABELS:
        name = f"breakages/{label['file']}"
        yield name, partial(test_breakages.read, label)
        yield f"{name}, no modules", partial(test_breakages.read, label, with_modules=False)
    for log, other in pairwise(labelled.LOGS):
        both = partial(diagnose, _beside(log.data, other.data), requirements=log.requirements)
        yield f"logs/{log.name} beside {other.name}", both
    for label, after in pairwise(test_breakages.LABELS):
        one, two = (
            (test_breakages.FOLDER / name).read_bytes() for name in (label["file"], after["file"])
        )
        both = partial(diagnose, _beside(one, two))
        yield f"breakages/{label['file']} beside {after['file']}", both
    for name, short in SHORT.items():
        wanted, status = short.requirements, short.exit_status
        read = partial(diagnose, short.log, requirements=wanted, exit_status=status)
        yield f"short: {name}", read


def examples() -> Iterator[tuple[str, list[str]]]:
    """Yield what each signature's example is read as: alone, with others, and though all ends well."""
    for signature in SIGNATURES:
        log = f"{signature.example}\n"
        yield f"example of {signature.name}", reading_of(diagnose(log, exit_status=1))
        yield f"example of {signature.name}, no status", reading_of(diagnose(log))
        amid = diagnose(f"Collecting other==1\n{log}"), diagnose(f"{log}Build succeeded\n")
        rows = (
            f"{one.outcome.value} | {one.cause.value} | {_quoted(one.evidence)}" for one in amid
        )
        yield f"example of {signature.name}, in a step and before a good end", list(rows)
        found = [
            diagnose(_RIVALS.format(error, signature.example), exit_status=1) for error in _ERRORS
        ]
        rows = (f"{one.cause.value} | {one.phase.value} | {_quoted(one.evidence)}" for one in found)
        yield f"example of {signature.name}, after others", list(rows)


def rivals(tables: Sequence[str] = TABLES) -> Iterator[tuple[str, list[str]]]:
    """Yield which others of its table each signature gives way to in one build's output."""
    for table in tables:
        signatures = importlib.import_module(f"{PACKAGE}.{table}").SIGNATURES
        alone = {one.name: _told_among(one.example) for one in signatures}
        for one in signatures:
            others = [other for other in signatures if alone[other.name] != alone[one.name]]
            told = {other.name: _told_among(one.example, other.example) for other in others}
            winners = [name for name, winner in told.items() if winner != alone[one.name]]
            yield f"example of {one.name}, gives way to", [" ".join(winners)]


def _told_among(*lines: str) -> str:
    first, second = (*lines, "")[:2]
    return diagnose(_RIVALS.format(first, second), exit_status=1).signature


def main() -> None:
    found = {name: reading_of(read()) for name, read in readings()}
    found |= dict(examples()) | dict(rivals())
    KEPT.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
