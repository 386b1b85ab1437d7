"""Starts `depbisect run` on a CI server of the tests, as a user does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.builders.ci.orders import FAILING
from tests.support.ci_server import CiServer
from tests.support.local_index import LocalIndex


class Runner:
    """A failing file in a folder, and the command line for it; tokens are in the environment."""

    def __init__(
        self, folder: Path, server: CiServer, index: LocalIndex, *flags: str, text: str = FAILING
    ) -> None:
        self.server, self.file = server, folder / "requirements.txt"
        folder.mkdir(exist_ok=True)
        self.file.write_text(text)
        command = [sys.executable, "-m", "bisect_deps", "run", str(self.file), *flags]
        command += ["--api-address", server.address, "--python", sys.executable]
        command += ["--no-index", "--find-links", str(index.find_links)]
        self.command = command
        self.environment = {
            **os.environ,
            "GITHUB_TOKEN": server.token,
            "GITLAB_TOKEN": server.token,
            "PYTHONPATH": str(Path(__file__).parents[3]),
        }

    def start(self, *flags: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.command, *flags],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *flags: str) -> tuple[dict[str, Any], str]:
        """Return the report and all that was printed."""
        process = self.start("--json", "-", *flags)
        out, err = process.communicate(timeout=200)
        assert process.returncode == 0, out + err
        return json.loads(out), out + err

    def wait_for_build(self, process: subprocess.Popen[str], ended: int = 0) -> None:
        """Wait until a build is under way, after so many have ended."""
        until = time.monotonic() + 100
        while len(self.server.jobs) <= ended or not self.server.running():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < until
            time.sleep(0.01)


def judge_fix(report: dict[str, Any]) -> None:
    """Check that the broken line, and it alone, was found and replaced."""
    assert report["verdict"] == "fixed"
    [culprit] = report["culprits"]
    assert [requirement["name"] for requirement in culprit["requirements"]] == ["header"]
    [edit] = report["fix"]["edits"]
    assert (edit["name"], edit["to"]) == ("header", "==2.0")
