"""`depbisect mcp` as an assistant has it: the SDK's own client, over stdio, on a local index."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bisect_deps.reports.json import schema
from tests.support.local_index import Fault, LocalIndex, Project

pytest.importorskip("mcp", reason="the extra mcp is not installed")
anyio = pytest.importorskip("anyio")

ROOT = Path(__file__).resolve().parents[2]
# Of each process of the tests another: what works on it is found by its name.
SLOW = f"slow{os.getpid()}.txt"
TEXT = "turns==1.0\nplain==1.0\n"
DIFF = ("-turns==1.0", "+turns==2.0")
LOG = """\
Collecting turns==1.0
ERROR: Could not find a version that satisfies the requirement turns==1.0 (from versions: 2.0)
ERROR: No matching distribution found for turns==1.0
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    index = LocalIndex(
        tmp_path_factory.mktemp("index"),
        Project("plain").release("1.0"),
        Project("turns").release("1.0", fault=Fault.COMPILE).release("2.0"),
        Project("slow").release("1.0", sdist=True, wheel=False, seconds=120),
    )
    with index.serve() as server:
        yield server.url


@asynccontextmanager
async def connected(folder: Path, url: str, *more: str) -> AsyncIterator[Any]:
    from mcp import Client, StdioServerParameters
    from mcp.client.stdio import stdio_client

    options = ["--root", str(folder), "--index-url", url, "--python", sys.executable, *more]
    started = StdioServerParameters(
        command=sys.executable,
        args=["-m", "bisect_deps", "mcp", *options],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=folder.parent,
    )
    async with Client(stdio_client(started)) as client:
        yield client


def talk(folder: Path, url: str, say: Callable[[Any], Awaitable[None]], *more: str) -> None:
    """Hold a conversation with a server that may name files of a folder."""

    async def whole() -> None:
        with anyio.fail_after(120):
            async with connected(folder, url, *more) as client:
                await say(client)

    anyio.run(whole)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "requirements.txt").write_text(TEXT)
    return folder


def text_of(result: Any) -> str:
    return "\n".join(block.text for block in result.content)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_failing_file_is_bisected_end_to_end_and_stays_as_it_is(
    served: str, project: Path
) -> None:
    heard: list[tuple[float, str]] = []

    async def hear(progress: float, _: float | None, message: str | None) -> None:
        heard.append((progress, message or ""))

    async def say(client: Any) -> None:
        done = await client.call_tool("run", {}, progress_callback=hear)
        assert not done.is_error, text_of(done)
        report = done.structured_content
        jsonschema.validate(report, schema())
        assert report["verdict"] == "fixed"
        assert [culprit["requirements"][0]["name"] for culprit in report["culprits"]] == ["turns"]
        assert all(line in report["fix"]["diff"] for line in DIFF)
        assert all(line in text_of(done) for line in DIFF), "the words hold the fix, too"
        again = await client.call_tool("report", {"file": "requirements.txt"})
        assert again.structured_content == report

    talk(project, served, say)
    assert any("build 1" in message for _, message in heard)
    assert [number for number, _ in heard] == sorted({number for number, _ in heard})
    assert (project / "requirements.txt").read_text() == TEXT
    assert names_in(project) == [".depbisect", "requirements.txt"]
    assert names_in(project.parent) == ["project"]


def test_write_changes_the_file_where_the_server_was_started_for_it(
    served: str, project: Path
) -> None:
    async def refused(client: Any) -> None:
        done = await client.call_tool("run", {"write": True})
        assert done.is_error
        assert "--write" in text_of(done)

    talk(project, served, refused)
    assert names_in(project) == ["requirements.txt"]

    async def taken(client: Any) -> None:
        assert not (await client.call_tool("run", {"write": True})).is_error

    talk(project, served, taken, "--write")
    assert (project / "requirements.txt").read_text() == "turns==2.0\nplain==1.0\n"


def test_a_cancelled_run_ends_its_build_and_the_server_goes_on(served: str, project: Path) -> None:
    (project / SLOW).write_text("slow==1.0\n")

    async def say(client: Any) -> None:
        began = anyio.Event()

        async def hear(_: float, __: float | None, message: str | None) -> None:
            if "build 1" in (message or ""):
                began.set()

        async with anyio.create_task_group() as tasks:
            arguments = {"file": SLOW}
            tasks.start_soon(lambda: client.call_tool("run", arguments, progress_callback=hear))
            await began.wait()
            assert children(), "a build is under way"
            tasks.cancel_scope.cancel()
        while children():
            await anyio.sleep(0.1)
        linted = await client.call_tool("lint", {"paths": [SLOW]})
        assert linted.structured_content["findings"] == []

    talk(project, served, say)
    journal = (project / ".depbisect" / "journal.jsonl").read_text()
    assert '"outcome": "pass"' not in journal


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_server_and_its_build_while_the_caller_waits(
    ending: signal.Signals, served: str, project: Path
) -> None:
    (project / SLOW).write_text("slow==1.0\n")
    words = ["-m", "bisect_deps", "mcp", "--root", str(project), "--index-url", served]
    server = subprocess.Popen(
        [sys.executable, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert server.stdin is not None
    assert server.stdout is not None
    with server:
        try:
            about = {"protocolVersion": "2025-06-18", "capabilities": {}}
            hello = {
                "method": "initialize",
                "params": {**about, "clientInfo": {"name": "a", "version": "1"}},
            }
            asked = {
                "name": "run",
                "arguments": {"file": SLOW},
                "_meta": {"progressToken": 1},
            }
            for message in (
                {"id": 1, **hello},
                {"method": "notifications/initialized"},
                {"id": 2, "method": "tools/call", "params": asked},
            ):
                server.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
                server.stdin.flush()
            assert any("build 1" in line for line in server.stdout), "a build is under way"
            server.send_signal(ending)
            assert server.wait(timeout=60) == 130
            assert "Traceback" not in server.communicate()[1]
        finally:
            server.kill()
    assert children() == []


def children() -> list[str]:
    """Return the command lines of all that works on the slow file."""
    listed = subprocess.run(
        ["ps", "-e", "-ww", "-o", "args"], capture_output=True, text=True, check=True
    ).stdout
    return [line for line in listed.splitlines() if SLOW in line]


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("run", {"file": "nonesuch.txt"}, ["nonesuch.txt", "hint:"]),
        ("run", {"file": "bad.txt"}, ["bad.txt:2"]),
        ("run", {"file": "../outside.txt"}, ["../outside.txt", "outside the folders", "--root"]),
        ("run", {"file": "link.txt"}, ["link.txt", "outside the folders"]),
        ("run", {"log_file": "/etc/hostname"}, ["outside the folders"]),
        ("run", {"python": "/bin/sh"}, ["no version of Python"]),
        ("run", {"good": "--write"}, ["--write"]),
        ("run", {"narrow": "wide"}, ["narrow", "quick"]),
        ("run", {"file": "strange/requirements.txt"}, ["settings", "output"]),
        ("diagnose", {}, ["there is no log", "log_file"]),
        ("diagnose", {"log": "x", "log_file": "requirements.txt"}, ["two logs"]),
        ("report", {"file": "requirements.txt"}, ["no report"]),
        ("lint", {"paths": ["nonesuch.txt"]}, ["nonesuch.txt"]),
        ("lint", {"write": True}, ["--write"]),
        ("pin", {"write": True}, ["--write"]),
        ("guided_status", {}, ["depbisect start"]),
        ("guided_start", {"to": "requirements.txt"}, ["--write"]),
        ("guided_answer", {"answer": "good"}, ["no session"]),
    ],
)
def test_bad_input_gets_an_error_that_can_be_read(
    tool: str, arguments: dict[str, Any], words: list[str], conversation: Any
) -> None:
    done = conversation(tool, arguments)
    assert done.is_error
    assert all(word in text_of(done) for word in words), text_of(done)
    assert "Traceback" not in text_of(done)


@pytest.fixture(scope="module")
def conversation(served: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Yield what calls a tool of one server, whose folder holds what is wrong in every way."""
    from anyio.from_thread import start_blocking_portal

    folder = tmp_path_factory.mktemp("outer") / "project"
    strange = folder / "strange"
    strange.mkdir(parents=True)
    (folder / "requirements.txt").write_text(TEXT)
    (folder / "bad.txt").write_text("plain==1.0\n===nonsense===\n")
    (folder.parent / "outside.txt").write_text(TEXT)
    (folder / "link.txt").symlink_to("../outside.txt")
    (strange / "requirements.txt").write_text(TEXT)
    (strange / "depbisect.toml").write_text('output = "written.txt"\n')
    # A stranger's folder: whoever imports from it would end with 99.
    (folder / "click.py").write_text("raise SystemExit(99)\n")
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(connected(folder, served)) as client,
    ):
        yield lambda tool, arguments: portal.call(client.call_tool, tool, arguments)
    assert names_in(folder.parent) == ["outside.txt", "project"]
    assert names_in(strange) == ["depbisect.toml", "requirements.txt"]


def test_a_log_is_diagnosed_without_a_build(conversation: Any) -> None:
    done = conversation("diagnose", {"log": LOG, "requirements": "requirements.txt"})
    assert not done.is_error, text_of(done)
    said = done.structured_content
    assert (said["schema"], said["outcome"]) == ("depbisect.diagnosis/1", "fail")
    assert said["suspects"][0]["requirement"] == "turns==1.0"
    assert "turns==1.0" in text_of(done)


def test_pins_are_shown_as_a_diff(served: str, project: Path) -> None:
    (project / "requirements.txt").write_text("plain\n")

    async def say(client: Any) -> None:
        done = await client.call_tool("pin", {"source": "index"})
        assert "+plain==1.0" in done.structured_content["diff"], text_of(done)

    talk(project, served, say)
    assert (project / "requirements.txt").read_text() == "plain\n"


def test_a_guided_session_goes_to_its_verdict(served: str, project: Path) -> None:
    """The assistant builds itself: here a build is good where turns is left out or moved."""

    async def say(client: Any) -> None:
        done = await client.call_tool("guided_start", {"evidence": False})
        assert not done.is_error, text_of(done)
        while (state := done.structured_content)["state"] == "ask":
            assert state["answered"] < 12
            built = Path(project, state["build"]["file"], "requirements.txt").read_text()
            answer = "bad" if "turns==1.0" in built.splitlines() else "good"
            arguments = {"answer": answer, "log": LOG if answer == "bad" else None}
            done = await client.call_tool("guided_answer", arguments)
            assert not done.is_error, text_of(done)
        shown = await client.call_tool("guided_status")
        assert shown.structured_content == state
        culprits = state["report"]["culprits"]
        assert [culprit["requirements"][0]["name"] for culprit in culprits] == ["turns"]
        assert not (await client.call_tool("guided_end")).is_error

    talk(project, served, say)
    assert (project / "requirements.txt").read_text() == TEXT
    assert names_in(project) == [".depbisect", "requirements.txt"]


def test_each_tool_says_what_it_takes_and_gives(served: str, project: Path) -> None:
    async def say(client: Any) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert tools.keys() >= {"diagnose", "run", "lint", "pin", "report", "guided_start"}
        for tool in tools.values():
            jsonschema.Draft202012Validator.check_schema(tool.input_schema)
            assert tool.description
            given = tool.input_schema["properties"].values()
            assert all("description" in argument for argument in given), tool.name
        assert tools["run"].output_schema == schema()
        assert "proved" in (client.instructions or "")

    talk(project, served, say)
