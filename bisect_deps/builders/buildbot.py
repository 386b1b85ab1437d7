"""Builds by a Buildbot master and its workers: one forced build a candidate.

A force scheduler takes the job as a property; any worker does it and prints the result as the last
line of its log. Requests outlive us, and are found again by a property that tells order and
builder. Source: Buildbot manual, "REST API", "ForceScheduler", "Build Result Codes".
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from bisect_deps.builders._ci import CiBuilder, Run
from bisect_deps.builders._http import Http, HttpError, JsonObject, Reply
from bisect_deps.builders._job import BOOTSTRAP, Machines
from bisect_deps.builders.base import (
    Builder,
    BuilderOptions,
    Check,
    Order,
    Template,
    checked,
    setting,
)
from bisect_deps.errors import BuilderUnavailable, InputError
from bisect_deps.model import BuildStatus
from bisect_deps.policy import POLICY
from bisect_deps.secret import Secret, secrets_of
from bisect_deps.system.interpreters import find

SCHEDULER = "depbisect"
STEP = "build"
# The numbers of a build's result.
SUCCESS, WARNINGS, FAILURE, RETRY, CANCELLED = 0, 1, 2, 5, 6
_STATES = {
    None: BuildStatus.QUEUED,
    -1: BuildStatus.QUEUED,
    SUCCESS: BuildStatus.PASSED,
    WARNINGS: BuildStatus.PASSED,
    FAILURE: BuildStatus.FAILED,
    CANCELLED: BuildStatus.CANCELLED,
}

# What is read of a log that is too large to be had whole, in lines of at most 4,096 characters.
_LINES = (10_000, 2_000)

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
    system = Buildbot(options)
    return CiBuilder(system, options, POLICY.buildbot, place=system.place)


def checks(options: Options) -> Iterator[Check]:
    """Look for the scheduler, its workers and the right to force; builds nothing."""
    ready = "builds can be forced; workers:"
    return checked(
        "buildbot",
        lambda: Buildbot(options),
        lambda system: f"{ready} {', '.join(system.workers())}",
    )


class Buildbot:
    """A Buildbot master's REST API: a run is a build request, its job the request's last build."""

    name = "buildbot"
    hint = (
        "`depbisect doctor --builder buildbot` says what is missing; BUILDBOT_USER and "
        "BUILDBOT_PASSWORD are a login that may force builds"
    )
    live_log = True
    exact = True
    pause = 0.0

    def __init__(self, options: Options) -> None:
        self._scheduler = options.buildbot_scheduler
        self._address = _address(options)
        self._interpreter = options.interpreter or find()
        minor = self._interpreter.minor
        self.place = Machines(pythons=(f"python{minor}", "python3", "python"), version=minor)
        user, password = (os.environ.get(f"BUILDBOT_{name}", "") for name in ("USER", "PASSWORD"))
        login = _basic(user, password) if user else None
        headers = {"Authorization": login} if login else {}
        self.secrets = (*secrets_of(os.environ), *([Secret(password)] if password else []))
        self._http = Http(self._address, headers=headers, secrets=self.secrets)
        self._logged_in = login is None
        self._builder_id: str | None = None

    def identity(self) -> str:
        """Return the master and the Python."""
        one = self._interpreter
        return f"buildbot {self._address} {self._scheduler} {one.implementation} {one.minor}"

    def slots(self) -> int:
        """Return how many workers there are."""
        try:
            return len(self.workers()) or POLICY.buildbot_jobs
        except (HttpError, BuilderUnavailable):
            return POLICY.buildbot_jobs

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
        found = self._get(f"/builders/{self._builder()}/workers", patient=True).listed("workers")
        return sorted(worker.text("name") for worker in found if worker.get("connected_to"))

    def begin(self, order: Order, marker: str, text: str) -> Run | None:
        """Force a build."""
        about = {
            "reason": f"depbisect {order.label}".strip(),
            "depbisect_job": text,
            "depbisect_key": f"[{marker}]",
        }
        made = self._force(about)
        requests = _requests_of(made.get("result"))
        if not requests:
            raise self._unlike()
        return self._run(requests[0])

    def recent(self) -> list[Run]:
        """Return the newest 200 requests."""
        path = f"/builders/{self._builder()}/buildrequests"
        query = "property=depbisect_key&order=-buildrequestid&limit=200"
        found = []
        for request in self._get(f"{path}?{query}").listed("buildrequests"):
            key = request.part("properties").get("depbisect_key")
            title = str(key[0]) if isinstance(key, list) and key else ""
            status = _STATES.get(request.number("results"), BuildStatus.BROKEN)
            found.append(self._run(request.key("buildrequestid"), title=title, status=status))
        return found

    def run(self, run: Run) -> Run:
        """Return how a request stands: as its last build, unless a worker was lost by that."""
        builds = self._get(f"/buildrequests/{run.id}/builds?order=buildid").listed("builds")
        if not builds:
            # A request that was cancelled in the queue never has a build.
            request = self._first(f"/buildrequests/{run.id}", "buildrequests")
            results = request.number("results") if request.get("complete") else None
            return replace(run, status=_STATES.get(results, BuildStatus.BROKEN))
        last, lost = builds[-1], sum(build.number("results") == RETRY for build in builds)
        run = replace(run, job=last.key("buildid"), status=BuildStatus.RUNNING)
        if not last.get("complete"):
            return run
        results = last.number("results")
        if results == RETRY and lost < POLICY.lost_worker_retries:
            return replace(run, status=BuildStatus.QUEUED)
        if results == RETRY:
            self._stop_request(run)
        status = _STATES.get(results, BuildStatus.BROKEN)
        return replace(run, status=status, note=_words(results))

    def job(self, run: Run) -> Run:
        """Return the run: its builds were told with it."""
        return run

    def trace(self, run: Run) -> str:
        """Return the output of the build so far, without the master's own lines in it."""
        log = f"/builds/{run.job}/steps/{STEP}/logs/stdio"
        reply = self._asked(f"{log}/contents", patient=False)
        if not reply.is_cut:
            return _output(reply.record())
        length = self._first(log, "logs").number("num_lines") or 0
        first, last = _LINES
        head = self._get(f"{log}/contents?offset=0&limit={first}")
        start = max(first, length - last)
        tail = self._get(f"{log}/contents?offset={start}&limit={last}")
        note = f"[{start - first} lines are left out here]\n" if start > first else ""
        return f"{_output(head)}{note}{_output(tail)}"

    def cancel(self, run: Run) -> None:
        """Stop a build on its worker, or take its request out of the queue."""
        self._stop_request(run)
        for build in self._get(f"/buildrequests/{run.id}/builds", patient=True).listed("builds"):
            if not build.get("complete"):
                self._post(f"/builds/{build.text('buildid')}", "stop", {"reason": "depbisect"})

    def drop(self, marker: str) -> None:
        """Do nothing: a job is never too large for a property."""

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _run(self, number: object, **about: Any) -> Run:
        return Run(str(number), f"{self._address}/#/buildrequests/{number}", **about)

    def _get(self, path: str, *, patient: bool = False) -> JsonObject:
        """Return the value of a resource; asked once unless `patient`."""
        return self._asked(path, patient=patient).record()

    def _asked(self, path: str, *, patient: bool) -> Reply:
        """Return the reply for a resource: an object, if it is whole."""
        self._log_in()
        reply = self._http.get(f"/api/v2{path}", patient=patient)
        if not reply.is_cut and not isinstance(reply.json(), dict):
            raise self._unlike()
        return reply

    def _first(self, path: str, name: str) -> JsonObject:
        """Return the one thing of that name at a path."""
        found = self._get(path).listed(name)
        if not found:
            raise self._unlike()
        return found[0]

    def _unlike(self) -> BuilderUnavailable:
        return BuilderUnavailable(
            f"{self._address} answers, but not as a Buildbot master",
            hint="give the address of the master's web page: http://HOST:8010",
        )

    def _post(self, path: str, method: str, about: Mapping[str, object]) -> JsonObject:
        self._log_in()
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": dict(about)}
        return self._http.post(f"/api/v2{path}", call).record()

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

    def _force(self, properties: Mapping[str, object]) -> JsonObject:
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
            path = f"/forceschedulers/{quote(self._scheduler)}"
            found = self._get(path, patient=True).listed("forceschedulers")
            names = found[0].get("builder_names") if found else []
            if not isinstance(names, list) or not names:
                raise BuilderUnavailable(
                    f"{self._address} has no force scheduler {self._scheduler!r}",
                    hint="`depbisect init buildbot` writes it",
                )
            builder = self._first(f"/builders?name={quote(str(names[0]))}", "builders")
            self._builder_id = builder.key("builderid")
        return self._builder_id

    def _stop_request(self, run: Run) -> None:
        self._post(f"/buildrequests/{run.id}", "cancel", {"reason": "depbisect"})


def _output(contents: JsonObject) -> str:
    """Return what a build wrote, without the master's own lines."""
    chunks = contents.listed("logchunks")
    lines = "".join(chunk.words("content") for chunk in chunks).split("\n")
    return "".join(f"{line[1:]}\n" for line in lines if line[:1] in ("o", "e"))


def _address(options: Options) -> str:
    given = options.buildbot_address or os.environ.get("BUILDBOT_ADDRESS")
    if not given:
        raise InputError(
            "the Buildbot builder needs the master's address",
            hint="give it with --buildbot-address http://127.0.0.1:8010",
        )
    return given.split("#")[0].rstrip("/")


def _requests_of(result: object) -> list[str]:
    """Return the build requests that forcing made: the buildset, then one a builder."""
    made = result[1] if isinstance(result, list) and len(result) > 1 else None
    return [str(number) for number in made.values()] if isinstance(made, dict) else []


def _basic(user: str, password: str) -> Secret:
    return Secret("Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())


def _words(results: int | None) -> str:
    """Return why a build proves nothing, in the master's terms."""
    known = {
        RETRY: f"the worker was lost {POLICY.lost_worker_retries} times",
        CANCELLED: "the build was stopped on the master",
        4: "the build ended with an exception on the master, or could not be done by the worker",
    }
    return known.get(results or 0, f"the build ended without a result ({results})")
