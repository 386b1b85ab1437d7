"""Logs of hosted builds: the right build, its log, its suspects, and what is said without one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bisect_deps.builders.algorithmia.api import Algorithm, Api
from bisect_deps.builders.algorithmia.patience import Patience
from bisect_deps.cli.build_log import command_named
from bisect_deps.errors import BuilderUnavailable, InputError
from bisect_deps.run.build_logs import fetch
from bisect_deps.secret import Secret
from tests.builders.algorithmia.cluster import FAILURE, KEY, Cluster, served
from tests.support.algorithmia_emulator import Built, Key, Replay

HELLO = Algorithm("acme", "Hello")
LONG = "".join(f"Collecting filler{number}\n" for number in range(100))


def answer(text: str) -> Built:
    return Built(False, f"{LONG}{FAILURE}") if "broken" in text else Built(True, "all is well\n")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with served(tmp_path, Replay(answer)) as running:
        yield running


@pytest.fixture
def api(cluster: Cluster) -> Iterator[Api]:
    asked = Api(cluster.server.address, key=Secret(KEY), sleep=lambda _: None)
    yield asked
    asked.close()


def build(cluster: Cluster) -> str:
    """Build the head; returns its commit."""
    commit = cluster.head()
    assert cluster.platform.start_build(cluster.hello, commit).done.wait(10)
    return commit


def run(cluster: Cluster, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    monkeypatch.setenv("ALGORITHMIA_API_KEY", KEY)
    return CliRunner().invoke(
        command_named("build-log"),
        ["acme/Hello", *arguments, "--api-address", cluster.server.address],
        catch_exceptions=False,
        standalone_mode=False,
    )


def test_the_newest_finished_build_is_shown_without_a_hash(cluster: Cluster, api: Api) -> None:
    build(cluster)
    cluster.problems.stuck = 1
    cluster.platform.start_build(cluster.hello, cluster.head())
    found = fetch(api, HELLO)
    assert found.failed
    assert found.log.endswith(FAILURE)
    assert found.newer is not None
    assert found.diagnosis.suspects[0].name == "broken"


@pytest.mark.parametrize("short", [4, 8, 40])
def test_a_build_is_found_by_its_commit_on_any_page(cluster: Cluster, api: Api, short: int) -> None:
    cluster.problems.page_size = 2
    commit = build(cluster)
    cluster.problems.stuck = 5
    for number in range(5):
        cluster.platform.start_build(cluster.hello, f"{number}" * 40)
    found = fetch(api, HELLO, commit[:short])
    assert found.build.commit == commit
    assert found.build.id == fetch(api, HELLO, found.build.id.upper()).build.id


REFUSED = {
    "never built": (None, "was never built"),
    "no such commit": ("abcdef1", "no build of abcdef1"),
    "no hash": ("main", "no git hash"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_there_is_said(api: Api, case: tuple[str | None, str]) -> None:
    reference, words = case
    with pytest.raises(InputError, match=words) as caught:
        fetch(api, HELLO, reference)
    assert caught.value.hint


def test_a_missing_log_names_the_documented_step(cluster: Cluster, api: Api) -> None:
    build(cluster)
    cluster.problems.no_log = True
    with pytest.raises(BuilderUnavailable, match="logs unavailable") as caught:
        fetch(api, HELLO)
    assert "support" in (caught.value.hint or "")
    cluster.problems.failed_versions = True
    assert fetch(api, HELLO).log.endswith(FAILURE), "its version's copy does as well"


def test_a_build_under_way_has_no_log_yet(cluster: Cluster, api: Api) -> None:
    cluster.problems.stuck = 1
    cluster.platform.start_build(cluster.hello, cluster.head())
    with pytest.raises(BuilderUnavailable, match="in-progress"):
        fetch(api, HELLO)


def test_any_key_of_the_owner_reads_it_and_others_are_told_why_not(cluster: Cluster) -> None:
    build(cluster)
    cluster.platform.keys["reader"] = Key("acme", manages=False)
    cluster.platform.keys["stranger"] = Key("zoe")
    for key, words in (("reader", ""), ("stranger", "no such algorithm"), ("none", "not known")):
        asked = Api(cluster.server.address, key=Secret(key), sleep=lambda _: None)
        try:
            if not words:
                assert fetch(asked, HELLO).failed
                continue
            with pytest.raises(BuilderUnavailable, match=words):
                fetch(asked, HELLO)
        finally:
            asked.close()


def test_a_gateway_in_between_is_waited_for(cluster: Cluster, api: Api) -> None:
    build(cluster)
    cluster.problems.gateway = 3
    waited: list[float] = []
    assert fetch(api, HELLO, patience=Patience(60, first=2, sleep=waited.append)).failed
    assert waited == [2, 4, 8]


def test_the_end_of_the_log_the_suspects_and_the_next_step_are_shown(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commit = build(cluster)
    mine = tmp_path / "mine.txt"
    mine.write_text("six\nBroken == 1.0\n", encoding="utf-8")
    shown = run(cluster, monkeypatch, commit[:7], "-r", str(mine)).output
    assert commit in shown
    assert "failed: started 2" in shown
    assert "lines before (--all shows them" in shown
    assert "Collecting filler1\n" not in shown
    assert "1. Broken == 1.0" in shown
    assert f"next: depbisect run {mine} --builder algorithmia --algorithm acme/Hello" in shown
    assert "Collecting filler1\n" in run(cluster, monkeypatch, "--all").output


def test_the_log_is_written_and_told_as_json(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commit = build(cluster)
    file = tmp_path / "build.log"
    done = run(cluster, monkeypatch, "--json", "-", "-o", str(file))
    told = json.loads(done.output)
    assert file.read_text(encoding="utf-8") == told["log"] == f"{LONG}{FAILURE}"
    assert (told["schema"], told["build"]["commit_sha"]) == ("depbisect.build-log/1", commit)
    assert told["build"]["status"] == "failed"
    assert told["diagnosis"]["suspects"][0]["name"] == "broken"


def test_a_log_cannot_steer_the_terminal_or_show_the_key(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.platform.recipe = Replay(lambda _: Built(False, f"\x1b[2Jgone\n{KEY}\n{FAILURE}"))
    build(cluster)
    shown = run(cluster, monkeypatch).output
    assert "\x1b" not in shown
    assert KEY not in shown
