"""Builds on GitHub Actions: a workflow in the user's repository, dispatched once a candidate.

The candidate travels as an input of the dispatch, or in a commit of a scratch branch where it is
too large. Source: GitHub REST API, "Workflows", "Workflow runs", "Workflow jobs", "Git database".
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, urlsplit

from bisect_deps.builders._ci import CiBuilder, Run
from bisect_deps.builders._ci_logs import LARGEST_INPUT, SCRATCH, titled
from bisect_deps.builders._ci_projects import own_host, project_of, python_of, token_from
from bisect_deps.builders._http import Http, HttpError, JsonObject, Reply, is_on_this_machine
from bisect_deps.builders._job import BOOTSTRAP, JOB_FILE, JOB_VARIABLE
from bisect_deps.builders._limits import slower
from bisect_deps.builders.base import Builder, BuilderOptions, Check, Order, Template, setting
from bisect_deps.errors import BuilderUnavailable, InputError
from bisect_deps.model import BuildStatus
from bisect_deps.policy import POLICY, Pace
from bisect_deps.secret import Secret

PUBLIC = "https://api.github.com"
FOLDER = ".github/workflows"
STEP = "Build the candidate"
# The version of the API whose routes these are.
VERSION = "2022-11-28"

WORKFLOW = f"""\
# Builds the candidates of `depbisect run --builder github`, one a run. Add what your build needs
# before the last step: system packages, settings, secrets as environment variables.
name: depbisect
run-name: depbisect ${{{{ inputs.label }}}}
on:
  workflow_dispatch:
    inputs:
      label:
        description: What is built, for the list of runs.
        required: true
        type: string
      order:
        description: The candidate, written by depbisect; empty where it is in {JOB_FILE}.
        default: ""
        type: string
      python:
        description: The version of Python that the build is for.
        default: "3.x"
        type: string
permissions:
  contents: read
jobs:
  build:
    runs-on: ubuntu-latest
    timeout-minutes: 120
    steps:
      - uses: actions/checkout@v5
        with:
          persist-credentials: false
      - uses: actions/setup-python@v6
        with:
          python-version: ${{{{ inputs.python }}}}
      - name: {STEP}
        shell: bash
        env:
          {JOB_VARIABLE}: ${{{{ inputs.order }}}}
        run: |
          python - <<'EOF'
{"".join(f"          {line}" for line in BOOTSTRAP.splitlines(keepends=True))}\
          EOF
"""
TEMPLATE = Template(
    f"{FOLDER}/depbisect.yml",
    WORKFLOW,
    (
        "commit it and push it to the default branch",
        "depbisect doctor --builder github",
        "depbisect run --builder github",
    ),
)

_STATES = {
    "queued": BuildStatus.QUEUED,
    "requested": BuildStatus.QUEUED,
    "waiting": BuildStatus.QUEUED,
    "pending": BuildStatus.QUEUED,
    "in_progress": BuildStatus.RUNNING,
}
_CONCLUSIONS = {
    "success": BuildStatus.PASSED,
    "failure": BuildStatus.FAILED,
    "cancelled": BuildStatus.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Options(BuilderOptions):
    """What the GitHub builder is told; the token comes from the environment or from `gh`."""

    repo: str | None = setting(
        "--repo", "The repository that builds; that of origin without it.", metavar="OWNER/NAME"
    )
    workflow: str = setting(
        "--workflow",
        f"The workflow's file in {FOLDER}.",
        metavar="FILE",
        default="depbisect.yml",
    )
    ref: str | None = setting(
        "--ref", "The branch or tag that is built; the default branch without it.", metavar="REF"
    )
    api_address: str | None = setting("--api-address", "The build API's address.", metavar="URL")


def make(options: Options) -> Builder:
    """Return the builder. Raises InputError without repository or token; asks nobody yet."""
    system = Actions(options)
    return CiBuilder(system, options, _pace(system.address))


def checks(options: Options) -> Iterator[Check]:
    """Yield what `doctor` finds out: token, repository, workflow, the limit of requests."""
    system = Actions(options)
    try:
        yield from system.checks()
    finally:
        system.close()


class Actions:
    """The API of GitHub Actions for one workflow of one repository."""

    name = "github"
    hint = (
        "the token needs the right to write actions (and contents, for large files): a "
        "fine-grained token with Actions: write, or a classic one with the scopes repo and workflow"
    )
    live_log = False
    exact = False

    def __init__(self, options: Options) -> None:
        self.address = _address(options)
        token = _token(self.address)
        self.secrets: tuple[Secret, ...] = (token,)
        self.pause = 0.0
        self.repo = _repo(options, self.address)
        self._ref = options.ref
        self._file = options.workflow
        self._python = python_of(options)
        self._tells_run = True
        self._details: JsonObject | None = None
        self._blob: str | None = None
        self._http = Http(
            self.address,
            headers={
                "Authorization": Secret(f"Bearer {token.reveal()}"),
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": VERSION,
            },
            secrets=(token,),
        )

    def slots(self) -> int:
        """Return how many builds at once suit it."""
        return POLICY.remote_jobs

    def identity(self) -> str:
        """Return the repository, the reference, and the content of the workflow there."""
        try:
            blob = self._workflow_blob()
        except HttpError:
            blob = ""
        ref = self._ref or "default branch"
        return f"github {self.address} {self.repo} {ref} {self._file} {blob}".rstrip()

    def preflight(self) -> Sequence[str]:
        """Return what keeps builds from starting."""
        found = (check for check in self.checks() if not check.ok)
        return [f"{check.name}: {check.detail}. {check.hint}".rstrip() for check in found]

    def checks(self) -> Iterator[Check]:
        """Yield one check after the other; each stands on the one before."""
        try:
            details = self._repository()
            may_push = details.part("permissions").get("push") is not False
            branch = details.text("default_branch")
        except HttpError as error:
            yield Check("repository", False, str(error), _cure(error, self.repo))
            return
        yield Check("repository", True, f"{self.repo}, default branch {branch}")
        yield Check(
            "right to build",
            may_push,
            "the account may write there" if may_push else "the account may only read there",
            "" if may_push else self.hint,
        )
        name = f"workflow {self._file}"
        try:
            state = self._get(f"/actions/workflows/{quote(self._file)}").record().words("state")
            self._workflow_blob()
        except HttpError as error:
            hint = "depbisect init github, then commit and push it to the default branch"
            yield Check(name, False, str(error), hint if error.status == 404 else self.hint)
            return
        hint = "" if state == "active" else f"gh workflow enable {self._file}"
        yield Check(name, state == "active", state, hint)

    def begin(self, order: Order, marker: str, text: str) -> Run | None:
        """Dispatch the workflow, on a scratch branch where the order is too large for an input."""
        ref = self._ref or self._repository().text("default_branch")
        inputs = {"label": titled(order, marker), "order": text, "python": self._python}
        if len(text) > LARGEST_INPUT:
            ref, inputs["order"] = self._branch(ref, marker, text), ""
        value: dict[str, object] = {"ref": ref, "inputs": inputs}
        if self._tells_run:
            value["return_run_details"] = True
        try:
            reply = self._dispatch(value)
        except HttpError as error:
            # Servers before the field refuse it; they never tell which run they made.
            if not (self._tells_run and error.status in (400, 422) and "return" in error.message):
                raise
            self._tells_run = False
            del value["return_run_details"]
            reply = self._dispatch(value)
        made = reply.record() if reply.body.strip() else JsonObject("", {})
        if made.get("workflow_run_id") is None:
            return None
        return Run(made.key("workflow_run_id"), made.words("html_url") or None)

    def recent(self) -> list[Run]:
        """Return the newest 100 dispatched runs of the workflow."""
        path = f"/actions/workflows/{quote(self._file)}/runs"
        found = self._get(path, event="workflow_dispatch", per_page="100").record()
        return [_run(run) for run in found.listed("workflow_runs")]

    def run(self, run: Run) -> Run:
        """Return how a run stands."""
        return _run(self._get(f"/actions/runs/{run.id}").record())

    def job(self, run: Run) -> Run:
        """Return the run with its job, whose steps tell more than the run's conclusion."""
        found = self._get(f"/actions/runs/{run.id}/jobs", filter="latest").record()
        jobs = found.listed("jobs")
        if not jobs:
            return replace(run, status=BuildStatus.BROKEN, note="the run has no job")
        job = next((job for job in jobs if STEP in _steps(job)), jobs[0])
        failed = [name for name, how in _steps(job).items() if how == "failure"]
        if failed and failed[0] != STEP:
            note = f"the step {failed[0]!r} failed"
            run = replace(run, status=BuildStatus.BROKEN, note=note)
        return replace(run, job=job.key("id"))

    def trace(self, run: Run) -> str:
        """Return the log of the run's job, which is to be had once it has ended."""
        return self._get(f"/actions/jobs/{run.job}/logs").text

    def cancel(self, run: Run) -> None:
        """Ask for the run to be cancelled."""
        self._http.post(f"{self._base}/actions/runs/{run.id}/cancel")

    def drop(self, marker: str) -> None:
        """Delete the scratch branch of a build."""
        self._http.request("DELETE", f"{self._base}/git/refs/heads/{SCRATCH}{marker}")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    @property
    def _base(self) -> str:
        return f"/repos/{self.repo}"

    def _get(self, path: str, **query: str) -> Reply:
        reply = self._http.get(self._base + path, query or None, patient=False)
        self.pause = slower(reply, time.time())
        return reply

    def _dispatch(self, value: object) -> Reply:
        return self._http.post(
            f"{self._base}/actions/workflows/{quote(self._file)}/dispatches", value
        )

    def _repository(self) -> JsonObject:
        if self._details is None:
            self._details = self._http.get(self._base).record()
        return self._details

    def _workflow_blob(self) -> str:
        """Return the hash of the workflow as it is on the reference."""
        if self._blob is None:
            query = {"ref": self._ref} if self._ref else None
            path = f"{self._base}/contents/{FOLDER}/{quote(self._file)}"
            self._blob = self._http.get(path, query).record().text("sha")
        return self._blob

    def _branch(self, ref: str, marker: str, text: str) -> str:
        """Make a branch with one commit that holds the order; no other workflow runs on it."""
        head = self._get(f"/commits/{quote(ref, safe='')}").record()
        entry = {"path": JOB_FILE, "mode": "100644", "type": "blob", "content": text}
        base = {"base_tree": head.part("commit").part("tree").text("sha"), "tree": [entry]}
        tree = self._http.post(f"{self._base}/git/trees", base).record().text("sha")
        message = f"depbisect: an order too large for an input [skip ci]\n\n{marker}"
        commit = {"message": message, "tree": tree, "parents": [head.text("sha")]}
        sha = self._http.post(f"{self._base}/git/commits", commit).record().text("sha")
        name = f"{SCRATCH}{marker}"
        self._http.post(f"{self._base}/git/refs", {"ref": f"refs/heads/{name}", "sha": sha})
        return name


def _steps(job: JsonObject) -> dict[str, str]:
    """Return how each step of a job ended."""
    steps = [] if job.get("steps") is None else job.listed("steps")
    return {step.text("name"): step.words("conclusion") for step in steps}


def _run(found: JsonObject) -> Run:
    conclusion, state = found.words("conclusion"), found.text("status")
    status = _STATES.get(state, BuildStatus.QUEUED)
    if state == "completed":
        status = _CONCLUSIONS.get(conclusion, BuildStatus.BROKEN)
    ended = status is BuildStatus.BROKEN
    return Run(
        id=found.key("id"),
        url=found.words("html_url") or None,
        title=found.words("display_title") or found.words("name"),
        status=status,
        note=f"the run ended as {conclusion}" if ended else "",
    )


def _address(options: Options) -> str:
    given = options.api_address or os.environ.get("GITHUB_API_URL") or ""
    if given:
        return given.rstrip("/")
    if options.repo:
        return PUBLIC
    host = own_host(options.folder, "github.com", "ssh.github.com")
    return f"https://{host}/api/v3" if host else PUBLIC


def _repo(options: Options, address: str) -> str:
    name = options.repo or os.environ.get("GITHUB_REPOSITORY") or project_of(options.folder)[1]
    owner, _, project = name.partition("/")
    if not owner or not project or "/" in project:
        raise InputError(
            f"{name!r} is no repository" if name else "no repository to build in",
            hint="give --repo OWNER/NAME, or run inside a clone whose origin is on GitHub",
        )
    return f"{quote(owner)}/{quote(project)}"


def _token(address: str) -> Secret:
    """Return the token of the environment, else the one that `gh` keeps for the host."""
    host = urlsplit(address).hostname or ""
    host = "github.com" if host == "api.github.com" else host
    own = () if host == "github.com" else ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
    found = token_from(*own, "GITHUB_TOKEN", "GH_TOKEN")
    if found is not None:
        return found
    try:
        done = subprocess.run(
            ["gh", "auth", "token", "--hostname", host],
            capture_output=True,
            text=True,
            timeout=POLICY.answer_timeout,
            check=True,
        )
        token = done.stdout.strip()
    except (OSError, subprocess.SubprocessError):
        token = ""
    if not token:
        raise BuilderUnavailable(
            "no token for GitHub",
            hint="set GITHUB_TOKEN, or log in with `gh auth login`; tokens are never taken from "
            "the command line",
        )
    return Secret(token)


def _pace(address: str) -> Pace:
    near = is_on_this_machine(address)
    return POLICY.near_ci if near else POLICY.ci


def _cure(error: HttpError, repo: str) -> str:
    if error.status is None:
        return "is the address right (--api-address)? A proxy or VPN may be needed"
    if error.status == 401:
        return "the token is not valid: set GITHUB_TOKEN anew, or `gh auth login`"
    if error.status == 404:
        return f"is it {repo}? A private repository is not found with a token that may not read it"
    return Actions.hint
