"""The requests of the platform's API that depbisect sends, one method each.

Knows addresses, keys and the shape of replies; decides nothing. Every method but `call` and
`compile` is safe to repeat. Source: the platform's API reference.
"""

from __future__ import annotations

import base64
import copy
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote, urlsplit

from bisect_deps.builders._http import Http, HttpError, JsonObject, Reply, error_fields
from bisect_deps.errors import InputError
from bisect_deps.policy import POLICY
from bisect_deps.secret import Secret

PAGE = 50
_NO_STACK = re.compile(r"\nstacktrace:\s*(?:None|Some\(\s*\))?\s*\Z")
_YEAR_9999 = 253_402_300_799_000  # In milliseconds; Python knows no later day.
# Statuses with which the platform refuses a call, whatever their body looks like.
_NEVER_ITS_OWN = frozenset({401, 403, 404, 429})
_WRAPPED_STACK = re.compile(r"stacktrace:\s*Some\((.*)\)\s*\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Algorithm:
    """An algorithm's name: OWNER/NAME."""

    owner: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Algorithm:
        """Read OWNER/NAME. Raises InputError."""
        match = re.fullmatch(r"(?:algo://)?/?([\w.-]+)/([A-Za-z]\w*)/?", text.strip())
        if match is None:
            raise InputError(
                f"{text!r} names no algorithm",
                hint="write OWNER/NAME, as in --algorithm acme/Hello",
            )
        return cls(match[1], match[2])

    def __str__(self) -> str:
        """Return OWNER/NAME."""
        return f"{self.owner}/{self.name}"

    @property
    def path(self) -> str:
        """Return the path of its requests."""
        return f"/algorithms/{quote(self.owner)}/{quote(self.name)}"


@dataclass(frozen=True, slots=True)
class RemoteBuild:
    """A build as the platform lists it; `status` is its word, whatever it is."""

    id: str
    commit: str
    status: str
    started: str = ""
    finished: str = ""

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> RemoteBuild:
        """Read a build object; a missing field but its id is empty."""
        return cls(
            str(value["build_id"]),
            str(value.get("commit_sha") or ""),
            str(value.get("status") or ""),
            str(value.get("started_at") or ""),
            str(value.get("finished_at") or ""),
        )


@dataclass(frozen=True, slots=True)
class BuildsPage:
    """One page of builds; `marker` None on the last."""

    builds: tuple[RemoteBuild, ...]
    marker: str | None


@dataclass(frozen=True, slots=True)
class Called:
    """What a run of a built version answered; `error` None where it succeeded.

    `seconds` is the platform's own measure, else ours; `printed` what the algorithm wrote to its
    standard output, which the platform tells its owner alone.
    """

    error: str | None
    request_id: str | None
    began: float
    seconds: float = 0.0
    printed: str = ""


@dataclass(frozen=True, slots=True)
class ErrorEntry:
    """One runtime error as the platform keeps it; `created` in epoch seconds."""

    created: float
    request_id: str
    username: str
    algoname: str
    algoversion: str
    input: str
    error_type: str
    error: str
    billable_to: str
    worker: str

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> ErrorEntry:
        """Read an entry; a missing field is empty."""
        words = {
            name: "" if value.get(name) is None else str(value[name])
            for name in cls.__slots__
            if name != "created"
        }
        created = value.get("created_at")
        is_moment = isinstance(created, (int, float)) and 0 <= created < _YEAR_9999
        stamp = float(created or 0) / 1000 if is_moment else 0.0
        return cls(created=stamp, **words)

    @property
    def text(self) -> str:
        """Return the error as a traceback parser reads it, without the platform's wrapping."""
        bare = _NO_STACK.sub("", self.error)
        unwrapped = _WRAPPED_STACK.sub(lambda match: match[1], bare)
        return unwrapped.removeprefix("error:").strip() + "\n"


class Api:
    """A cluster's API, asked with one key or token."""

    def __init__(
        self,
        address: str,
        *,
        key: Secret | None = None,
        token: Secret | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.address = clean_address(address)
        self._headers: dict[str, Secret | str] = {}
        if key:
            self._headers["Authorization"] = Secret(f"Simple {key.reveal()}")
        elif token:
            self._headers["Authorization"] = Secret(f"Bearer {token.reveal()}")
        self.secrets = tuple(secret for secret in (key, token) if secret)
        self._sleep, self._clock = sleep, clock
        self._http = self._connected()

    def copy(self) -> Api:
        """Return the same API with connections of its own, for another thread."""
        other = copy.copy(self)
        other._http = self._connected()
        return other

    def git_url(self, algorithm: Algorithm) -> str:
        """Return where the platform hosts an algorithm's repository."""
        root = self.address.replace("//api.", "//git.", 1)
        return f"{root}/git/{quote(algorithm.owner)}/{quote(algorithm.name)}.git"

    def algorithm(self, reference: Algorithm | str) -> dict[str, Any]:
        """Return the algorithm object of a name or a UUID."""
        path = reference.path if isinstance(reference, Algorithm) else _by_id(reference)
        found = self._object(path)
        found.text("id")
        return dict(found.values)

    def builds(
        self, algorithm: Algorithm, *, marker: str | None = None, limit: int = PAGE
    ) -> BuildsPage:
        """Return a page of builds; one request, which never sleeps."""
        query = {"limit": str(limit), **({"marker": marker} if marker else {})}
        reply = self._http.get(f"{algorithm.path}/builds", query, patient=False)
        page = reply.record()
        listed = (build.values for build in page.listed("results") if build.words("build_id"))
        builds = tuple(map(RemoteBuild.of, listed))
        following = page.get("marker")
        return BuildsPage(builds, following if isinstance(following, str) and following else None)

    def build(self, algorithm: Algorithm, build_id: str) -> RemoteBuild:
        """Return one build; one request, which never sleeps."""
        path = f"{algorithm.path}/builds/{quote(build_id, safe='')}"
        reply = self._http.get(path, patient=False)
        value = reply.record()
        return RemoteBuild.of({**value.values, "build_id": value.key("build_id")})

    def build_log(self, algorithm: Algorithm, build_id: str) -> str | None:
        """Return the log, or None while the platform has none; one request, never sleeps."""
        path = f"{algorithm.path}/builds/{quote(build_id, safe='')}/logs"
        try:
            value = self._http.get(path, patient=False).json()
        except HttpError as error:
            if error.status == 404:
                return None
            raise
        logs = value.get("logs") if isinstance(value, dict) else None
        return logs if isinstance(logs, str) else None

    def compilation_log(self, algorithm: Algorithm, commit: str) -> str | None:
        """Return the log kept with a compiled version, or None; one request, never sleeps."""
        path = f"{algorithm.path}/versions/{quote(commit, safe='')}"
        try:
            value = self._http.get(path, patient=False).json()
        except HttpError as error:
            if error.status == 404:
                return None
            raise
        compilation = value.get("compilation") if isinstance(value, dict) else None
        output = compilation.get("output") if isinstance(compilation, dict) else None
        return output if isinstance(output, str) else None

    def compile(self, algorithm: Algorithm) -> None:
        """Ask for a build of the default branch's head; sent once, answers after the build."""
        self._http.post(f"{algorithm.path}/compile", {}, timeout=POLICY.compile_timeout)

    def call(self, algorithm: Algorithm, commit: str, value: object, timeout: float) -> Called:
        """Run a built version with a JSON input; sent once.

        An error of the algorithm is an answer; what fails on the way to it raises HttpError.
        """
        began, since = self._clock(), time.monotonic()
        path = f"/algo/{quote(algorithm.owner)}/{quote(algorithm.name)}/{quote(commit)}"
        query = {"timeout": f"{timeout:g}", "stdout": "true"}
        limit = timeout + POLICY.call_grace
        answer: Mapping[str, Any]
        try:
            answer = self._http.post(path, value, query=query, timeout=limit).record().values
        except HttpError as error:
            reported = error.reply.json() if error.reply else None
            if error.status in _NEVER_ITS_OWN or not _is_raised(reported):
                raise
            answer = reported or {}
        if answer.get("error") and not _is_raised(answer):
            code, message = error_fields(Reply(200, json.dumps(answer).encode()))
            raise HttpError(f"POST {path}", message, status=502, code=code)
        return _called(answer, began, time.monotonic() - since)

    def errors(self, reference: Algorithm | str) -> tuple[ErrorEntry, ...]:
        """Return the runtime errors that the platform keeps, newest first."""
        path = reference.path if isinstance(reference, Algorithm) else _by_id(reference)
        reply = self._http.get(f"{path}/errors")
        is_bare = isinstance(reply.json(), list)
        entries = reply.records() if is_bare else reply.record().listed("results")
        read = [ErrorEntry.of(entry.values) for entry in entries]
        return tuple(sorted(read, key=lambda entry: -entry.created))

    def source_status(self, algorithm: Algorithm) -> str:
        """Return the state of the connection to the source host; its secret is never read."""
        value = self._object(f"{algorithm.path}/scm/status")
        return value.words("scm_connection_status") or "unknown"

    def read_rights(self, collection: str) -> tuple[str, ...] | None:
        """Return who may read hosted data of OWNER/COLLECTION; None where it is not told.

        `()` its owner alone, `("algo://.my/*",)` its owner's algorithms, `("user://*",)` anybody.
        """
        reply = self._http.get(f"/connector/data/{quote(collection)}", {"acl": "true"})
        value = reply.json()
        rights = value.get("acl") if isinstance(value, dict) else None
        read = rights.get("read") if isinstance(rights, dict) else None
        return tuple(map(str, read)) if isinstance(read, list) else None

    def sources(self) -> Mapping[str, Any]:
        """Return the source hosts of the cluster: the cheapest request that needs a key."""
        return self._object("/scms").values

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _connected(self) -> Http:
        return Http(
            f"{self.address}/v1", headers=self._headers, secrets=self.secrets, sleep=self._sleep
        )

    def _object(self, path: str) -> JsonObject:
        reply = self._http.get(path)
        value = reply.record()
        if isinstance(value.get("error"), (dict, str)):
            code, message = error_fields(reply)
            raise HttpError(f"GET {path}", message, status=reply.status, code=code)
        return value


def clean_address(address: str) -> str:
    """Return an API address without `/v1`, as the platform's own client takes it."""
    text = address.strip().rstrip("/").removesuffix("/v1").rstrip("/")
    if "@" in urlsplit(text).netloc:
        raise InputError(
            "the API address holds credentials",
            hint="put the key into ALGORITHMIA_API_KEY and leave the address bare",
        )
    return text


def expiry(token: Secret) -> datetime | None:
    """Return when a JSON Web Token expires, None where it does not say."""
    try:
        middle = token.reveal().split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
        return datetime.fromtimestamp(float(claims["exp"]), timezone.utc)
    except (IndexError, KeyError, TypeError, ValueError, OverflowError):
        return None


def _by_id(identity: str) -> str:
    return f"/algorithms/{quote(identity, safe='')}"


def _is_raised(answer: object) -> bool:
    """Say whether an answer tells of an error of the algorithm, not of the way to it.

    The reference: `message`, and `stacktrace` for those who may read the source. The platform's
    own errors have a `code` instead.
    """
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        return False
    if any(error.get(name) for name in ("stacktrace", "stack_trace", "error_type")):
        return True
    return isinstance(error.get("message"), str) and "code" not in error


def _called(answer: Mapping[str, Any], began: float, measured: float) -> Called:
    metadata = answer.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    lasted, printed = metadata.get("duration"), metadata.get("stdout")
    return Called(
        _error_text(answer.get("error")),
        _request_id(answer),
        began,
        float(lasted) if isinstance(lasted, (int, float)) else measured,
        printed if isinstance(printed, str) else "",
    )


def _error_text(error: object) -> str | None:
    if not error:
        return None
    if not isinstance(error, dict):
        return str(error)
    stack = error.get("stacktrace") or error.get("stack_trace") or ""
    return f"{error.get('message', 'the call failed')}\n{stack}".rstrip()


def _request_id(answer: Mapping[str, Any]) -> str | None:
    places = (answer.get("metadata"), answer.get("error"), answer)
    for place in places:
        if isinstance(place, dict) and isinstance(place.get("request_id"), str):
            found: str = place["request_id"]
            return found
    return None
