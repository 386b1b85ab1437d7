"""Secrets of the environment, whatever they are called, are in nothing that a command leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import pytest

from bisect_deps.cli import group

ROOT = Path(__file__).parent.parent.parent
# Each value is another one, so that a leak tells which it was.
SECRETS = {
    "GITHUB_TOKEN": "planted-one-7hd2",
    "GITLAB_TOKEN": "glpat-plantedTwo8hd3kd9s0x",
    "AWS_SECRET_ACCESS_KEY": "planted/Three+9kdh3JdQ7xZpL2",
    "AWS_SESSION_TOKEN": "planted-four-8fh3",
    "ALGORITHMIA_API_KEY": "simPlanted5Kd83Hx02Lq",
    "TWINE_PASSWORD": "planted-six-92hd",
    "PGPASSWORD": "planted seven with blanks",
    "MYSQL_PWD": "planted-eight-03jd",
    "SSHPASS": "planted-nine-83hd",
    "BORG_PASSPHRASE": "planted-ten-73gd",
    "BORG_PASSCOMMAND": "echo planted-eleven",
    "SLACK_WEBHOOK_URL": "https://hooks.example/T0/B0/planted12Ks93Ld82Hf",
    "CHAT_HOOK": "https://chat.example/api/planted13Jd83Kx92Ld7Q",
    "DATABASE_URL": "postgres://app:planted-fourteen@db.example/app",
    "NOBODY_KNOWS": "planted15Hd83Jx92Kd7Qz",
    "SENTRY_DSN": "https://planted16abc@sentry.example/1",
    "DJANGO_SECRET": "planted&seventeen<9",
    "COOKIE_JAR": "planted-eighteen-2kd",
    "NPM_AUTH": "planted-nineteen-3jd",
    "JWT": "eyJwbGFudGVk.eyJ0d2VudHk.c2ln-planted20",
    "HF_HUB": "hf_plantedTwentyOne38dhf83hdkf83hd",
    "MAIL_PASS": 'planted"twenty-two',
    "ANSIBLE_VAULT_PASSWORD": "planted-twenty-three",
    "PRIVATE_REGISTRY": "planted-twenty-four",
    "SERVICE_APIKEY": "planted-twenty-five",
}
PROGRAM = "import os; print('\\n'.join(os.environ.values())); raise SystemExit(1)"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "requirements.txt").write_text("good==1.0\n")
    lines = [f"ERROR: Could not find a version for good=={text}" for text in SECRETS.values()]
    echoed = [f"ModuleNotFoundError: No module named {text}" for text in SECRETS.values()]
    (folder / "build.log").write_text("\n".join([*SECRETS.values(), *lines, *echoed, ""]))
    wrong = [f"{text} is no requirement ==" for text in SECRETS.values()]
    (folder / "wrong.txt").write_text("\n".join(wrong))
    return folder


def leaks(project: Path, *arguments: str, told: Sequence[str] = ()) -> list[str]:
    """Return the names of the secrets that a command showed or left in a file.

    It is told some lines, and has answered each with a line before its input ends.
    """
    given = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    with subprocess.Popen(
        [sys.executable, "-m", "bisect_deps", *arguments],
        cwd=project,
        env={
            **os.environ,
            **SECRETS,
            "PYTHONPATH": str(ROOT),
            "XDG_STATE_HOME": str(project.parent / "state"),  # Trusted here, not in other tests.
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as command:
        assert command.stdin is not None
        assert command.stdout is not None
        answers = []
        for line in told:
            command.stdin.write(line.encode())
            command.stdin.flush()
            answers.append(command.stdout.readline())
        out, err = command.communicate(timeout=120)
    assert b"Traceback" not in err
    left = [
        path.read_bytes()
        for path in project.rglob("*")
        if path.is_file() and given.get(path) != path.read_bytes()
    ]
    shown = b"".join([*answers, out, err, *left])
    assert shown
    assert all(answers)
    assert b"Invalid request" not in shown
    return [name for name, text in SECRETS.items() if text.encode() in shown]


BUILD = f'{sys.executable} -c "{PROGRAM}"'
REPORTS = ("--json", "r.json", "--html", "r.html", "--markdown", "r.md", "--sarif", "r.sarif")
NOWHERE = "http://127.0.0.1:9"
COMMANDS = {
    "command builder": ("run", "--builder", "command", "--build-cmd", BUILD, "--no-evidence"),
    "command builder that is handed them": (
        *("run", "--builder", "command", "--build-cmd", BUILD, "--no-evidence", "--html", "r.html"),
        *("--json", "r.json", *(word for name in SECRETS for word in ("--pass-env", name))),
    ),
    "given log": (
        *("run", "--builder", "command", "--build-cmd", "false", "--no-evidence"),
        *("--log", "build.log", "--json", "-"),
    ),
    "diagnose": ("diagnose", "build.log"),
    "diagnose json": ("diagnose", "build.log", "--json", "-"),
    "lint": ("lint", "wrong.txt", "--output-format", "full"),
    "lint json": ("lint", "wrong.txt", "--output-format", "json"),
    "run of a wrong file": ("run", "wrong.txt"),
    "errors": ("errors", "o/n", "--api-address", NOWHERE),
    "build-log": ("build-log", "o/n", "--api-address", NOWHERE),
    "doctor": ("doctor", "--index-url", f"{NOWHERE}/simple/"),
    "fleet": (
        *("fleet", "requirements.txt", "--builder", "command", "--build-cmd", BUILD),
        *("--no-evidence", *REPORTS),
    ),
    "pin": ("pin", "requirements.txt", "--index-url", f"{NOWHERE}/simple/"),
    "pin of a wrong file": ("pin", "wrong.txt", "--from", "build.log"),
    "init": ("init", "github", "-o", "-"),
    "trust": ("trust", "127.0.0.1"),
    "guide": ("guide", "requirements.txt", "--no-evidence", "--log", "build.log"),
    "replay": ("replay", "wrong.txt"),
    "help": ("help", "run"),
}
# One after the other in one folder: each goes on from what the one before left there.
IN_ORDER = {
    "guided": (
        ("start", "requirements.txt", "--no-evidence"),
        ("bad", "--log", "build.log", "--sure"),
        *(("status",), ("log",), ("report",), ("undo",), ("good",), ("undo",), ("skip",)),
        ("reset",),
    ),
    "run and report": (COMMANDS["command builder"], ("report", *REPORTS)),
}
HELLO = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "a", "version": "1"},
}
ASKED: tuple[tuple[str, dict[str, object]], ...] = (
    ("diagnose", {"log_file": "build.log"}),
    ("run", {"file": "wrong.txt"}),
    ("lint", {"paths": ["wrong.txt"]}),
    ("guided_start", {"file": "requirements.txt", "log_file": "build.log"}),
    ("guided_status", {}),
    ("report", {}),
)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_no_secret_is_shown_or_left(project: Path, command: tuple[str, ...]) -> None:
    assert len(SECRETS) == 25
    assert leaks(project, *command) == []


@pytest.mark.parametrize("commands", IN_ORDER.values(), ids=IN_ORDER)
def test_no_secret_is_in_what_goes_on(project: Path, commands: tuple[tuple[str, ...], ...]) -> None:
    for command in commands:
        assert leaks(project, *command) == []


def test_no_secret_is_told_an_assistant(project: Path) -> None:
    ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    calls = [
        {"method": "initialize", "params": HELLO},
        *(
            {"method": "tools/call", "params": {"name": name, "arguments": arguments}}
            for name, arguments in ASKED
        ),
    ]
    told = [
        json.dumps({"jsonrpc": "2.0", "id": number, **call}) + "\n"
        for number, call in enumerate(calls)
    ]
    told[1] = f"{json.dumps(ready)}\n{told[1]}"
    assert leaks(project, "mcp", told=told) == []


def test_every_command_is_tried() -> None:
    tried = {command[0] for command in COMMANDS.values()} | {"mcp"}
    tried |= {command[0] for commands in IN_ORDER.values() for command in commands}
    assert set(group.list_commands(click.Context(group))) == tried
