"""Runtime errors of a hosted algorithm, from real failing calls on the emulated cluster."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bisect_deps.builders.algorithmia.api import Algorithm, Api, ErrorEntry
from bisect_deps.cli.errors import command_named
from bisect_deps.errors import BuilderUnavailable, InputError
from bisect_deps.run.runtime_errors import fetch, follow, group, instant, to_json, utc
from bisect_deps.secret import Secret
from tests.builders.algorithmia.cluster import KEY, Cluster, served

# The reply that the platform's own documentation shows.
SAMPLE: dict[str, Any] = {
    "created_at": 1627571664000,
    "request_id": "req-ce624eee-28e2-4cef-87ee-c22c797079f6",
    "username": "acme",
    "algoname": "Hello",
    "algoversion": "0.1.0",
    "input": "A payload",
    "error_type": "AlgorithmError",
    "error": "error:\nAll I do is throw an error\nstacktrace:\nSome(Traceback (most recent call "
    'last):\n  File "/opt/algorithm/src/Hello.py", line 5, in apply\n'
    "    raise Exception('All I do is throw an error')\nException: All I do is throw an error\n)",
    "billable_to": "acme",
    "worker": "172.41.7.115",
}
IMPORT_ERROR = (
    "error:\nNo module named 'yaml'\nstacktrace:\nSome(Traceback (most recent call last):\n"
    '  File "/opt/algorithm/src/Hello.py", line 1, in <module>\n    import yaml\n'
    "ModuleNotFoundError: No module named 'yaml'\n)"
)


def entry(**changes: Any) -> ErrorEntry:
    return ErrorEntry.of({**SAMPLE, **changes})


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with served(tmp_path) as running:
        running.platform.clock = lambda: 1627571700.0
        running.hello.errors.append(dict(SAMPLE))
        yield running


@pytest.fixture
def api(cluster: Cluster) -> Iterator[Api]:
    asked = Api(cluster.server.address, key=Secret(KEY), sleep=lambda _: None)
    yield asked
    asked.close()


def test_both_routes_find_the_same_errors(cluster: Cluster, api: Api) -> None:
    by_name = fetch(api, "acme/Hello")
    by_uuid = fetch(api, cluster.hello.uuid.upper())
    assert by_name == by_uuid
    assert (by_name.subject.name, by_name.subject.id) == ("acme/Hello", cluster.hello.uuid)
    assert by_name.count == 1


def test_the_name_of_a_uuid_is_found_without_entries(cluster: Cluster, api: Api) -> None:
    quiet = cluster.platform.create("acme", "Quiet")
    api.compile(Algorithm("acme", "Quiet"))
    assert fetch(api, quiet.uuid).subject.name == "acme/Quiet"


def test_entries_of_one_failure_are_one_group_the_newest_first() -> None:
    groups = group(
        [
            entry(created_at=1000, error=IMPORT_ERROR, request_id="a"),
            entry(created_at=3000, error=IMPORT_ERROR, request_id="b"),
            entry(created_at=2000),
        ]
    )
    assert [len(group.entries) for group in groups] == [2, 1]
    assert (groups[0].first_seen, groups[0].last_seen) == (1.0, 3.0)
    assert [entry.request_id for entry in groups[0].entries] == ["b", "a"]


def test_the_log_parser_names_the_suspect() -> None:
    deep = IMPORT_ERROR.replace("src/Hello.py", "lib/python3.9/site-packages/flask/config.py")
    [found] = group([entry(error=deep)])
    assert found.diagnosis.suspects[0].name == "pyyaml"


def test_an_error_of_the_users_own_code_has_no_suspect() -> None:
    [found] = group([entry()])
    assert found.diagnosis.suspects == ()


WRITTEN = """  File "/usr/local/bin/algorithmia-pipe", line 62, in format_response
    return json.dumps(response)
  File "/usr/lib/python3.9/json/encoder.py", line 179, in default
    raise TypeError(f'Object of type {o.__class__.__name__} '
TypeError: Object of type DataFrame is not JSON serializable
)"""
CAUSES = {
    "the documents' own entry": (SAMPLE["error"], "runtime-error", ""),
    "a result that is no JSON": (
        "error:\nObject of type DataFrame is not JSON serializable\nstacktrace:\n"
        f"Some(Traceback (most recent call last):\n{WRITTEN}",
        "json-serialization",
        "data:// URI",
    ),
    "the same without the source's stack": (
        "error:\nObject of type DataFrame is not JSON serializable\nstacktrace:\nNone",
        "json-serialization",
        "data:// URI",
    ),
    "NaN": (
        "error:\nOut of range float values are not JSON compliant\nstacktrace:\nNone",
        "json-serialization",
        "data:// URI",
    ),
    "a missing module": (IMPORT_ERROR, "import-error", ""),
}


@pytest.mark.parametrize("case", CAUSES.values(), ids=CAUSES.keys())
def test_entries_have_their_own_cause(case: tuple[str, str, str]) -> None:
    text, cause, advice = case
    [failure] = group([entry(error=text)])
    assert failure.diagnosis.cause.value == cause
    said = [*failure.diagnosis.notes, *(s.advice for s in failure.diagnosis.suspects)]
    assert advice in " ".join(said)


def test_the_platforms_wrapping_is_taken_off() -> None:
    text = entry().text
    assert text.startswith("All I do is throw an error\nTraceback")
    assert text.endswith("Exception: All I do is throw an error\n")


def test_json_has_every_field_under_the_platforms_name(cluster: Cluster, api: Api) -> None:
    shown = to_json(fetch(api, "acme/Hello"))
    [one] = shown["groups"]
    [entries] = [one["entries"]]
    assert {name: entries[0][name] for name in SAMPLE} == SAMPLE
    assert one["first_seen"] == one["last_seen"] == "2021-07-29T15:14:24.000Z"
    assert shown["algorithm"] == {"name": "acme/Hello", "id": cluster.hello.uuid}


def test_since_leaves_older_entries_out(cluster: Cluster, api: Api) -> None:
    cluster.hello.errors.append({**SAMPLE, "created_at": 1627571690000, "request_id": "new"})
    found = fetch(api, "acme/Hello", since=1627571680.0)
    assert [entry.request_id for group in found.failures for entry in group.entries] == ["new"]


NOW = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90m", "2026-11-21T10:30:00.000Z"),
        ("2d", "2026-11-19T12:00:00.000Z"),
        ("1 week", "2026-11-14T12:00:00.000Z"),
        ("2026-11-20T01:02:03Z", "2026-11-20T01:02:03.000Z"),
        ("2026-11-20T01:02:03+02:00", "2026-11-19T23:02:03.000Z"),
    ],
)
def test_since_reads_ages_and_times(text: str, expected: str) -> None:
    assert utc(instant(text, NOW)) == expected


@pytest.mark.parametrize("text", ["yesterday", "", "5", "2026-13-01"])
def test_since_refuses_what_is_no_time(text: str) -> None:
    with pytest.raises(InputError):
        instant(text, NOW)


def test_follow_yields_what_is_new_and_survives_failure(cluster: Cluster, api: Api) -> None:
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            cluster.problems.gateway = 10
        if len(pauses) == 3:
            cluster.problems.gateway = 0
            cluster.hello.errors.append({**SAMPLE, "request_id": "new", "error": IMPORT_ERROR})

    known = [entry for failure in fetch(api, "acme/Hello").failures for entry in failure.entries]
    new = next(follow(api, "acme/Hello", seen=known, pause=7.0, sleep=sleep))
    assert [entry.request_id for failure in new.failures for entry in failure.entries] == ["new"]
    assert pauses == [7.0, 7.0, 7.0]


def test_a_missing_algorithm_is_explained(api: Api) -> None:
    with pytest.raises(BuilderUnavailable) as caught:
        fetch(api, "acme/Nope")
    assert "private" in (caught.value.hint or "")


def test_what_is_neither_name_nor_uuid_is_refused(api: Api) -> None:
    with pytest.raises(InputError):
        fetch(api, "Hello")


def run(cluster: Cluster, *arguments: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("ALGORITHMIA_API_KEY", KEY)
    monkeypatch.setenv("TZ", "UTC+3")
    done = CliRunner().invoke(
        command_named("errors"),
        [*arguments, "--api-address", cluster.server.address],
        catch_exceptions=False,
        standalone_mode=False,
    )
    return done.output


def test_every_field_of_the_sample_is_shown(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = run(cluster, "acme/Hello", monkeypatch=monkeypatch)
    for name, value in SAMPLE.items():
        if name not in ("created_at", "error"):
            assert value in shown, name
    assert "2021-07-29 15:14:24 UTC" in shown
    assert "Exception: All I do is throw an error" in shown
    assert cluster.hello.uuid in shown
    assert KEY not in shown


def test_suspects_are_named_by_the_users_own_lines(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.hello.errors[0]["error"] = IMPORT_ERROR
    file = cluster.folder / "requirements.txt"
    file.write_text("six\nPyYAML>=5\n", encoding="utf-8")
    shown = run(cluster, "acme/Hello", "-r", str(file), monkeypatch=monkeypatch)
    assert "your line   PyYAML>=5" in shown


def test_nothing_is_said_as_such(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster.hello.errors.clear()
    assert "no errors" in run(cluster, "acme/Hello", monkeypatch=monkeypatch)


def test_text_from_the_platform_cannot_steer_the_terminal(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.hello.errors[0].update(input="\x1b[2Jgone", error="error:\nx\x07\x9b31m\x1b]0;t\x07")
    shown = run(cluster, "acme/Hello", monkeypatch=monkeypatch)
    assert not [char for char in shown if char < " " and char != "\n"]
    assert "\x9b" not in shown


def test_follow_writes_json_lines_until_interrupted(cluster: Cluster) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "bisect_deps", "errors", "acme/Hello", "--json", "--follow"],
        env={
            **os.environ,
            "ALGORITHMIA_API_KEY": KEY,
            "ALGORITHMIA_API": cluster.server.address,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["entries"] == 1
    cluster.hello.errors.append({**SAMPLE, "request_id": "new"})
    [found] = json.loads(process.stdout.readline())["groups"]
    assert [entry["request_id"] for entry in found["entries"]] == ["new"]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)
    assert process.returncode == 130
