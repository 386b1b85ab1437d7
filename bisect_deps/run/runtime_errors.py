"""Runtime errors of a hosted algorithm: fetched by name or UUID, grouped, suspects named.

The platform keeps error entries for 7 days, of at most 200 executions. Each entry's text is read by
the same log parser as a build log. Knows the platform's API and the evidence, not how it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from bisect_deps.builders._http import HttpError
from bisect_deps.builders.algorithmia.api import Algorithm, Api, ErrorEntry
from bisect_deps.builders.algorithmia.rights import explained
from bisect_deps.builders.base import begin_fence, end_fence
from bisect_deps.diagnosis import diagnose
from bisect_deps.errors import InputError
from bisect_deps.model import Diagnosis, Outcome, Requirement
from bisect_deps.reports import diagnosis
from bisect_deps.secret import redact

SCHEMA = "depbisect.errors/1"
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_AGE = re.compile(r"(\d+)\s*(s|m|h|d|w)[a-z]*", re.IGNORECASE)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True)
class Subject:
    """The algorithm that was asked for; either part is "" where the platform does not tell it."""

    name: str
    id: str


@dataclass(frozen=True, slots=True)
class RuntimeFailure:
    """Entries of one failure, newest first, and what the newest one says."""

    signature: str
    diagnosis: Diagnosis
    entries: tuple[ErrorEntry, ...]

    @property
    def first_seen(self) -> float:
        """Return the oldest entry's instant."""
        return self.entries[-1].created

    @property
    def last_seen(self) -> float:
        """Return the newest entry's instant."""
        return self.entries[0].created


@dataclass(frozen=True, slots=True)
class RuntimeFailures:
    """What the platform keeps of one algorithm, the most recent failure first."""

    subject: Subject
    failures: tuple[RuntimeFailure, ...]
    since: float | None = None

    @property
    def count(self) -> int:
        """Return the number of entries."""
        return sum(len(failure.entries) for failure in self.failures)


def fetch(
    api: Api,
    reference: str,
    *,
    since: float | None = None,
    requirements: Sequence[Requirement] = (),
) -> RuntimeFailures:
    """Return the errors of OWNER/NAME or a UUID, grouped. Raises BuilderUnavailable, InputError.

    `requirements` are the algorithm's own, for suspects named by the user's lines.
    """
    subject, entries = _read(api, reference)
    kept = [entry for entry in entries if since is None or entry.created >= since]
    return RuntimeFailures(subject, group(kept, requirements), since)


def follow(
    api: Api,
    reference: str,
    *,
    requirements: Sequence[Requirement] = (),
    seen: Iterable[ErrorEntry],
    pause: float,
    sleep: Callable[[float], None],
) -> Iterator[RuntimeFailures]:
    """Yield what is new, whenever something is; asks every `pause` seconds, for ever.

    Failure that passes is waited out; a right that is lost ends it.
    """
    known = {_identity(entry) for entry in seen}
    while True:
        sleep(pause)
        try:
            subject, entries = _asked(api, reference)
        except HttpError as error:
            if error.transient or error.html:
                continue
            raise explained(error, reference) from None
        new = [entry for entry in entries if _identity(entry) not in known]
        known.update(_identity(entry) for entry in new)
        if new:
            yield RuntimeFailures(subject, group(new, requirements))


def group(
    entries: Iterable[ErrorEntry], requirements: Sequence[Requirement] = ()
) -> tuple[RuntimeFailure, ...]:
    """Return the entries by failure signature, the most recent failure first."""
    groups: dict[str, list[tuple[ErrorEntry, Diagnosis]]] = {}
    for entry in sorted(entries, key=lambda entry: -entry.created):
        said = diagnose(_as_call(entry.text), requirements=requirements, exit_status=1)
        if said.outcome is not Outcome.FAIL:
            said = replace(said, outcome=Outcome.FAIL)
        groups.setdefault(_signature(entry, said), []).append((entry, said))
    return tuple(
        RuntimeFailure(signature, found[0][1], tuple(entry for entry, _ in found))
        for signature, found in groups.items()
    )


def instant(text: str, now: datetime) -> float:
    """Return `since` in epoch seconds: an age (`90m`, `2d`) or an ISO 8601 date or time.

    A time without zone is local. Raises InputError.
    """
    if match := _AGE.fullmatch(text.strip()):
        return (now - timedelta(**{_UNITS[match[2].lower()]: int(match[1])})).timestamp()
    try:
        return datetime.fromisoformat(text.strip().replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError):
        raise InputError(
            f"{text!r} is no time", hint="write an age as 90m, 12h or 2d, or a date as 2026-11-21"
        ) from None


def to_json(found: RuntimeFailures) -> Mapping[str, Any]:
    """Return the failures as an object of the schema `depbisect.errors/1`; times are UTC."""
    return {
        "schema": SCHEMA,
        "algorithm": {"name": found.subject.name or None, "id": found.subject.id or None},
        "since": None if found.since is None else utc(found.since),
        "entries": found.count,
        "groups": [_group_json(failure) for failure in found.failures],
    }


def utc(moment: float) -> str:
    """Return ISO 8601 in UTC with milliseconds."""
    when = datetime.fromtimestamp(moment, timezone.utc)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _read(api: Api, reference: str) -> tuple[Subject, tuple[ErrorEntry, ...]]:
    try:
        return _asked(api, reference)
    except HttpError as error:
        raise explained(error, reference) from None


def _asked(api: Api, reference: str) -> tuple[Subject, tuple[ErrorEntry, ...]]:
    """Look the algorithm up both ways, and ask for its errors by UUID, else by name."""
    if _UUID.fullmatch(reference.strip()):
        identity = reference.strip().lower()
        entries = api.errors(identity)
        return Subject(_name_of(api, identity, entries), identity), entries
    algorithm = Algorithm.parse(reference)
    try:
        identity = str(api.algorithm(algorithm)["id"])
        return Subject(str(algorithm), identity), api.errors(identity)
    except HttpError as error:
        if error.status == 401 or error.status is None:
            raise
        # Some clusters let a key read the errors but not look the algorithm up.
        return Subject(str(algorithm), ""), api.errors(algorithm)


def _name_of(api: Api, identity: str, entries: Iterable[ErrorEntry]) -> str:
    """Return OWNER/NAME of a UUID: the entries know it, else the algorithm's own link."""
    for entry in entries:
        if entry.username and entry.algoname:
            return f"{entry.username}/{entry.algoname}"
    try:
        found = api.algorithm(identity)
    except HttpError:
        return ""
    match = re.search(r"/algorithms/([^/]+/[^/]+)/versions/", str(found.get("self_link", "")))
    return match[1] if match else str(found.get("name") or "")


def _identity(entry: ErrorEntry) -> tuple[object, ...]:
    return (entry.request_id, entry.created, entry.error)


def _as_call(text: str) -> str:
    """Return an entry's text so that a message without its stack is read as a call's, too."""
    if "Traceback (most recent call last)" in text:
        return text
    return f"{begin_fence('check')}\n{text}{end_fence('check', 1)}\n"


def _signature(entry: ErrorEntry, said: Diagnosis) -> str:
    """Return what one failure's entries share, be it its kind and masked first line."""
    if said.signature:
        return said.signature
    first = entry.text.split("\n", 1)[0]
    return f"{entry.error_type}: {re.sub(r'[0-9a-f]{6,}|[0-9]+', '#', first)[:200]}"


def _group_json(failure: RuntimeFailure) -> Mapping[str, Any]:
    said = diagnosis.to_json(failure.diagnosis)
    return {
        "signature": redact(failure.signature),
        "count": len(failure.entries),
        "first_seen": utc(failure.first_seen),
        "last_seen": utc(failure.last_seen),
        "cause": said["cause"],
        "phase": said["phase"],
        "suspects": _clean(said["suspects"]),
        "notes": _clean(said["notes"]),
        "entries": [_entry_json(entry) for entry in failure.entries],
    }


def _clean(value: Any) -> Any:
    """Return the value with every text freed from what looks secret."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    return value


def _entry_json(entry: ErrorEntry) -> Mapping[str, Any]:
    """Return the platform's own fields under its own names, and the instant in words."""
    fields = {name: redact(str(value)) for name, value in asdict(entry).items()}
    del fields["created"]
    return {"created_at": round(entry.created * 1000), "created": utc(entry.created), **fields}
