"""What each log of the fixtures was last read as: all that a diagnosis says, of sentences the length.

    python -m tests.diagnosis.readings      write them anew, and look at the difference

The labels say what is right; these say that a change of the code reads no log otherwise unseen.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from bisect_deps.diagnosis import diagnose
from bisect_deps.diagnosis.signatures import SIGNATURES
from bisect_deps.model import Breakage, Diagnosis, Evidence, Remedy, Suspect
from tests.diagnosis import labelled, test_breakages, test_unseen
from tests.diagnosis.short import SHORT

KEPT = Path(__file__).parent.parent.parent / "fixtures" / "readings.json"

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


def _halves(name: str, data: bytes, requirements: Sequence[str]) -> Iterator[tuple[str, Diagnosis]]:
    """Yield a log that was cut off in its middle, and one of which only the end was kept."""
    lines = data.splitlines(keepends=True)
    middle = len(lines) // 2
    for half, kept in (("beginning", lines[:middle]), ("end", lines[middle:])):
        yield f"{name}, its {half}", diagnose(b"".join(kept), requirements=requirements)


def readings() -> Iterator[tuple[str, Diagnosis]]:
    """Yield each log's name and its diagnosis: with its requirements, and with none."""
    for log in labelled.LOGS:
        yield f"logs/{log.name}", diagnose(log.data, requirements=log.requirements)
        yield f"logs/{log.name}, no file", diagnose(log.data)
        yield from _halves(f"logs/{log.name}", log.data, log.requirements)
    for label in test_unseen.LABELS:
        data = (test_unseen.FOLDER / label["file"]).read_bytes()
        yield f"unseen/{label['file']}", diagnose(data, requirements=label["requirements"])
        yield f"unseen/{label['file']}, no file", diagnose(data)
        yield from _halves(f"unseen/{label['file']}", data, label["requirements"])
    for label in test_breakages.LABELS:
        yield f"breakages/{label['file']}", test_breakages.read(label)
        log = test_breakages.read(label, with_modules=False)
        yield f"breakages/{label['file']}, no modules", log
    for name, short in SHORT.items():
        yield (
            f"short: {name}",
            diagnose(short.log, requirements=short.requirements, exit_status=short.exit_status),
        )


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


def main() -> None:
    found = {name: reading_of(diagnosis) for name, diagnosis in readings()} | dict(examples())
    KEPT.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
