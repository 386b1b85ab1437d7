"""Builds by a Buildbot master and its workers: one forced build a candidate.

A force scheduler takes the job as a property; any worker does it and prints the result as the last
line of its log. Requests outlive us, and are found again by a property that tells order and
builder. Source: Buildbot manual, "REST API", "ForceScheduler", "Build Result Codes".
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bisect_deps.builders._http import Http, HttpError
from bisect_deps.builders._job import (
    BOOTSTRAP,
    Credentials,
    Place,
    Result,
    about_index,
    job_of,
    packed,
    split_result,
)
from bisect_deps.builders.base import (
    Builder,
    BuilderOptions,
    Capabilities,
    Check,
    Handle,
    Order,
    Template,
    setting,
)
from bisect_deps.errors import BuilderUnavailable, DepbisectError, InputError
from bisect_deps.interpreters import find
from bisect_deps.model import BuildStatus
from bisect_deps.secret import Secret, redact, secrets_of

SCHEDULER = "depbisect"
STEP = "build"
# The numbers of a build's result.
SUCCESS, WARNINGS, FAILURE, RETRY, CANCELLED = 0, 1, 2, 5, 6
# A worker that is lost again and again is lost by the build.
MOST_RETRIES = 3
SOONEST, LATEST, GROWTH = 0.2, 5.0, 1.2
# How long a master that restarts is waited for.
PATIENCE = 600.0
TRIES = 4
SLOTS = 2

MODULE = f'''\
"""Builds the candidates of `depbisect run --builder buildbot`. In master.cfg, after c["workers"]:

    import depbisect_builds
    depbisect_builds.add_to(c, workers=["worker1", "worker2"])

Whoever may force builds of it runs commands on these workers: limit that by c["www"]["authz"].
"""

from buildbot.plugins import schedulers, steps, util

BOOTSTRAP = """\\
{BOOTSTRAP}"""


def add_to(c, workers, name="{SCHEDULER}", python="python3", env=None):
    """Add a builder and its force scheduler, both of that name. `python` is any from 3.6 on."""
    build = steps.ShellCommand(
        name="{STEP}",
        command=[python, "-c", BOOTSTRAP],
        initialStdin=util.Property("depbisect_job"),
        env=env or {{}},
        logEnviron=False,
        timeout=None,  # The job keeps its own limit.
        sigtermTime=10,
        decodeRC={{0: util.SUCCESS, 1: util.FAILURE, 2: util.EXCEPTION}},
        haltOnFailure=True,
    )
    fixed = {{
        field: util.FixedParameter(field, default="")
        for field in ("branch", "revision", "repository", "project")
    }}
    c.setdefault("builders", []).append(
        util.BuilderConfig(
            name=name,
            workernames=workers,
            factory=util.BuildFactory([build]),
            collapseRequests=False,  # Equal requests are repeats on purpose.
        )
    )
    c.setdefault("schedulers", []).append(
        schedulers.ForceScheduler(
            name=name,
            builderNames=[name],
            codebases=[util.CodebaseParameter("", **fixed)],
            properties=[
                util.TextParameter("depbisect_job", required=True),
                util.StringParameter("depbisect_key", required=True),
            ],
        )
    )
'''

TEMPLATE = Template(
    "depbisect_builds.py",
    MODULE,
    (
        "Put it beside master.cfg, and write into that, after the workers:",
        "    import depbisect_builds",
        '    depbisect_builds.add_to(c, workers=["worker1"])',
        "Then: buildbot reconfig; depbisect doctor --builder buildbot --buildbot-address URL",
    ),
)


@dataclass(frozen=True, slots=True)
class Options(BuilderOptions):
    """What the Buildbot builder is told; user and password come from the environment."""

    buildbot_address: str | None = setting(
        "--buildbot-address", "The master's address, as its web page has it.", metavar="URL"
    )
    buildbot_scheduler: str = setting(
        "--buildbot-scheduler",
        "The force scheduler to use.",
        metavar="NAME",
        default=SCHEDULER,
    )


def make(options: Options) -> Builder:
    """Return a builder for the master. Raises InputError without an address."""
    return BuildbotBuilder(options)


def checks(options: Options) -> Iterator[Check]:
    """Look for the scheduler, its workers and the right to force; builds nothing."""
    try:
        builder = BuildbotBuilder(options)
    except DepbisectError as error:
        yield Check("builder buildbot", False, error.message, error.hint or "")
        return
    problems = builder.preflight()
    yield from (Check("builder buildbot", False, problem) for problem in problems)
    if not problems:
        workers = ", ".join(builder.workers())
        yield Check("builder buildbot", True, f"builds can be forced; workers: {workers}")
    builder.close()


@dataclass(slots=True)
class _Request:
    """A build request, made by us or by an earlier run. `builds` is how many it had so far."""

    id: str
    digest: str
    limit: float
    build: str = ""
    status: BuildStatus = BuildStatus.QUEUED
    ended: bool = False
    results: int | None = None
    log: str = ""
    result: Result | None = None
    asks_itself: bool = False
    pause: float = 0.0
    due: float = 0.0
    silent_since: float | None = None


class BuildbotBuilder:
    """The builder protocol over a Buildbot master's REST API."""

    name = "buildbot"

    def __init__(
        self,
        options: Options,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._options = options
        self._scheduler = options.buildbot_scheduler
        self._address = _address(options)
        self._interpreter = options.interpreter or find()
        self._credentials = Credentials()
        self._clock, self._sleep = clock, sleep
        user, password = (os.environ.get(f"BUILDBOT_{name}", "") for name in ("USER", "PASSWORD"))
        self._login = _basic(user, password) if user else None
        headers = {"Authorization": self._login} if self._login else {}
        self._secrets = (*secrets_of(os.environ), *([Secret(password)] if password else []))
        self._http = Http(self._address, headers=headers, secrets=self._secrets, sleep=sleep)
        self._logged_in = self._login is None
        self._requests: dict[str, _Request] = {}
        self._builder_id: str | None = None
        self._slots: int | None = None

    def identity(self) -> str:
        """Return the master, the Python, the installer and the index."""
        one, options = self._interpreter, self._options
        parts = [
            f"buildbot {self._address} {self._scheduler}",
            f"{one.implementation} {one.minor}",
            *about_index(options),
        ]
        return redact("; ".join(parts), self._secrets)

    def describe(self) -> Capabilities:
        """Return as many builds at once as there are workers, unless the user says how many."""
        if self._slots is None:
            self._slots = self._options.jobs or len(self._known_workers()) or SLOTS
        return Capabilities(
            max_parallel=self._slots,
            check=True,
            live_log=True,
            cancel=True,
            reattach=True,
            installed=True,
            isolated=True,
        )

    def preflight(self) -> list[str]:
        """Look for the scheduler and its workers, and try the right to force without building."""
        try:
            if not self.workers():
                return [f"no worker of {self._scheduler} is connected to {self._address}"]
            return self._try_to_force()
        except HttpError as error:
            return [str(error)]
        except BuilderUnavailable as error:
            return [error.message]

    def workers(self) -> list[str]:
        """Return the connected workers' names. Raises HttpError, BuilderUnavailable."""
        found = self._get(f"/builders/{self._builder()}/workers")["workers"]
        return sorted(str(one["name"]) for one in found if one.get("connected_to"))

    def start(self, order: Order) -> Handle:
        """Force a build, or find the request that this or a killed run made."""
        for request in self._requests.values():
            if request.digest == order.digest and not request.status.is_final:
                return self._handle(request)
        key = self._key(order)
        try:
            number = self._left_over(key, order) or self._submit(key, order)
        except HttpError as error:
            raise self._unavailable(error) from None
        request = _Request(number, order.digest, order.timeout)
        self._requests[number] = request
        return self._handle(request)

    def poll(self, handle: Handle) -> BuildStatus:
        """Return how a request stands; at most one question, and none before it is due."""
        request = self._request(handle)
        if request.status.is_final or self._clock() < request.due:
            return request.status
        request.pause = min(LATEST, max(SOONEST, request.pause * GROWTH))
        request.due = self._clock() + request.pause
        try:
            self._step(request)
            request.silent_since = None
        except HttpError as error:
            self._refused(request, error)
        return request.status

    def log(self, handle: Handle, start: int = 0) -> tuple[str, int]:
        """Return the output from an offset on, freed of secrets; a running build's is asked for."""
        request = self._request(handle)
        if request.build and not request.status.is_final:
            # Where it cannot be had, it is asked for again once the build has ended.
            with contextlib.suppress(HttpError):
                self._read_log(request)
        text = redact(request.log, (*self._secrets, *self._credentials.secrets()))
        if not request.status.is_final:
            text = text[: text.rfind("\n") + 1]
        return text[start:], max(start, len(text))

    def installed(self, handle: Handle) -> Mapping[str, str] | None:
        """Return what the install put in place, as the job told at its end."""
        result = self._request(handle).result
        return result.installed if result else None

    def modules(self, handle: Handle) -> Mapping[str, str] | None:
        """Return the modules that the log mentions, of a build whose check failed."""
        result = self._request(handle).result
        return result.modules if result else None

    def cancel(self, handle: Handle) -> bool:
        """Stop a build on its worker, or take its request out of the queue."""
        request = self._request(handle)
        if not request.status.is_final:
            try:
                self._stop(request)
            except HttpError as error:
                raise self._unavailable(error) from None
            request.status = BuildStatus.CANCELLED
        return True

    def close(self) -> None:
        """Stop what is not complete. Raises BuilderUnavailable for what could not be stopped."""
        left: list[str] = []
        for request in self._requests.values():
            if not request.status.is_final:
                request.status = BuildStatus.CANCELLED
                try:
                    self._stop(request)
                except HttpError as error:
                    left.append(f"request {request.id} ({error})")
        self._http.close()
        if left:
            raise BuilderUnavailable(
                f"still to be stopped on {self._address}: {'; '.join(left)}",
                hint="stop it on the master's web page",
            )

    def _key(self, order: Order) -> str:
        told = f"{order.digest}\0{self.identity()}"
        return hashlib.sha256(told.encode()).hexdigest()[:24]

    def _handle(self, request: _Request) -> Handle:
        url = f"{self._address}/#/buildrequests/{request.id}"
        return Handle(request.id, url, {"digest": request.digest, "limit": repr(request.limit)})

    def _request(self, handle: Handle) -> _Request:
        """Return the request of a handle, which may be an earlier run's."""
        if handle.id not in self._requests:
            kept = handle.extra
            self._requests[handle.id] = _Request(handle.id, kept["digest"], float(kept["limit"]))
        return self._requests[handle.id]

    def _get(self, path: str, *, patient: bool = True) -> Any:
        """Return the value of a resource; `patient` False asks once."""
        self._log_in()
        value = self._http.get(f"/api/v2{path}", patient=patient).json()
        if not isinstance(value, dict):
            raise BuilderUnavailable(
                f"{self._address} answers, but not as a Buildbot master",
                hint="give the address of the master's web page: http://HOST:8010",
            )
        return value

    def _post(self, path: str, method: str, about: Mapping[str, object]) -> Any:
        self._log_in()
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": dict(about)}
        return self._http.post(f"/api/v2{path}", call).json()

    def _log_in(self) -> None:
        """Open a session where there is a login; masters behind a proxy take it as it is."""
        if not self._logged_in:
            self._logged_in = True
            try:
                self._http.get("/auth/login")
            except HttpError as error:
                if error.status in (401, 403):
                    raise BuilderUnavailable(
                        "the master refuses BUILDBOT_USER and BUILDBOT_PASSWORD",
                        hint="set them to a login of its web page",
                    ) from None

    def _force(self, properties: Mapping[str, object]) -> Any:
        return self._post(f"/forceschedulers/{quote(self._scheduler)}", "force", properties)

    def _try_to_force(self) -> list[str]:
        """Return what keeps this user from forcing builds."""
        try:
            # Without its required properties nothing is built, whoever asks.
            self._force({})
        except HttpError as error:
            if error.status == 400:
                return []
            if error.status not in (401, 403):
                raise
            return [
                "this user may not force builds: set BUILDBOT_USER and BUILDBOT_PASSWORD, or "
                'allow it in c["www"]["authz"] of master.cfg'
            ]
        return [f"{self._scheduler} is not the scheduler that `depbisect init buildbot` writes"]

    def _builder(self) -> str:
        """Return the number of the builder that the scheduler forces."""
        if self._builder_id is None:
            found = self._get(f"/forceschedulers/{quote(self._scheduler)}")["forceschedulers"]
            names = found[0]["builder_names"] if found else []
            if not names:
                raise BuilderUnavailable(
                    f"{self._address} has no force scheduler {self._scheduler!r}",
                    hint="`depbisect init buildbot` writes it",
                )
            builders = self._get(f"/builders?name={quote(names[0])}")["builders"]
            self._builder_id = str(builders[0]["builderid"])
        return self._builder_id

    def _known_workers(self) -> list[str]:
        try:
            return self.workers()
        except (HttpError, BuilderUnavailable):
            return []

    def _left_over(self, key: str, order: Order) -> str | None:
        """Return the number of a request that a killed run made and could not take down."""
        if self._options.fresh or order.again:
            return None
        return self._made(key, (None, -1, SUCCESS, WARNINGS, FAILURE))

    def _made(self, key: str, results: Collection[int | None]) -> str | None:
        """Return the number of the newest request with that key which is not known yet.

        `results` are those that it may have; None and -1 stand for a request under way.
        """
        path = f"/builders/{self._builder()}/buildrequests"
        query = "property=depbisect_key&order=-buildrequestid&limit=200"
        for request in self._get(f"{path}?{query}")["buildrequests"]:
            number = str(request["buildrequestid"])
            has_key = (request.get("properties") or {}).get("depbisect_key", [None])[0] == key
            if has_key and request["results"] in results and number not in self._requests:
                return number
        return None

    def _submit(self, key: str, order: Order) -> str:
        minor = self._interpreter.minor
        place = Place(pythons=(f"python{minor}", "python3", "python"), version=minor)
        job = packed(job_of(order, self._options, place, self._credentials))
        properties = {
            "reason": f"depbisect {order.label}".strip(),
            "depbisect_job": job,
            "depbisect_key": key,
        }
        for tried in range(TRIES):
            try:
                requests = self._force(properties)["result"][1]
                return str(next(iter(requests.values())))
            except HttpError as error:
                if not error.transient or tried == TRIES - 1:
                    raise
                self._sleep(error.retry_after or 2.0**tried)
            known = self._made(key, (None, -1))  # It may have been accepted all the same.
            if known is not None:
                return known
        raise AssertionError("the last try returns or raises")

    def _step(self, request: _Request) -> None:
        """Ask what is to be known next: how it stands, and then its log."""
        if request.ended:
            self._read_log(request)
            self._conclude(request)
        elif request.asks_itself:
            # A request that was cancelled in the queue never has a build.
            request.asks_itself = False
            [found] = self._get(f"/buildrequests/{request.id}", patient=False)["buildrequests"]
            if found["complete"] and not request.build:
                request.ended, request.results = True, found["results"]
        else:
            path = f"/buildrequests/{request.id}/builds?order=buildid"
            self._hear(request, self._get(path, patient=False)["builds"])

    def _hear(self, request: _Request, builds: list[dict[str, Any]]) -> None:
        request.asks_itself = not builds
        if not builds:
            return
        last = builds[-1]
        request.build = str(last["buildid"])
        lost = sum(build["results"] == RETRY for build in builds)
        is_over = last["complete"] and (last["results"] != RETRY or lost >= MOST_RETRIES)
        request.status = BuildStatus.RUNNING
        if is_over:
            request.ended, request.results, request.due = True, last["results"], 0.0
        elif last["complete"]:
            request.status = BuildStatus.QUEUED

    def _read_log(self, request: _Request) -> None:
        """Take over the output of the build so far, without the master's own lines in it."""
        if not request.build:
            return
        path = f"/builds/{request.build}/steps/{STEP}/logs/stdio/contents"
        try:
            chunks = self._get(path, patient=False)["logchunks"]
        except HttpError as error:
            if error.status != 404:
                raise
            return  # It ended before its step began.
        lines = "".join(str(chunk["content"] or "") for chunk in chunks).split("\n")
        text = "".join(f"{line[1:]}\n" for line in lines if line[:1] in ("o", "e"))
        request.log, result = split_result(text)
        request.result = result or request.result

    def _conclude(self, request: _Request) -> None:
        """Judge a build by its own word; where the master cut its log short, by its exit code."""
        status = request.result.status if request.result else None
        if status is None and request.log and request.results in (SUCCESS, WARNINGS, FAILURE):
            status = BuildStatus.FAILED if request.results == FAILURE else BuildStatus.PASSED
        if status is None or status is BuildStatus.CANCELLED:
            status = BuildStatus.BROKEN
            request.log += f"depbisect: {_words(request.results)}\n"
        if request.results == RETRY:
            self._stop_request(request)
        request.status = status

    def _refused(self, request: _Request, error: HttpError) -> None:
        now = self._clock()
        request.silent_since = request.silent_since or now
        if not error.transient:
            raise self._unavailable(error)
        if now - request.silent_since > PATIENCE:
            request.log += f"depbisect: the master has not answered for {PATIENCE:g} s\n"
            request.status = BuildStatus.BROKEN
        request.due = now + (error.retry_after or request.pause)

    def _stop(self, request: _Request) -> None:
        self._stop_request(request)
        builds = self._get(f"/buildrequests/{request.id}/builds")["builds"]
        for build in builds:
            if not build["complete"]:
                self._post(f"/builds/{build['buildid']}", "stop", {"reason": "depbisect"})

    def _stop_request(self, request: _Request) -> None:
        self._post(f"/buildrequests/{request.id}", "cancel", {"reason": "depbisect"})

    def _unavailable(self, error: HttpError) -> BuilderUnavailable:
        hint = "`depbisect doctor --builder buildbot` says what is missing"
        if error.status in (401, 403):
            hint = "set BUILDBOT_USER and BUILDBOT_PASSWORD to a login that may force builds"
        return BuilderUnavailable(f"Buildbot: {error}", hint=hint)


def _address(options: Options) -> str:
    given = options.buildbot_address or os.environ.get("BUILDBOT_ADDRESS")
    if not given:
        raise InputError(
            "the Buildbot builder needs the master's address",
            hint="give it with --buildbot-address http://127.0.0.1:8010",
        )
    return given.split("#")[0].rstrip("/")


def _basic(user: str, password: str) -> Secret:
    return Secret("Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())


def _words(results: int | None) -> str:
    """Return why a build proves nothing, in the master's terms."""
    known = {
        RETRY: f"the worker was lost {MOST_RETRIES} times",
        CANCELLED: "the build was stopped on the master",
        4: "the build ended with an exception on the master, or could not be done by the worker",
    }
    return known.get(results or 0, f"the build ended without a result ({results})")
