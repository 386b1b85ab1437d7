"""GitLab's documented routes over a real git repository; jobs are their scripts, run by a shell.

Source of the routes: GitLab REST API, "Projects", "Pipelines", "Pipeline trigger tokens", "Jobs",
"Commits", "Branches", "Repository files". The pipeline's file is read as the platform reads it:
inputs put in, variables of the pipeline over those of the file, jobs with their rules.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml

from tests.support.ci_server import Answer, CiServer, Job, Request, runner_environment

JOB_TOKEN = "glcbt-of-the-tests"
# What the runner puts around a script's output.
_HEAD = (
    "\x1b[0KRunning with gitlab-runner 18.5\n"
    "section_start:1764300000:step_script\r\x1b[0K\x1b[36;1mExecuting the step\x1b[0;m\n"
)
_TAIL = "section_end:1764300009:step_script\r\x1b[0K"


class GitLab(CiServer):
    """One project. `takes_inputs` and `takes_variables` are what servers and projects differ in."""

    def __init__(self, folder: Path, token: str = "glpat-of-the-tests") -> None:
        super().__init__(folder, token)
        self.name = "acme/app"
        self.takes_inputs = self.takes_variables = True
        self.level, self.stamps = 30, False
        self.reasons: dict[int, str] = {}
        base = r"/api/v4/projects/(?:acme%2Fapp|1)"
        self.routes = [
            ("GET", base, self.project),
            ("GET", f"{base}/repository/files/(?P<path>[^/]+)", self.file),
            ("GET", f"{base}/repository/commits/(?P<ref>[^/]+)", self.commit),
            ("POST", f"{base}/repository/commits", self.make_commit),
            ("DELETE", f"{base}/repository/branches/(?P<branch>[^/]+)", self.drop_branch),
            ("POST", f"{base}/pipeline", self.make_pipeline),
            ("POST", f"{base}/trigger/pipeline", self.trigger),
            ("GET", f"{base}/pipelines", self.pipelines),
            ("GET", f"{base}/pipelines/(?P<number>\\d+)", self.pipeline),
            ("GET", f"{base}/pipelines/(?P<number>\\d+)/jobs", self.jobs_of),
            ("POST", f"{base}/pipelines/(?P<number>\\d+)/cancel", self.cancel),
            ("GET", f"{base}/jobs/(?P<number>\\d+)", self.job),
            ("GET", f"{base}/jobs/(?P<number>\\d+)/trace", self.trace),
        ]

    def admits(self, request: Request) -> bool:
        if request.path.endswith("/trigger/pipeline"):
            return (request.value or {}).get("token") == JOB_TOKEN
        given = request.headers
        return given.get("private-token") == self.token or given.get("job-token") == JOB_TOKEN

    def command(self, job: Job, inputs: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
        script = job.folder / "script"
        script.write_text(inputs["script"])
        own = {name: text for name, text in inputs.items() if name != "script"}
        return ["bash", "-e", str(script)], {**runner_environment(), **own, "CI": "true"}

    def project(self, request: Request) -> Answer:
        access = {"project_access": {"access_level": self.level}, "group_access": None}
        return Answer(
            200,
            {
                "id": 1,
                "path_with_namespace": self.name,
                "default_branch": "main",
                "ci_config_path": "",
                "permissions": access,
            },
        )

    def file(self, request: Request, path: str) -> Answer:
        ref, name = request.query.get("ref", "main"), unquote(path)
        found = self.repository.git("ls-tree", ref, name)
        if not found:
            return Answer(404, {"message": "404 File Not Found"})
        text = self.repository.git("show", f"{ref}:{name}")
        content = base64.b64encode(text.encode()).decode()
        return Answer(200, {"file_path": name, "blob_id": found.split()[2], "content": content})

    def commit(self, request: Request, ref: str) -> Answer:
        sha = self.repository.resolve(unquote(ref))
        return Answer(200, {"id": sha}) if sha else Answer(404, {"message": "404 Not Found"})

    def make_commit(self, request: Request) -> Answer:
        value = request.value
        files = {action["file_path"]: action["content"] for action in value["actions"]}
        sha = self.repository.commit(files, value["branch"], value["start_sha"])
        return Answer(201, {"id": sha})

    def drop_branch(self, request: Request, branch: str) -> Answer:
        if unquote(branch) not in self.repository.branches():
            return Answer(404, {"message": "404 Branch Not Found"})
        self.repository.git("update-ref", "-d", f"refs/heads/{unquote(branch)}")
        return Answer(204)

    def make_pipeline(self, request: Request) -> Answer:
        given = request.value.get("variables") or []
        variables = {variable["key"]: variable["value"] for variable in given}
        return self._make(request.value["ref"], request.value.get("inputs"), variables)

    def trigger(self, request: Request) -> Answer:
        variables = request.value.get("variables") or {}
        return self._make(request.value["ref"], request.value.get("inputs"), variables)

    def pipelines(self, request: Request) -> Answer:
        most = int(request.query.get("per_page", "20"))
        return Answer(200, [self._shown(job) for job in reversed(self.jobs)][:most])

    def pipeline(self, request: Request, number: str) -> Answer:
        job = self._job(number)
        return Answer(200, self._shown(job)) if job else Answer(404, {"message": "404 Not found"})

    def jobs_of(self, request: Request, number: str) -> Answer:
        job = self._job(number)
        return Answer(200, [self._shown_job(job)]) if job else Answer(404, {"message": "404"})

    def job(self, request: Request, number: str) -> Answer:
        job = self._job(str(int(number) - 5000))
        return Answer(200, self._shown_job(job)) if job else Answer(404, {"message": "404"})

    def trace(self, request: Request, number: str) -> Answer:
        job = self._job(str(int(number) - 5000))
        if job is None:
            return Answer(404, {"message": "404 Not Found"})
        text = _HEAD + job.text + (_TAIL if self.settle(job) is not None else "")
        if self.stamps:
            stamp = "2026-11-28T08:00:00.123456Z 01O "
            text = "".join(f"{stamp}{line}\n" for line in text.split("\n"))
        return Answer(200, text)

    def cancel(self, request: Request, number: str) -> Answer:
        job = self._job(number)
        if job is None:
            return Answer(404, {"message": "404 Not Found"})
        self.stop(job)
        return Answer(200, self._shown(job))

    def _make(self, ref: str, inputs: Any, variables: Mapping[str, str]) -> Answer:
        if self.repository.resolve(ref) is None:
            return Answer(400, {"message": {"base": ["Reference not found"]}})
        if variables and not self.takes_variables:
            words = "Insufficient permissions to set pipeline variables"
            return Answer(400, {"message": {"base": [words]}})
        documents = list(yaml.safe_load_all(self.repository.git("show", f"{ref}:.gitlab-ci.yml")))
        declared = documents[0].get("spec", {}).get("inputs", {}) if len(documents) > 1 else {}
        unknown = set(inputs or {}) - set(declared)
        if inputs and (unknown or not self.takes_inputs):
            words = f"unknown input arguments: {', '.join(sorted(unknown or inputs))}"
            return Answer(400, {"message": {"base": [words]}})
        values = {
            name: declaration.get("default", "") for name, declaration in declared.items()
        } | (inputs or {})
        config = _put_in(documents[-1], values)
        named = {**config.get("variables", {}), **variables}
        name = re.sub(r"\$(\w+)", lambda match: named.get(match[1], ""), config["workflow"]["name"])
        if not named.get("DEPBISECT_LABEL"):
            return Answer(400, {"message": {"base": ["Pipeline filtered out by workflow rules"]}})
        script = "\n".join(config["depbisect"]["script"])
        job = self.start(name, ref, {**named, "script": script})
        return Answer(201, self._shown(job))

    def _job(self, number: str) -> Job | None:
        return next((job for job in self.jobs if str(job.number) == number), None)

    def _status(self, job: Job) -> str:
        code = self.settle(job)
        if code is None:
            return "running"
        return "canceled" if job.cancelled else "success" if code == 0 else "failed"

    def _shown(self, job: Job) -> dict[str, Any]:
        made = datetime.fromtimestamp(job.made, timezone.utc).isoformat()
        url = f"https://gitlab.example/{self.name}/-/pipelines/{job.number}"
        return {
            "id": job.number,
            "project_id": 1,
            "name": job.title,
            "ref": job.ref,
            "status": self._status(job),
            "source": "api",
            "created_at": made,
            "web_url": url,
        }

    def _shown_job(self, job: Job) -> dict[str, Any]:
        status = self._status(job)
        shown = {"id": job.number + 5000, "name": "depbisect", "status": status}
        if status == "failed":
            shown["failure_reason"] = self.reasons.get(job.number, "script_failure")
        return {**shown, "web_url": f"https://gitlab.example/{self.name}/-/jobs/{job.number}"}


def _put_in(value: Any, inputs: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _put_in(part, inputs) for key, part in value.items()}
    if isinstance(value, list):
        return [_put_in(part, inputs) for part in value]
    if isinstance(value, str):
        return re.sub(r"\$\[\[ inputs\.(\w+) \]\]", lambda match: str(inputs[match[1]]), value)
    return value
