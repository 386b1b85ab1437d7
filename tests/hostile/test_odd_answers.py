"""Build APIs that answer JSON of another shape: one clear error, whatever is odd and wherever.

Each platform's documented replies are twisted in one place a time: a reply, or a value in one, is
replaced by another kind of value, or taken away. Only slurm and the local builders ask otherwise.
`ODD_ANSWERS=all` tries every twist; without it, each `_EVERY`th.
"""

from __future__ import annotations

import copy
import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from urllib.parse import unquote

import pytest

from bisect_deps.builders import buildbot, datarobot, github, gitlab, spaces
from bisect_deps.builders._ci import CiBuilder
from bisect_deps.builders.algorithmia.api import Algorithm, Api
from bisect_deps.builders.algorithmia.settings import AlgorithmiaSettings
from bisect_deps.builders.algorithmia.source import source_of
from bisect_deps.builders.base import Builder, Order
from bisect_deps.errors import BuilderUnavailable
from bisect_deps.policy import POLICY
from bisect_deps.secret import Secret

SHAPES: tuple[object, ...] = (
    None,
    True,
    5,
    1e999,
    "../text",
    "",
    [],
    {},
    [[]],
    [5],
    [None],
    {"a": 1},
)
_EVERY = 1 if os.environ.get("ODD_ANSWERS") == "all" else 61
Replies = dict[str, object]


@dataclass
class Platform:
    """A server whose replies are values by the pattern of `METHOD path`; the first match counts."""

    replies: Replies = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    address: str = ""

    def answer(self, request: str) -> bytes:
        self.asked.append(request)
        for pattern, value in self.replies.items():
            if re.search(pattern, request):
                return value.encode() if isinstance(value, str) else json.dumps(value).encode()
        return b"{}"


@contextmanager
def served() -> Iterator[Platform]:
    platform = Platform()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16  # One packet each: a second one would wait 40 ms.

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = platform.answer(f"{self.command} {self.path}")
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_DELETE = do_PUT = do_GET

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        platform.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield platform
        finally:
            server.shutdown()
            thread.join()


def twists(replies: Replies) -> Iterator[Replies]:
    """Yield the replies with one of their values of another kind."""
    for pattern, value in replies.items():
        if isinstance(value, str):
            continue
        for twisted in _twisted(value):
            yield {**replies, pattern: json.dumps(twisted)}


def _twisted(value: object) -> Iterator[object]:
    yield from (copy.deepcopy(shape) for shape in SHAPES)
    if isinstance(value, dict):
        for key, inner in value.items():
            yield {name: kept for name, kept in value.items() if name != key}
            yield from ({**value, key: twisted} for twisted in _twisted(inner))
    if isinstance(value, list) and value:
        yield from ([twisted, *value[1:]] for twisted in _twisted(value[0]))


RUN = {"id": 7, "status": "completed", "conclusion": "failure", "html_url": "https://ci.example/7"}
JOB = {"id": 8, "steps": [{"name": github.STEP, "conclusion": "failure"}]}
TREE = {"sha": "5eed", "commit": {"tree": {"sha": "7ee"}}}
LARGE = "".join(f"project{number}=={number}.{number * 7919}\n" for number in range(9000))
GITHUB: Replies = {
    r"GET .*/workflows/[^/]+/runs": {"workflow_runs": [{**RUN, "display_title": "x"}]},
    r"GET .*/workflows/": {"state": "active"},
    r"GET .*/contents/": {"sha": "b10b"},
    r"POST .*/dispatches": {"workflow_run_id": 7, "html_url": "https://ci.example/7"},
    r"GET .*/runs/7/jobs": {"jobs": [JOB]},
    r"GET .*/runs/7": RUN,
    r"GET .*/logs": "error: no end\n",
    r"GET .*/commits/": TREE,
    r"POST .*/git/": {"sha": "5eed"},
    r"GET /repos/a/b$": {"default_branch": "main", "permissions": {"push": True}},
}
PIPELINE = {"id": 7, "status": "failed", "name": "x", "web_url": "https://ci.example/7"}
ROLES = {"project_access": {"access_level": 40}, "group_access": None}
GITLAB: Replies = {
    r"GET .*/pipelines/7/jobs": [
        {"id": 8, "name": gitlab.JOB, "status": "failed", "failure_reason": "script_failure"}
    ],
    r"GET .*/pipelines": [PIPELINE],
    r"POST .*/pipeline$": PIPELINE,
    r"GET .*/trace": "error: no end\n",
    r"GET .*/repository/files/": {"content": "REVQQklTRUNUX0pPQg==", "blob_id": "b10b"},
    r"GET .*/repository/commits/": {"id": "5eed"},
    r"GET .*/projects/[^/]+$": {
        "default_branch": "main",
        "permissions": ROLES,
        "ci_config_path": None,
    },
}
REQUEST = {"buildrequestid": 7, "complete": True, "results": None, "properties": {}}
REQUEST["properties"] = {"depbisect_key": ["x", "Force"]}
BUILDBOT: Replies = {
    r"POST .*/forceschedulers/": {"result": [3, {"1": 7}]},
    r"GET .*/forceschedulers/": {"forceschedulers": [{"builder_names": ["depbisect"]}]},
    r"GET .*/builders\?": {"builders": [{"builderid": 1}]},
    r"GET .*/workers": {"workers": [{"name": "one", "connected_to": [{"masterid": 1}]}]},
    r"GET .*/buildrequests/7/builds": {"builds": [{"buildid": 9, "complete": True, "results": 2}]},
    r"GET .*/builders/1/buildrequests": {"buildrequests": [REQUEST]},
    r"GET .*/buildrequests/7": {"buildrequests": [REQUEST]},
    r"GET .*/contents": {"logchunks": [{"content": "oerror: no end\n"}]},
    r"POST .*/buildrequests/": {"result": None},
}
SPACES: Replies = {
    r"GET .*/runtime": {"stage": "BUILD_ERROR", "sha": "5eed"},
    r"GET .*/commits/main": [{"id": "01d", "title": "x"}],
    r"POST .*/commit/main": {"commitOid": "5eed"},
    r"GET .*/logs/build": 'data: {"data": "error: no end"}\n\n',
    r"GET .*/raw/": "good==1.0\n",
}
VERSION = {"id": "v1", "baseEnvironmentId": "e1", "baseEnvironmentVersionId": "e2"}
DATAROBOT: Replies = {
    r"GET .*/customModels/\?": {"data": [{"id": "m9", "name": "another", "latestVersion": None}]},
    r"POST .*/customModels/$": {"id": "m2"},
    r"POST .*/versions/$": {"id": "v2"},
    r"GET .*/dependencyBuild/": {"buildStatus": "failed"},
    r"GET .*/dependencyBuildLog/": "error: no end\n",
    r"GET .*/customModels/m2/": {"id": "m2", "name": f"{datarobot.NAME}x"},
    r"GET .*/customModels/m1/": {"id": "m1", "latestVersion": VERSION},
}
BUILD = {"build_id": "b1", "commit_sha": "5eed", "status": "failed", "started_at": "2026-01-01"}
SETTINGS = {"algorithm_callability": "private", "network_access": "full", "pipeline_enabled": True}
SOURCE = {"scm": {"provider": "github"}, "repository_https_url": "https://git.example/a/b.git"}
ALGORITHMIA: Replies = {
    r"GET .*/builds/b1/logs": {"logs": "error: no end\n"},
    r"GET .*/builds/b1": BUILD,
    r"GET .*/builds": {"marker": None, "results": [BUILD]},
    r"GET .*/errors": {"results": [{"created_at": 1, "error": "x", "request_id": "r"}]},
    r"GET .*/versions/": {"compilation": {"output": "error: no end\n"}},
    r"GET .*/scm/status": {"scm_connection_status": "active"},
    r"GET .*/scms": {"results": [{"id": "internal"}]},
    r"GET .*/connector/": {"acl": {"read": ["user://*"]}},
    r"POST .*/algo/": {"result": 1, "metadata": {"duration": 0.1, "stdout": "x"}},
    r"GET .*/algorithms/a/b$": {"id": "a1", "settings": SETTINGS, "source": SOURCE},
}


def order(text: str) -> Order:
    files = {"requirements.txt": text.encode()}
    return Order(files, "requirements.txt", "0a" * 32, timeout=60)


def by_github(folder: Path, address: str, clock: Callable[[], float]) -> Builder:
    options = github.Options(folder, folder, repo="a/b", api_address=address)
    return CiBuilder(
        github.Actions(options), options, POLICY.near_ci, clock=clock, sleep=lambda _: None
    )


def by_gitlab(folder: Path, address: str, clock: Callable[[], float]) -> Builder:
    options = gitlab.Options(folder, folder, project="a/b", api_address=address)
    return CiBuilder(
        gitlab.GitLab(options), options, POLICY.near_ci, clock=clock, sleep=lambda _: None
    )


def by_buildbot(folder: Path, address: str, clock: Callable[[], float]) -> Builder:
    options = buildbot.Options(folder, folder, buildbot_address=address)
    system = buildbot.Buildbot(options)
    return CiBuilder(system, options, POLICY.buildbot, clock=clock, sleep=lambda _: None)


def by_spaces(folder: Path, address: str, clock: Callable[[], float]) -> Builder:
    os.environ["HF_ENDPOINT"] = address
    options = spaces.Options(folder, folder, spaces=("a/b",))
    return spaces.SpacesBuilder(options, clock=clock, sleep=lambda _: None)


def by_datarobot(folder: Path, address: str, clock: Callable[[], float]) -> Builder:
    os.environ["DATAROBOT_ENDPOINT"] = address
    options = datarobot.Options(folder, folder, custom_model="m1")
    return datarobot.DataRobotBuilder(options, clock=clock, sleep=lambda _: None)


def one_build(builder: Builder, text: str) -> None:
    """Have one build made, from the first question to the last."""
    builder.preflight()
    builder.identity()
    builder.describe()
    handle = builder.start(order(text))
    for _ in range(12):
        if builder.poll(handle).is_final:
            break
    builder.log(handle)
    builder.installed(handle)
    builder.cancel(handle)


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with served() as running:
        yield running


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_TOKEN", "GITLAB_TOKEN", "HF_TOKEN", "DATAROBOT_API_TOKEN"):
        monkeypatch.setenv(name, "key-of-nobody")
    for name in ("HF_ENDPOINT", "DATAROBOT_ENDPOINT", "BUILDBOT_USER"):
        monkeypatch.setenv(name, "")


@pytest.mark.parametrize(
    ("make", "replies", "text"),
    [
        pytest.param(by_github, GITHUB, "good==1.0\n", id="github"),
        pytest.param(by_github, GITHUB, LARGE, id="github, by a branch"),
        pytest.param(by_gitlab, GITLAB, "good==1.0\n", id="gitlab"),
        pytest.param(by_gitlab, GITLAB, LARGE, id="gitlab, by a branch"),
        pytest.param(by_buildbot, BUILDBOT, "good==1.0\n", id="buildbot"),
        pytest.param(by_spaces, SPACES, "good==1.0\n", id="spaces"),
        pytest.param(by_datarobot, DATAROBOT, "good==1.0\n", id="datarobot"),
    ],
)
def test_an_answer_of_another_shape_is_one_clear_error(
    platform: Platform, tmp_path: Path, make: Callable[..., Builder], replies: Replies, text: str
) -> None:
    ticks = count(0, 20)
    folder = tmp_path / "some" / "where" / "deep" / "down"
    folder.mkdir(parents=True)
    platform.replies, platform.asked = replies, []
    builder = make(folder, platform.address, lambda: float(next(ticks)))
    one_build(builder, text)
    builder.close()
    never_asked = [
        pattern
        for pattern in replies
        if not any(re.search(pattern, request) for request in platform.asked)
    ]
    assert len(never_asked) <= 3, never_asked

    for number, twisted in enumerate(twists(replies)):
        if number % _EVERY:
            continue
        platform.replies, platform.asked = twisted, []
        builder = make(folder, platform.address, lambda: float(next(ticks)))
        try:
            one_build(builder, text)
        except BuilderUnavailable as error:
            said, hint = str(error), error.hint
        else:
            said, hint = "", "none is needed"
        assert hint, (said, twisted)
        assert " answered " not in said or platform.address in said, said
        platform.replies = replies
        with suppress(BuilderUnavailable):
            builder.close()
        # No name in an answer leads a request, or a file of ours, out of where it belongs.
        paths = [unquote(request.partition("?")[0]) for request in platform.asked]
        assert not [path for path in paths if ".." in path], twisted
        assert not list(tmp_path.rglob("*text*")), twisted


def test_a_hosted_api_of_another_shape_is_one_clear_error(
    platform: Platform,
) -> None:
    algorithm = Algorithm("a", "b")
    settings = AlgorithmiaSettings(
        platform.address, (algorithm,), Path(), key=Secret("key-of-nobody")
    )
    settings = replace(settings, calls=True, check_input=1)

    def asked(api: Api) -> Iterator[Callable[[], object]]:
        yield lambda: api.algorithm(algorithm)
        yield lambda: api.builds(algorithm)
        yield lambda: api.build(algorithm, "b1")
        yield lambda: api.build_log(algorithm, "b1")
        yield lambda: api.compilation_log(algorithm, "5eed")
        yield lambda: api.call(algorithm, "5eed", 1, 5)
        yield lambda: [entry.text for entry in api.errors(algorithm)]
        yield lambda: api.source_status(algorithm)
        yield lambda: api.read_rights("a/data")
        yield api.sources
        yield lambda: source_of(api, settings, algorithm)

    for number, twisted in enumerate(twists(ALGORITHMIA)):
        if number % _EVERY:
            continue
        platform.replies = twisted
        api = Api(platform.address, key=Secret("key-of-nobody"), sleep=lambda _: None)
        for ask in asked(api):
            with suppress(BuilderUnavailable):
                ask()
        api.close()
