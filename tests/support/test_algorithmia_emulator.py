"""The real `algorithmia` client judges the emulator: what is sent, what is made of replies."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
from requests import Response

from tests.support.algorithmia_emulator import (
    Built,
    Faults,
    Key,
    Platform,
    Recorded,
    Replay,
    Server,
)
from tests.support.algorithmia_emulator.platform import head
from tests.support.real_client import RealClient

KEY = "simABC/1"
A = "/v1/algorithms/acme/Hello"
SETTINGS = "{'source_visibility': 'closed', 'license': 'apl', 'network_access': 'full'}"


def answer(text: str) -> Built:
    if "broken" in text:
        return Built(False, "ERROR: No matching distribution found for broken==1.0\n")
    return Built(True, "Successfully built\n")


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealClient]:
    real = RealClient(tmp_path_factory.mktemp("clients"), "2.0.5")
    yield real
    real.close()


@pytest.fixture(scope="session")
def old_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealClient]:
    real = RealClient(tmp_path_factory.mktemp("clients"), "1.17.0")
    yield real
    real.close()


@dataclass
class Cluster:
    """A served platform with one algorithm, and a client to ask it."""

    server: Server
    client: RealClient | None = None

    @property
    def platform(self) -> Platform:
        return self.server.platform

    @property
    def problems(self) -> Faults:
        return self.platform.problems

    def ask(self, expression: str, **how: Any) -> dict[str, Any]:
        assert self.client is not None
        how = {"address": self.server.address, "key": KEY, **how}
        return self.client.ask(expression, **how)

    def value(self, expression: str, **how: Any) -> Any:
        reply = self.ask(expression, **how)
        assert "value" in reply, reply
        return reply["value"]

    def sent(self) -> list[Recorded]:
        """Return what came in since the last call."""
        seen, self.server.requests[:] = list(self.server.requests), []
        return seen

    def built(self) -> None:
        for build in self.platform.algorithms["acme/Hello"].builds:
            assert build.stuck or build.done.wait(10)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    platform = Platform(tmp_path, recipe=Replay(answer))
    platform.keys[KEY] = Key("acme")
    with Server(platform) as server:
        platform.create("acme", "Hello")
        yield Cluster(server)


@pytest.fixture
def new(cluster: Cluster, client: RealClient) -> Cluster:
    cluster.client = client
    return cluster


@pytest.fixture
def old(cluster: Cluster, old_client: RealClient) -> Cluster:
    cluster.client = old_client
    return cluster


def push(cluster: Cluster, folder: Path, text: str, *options: str) -> subprocess.CompletedProcess:
    """Commit `text` as requirements.txt and push it, as a person would."""
    address = cluster.server.address.replace("//", f"//acme:{KEY.replace('/', '%2F')}@")
    who = ["-c", "user.name=ann", "-c", "user.email=ann@acme.example", "-c", "credential.helper="]
    if not folder.exists():
        clone = ["git", *who, "clone", "-q", f"{address}/git/acme/Hello.git", str(folder)]
        subprocess.run(clone, check=True, capture_output=True)
    (folder / "requirements.txt").write_text(text, encoding="utf-8")
    subprocess.run(["git", *who, "-C", str(folder), "commit", "-qam", "change"], check=True)
    target = options or ("origin", "master")
    return subprocess.run(
        ["git", *who, "-C", str(folder), "push", "-q", *target],
        capture_output=True,
        text=True,
        check=False,
    )


JSON = "application/json"
PUBLISH_BODY = {
    "details": {},
    "settings": {},
    "version_info": {"version_type": "minor"},
    "source": {},
    "scmsCredentials": {},
}
CREATE_BODY = {
    "name": "Second",
    "details": {"label": "Second"},
    "settings": {"source_visibility": "closed", "license": "apl", "network_access": "full"},
}
# call, method, path, query, content type, body
ROWS: list[tuple[str, str, str, dict[str, str], str | None, object]] = [
    ("algo.exists()", "GET", A, {}, None, None),
    ("algo.compile()", "POST", f"{A}/compile", {}, JSON, {}),
    ("algo.get_builds()", "GET", f"{A}/builds", {"limit": "56"}, None, None),
    ("algo.get_build('ID')", "GET", f"{A}/builds/ID", {}, None, None),
    ("algo.get_build_logs('ID')", "GET", f"{A}/builds/ID/logs", {}, None, None),
    ("algo.info()", "GET", f"{A}/versions", {}, None, None),
    ("algo.info('HASH')", "GET", f"{A}/versions/HASH", {}, None, None),
    (
        "algo.versions(1, None, True, False)",
        "GET",
        f"{A}/versions",
        {"limit": "1", "published": "true"},
        None,
        None,
    ),
    (
        "algo.publish(version_info={'version_type': 'minor'})",
        "POST",
        f"{A}/versions",
        {},
        JSON,
        PUBLISH_BODY,
    ),
    ("algo.get_scm_status()", "GET", f"{A}/scm/status", {}, None, None),
    ("algo.get_algorithm_id()", "GET", A, {}, None, None),
    ("client.get_algorithm_errors('acme/Hello')", "GET", f"{A}/errors", {}, None, None),
    ("client.scms()", "GET", "/v1/scms", {}, None, None),
    (
        "client.get_organization_errors('acme')",
        "GET",
        "/v1/organizations/acme/errors",
        {},
        None,
        None,
    ),
    ("client.get_user_errors('acme')", "GET", "/v1/users/acme/errors", {}, None, None),
    (
        "client.algo('acme/Hello/HASH').pipe('x').result",
        "POST",
        "/v1/algo/acme/Hello/HASH",
        {},
        "text/plain",
        b"x",
    ),
    (
        "client.algo('acme/Hello/HASH').pipe({'a': 1}).result",
        "POST",
        "/v1/algo/acme/Hello/HASH",
        {},
        JSON,
        {"a": 1},
    ),
    (
        "client.algo('acme/Hello/HASH').pipe(bytearray(b'x')).result",
        "POST",
        "/v1/algo/acme/Hello/HASH",
        {},
        "application/octet-stream",
        b"x",
    ),
    (
        f"client.algo('acme/Second').create({{'label': 'Second'}}, {SETTINGS})",
        "POST",
        "/v1/algorithms/acme",
        {},
        JSON,
        CREATE_BODY,
    ),
]


@pytest.mark.parametrize(
    ("call", "method", "path", "query", "kind", "body"), ROWS, ids=[row[0][:40] for row in ROWS]
)
def test_each_call_of_the_real_client_is_one_known_request_that_succeeds(
    new: Cluster,
    call: str,
    method: str,
    path: str,
    query: dict[str, str],
    kind: str | None,
    body: object,
) -> None:
    build = new.value("algo.compile()")["build"]
    new.sent()
    places = {"ID": build["build_id"], "HASH": build["commit_sha"]}
    for place, known in places.items():
        call, path = call.replace(f"'{place}'", f"'{known}'"), path.replace(place, known)
        call = call.replace(f"/{place}'", f"/{known}'")
    new.value(call)
    [sent] = new.sent()
    assert (sent.method, sent.path) == (method, path)
    assert {name: value for name, [value] in parse_qs(sent.query).items()} == query
    assert sent.content_type == kind
    assert sent.authorization == KEY
    got: object = sent.body
    if kind == JSON:
        got = json.loads(sent.body)
    assert got == (b"" if body is None else body)


def test_update_of_the_new_client_loses_its_values(new: Cluster) -> None:
    reply = new.ask("algo.update({'label': 'Other'}, {'source_visibility': 'open'})")
    [sent] = new.sent()
    assert (sent.method, sent.path) == ("PUT", A)
    assert sent.content_type == "application/x-www-form-urlencoded"
    assert sent.body == b"details=label&settings=source_visibility"
    assert reply["type"] == "Exception"
    assert new.platform.algorithms["acme/Hello"].details["label"] == "Hello"


OLD_ROWS: list[tuple[str, str, str, dict[str, str], str | None]] = [
    ("algo.compile()", "POST", f"{A}/compile", {}, JSON),
    ("algo.get_build('ID')", "GET", f"{A}/builds/ID", {}, JSON),
    ("algo.get_build_logs('ID')", "GET", f"{A}/builds/ID/logs", {}, JSON),
    ("algo.build_logs()", "GET", f"{A}/builds", {}, None),
    ("algo.info()", "GET", A, {}, JSON),
    ("algo.info('HASH')", "GET", f"{A}/versions/HASH", {}, JSON),
    ("algo.versions(limit=1)", "GET", f"{A}/versions", {"limit": "1"}, JSON),
    ("algo.get_scm_status()", "GET", f"{A}/scm/status", {}, JSON),
    (
        "client.algo('acme/Hello/HASH').pipe('x').result",
        "POST",
        "/v1/algo/acme/Hello/HASH",
        {},
        "text/plain",
    ),
]


@pytest.mark.parametrize(
    ("call", "method", "path", "query", "kind"), OLD_ROWS, ids=[row[0][:40] for row in OLD_ROWS]
)
def test_each_call_of_the_older_client_is_one_known_request_that_succeeds(
    old: Cluster, call: str, method: str, path: str, query: dict[str, str], kind: str | None
) -> None:
    old.ask("algo.compile()")
    build = old.platform.algorithms["acme/Hello"].builds[0]
    old.sent()
    call = call.replace("'ID'", f"'{build.build_id}'").replace("HASH", build.commit)
    path = path.replace("ID", build.build_id).replace("HASH", build.commit)
    reply = old.ask(call)
    # The generated client cannot read any page of versions: its model of the page is missing.
    assert "value" in reply or "OneOfVersionResponse" in reply["error"], reply
    [sent] = old.sent()
    assert sent.status == 200
    assert (sent.method, sent.path, sent.content_type) == (method, path, kind)
    assert {name: value for name, [value] in parse_qs(sent.query).items()} == query
    assert sent.authorization == KEY


def test_update_of_the_older_client_sends_proper_json(old: Cluster) -> None:
    old.value("algo.update({'label': 'Other'}, {'source_visibility': 'open'})")
    [sent] = old.sent()
    assert (sent.method, sent.path, sent.content_type) == ("PUT", A, JSON)
    assert json.loads(sent.body)["details"] == {"label": "Other"}
    assert old.platform.algorithms["acme/Hello"].details["label"] == "Other"


def test_builds_of_the_older_client_fails_on_any_page(old: Cluster) -> None:
    old.value("algo.compile()")
    assert old.ask("algo.builds()")["type"] == "AttributeError"


def test_a_missing_algorithm_does_not_exist(new: Cluster) -> None:
    assert new.value("algo.exists()", algorithm="acme/Nope") is False
    new.problems.plain_missing = True
    assert new.value("algo.exists()", algorithm="acme/Nope") is False


@pytest.mark.parametrize("form", ["bare", "simple", "bearer"])
def test_every_form_of_the_key_is_accepted(new: Cluster, form: str) -> None:
    new.platform.tokens["TOKEN"] = Key("acme")
    how: dict[str, dict[str, str | None]] = {
        "bare": {},
        "simple": {"key": f"Simple {KEY}"},
        "bearer": {"key": None, "bearer": "TOKEN"},
    }
    assert new.value("algo.exists()", **how[form]) is True


def test_wrong_keys_get_the_documented_codes(new: Cluster) -> None:
    assert "key unknown" in new.ask("algo.get_builds()", key="nobody")["error"]
    new.platform.keys["reader"] = Key("acme", manages=False)
    assert new.value("algo.get_builds()", key="reader")["results"] == [], "any key of the owner"
    errors = new.ask("client.get_algorithm_errors('acme/Hello')", key="reader")
    assert "not authorized" in errors["error"], "these ask for a managing key"
    assert new.ask("algo.compile()", key="reader")["type"] == "Exception"
    assert [sent.status for sent in new.sent()] == [401, 200, 403, 403, 403]


@pytest.mark.parametrize(
    "call", ["algo.get_builds()", "algo.info('HASH')", "algo.pipe('x')", "algo.compile()"]
)
def test_an_admin_key_is_refused_where_standard_keys_are_documented(
    new: Cluster, call: str
) -> None:
    new.platform.keys["root"] = Key("acme", admin=True)
    assert "error" in new.ask(call, key="root")
    assert {sent.status for sent in new.sent()} == {403}


def test_a_member_of_the_organisation_may_build(new: Cluster) -> None:
    new.platform.keys["member"] = Key("ann")
    assert "No such algorithm" in new.ask("algo.get_builds()", key="member")["error"]
    new.platform.organisations["acme"] = {"ann"}
    assert new.value("algo.get_builds()", key="member")["results"] == []


def test_paging_by_marker_reaches_the_end_and_shows_no_build_twice(new: Cluster) -> None:
    new.problems.page_size = 2
    for _ in range(5):
        new.value("algo.compile()")
    seen: list[str] = []
    marker: str | None = None
    for _ in range(3):
        page = new.value(f"algo.get_builds(marker={marker!r})")
        seen += [build["build_id"] for build in page["results"]]
        marker = page["marker"]
        assert (marker is None) == (page["next_link"] is None)
    assert marker is None
    builds = new.platform.algorithms["acme/Hello"].builds
    assert seen == [build.build_id for build in reversed(builds)]


def test_a_marker_or_limit_out_of_bounds_is_refused(new: Cluster) -> None:
    assert "marker" in new.ask("algo.get_builds(marker='x')")["error"]
    assert "limit" in new.ask("algo.get_builds(limit=0)")["error"]


def test_a_log_is_missing_until_the_build_ends(new: Cluster, tmp_path: Path) -> None:
    new.platform.recipe = Replay(answer, seconds=0.5)
    assert push(new, tmp_path / "clone", "six\n").returncode == 0
    [build] = new.value("algo.get_builds()")["results"]
    assert build["status"] == "in-progress"
    assert "finished_at" not in build
    reply = new.ask(f"algo.get_build_logs('{build['build_id']}')")
    assert reply["type"] == "AlgorithmException"
    new.built()
    log = new.value(f"algo.get_build_logs('{build['build_id']}')")
    assert log == {"logs": "Successfully built\n"}


def test_a_compile_that_answers_500_leaves_two_builds_of_one_commit(new: Cluster) -> None:
    new.problems.compile_error = 1
    new.value("algo.compile()")
    new.built()
    first, second = new.platform.algorithms["acme/Hello"].builds
    assert first.commit == second.commit
    assert [sent.status for sent in new.sent()] == [500, 200]


def test_the_older_client_compiles_once_after_a_500(old: Cluster) -> None:
    old.problems.compile_error = 1
    assert old.ask("algo.compile()")["type"] == "AlgorithmException"
    assert [sent.status for sent in old.sent()] == [500]


# failure, call, what the client makes of it, number of requests
REPLIES = [
    ({}, "algo.get_build('x')", "AlgorithmException", 1),
    ({"bare_errors": True}, "algo.get_build('x')", "Exception", 1),
    ({"gateway": 1}, "algo.get_builds()", "JSONDecodeError", 1),
    ({"gateway": 2}, "algo.compile()", "Exception", 2),
    ({"compile_refused": 2}, "algo.compile()", "Exception", 2),
    ({"compile_accepted": 1}, "algo.compile()", "JSONDecodeError", 1),
]


@pytest.mark.parametrize(("problems", "call", "kind", "requests"), REPLIES)
def test_replies_mean_to_the_real_client_what_was_measured(
    new: Cluster, problems: dict[str, int], call: str, kind: str, requests: int
) -> None:
    for name, value in problems.items():
        setattr(new.problems, name, value)
    reply = new.ask(call)
    assert reply["type"] == kind, reply
    assert len(new.sent()) == requests
    if "compile_accepted" in problems:
        assert new.platform.algorithms["acme/Hello"].builds, "the build did start"


def test_a_cluster_starts_by_hand(client: RealClient, tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("broken\n", encoding="utf-8")
    command = [sys.executable, "-m", "tests.support.algorithmia_emulator", "--port", "0"]
    command += ["--requirements", str(requirements), "--fails-when", "^broken"]
    command += ["--failure", "late_log=1", "--key", KEY]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        built = client.ask("algo.compile()", address=address, key=KEY)["value"]["build"]
        assert built["status"] == "failed"
        log = f"algo.get_build_logs('{built['build_id']}')"
        assert client.ask(log, address=address, key=KEY)["type"] == "AlgorithmException"
        assert client.ask(log, address=address, key=KEY)["value"] == {"logs": "ERROR: failed\n"}
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_an_owner_with_a_hyphen_is_beyond_the_real_client(new: Cluster) -> None:
    assert new.ask("algo.exists()", algorithm="my-org/Hello")["type"] == "ValueError"


def test_an_algorithm_that_raises_leaves_an_error_entry(new: Cluster, tmp_path: Path) -> None:
    algorithm = new.platform.create(
        "acme", "Bad", {"src/Bad.py": "def apply(value):\n    raise ValueError('no ' + value)\n"}
    )
    commit = new.value("algo.compile()", algorithm="acme/Bad")["version_info"]["git_hash"]
    reply = new.ask("algo.pipe('luck').result", algorithm=f"acme/Bad/{commit}")
    assert reply["type"] == "AlgorithmException"
    [entry] = new.value(f"client.get_algorithm_errors('{algorithm.uuid}')")
    assert set(entry) == {
        "created_at",
        "request_id",
        "username",
        "algoname",
        "algoversion",
        "input",
        "error_type",
        "error",
        "billable_to",
        "worker",
    }
    assert "ValueError: no luck" in entry["error"]


SHAPES = """
def apply(value):
    print("called with", type(value).__name__)
    if value == "raise":
        raise ValueError("no luck")
    if value == "die":
        import os
        os._exit(9)
    if value == "nan":
        return float("nan")
    if not isinstance(value, str):
        return value
    return {"text": "words", "bytes": b"x", "none": None, "json": {"a": 1}}.get(value, value)
"""
RESULTS = [
    ("'text'", "words", "text"),
    ("'json'", {"a": 1}, "json"),
    ("'none'", None, "void"),
    ("'bytes'", "b'x'", "binary"),
    ("bytearray(b'x')", "b'x'", "binary"),
    ("7", 7, "json"),
]


@pytest.fixture
def shapes(cluster: Cluster) -> str:
    """Build an algorithm that answers in every shape; returns its name with the commit."""
    algorithm = cluster.platform.create("acme", "Shapes", {"src/Shapes.py": SHAPES})
    build = cluster.platform.start_build(algorithm, head(algorithm))
    assert build.done.wait(10)
    return f"acme/Shapes/{build.commit}"


@pytest.mark.parametrize(("value", "result", "kind"), RESULTS)
def test_results_come_back_in_their_own_content_type(
    new: Cluster, shapes: str, value: str, result: object, kind: str
) -> None:
    assert new.value(f"algo.pipe({value}).result", algorithm=shapes) == result
    assert new.value(f"algo.pipe({value}).metadata.content_type", algorithm=shapes) == kind


@pytest.mark.parametrize("which", ["2.0.5", "1.17.0"])
def test_prints_and_seconds_are_told_the_owner_who_asks(
    cluster: Cluster, client: RealClient, old_client: RealClient, shapes: str, which: str
) -> None:
    cluster.client = client if which == "2.0.5" else old_client
    asked = "algo.set_options(stdout=True).pipe('text').metadata"
    assert cluster.value(f"{asked}.stdout", algorithm=shapes) == "called with str\n"
    assert cluster.value(f"{asked}.duration", algorithm=shapes) > 0.001
    assert cluster.value("algo.pipe('text').metadata.stdout", algorithm=shapes) is None
    cluster.platform.keys["others"] = Key("zoe")
    cluster.platform.algorithms["acme/Shapes"].settings["algorithm_callability"] = "public"
    assert cluster.value(f"{asked}.stdout", algorithm=shapes, key="others") is None


RAISED = ["raise", "die", "nan"]


@pytest.mark.parametrize("value", RAISED)
@pytest.mark.parametrize("which", ["2.0.5", "1.17.0"])
def test_a_failing_call_is_an_exception_of_the_algorithm(
    cluster: Cluster,
    client: RealClient,
    old_client: RealClient,
    shapes: str,
    value: str,
    which: str,
) -> None:
    cluster.client = client if which == "2.0.5" else old_client
    assert cluster.ask(f"algo.pipe('{value}')", algorithm=shapes)["type"] == "AlgorithmException"


@pytest.mark.parametrize(
    ("key", "value", "fields"),
    [
        (KEY, "raise", {"message", "stacktrace"}),
        (KEY, "die", {"message"}),
        ("others", "raise", {"message"}),
    ],
)
def test_an_error_has_its_stack_for_those_who_may_read_the_source_and_no_type(
    cluster: Cluster, shapes: str, key: str, value: str, fields: set[str]
) -> None:
    cluster.platform.keys["others"] = Key("zoe")
    cluster.platform.algorithms["acme/Shapes"].settings["algorithm_callability"] = "public"
    answered = call(cluster, shapes, value, key=key)
    assert answered.status_code == 200
    assert set(answered.json()["error"]) == fields


def call(cluster: Cluster, reference: str, value: str, *, key: str = KEY, **query: str) -> Response:
    """Call an algorithm as curl would."""
    return requests.post(
        f"{cluster.server.address}/v1/algo/{reference}",
        params=query,
        data=value,
        headers={"Authorization": f"Simple {key}", "Content-Type": "text/plain"},
        timeout=30,
    )


def test_raw_and_void_output_are_what_the_real_client_makes_of_them(
    new: Cluster, shapes: str
) -> None:
    raw = "algo.set_options(output=Algorithmia.algorithm.OutputType.raw)"
    void = "algo.set_options(output=Algorithmia.algorithm.OutputType.void)"
    assert new.value(f"{raw}.pipe('text')", algorithm=shapes) == "words"
    assert "400" in new.ask(f"{raw}.pipe('raise')", algorithm=shapes)["error"]
    assert new.value(f"{void}.pipe('text').request_id", algorithm=shapes).startswith("req-")


@pytest.mark.parametrize("timeout", ["3001", "0", "soon"])
def test_a_call_is_limited_to_3000_seconds(cluster: Cluster, shapes: str, timeout: str) -> None:
    assert call(cluster, shapes, "text", timeout=timeout).status_code == 400
    assert call(cluster, shapes, "text", timeout="3000").status_code == 200


def publish(cluster: Cluster, kind: str, callability: str) -> None:
    """Compile and publish the head."""
    cluster.value("algo.compile()")
    info, settings = {"version_type": kind}, {"algorithm_callability": callability}
    cluster.value(f"algo.publish(settings={settings}, version_info={info})")


def test_published_versions_are_listed_callable_and_known_to_their_build(new: Cluster) -> None:
    new.value("algo.compile()")
    assert new.value("algo.versions()")["results"] == [], "compiled alone is not published"
    publish(new, "minor", "public")
    hello = new.platform.algorithms["acme/Hello"]
    assert hello.published == {"0.1.0": hello.builds[0].commit}
    [version] = new.value("algo.versions()")["results"]
    assert version["version_info"]["semantic_version"] == "0.1.0"
    assert version["settings"]["algorithm_callability"] == "public"
    build = new.value("algo.get_builds()")["results"][0]
    assert build["version_info"] == {"semantic_version": "0.1.0"}
    callable_ones = "client.getHelper('/v1/algorithms/acme/Hello/versions?callable={}').json()"
    assert len(new.value(callable_ones.format("true"))["results"]) == 1
    assert new.value(callable_ones.format("false"))["results"] == []


def test_a_failed_builds_version_is_not_there(new: Cluster, tmp_path: Path) -> None:
    push(new, tmp_path / "clone", "broken\n")
    new.built()
    [build] = new.value("algo.get_builds()")["results"]
    assert build["status"] == "failed"
    assert "error" in new.ask(f"algo.info('{build['commit_sha']}')")


VERSIONS = ["", "/latest", "/0.1", "/0.1.*", "/0.1.0"]


def test_versions_of_a_call_are_the_newest_public_or_private_one(new: Cluster) -> None:
    for version in ("", "/latest", "/latestPrivate", "/0.1"):
        assert "error" in new.ask(f"client.algo('acme/Hello{version}').pipe('x')")
    publish(new, "minor", "public")
    for version in VERSIONS:
        assert new.value(f"client.algo('acme/Hello{version}').pipe('x').result") == "Hello x"
    assert "error" in new.ask("client.algo('acme/Hello/latestPrivate').pipe('x')")
    hello = new.platform.algorithms["acme/Hello"]
    hello.published["0.2.0"], hello.callability["0.2.0"] = hello.builds[0].commit, "private"
    assert new.value("client.algo('acme/Hello/latestPrivate').pipe('x').result") == "Hello x"
    assert "error" in new.ask("client.algo('acme/Hello/0.2').pipe('x')"), "public ones alone"


def test_settings_out_of_the_closed_lists_are_refused(old: Cluster) -> None:
    reply = old.ask("algo.update({'label': 'Other'}, {'source_visibility': 'ajar'})")
    assert "error" in reply
    hello = old.platform.algorithms["acme/Hello"]
    assert (hello.settings["source_visibility"], hello.details["label"]) == ("closed", "Hello")


def test_source_hosts_may_be_disabled(new: Cluster) -> None:
    hosts = {host["id"]: host["enabled"] for host in new.value("client.scms()")["results"]}
    assert hosts == {"internal": True, "github": True, "gitlab": False}


def test_data_rights_are_what_the_real_client_reads(new: Cluster) -> None:
    new.platform.collections = {"acme/models": ["algo://.my/*"], "zoe/own": []}
    listing = "client.getHelper('/v1/connector/data/{}?acl=true').status_code"
    assert new.value(listing.format("acme/models")) == 200
    assert new.value(listing.format(".my/models")) == 200
    assert new.value(listing.format("zoe/own")) == 403
    assert new.value(listing.format("acme/none")) == 404


def test_pushes_to_master_alone_are_built_and_history_stays(
    cluster: Cluster, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    assert push(cluster, clone, "six\n").returncode == 0
    assert push(cluster, clone, "seven\n", "origin", "HEAD:refs/heads/side").returncode == 0
    cluster.built()
    assert len(cluster.platform.algorithms["acme/Hello"].builds) == 1
    refused = push(cluster, clone, "eight\n", "-f", "origin", "HEAD~3:master")
    assert refused.returncode != 0
    assert "non-fast-forward" in refused.stderr


def test_a_wrong_key_clones_nothing(cluster: Cluster, tmp_path: Path) -> None:
    address = cluster.server.address.replace("//", "//acme:wrong@")
    done = subprocess.run(
        ["git", "-c", "credential.helper=", "clone", f"{address}/git/acme/Hello.git", "x"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "Authentication failed" in done.stderr
