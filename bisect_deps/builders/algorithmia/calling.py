"""What a call of a built version came to, in words: how long it took, what it printed, the limits.

Source: the platform's page on common issues, section on timeouts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bisect_deps.builders.algorithmia.api import Called
from bisect_deps.policy import POLICY

# From this share of its limit on, a call is worth a word.
NEAR = 0.8
_MOST_STEPS = 3
_MOST_PRINTED = 100_000
_MOST_SHOWN, _WIDEST = 3, 120
# As in `print(f"Downloading large file took {duration} seconds.")`, and as others write it.
_TIMED = re.compile(
    r"^[^\S\n]*(?P<what>\S.{0,199}?)\s{0,40}(?:\btook\b|\bin\b|\bafter\b|[:=])\s{0,40}"
    r"(?P<number>\d{1,9}(?:\.\d{1,12})?)\s*"
    r"(?P<unit>milliseconds?|msecs?|ms|seconds?|secs?|s|minutes?|mins?|min)\b",
    re.MULTILINE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the algorithm that its own print timed, in seconds."""

    what: str
    seconds: float


def steps_of(printed: str) -> tuple[Step, ...]:
    """Return what timing prints tell, the longest step first."""
    found = [
        Step(match["what"].strip(" -:="), float(match["number"]) * _factor(match["unit"]))
        for match in _TIMED.finditer(printed[:_MOST_PRINTED])
    ]
    return tuple(sorted(found, key=lambda step: -step.seconds))


def is_over(called: Called, limit: float) -> bool:
    """Say whether a failed call ran into its limit: then its failure tells of the limit alone."""
    return called.error is not None and called.seconds >= limit


def is_near(called: Called, limit: float) -> bool:
    """Say whether a call came near its limit."""
    return called.seconds >= NEAR * limit


def log_of(called: Called, limit: float) -> str:
    """Return what the log keeps of a call: its time, its advice where it was slow, its prints."""
    lines = [f"the call took {called.seconds:.2f} s of at most {limit:g} s"]
    if is_near(called, limit):
        lines.append(advice(called, limit))
    printed = called.printed[:_MOST_PRINTED].rstrip()
    if printed:
        lines += ["the algorithm printed:", printed]
    return "\n".join(lines)


def note_of(called: Called, limit: float) -> str:
    """Return what the user should know of a call: its time, what it printed, advice if slow."""
    if is_near(called, limit):
        took = f"A call took {called.seconds:.1f} of at most {limit:g} s."
        return f"{took} {advice(called, limit)}"
    took = f"The first call took {called.seconds:.2f} of at most {limit:g} s"
    lines = [line.strip() for line in called.printed.splitlines() if line.strip()]
    if not lines:
        return f"{took}; the algorithm printed nothing."
    more = len(lines) - _MOST_SHOWN
    reported = " | ".join(line[:_WIDEST] for line in lines[:_MOST_SHOWN])
    rest = f" | and {more} more in the log" if more > 0 else ""
    return f"{took}; the algorithm printed: {reported}{rest}"


def advice(called: Called, limit: float) -> str:
    """Return one paragraph for a call near its limit: the limits, and where its time went."""
    many = limit >= POLICY.longest_call
    limits = (
        f"{POLICY.longest_call:g} s is the longest that the platform allows."
        if many
        else f"The platform allows {POLICY.call_timeout:g} s unless asked, and "
        f"{POLICY.longest_call:g} s at most: --call-timeout {POLICY.longest_call:g}."
    )
    steps = steps_of(called.printed)
    if not steps:
        where = (
            'Where the time goes, timing prints in the source tell: print(f"loading took '
            '{time.time() - start:.2f} seconds").'
        )
        return f"{limits} {where}"
    reported = ", ".join(f"{step.what} {step.seconds:g} s" for step in steps[:_MOST_STEPS])
    return f"{limits} By its own prints the time went to: {reported}."


def _factor(unit: str) -> float:
    kind = unit.lower()
    if kind.startswith(("milli", "ms")):
        return 0.001
    return 60.0 if kind.startswith("min") else 1.0
