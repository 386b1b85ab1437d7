"""Builds on GitLab CI: a pipeline of one job, made once a candidate, its log read as it grows.

The candidate travels as an input of the pipeline, as a variable where the server takes no inputs,
or in a commit of a scratch branch where it is too large. Source: GitLab REST API, "Pipelines",
"Pipeline trigger tokens", "Jobs", "Commits", "Branches".
"""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from bisect_deps.builders._ci import CiBuilder, Run
from bisect_deps.builders._ci_logs import LARGEST_INPUT, SCRATCH, titled
from bisect_deps.builders._ci_projects import own_host, project_of, python_of, token_from
from bisect_deps.builders._http import Http, HttpError, JsonObject, Reply, is_on_this_machine
from bisect_deps.builders._job import BOOTSTRAP, JOB_FILE, JOB_VARIABLE
from bisect_deps.builders._limits import slower
from bisect_deps.builders.base import Builder, BuilderOptions, Check, Order, Template, setting
from bisect_deps.errors import BuilderUnavailable, InputError
from bisect_deps.model import BuildStatus
from bisect_deps.policy import POLICY
from bisect_deps.secret import Secret

PUBLIC = "https://gitlab.com/api/v4"
JOB = "depbisect"
DEVELOPER = 30
LABEL, PYTHON = "DEPBISECT_LABEL", "DEPBISECT_PYTHON"

PIPELINE = f"""\
# Builds the candidates of `depbisect run --builder gitlab`, one a pipeline; other pipelines of this
# branch have no job. Add what your build needs under before_script: system packages, settings.
spec:
  inputs:
    label:
      description: What is built, for the list of pipelines.
      default: ""
    order:
      description: The candidate, written by depbisect; empty where it is in {JOB_FILE}.
      default: ""
    python:
      description: The version of Python that the build is for.
      default: "3"
---
variables:
  {LABEL}: $[[ inputs.label ]]
  {JOB_VARIABLE}: $[[ inputs.order ]]
  {PYTHON}: $[[ inputs.python ]]
workflow:
  name: depbisect ${LABEL}
  rules:
    - if: ${LABEL}
{JOB}:
  image: python:${PYTHON}
  retry: 0
  script:
    - |
      python - <<'EOF'
{"".join(f"      {line}" for line in BOOTSTRAP.splitlines(keepends=True))}\
      EOF
"""
TEMPLATE = Template(
    ".gitlab-ci.yml",
    PIPELINE,
    (
        "where the project has pipelines of its own, write it on a branch: git switch -c depbisect",
        "commit it and push it",
        "depbisect doctor --builder gitlab [--ref depbisect]",
        "depbisect run --builder gitlab [--ref depbisect]",
    ),
)

_STATES = {
    "success": BuildStatus.PASSED,
    "failed": BuildStatus.FAILED,
    "canceled": BuildStatus.CANCELLED,
    "skipped": BuildStatus.BROKEN,
    "manual": BuildStatus.BROKEN,
    "running": BuildStatus.RUNNING,
    "canceling": BuildStatus.RUNNING,
}
# The one reason of a failed job that is the script's own; all others are the system's.
_OWN_FAILURE = ("script_failure", "", None)


@dataclass(frozen=True, slots=True)
class Options(BuilderOptions):
    """What the GitLab builder is told; the token comes from the environment."""

    project: str | None = setting(
        "--project", "The project that builds; that of origin without it.", metavar="GROUP/NAME"
    )
    ref: str | None = setting(
        "--ref", "The branch or tag that is built; the default branch without it.", metavar="REF"
    )
    api_address: str | None = setting("--api-address", "The build API's address.", metavar="URL")


def make(options: Options) -> Builder:
    """Return the builder. Raises InputError without project or token; asks nobody yet."""
    system = GitLab(options)
    near = is_on_this_machine(system.address)
    return CiBuilder(system, options, POLICY.near_ci if near else POLICY.ci)


def checks(options: Options) -> Iterator[Check]:
    """Yield what `doctor` finds out: token, project, rights, the file that builds."""
    system = GitLab(options)
    try:
        yield from system.checks()
    finally:
        system.close()


class GitLab:
    """The API of GitLab for the pipelines of one project."""

    name = "gitlab"
    hint = (
        "the token needs the scope api and the role Developer: a project access token, or a "
        "personal one, in GITLAB_TOKEN"
    )
    live_log = True
    exact = False

    def __init__(self, options: Options) -> None:
        self.address = _address(options)
        self.pause = 0.0
        self.project = _project(options)
        self._ref = options.ref
        self._python = python_of(options)
        self._job_token = token_from("CI_JOB_TOKEN")
        token = token_from("GITLAB_TOKEN") or self._job_token
        if token is None:
            raise BuilderUnavailable(
                "no token for GitLab",
                hint="set GITLAB_TOKEN to a project or personal access token with the scope api; "
                "tokens are never taken from the command line",
            )
        self._by_trigger = token is self._job_token
        self.secrets: tuple[Secret, ...] = (token,)
        self._takes_inputs = True
        self._details: JsonObject | None = None
        self._file: JsonObject | None = None
        header = "JOB-TOKEN" if self._by_trigger else "PRIVATE-TOKEN"
        self._http = Http(self.address, headers={header: token}, secrets=(token,))

    def slots(self) -> int:
        """Return how many builds at once suit it."""
        return POLICY.remote_jobs

    def identity(self) -> str:
        """Return the project, the reference, and the content of the pipeline's file there."""
        try:
            blob = self._pipeline_file().words("blob_id")
        except BuilderUnavailable:
            blob = ""
        return (
            f"gitlab {self.address} {self.project} {self._ref or 'default branch'} {blob}".rstrip()
        )

    def preflight(self) -> Sequence[str]:
        """Return what keeps builds from starting."""
        found = (check for check in self.checks() if not check.ok)
        return [f"{check.name}: {check.detail}. {check.hint}".rstrip() for check in found]

    def checks(self) -> Iterator[Check]:
        """Yield one check after the other; each stands on the one before."""
        if self._by_trigger:
            yield Check("project", True, f"{self.project}, by the job's own token")
            return
        try:
            details = self._project_details()
            branch = details.text("default_branch")
            access = details.part("permissions")
            roles = [access.part(role) for role in access.values]
            levels = [role.number("access_level") or 0 for role in roles]
        except HttpError as error:
            yield Check("project", False, str(error), _cure(error, self.project))
            return
        yield Check("project", True, f"{self.project}, default branch {branch}")
        may_build = not levels or max(levels, default=0) >= DEVELOPER
        words = "Developer or more" if may_build else "less than Developer"
        yield Check("right to build", may_build, words, "" if may_build else self.hint)
        name = "pipeline file"
        try:
            name = self._path()
            text = self._pipeline_text()
        except HttpError as error:
            hint = "depbisect init gitlab, then commit and push it" if error.status == 404 else ""
            yield Check(name, False, str(error), hint or self.hint)
            return
        except BuilderUnavailable as error:
            yield Check(name, False, error.message, error.hint or "")
            return
        is_ours = JOB_VARIABLE in text
        yield Check(
            name,
            is_ours,
            "builds candidates" if is_ours else f"does not build candidates on {self._on()}",
            "" if is_ours else "depbisect init gitlab on a branch of its own, named with --ref",
        )

    def begin(self, order: Order, marker: str, text: str) -> Run | None:
        """Make a pipeline, on a scratch branch where the order is too large for an input."""
        ref = self._on()
        values = {"label": titled(order, marker), "order": text, "python": self._python}
        if len(text) > LARGEST_INPUT:
            ref, values["order"] = self._branch(ref, marker, text), ""
        try:
            reply = self._create(ref, values)
        except HttpError as error:
            # Servers before 17.10 know no inputs, nor does a pipeline's file without `spec`.
            if not (self._takes_inputs and error.status == 400 and "input" in error.message):
                raise
            self._takes_inputs = False
            reply = self._create(ref, values)
        return _run(reply.record())

    def recent(self) -> list[Run]:
        """Return the newest 100 pipelines."""
        found = self._get("/pipelines", per_page="100", order_by="id", sort="desc").records()
        return [_run(pipeline) for pipeline in found]

    def run(self, run: Run) -> Run:
        """Return how the pipeline's job stands."""
        jobs = self._get(f"/pipelines/{run.id}/jobs", per_page="100").records()
        job = next((listed for listed in jobs if listed.get("name") == JOB), None)
        if job is None:
            note = f"the pipeline has no job named {JOB}"
            return replace(run, status=BuildStatus.BROKEN, note=note)
        status = _STATES.get(job.text("status"), BuildStatus.QUEUED)
        reason, note = job.words("failure_reason"), ""
        if status is BuildStatus.FAILED and reason not in _OWN_FAILURE:
            status, note = BuildStatus.BROKEN, f"the job ended by {reason}"
        if status is BuildStatus.CANCELLED:
            note = "the job was cancelled"
        url = job.words("web_url") or run.url
        return replace(run, job=job.key("id"), url=url, status=status, note=note)

    def job(self, run: Run) -> Run:
        """Return the run as it is: a pipeline's state is that of its job."""
        return run

    def trace(self, run: Run) -> str:
        """Return the job's log so far."""
        return self._get(f"/jobs/{run.job}/trace").text

    def cancel(self, run: Run) -> None:
        """Ask for the pipeline to be cancelled."""
        self._http.post(f"{self._base}/pipelines/{run.id}/cancel")

    def drop(self, marker: str) -> None:
        """Delete the scratch branch of a build."""
        branch = quote(f"{SCRATCH}{marker}", safe="")
        self._http.request("DELETE", f"{self._base}/repository/branches/{branch}")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    @property
    def _base(self) -> str:
        return f"/projects/{quote(self.project, safe='')}"

    def _get(self, path: str, **query: str) -> Reply:
        reply = self._http.get(self._base + path, query or None, patient=False)
        self.pause = slower(reply, time.time())
        return reply

    def _create(self, ref: str, values: dict[str, str]) -> Reply:
        value: dict[str, object] = {"ref": ref}
        named = {LABEL: values["label"], PYTHON: values["python"], JOB_VARIABLE: values["order"]}
        if self._takes_inputs:
            value["inputs"] = values
        elif self._by_trigger:
            value["variables"] = named
        else:
            value["variables"] = [{"key": name, "value": text} for name, text in named.items()]
        if self._by_trigger and self._job_token is not None:
            value["token"] = self._job_token.reveal()
            return self._http.post(f"{self._base}/trigger/pipeline", value)
        return self._http.post(f"{self._base}/pipeline", value)

    def _project_details(self) -> JsonObject:
        if self._details is None:
            self._details = self._http.get(self._base).record()
        return self._details

    def _on(self) -> str:
        default = os.environ.get("CI_DEFAULT_BRANCH") if self._by_trigger else None
        return self._ref or default or self._project_details().text("default_branch")

    def _path(self) -> str:
        """Return the path of the pipeline's file, which is a setting of the project.

        Raises BuilderUnavailable for one elsewhere. Source: GitLab, "Specify a custom CI/CD
        configuration file": it may be an address, or a file of another project.
        """
        own = "" if self._by_trigger else self._project_details().words("ci_config_path")
        path = own.removeprefix("/") or TEMPLATE.path
        if "://" in path or "@" in path or ".." in path.split("/"):
            raise BuilderUnavailable(
                f"the pipeline's file of {self.project} is {path!r}, which is no file of it",
                hint="name one in its Settings > CI/CD > General pipelines, or another --project",
            )
        return path

    def _pipeline_file(self) -> JsonObject:
        if self._file is None:
            path = f"{self._base}/repository/files/{quote(self._path(), safe='')}"
            self._file = self._http.get(path, {"ref": self._on()}).record()
        return self._file

    def _pipeline_text(self) -> str:
        file = self._pipeline_file()
        try:
            return base64.b64decode(file.words("content")).decode("utf-8", "replace")
        except ValueError:
            message = "answered what is not base64 as 'content': is this the API's address?"
            raise HttpError(file.request, message, status=200) from None

    def _branch(self, ref: str, marker: str, text: str) -> str:
        """Make a branch with one commit that holds the order; the push makes no pipeline."""
        head = self._get(f"/repository/commits/{quote(ref, safe='')}").record().key("id")
        name = f"{SCRATCH}{marker}"
        self._http.post(
            f"{self._base}/repository/commits",
            {
                "branch": name,
                "start_sha": head,
                "commit_message": "depbisect: an order too large for an input [skip ci]",
                "actions": [{"action": "create", "file_path": JOB_FILE, "content": text}],
            },
        )
        return name


def _run(found: JsonObject) -> Run:
    return Run(
        id=found.key("id"),
        url=found.words("web_url") or None,
        title=found.words("name"),
        status=_STATES.get(found.text("status"), BuildStatus.QUEUED),
    )


def _address(options: Options) -> str:
    given = options.api_address or os.environ.get("CI_API_V4_URL") or ""
    if given:
        address = given.rstrip("/")
        return address if address.endswith("/api/v4") else f"{address}/api/v4"
    if options.project:
        return PUBLIC
    host = own_host(options.folder, "gitlab.com", "altssh.gitlab.com")
    return f"https://{host}/api/v4" if host else PUBLIC


def _project(options: Options) -> str:
    found = options.project or os.environ.get("CI_PROJECT_PATH") or project_of(options.folder)[1]
    if "/" not in found.strip("/") and not found.isdigit():
        raise InputError(
            f"{found!r} is no project" if found else "no project to build in",
            hint="give --project GROUP/NAME, or run inside a clone whose origin is on GitLab",
        )
    return found.strip("/")


def _cure(error: HttpError, project: str) -> str:
    if error.status is None:
        return "is the address right (--api-address)? A proxy or VPN may be needed"
    if error.status == 401:
        return "the token is not valid: set GITLAB_TOKEN anew"
    if error.status == 404:
        return f"is it {project}? A private project is not found with a token that may not read it"
    return GitLab.hint
