"""GitHub's documented routes over a real git repository; the real `act` runs its workflows.

Source of the routes: GitHub REST API, "Workflows", "Workflow runs", "Workflow jobs", "Contents",
"Git database", "Pulls". Steps and log are what `act` says of them; a run's name is the workflow's
`run-name` with the inputs put in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tests.support.ci_server import Answer, CiServer, Job, Request, act, runner_environment

SETUP_PYTHON = """\
name: setup-python
inputs: {python-version: {description: which}}
runs:
  using: composite
  steps: [{shell: bash, run: 'true'}]
"""
MOST_INPUT = 65_535
_INPUT = re.compile(r"\$\{\{ inputs\.(\w+) \}\}")


class GitHub(CiServer):
    """One repository. `tells_run` False is an older server, without return_run_details."""

    def __init__(
        self, folder: Path, token: str = "ghp-of-the-tests", name: str = "acme/app"
    ) -> None:
        super().__init__(folder, token)
        self.name, self.tells_run, self.may_push = name, True, True
        self.pulls: list[dict[str, Any]] = []
        (folder / "setup-python").mkdir()
        (folder / "setup-python" / "action.yml").write_text(SETUP_PYTHON)
        base = f"/repos/{re.escape(name)}"
        self.routes = [
            ("GET", base, self.project),
            ("GET", f"{base}/contents/(?P<path>.+)", self.contents),
            ("GET", f"{base}/commits/(?P<ref>.+)", self.commit),
            ("GET", f"{base}/actions/workflows/(?P<file>[^/]+)", self.workflow),
            ("POST", f"{base}/actions/workflows/(?P<file>[^/]+)/dispatches", self.dispatch),
            ("GET", f"{base}/actions/workflows/(?P<file>[^/]+)/runs", self.runs),
            ("GET", f"{base}/actions/runs/(?P<number>\\d+)", self.run),
            ("GET", f"{base}/actions/runs/(?P<number>\\d+)/jobs", self.jobs_of),
            ("GET", f"{base}/actions/jobs/(?P<number>\\d+)/logs", self.logs),
            ("GET", r"/stored/(?P<number>\d+)", self.stored),
            ("POST", f"{base}/actions/runs/(?P<number>\\d+)/cancel", self.cancel),
            ("POST", f"{base}/git/trees", self.make_tree),
            ("POST", f"{base}/git/commits", self.make_commit),
            ("POST", f"{base}/git/refs", self.make_ref),
            ("DELETE", f"{base}/git/refs/heads/(?P<branch>.+)", self.drop_ref),
            ("POST", f"{base}/pulls", self.make_pull),
        ]

    def admits(self, request: Request) -> bool:
        said = request.headers.get("authorization", "")
        # Logs are stored elsewhere, at addresses that are signed and get no token.
        return request.path.startswith("/stored/") or said in (
            f"Bearer {self.token}",
            f"token {self.token}",
        )

    def command(self, job: Job, inputs: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
        event = {"inputs": inputs, "ref": f"refs/heads/{job.ref}"}
        (job.folder / "event.json").write_text(json.dumps(event))
        setup = self.folder / "setup-python"
        command = [act() or "act", "workflow_dispatch", "--json", "-e", "../event.json"]
        command += ["-W", f".github/workflows/{self.file}", "-P", "ubuntu-latest=-self-hosted"]
        command += ["--local-repository", f"actions/setup-python@v6={setup}"]
        return command, {"XDG_CACHE_HOME": str(job.folder / "cache"), **runner_environment()}

    file = "depbisect.yml"

    def project(self, request: Request) -> Answer:
        rights = {"admin": False, "push": self.may_push, "pull": True}
        owner = {"login": self.name.split("/")[0]}
        return Answer(
            200,
            {
                "id": 1,
                "name": self.name.split("/")[1],
                "full_name": self.name,
                "owner": owner,
                "url": f"{self.address}/repos/{self.name}",
                "default_branch": "main",
                "private": True,
                "permissions": rights,
            },
        )

    def contents(self, request: Request, path: str) -> Answer:
        found = self.repository.git("ls-tree", request.query.get("ref", "main"), path)
        if not found:
            return Answer(404, {"message": "Not Found"})
        return Answer(200, {"type": "file", "path": path, "sha": found.split()[2]})

    def commit(self, request: Request, ref: str) -> Answer:
        sha = self.repository.resolve(ref)
        if sha is None:
            return Answer(422, {"message": f"No commit found for SHA: {ref}"})
        tree = self.repository.git("rev-parse", f"{sha}^{{tree}}")
        return Answer(200, {"sha": sha, "commit": {"tree": {"sha": tree}}})

    def workflow(self, request: Request, file: str) -> Answer:
        if not self.repository.git("ls-tree", "main", f".github/workflows/{file}"):
            return Answer(404, {"message": "Not Found"})
        base = f"{self.address}/repos/{self.name}/actions/workflows/{file}"
        return Answer(
            200,
            {"id": 7, "path": f".github/workflows/{file}", "state": "active", "url": base},
        )

    def dispatch(self, request: Request, file: str) -> Answer:
        value, ref = request.value, request.value.get("ref", "")
        inputs = value.get("inputs") or {}
        unknown = value.keys() - {"ref", "inputs", "return_run_details"}
        if not self.tells_run and "return_run_details" in value:
            return Answer(
                422, {"message": 'Invalid request.\n\n"return_run_details" is not a permitted key.'}
            )
        if unknown:
            return Answer(422, {"message": f"{unknown} is not a permitted key."})
        if self.repository.resolve(ref) is None:
            return Answer(422, {"message": f"No ref found for: {ref}"})
        text = self.repository.git("show", f"{ref}:.github/workflows/{file}")
        declared = re.findall(r"^      (\w+):$", text.split("permissions:")[0], re.MULTILINE)
        if inputs.keys() - set(declared):
            return Answer(422, {"message": f"Unexpected inputs provided: {sorted(inputs)}"})
        if sum(map(len, inputs.values())) > MOST_INPUT:
            return Answer(422, {"message": "inputs are too large."})
        name = re.search(r"^run-name: (.+)$", text, re.MULTILINE)
        title = re.sub(
            r"\$\{\{ inputs\.(\w+) \}\}", lambda m: inputs[m[1]], name[1] if name else ""
        )
        job = self.start(title, ref, inputs)
        if not value.get("return_run_details"):
            return Answer(204)
        return Answer(
            200,
            {
                "workflow_run_id": job.number,
                "run_url": self._url(job),
                "html_url": f"https://github.example/{self.name}/actions/runs/{job.number}",
            },
        )

    def runs(self, request: Request, file: str) -> Answer:
        shown = [self._shown(job) for job in reversed(self.jobs)]
        most = int(request.query.get("per_page", "30"))
        return Answer(200, {"total_count": len(shown), "workflow_runs": shown[:most]})

    def run(self, request: Request, number: str) -> Answer:
        job = self._job(number)
        return Answer(200, self._shown(job)) if job else Answer(404, {"message": "Not Found"})

    def jobs_of(self, request: Request, number: str) -> Answer:
        job = self._job(number)
        if job is None:
            return Answer(404, {"message": "Not Found"})
        status, conclusion = self._state(job)
        one = {"id": job.number + 5000, "run_id": job.number, "name": "build"}
        one |= {"status": status, "conclusion": conclusion, "steps": steps(job.text)}
        return Answer(200, {"total_count": 1, "jobs": [one]})

    def logs(self, request: Request, number: str) -> Answer:
        job = self._job(str(int(number) - 5000))
        if job is None or self.settle(job) is None:
            return Answer(404, {"message": "Not Found"})
        # Another origin, as on the platform: the token must not follow.
        place = self.address.replace("127.0.0.1", "localhost")
        return Answer(302, None, {"Location": f"{place}/stored/{job.number}"})

    def stored(self, request: Request, number: str) -> Answer:
        job = self._job(number)
        assert job is not None
        assert "authorization" not in request.headers, "the token stays with the API"
        return Answer(200, log(job.text))

    def cancel(self, request: Request, number: str) -> Answer:
        job = self._job(number)
        if job is None:
            return Answer(404, {"message": "Not Found"})
        if self.settle(job) is not None:
            return Answer(409, {"message": "Cannot cancel a workflow run that is completed."})
        self.stop(job)
        return Answer(202, {})

    def make_tree(self, request: Request) -> Answer:
        files = {entry["path"]: entry["content"] for entry in request.value["tree"]}
        return Answer(201, {"sha": self.repository.tree(request.value["base_tree"], files)})

    def make_commit(self, request: Request) -> Answer:
        value = request.value
        parents = [part for parent in value["parents"] for part in ("-p", parent)]
        sha = self.repository.git("commit-tree", value["tree"], *parents, "-m", value["message"])
        return Answer(201, {"sha": sha})

    def make_ref(self, request: Request) -> Answer:
        self.repository.git("update-ref", request.value["ref"], request.value["sha"])
        return Answer(201, {"ref": request.value["ref"]})

    def drop_ref(self, request: Request, branch: str) -> Answer:
        if branch not in self.repository.branches():
            return Answer(422, {"message": "Reference does not exist"})
        self.repository.git("update-ref", "-d", f"refs/heads/{branch}")
        return Answer(204)

    def make_pull(self, request: Request) -> Answer:
        self.pulls.append(request.value)
        return Answer(201, {"number": len(self.pulls), "html_url": "https://github.example/pull/1"})

    def _job(self, number: str) -> Job | None:
        return next((job for job in self.jobs if str(job.number) == number), None)

    def _state(self, job: Job) -> tuple[str, str | None]:
        code = self.settle(job)
        if code is None:
            return "in_progress", None
        if job.cancelled:
            return "completed", "cancelled"
        return "completed", "success" if code == 0 else "failure"

    def _url(self, job: Job) -> str:
        return f"{self.address}/repos/{self.name}/actions/runs/{job.number}"

    def _shown(self, job: Job) -> dict[str, Any]:
        status, conclusion = self._state(job)
        made = datetime.fromtimestamp(job.made, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "id": job.number,
            "name": "depbisect",
            "display_title": job.title,
            "event": "workflow_dispatch",
            "head_branch": job.ref,
            "status": status,
            "conclusion": conclusion,
            "created_at": made,
            "url": self._url(job),
            "html_url": f"https://github.example/{self.name}/actions/runs/{job.number}",
            "jobs_url": f"{self._url(job)}/jobs",
            "cancel_url": f"{self._url(job)}/cancel",
        }


def _lines(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def steps(output: str) -> list[dict[str, Any]]:
    """Return the steps of a job as the API has them, from what `act --json` says."""
    found: dict[str, str] = {}
    for line in _lines(output):
        if line.get("stepResult") and line.get("stage") == "Main" and len(line["stepID"]) == 1:
            found[line["step"]] = line["stepResult"]
    return [
        {"name": name, "number": number, "status": "completed", "conclusion": how}
        for number, (name, how) in enumerate(found.items(), 1)
    ]


def log(output: str) -> str:
    """Return a job's log as the platform stores it: a mark, and the time before each line."""
    lines = []
    for line in _lines(output):
        if line.get("raw_output"):
            lines += line["msg"].rstrip("\n").split("\n")
        elif line["msg"].startswith("⭐ Run Main"):
            lines.append(f"##[group]Run {line['step']}")
    stamp = "2026-11-28T08:00:00.1234567Z "
    return "\ufeff" + "".join(
        f"{stamp}{line}\n" for line in [*lines, "Cleaning up orphan processes"]
    )
