"""What CI builders share: orders as text, logs as they come, limits, and where tokens go."""

from __future__ import annotations

import ast
import base64
import json
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest

from bisect_deps.builders import make_builder
from bisect_deps.builders._ci import CiBuilder, Run
from bisect_deps.builders._ci_logs import read_log
from bisect_deps.builders._ci_projects import project_of
from bisect_deps.builders._http import HttpError, Reply
from bisect_deps.builders._job import (
    BOOTSTRAP,
    SCRIPT,
    Credentials,
    Machines,
    Result,
    job_of,
    packed,
)
from bisect_deps.builders._limits import slower, wait_of
from bisect_deps.builders.base import BuilderOptions, Order
from bisect_deps.builders.github import Options as GitHubOptions
from bisect_deps.builders.gitlab import Options as GitLabOptions
from bisect_deps.errors import BuilderUnavailable, InputError, NotTrusted
from bisect_deps.model import BuildStatus, IndexSettings
from bisect_deps.policy import Pace
from bisect_deps.system import interpreters
from tests.builders.ci.orders import PROJECTS, index_settings, order
from tests.support.local_index import LocalIndex

MARKER = "0123456789abcdef-00000001"
LOG = [
    "Set up job",
    f"::depbisect job begin {MARKER}",
    "::depbisect install begin",
    "said",
    "::depbisect install end rc=0",
    '::depbisect result {"installed": {"six": "1.0"}, "status": "passed"}',
    "Post job",
]
KEPT = "::depbisect install begin\nsaid\n::depbisect install end rc=0\n"
FORMS = {
    "plain": "{}\n",
    "github": "2026-11-28T08:00:00.1234567Z {}\n",
    "gitlab": "2026-11-28T08:00:00.123456Z 01O {}\n",
    "colours and returns": "\x1b[0K\x1b[32;1m{}\x1b[0;m\r\n",
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_log_is_the_orders_own_part_whatever_stands_around_it(form: str) -> None:
    seen = read_log("".join(form.format(line) for line in LOG), MARKER, complete=True)
    assert (seen.text, seen.result) == (KEPT, Result(BuildStatus.PASSED, {"six": "1.0"}))


def test_a_growing_log_only_grows() -> None:
    raw = "".join(f"{line}\n" for line in LOG)
    shown = ""
    for length in range(len(raw) + 1):
        text = read_log(raw[:length], MARKER, complete=length == len(raw)).text
        assert text.startswith(shown)
        shown = text
    assert shown == KEPT


def test_the_log_of_another_order_is_not_taken_for_ours() -> None:
    seen = read_log("\n".join(LOG), MARKER.replace("1", "2"), complete=True)
    assert not seen.began
    assert seen.result is None


def refused(status: int, message: str = "", **headers: str) -> HttpError:
    named = {key.replace("_", "-"): text for key, text in headers.items()}
    retry = float(named["retry-after"]) if "retry-after" in named else None
    reply = Reply(status, b"", named)
    return HttpError("GET /", message, status=status, retry_after=retry, reply=reply)


WAITS = {
    "told": (refused(429, retry_after="7"), 7.0),
    "a secondary limit": (refused(403, "You have exceeded a secondary rate limit"), 60.0),
    "spent": (refused(403, x_ratelimit_remaining="0", x_ratelimit_reset="1090"), 90.0),
    "gitlab's names": (refused(429, ratelimit_remaining="0", ratelimit_reset="1030"), 30.0),
    "busy": (refused(503, retry_after="9"), 9.0),
    "no right": (refused(403, "Resource not accessible"), None),
    "gone": (refused(404), None),
}


@pytest.mark.parametrize(("error", "seconds"), WAITS.values(), ids=WAITS)
def test_limits_say_how_long_to_wait(error: HttpError, seconds: float | None) -> None:
    assert wait_of(error, 1000.0) == seconds


def test_requests_become_rarer_as_the_limit_nears() -> None:
    def reply(remaining: int) -> Reply:
        return Reply(
            200, b"", {"x-ratelimit-remaining": f"{remaining}", "x-ratelimit-reset": "4600"}
        )

    assert slower(reply(4000), 1000.0) == 0
    assert slower(reply(100), 1000.0) == 36
    assert slower(Reply(200, b""), 1000.0) == 0


def written(asked: Order, options: BuilderOptions) -> str:
    return packed(job_of(asked, options, Machines(checkout=("app", ".")), Credentials(), MARKER))


def build(
    folder: Path, asked: Order, options: BuilderOptions, python: str = sys.executable
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, "-c", BOOTSTRAP],
        cwd=folder,
        env={"DEPBISECT_ORDER": written(asked, options), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", ["../../outside.txt", "/outside.txt"])
def test_a_file_outside_the_repository_is_refused(tmp_path: Path, name: str) -> None:
    asked = Order({name: b"x"}, name, "d")
    with pytest.raises(InputError, match="repository") as caught:
        written(asked, BuilderOptions(tmp_path, tmp_path))
    assert caught.value.place == name


def test_a_file_above_lies_where_it_does_in_the_checkout(tmp_path: Path) -> None:
    asked = Order(
        {"requirements.txt": b"-r ../all.txt\n", "../all.txt": b""}, "requirements.txt", "d"
    )
    done = build(tmp_path, asked, BuilderOptions(tmp_path, tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "app" / "requirements.txt").read_bytes() == b"-r ../all.txt\n"
    assert (tmp_path / "all.txt").exists()


def test_the_script_is_written_for_python_3_6() -> None:
    ast.parse(SCRIPT.read_text(), feature_version=(3, 6))


@pytest.mark.slow
@pytest.mark.parametrize("minor", ["3.6", "3.8", "3.13"])
def test_the_script_builds_on_a_runner_of_any_python(tmp_path: Path, minor: str) -> None:
    found = [python for python in interpreters.find_all() if python.minor == minor]
    if not found:
        pytest.skip(f"Python {minor} is not installed")
    index = LocalIndex(tmp_path / "index", *PROJECTS)
    tree = tmp_path / "tree"
    tree.mkdir()
    options = BuilderOptions(tree, tree, index=index_settings(index), installer="pip")
    done = build(tree, order("good", "broken==1.0", imports=True), options, found[0].path)
    seen = read_log(done.stdout, MARKER, complete=True)
    assert seen.result is not None, done.stdout + done.stderr
    assert seen.result.status is BuildStatus.FAILED
    modules = {"broken": "broken", "good": "good"}
    assert seen.result.modules == modules, "those that the log mentions"
    assert f"/python{minor}/site-packages/broken" in seen.text


LITERAL = "https://me:secret@index.example/simple"
REFERENCE = "https://${ME}:${SECRET}@index.example/simple"


@pytest.mark.parametrize(
    ("url", "line"),
    [(LITERAL, ""), (None, f"--index-url {LITERAL}"), (None, "x @ https://secret@index.example/x")],
    ids=["option", "file", "token"],
)
def test_passwords_do_not_go_into_inputs(tmp_path: Path, url: str | None, line: str) -> None:
    options = BuilderOptions(tmp_path, tmp_path, index=IndexSettings(index_url=url))
    with pytest.raises(InputError, match="password") as caught:
        written(order("six", line), options)
    assert "secret" not in f"{caught.value} {caught.value.hint}"


def test_a_password_that_the_runner_is_to_know_stays_a_name(tmp_path: Path) -> None:
    asked = order(f"--index-url {REFERENCE}", "six")
    value = unpacked(written(asked, BuilderOptions(tmp_path, tmp_path)))
    assert base64.b64decode(value["files"]["requirements.txt"]).decode().startswith("--index-url")
    assert REFERENCE in base64.b64decode(value["files"]["requirements.txt"]).decode()


def test_other_formats_travel_as_requirements(tmp_path: Path) -> None:
    text = b'[project]\nname = "app"\nversion = "1"\ndependencies = ["six==1.0"]\n'
    asked = Order({"pyproject.toml": text}, "pyproject.toml", "d", imports=True)
    value = unpacked(written(asked, BuilderOptions(tmp_path, tmp_path)))
    assert [base64.b64decode(file) for file in value["files"].values()] == [b"six==1.0\n"]
    assert value["imports"] == ["six"]


def unpacked(text: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(text)))
    return value


ORIGINS = {
    "https://host.example/owner/name.git": ("host.example", "owner/name"),
    "git@host.example:owner/name.git": ("host.example", "owner/name"),
    "ssh://git@host.example:2222/group/sub/name": ("host.example", "group/sub/name"),
    "https://me:pw@host.example/owner/name/": ("host.example", "owner/name"),
    "/a/folder": ("", ""),
}


@pytest.mark.parametrize(("origin", "parts"), ORIGINS.items())
def test_a_clones_origin_tells_its_project(
    tmp_path: Path, origin: str, parts: tuple[str, str]
) -> None:
    clone(tmp_path, origin)
    assert project_of(tmp_path) == parts


@pytest.mark.parametrize("builder", ["github", "gitlab"])
def test_a_clones_origin_gets_no_token_unless_its_host_was_named(
    tmp_path: Path, builder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GITHUB_API_URL", "GITHUB_REPOSITORY", "CI_API_V4_URL", "CI_PROJECT_PATH"):
        monkeypatch.delenv(name, raising=False)
    for name in ("GITHUB_TOKEN", "GITLAB_TOKEN"):
        monkeypatch.setenv(name, "a-token")
    clone(tmp_path, "https://host.example/owner/name")
    options = {"github": GitHubOptions, "gitlab": GitLabOptions}[builder](tmp_path, tmp_path)
    with pytest.raises(NotTrusted, match="host"):
        make_builder(builder, options)
    monkeypatch.setenv("DEPBISECT_TRUST", "host.example")
    made = make_builder(builder, options)
    assert made.name == builder


def clone(folder: Path, origin: str) -> None:
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    subprocess.run(["git", "remote", "add", "origin", origin], cwd=folder, check=True)


class Late:
    """A system that is silent when it is asked for a build, and shows its run only afterwards."""

    name, hint, live_log, exact, pause, secrets = "late", "", False, False, 0.0, ()

    def __init__(self, status: int | None) -> None:
        self.status = status
        self.asked = ""
        self.looks = 0
        self.cancelled: list[str] = []

    def identity(self) -> str:
        return "late"

    def begin(self, order: Order, marker: str, text: str) -> Run | None:
        self.asked = marker
        raise HttpError("POST /runs", "no answer", status=self.status)

    def recent(self) -> list[Run]:
        self.looks += 1
        return [Run("7", None, title=f"[{self.asked}]")] if self.looks > 3 else []

    def cancel(self, run: Run) -> None:
        self.cancelled.append(run.id)

    def close(self) -> None:
        pass


@pytest.mark.parametrize(("status", "left"), [(None, ["7"]), (401, [])])
def test_a_run_that_comes_after_we_gave_up_is_cancelled(
    tmp_path: Path, status: int | None, left: list[str]
) -> None:
    now = [0.0]
    builder = CiBuilder(
        system := Late(status),
        BuilderOptions(tmp_path, tmp_path, fresh=True),
        Pace(1.0, 1.0, patience=1.0),
        clock=lambda: now[0],
        sleep=lambda seconds: now.__setitem__(0, now[0] + seconds),
    )
    with pytest.raises(BuilderUnavailable):
        builder.start(order("six"))
    builder.close()
    assert system.cancelled == left
