"""The platform's own published client, installed into a venv of its own and asked from outside."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from uv import find_uv_bin

# The index settings of this machine, kept before the tests hide them: the client comes from there.
MACHINE = {**os.environ}
UNREACHABLE = ("error sending request", "Failed to fetch", "dns error", "Could not connect")
# Reads one expression a line, evaluates it, and answers in one line of JSON.
LOOP = """
import contextlib, io, json, sys
import Algorithmia
from Algorithmia.errors import AlgorithmException
for line in sys.stdin:
    asked = json.loads(line)
    client = Algorithmia.Client(asked["key"], asked["address"], bearerToken=asked["bearer"])
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            names = {"client": client, "Algorithmia": Algorithmia}
            if asked["algorithm"]:
                names["algo"] = client.algo(asked["algorithm"])
            value = eval(asked["expression"], names)
        if hasattr(value, "to_dict"):
            value = value.to_dict()
        reply = {"value": value}
    except Exception as error:
        reply = {"error": str(error), "type": type(error).__name__}
    reply["printed"] = printed.getvalue()
    sys.__stdout__.write(json.dumps(reply, default=repr) + "\\n")
    sys.__stdout__.flush()
"""


class RealClient:
    """One version of the client, in a process that lives as long as this object."""

    def __init__(self, folder: Path, version: str) -> None:
        self.version = version
        venv = folder / f"client-{version}"
        uv = find_uv_bin()
        subprocess.run([uv, "venv", "-q", str(venv)], env=MACHINE, check=True)
        install = [uv, "pip", "install", "-q", "--python", str(venv), f"algorithmia=={version}"]
        done = subprocess.run(install, env=MACHINE, capture_output=True, text=True, check=False)
        if done.returncode and any(sign in done.stderr for sign in UNREACHABLE):
            pytest.skip("the package index cannot be reached: the real client judges nothing")
        assert done.returncode == 0, done.stderr
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("ALGORITHMIA_") and name != "REQUESTS_CA_BUNDLE"
        }
        self._process = subprocess.Popen(
            [str(venv / "bin" / "python"), "-c", LOOP],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def ask(
        self,
        expression: str,
        *,
        address: str,
        key: str | None,
        bearer: str | None = None,
        algorithm: str | None = "acme/Hello",
    ) -> dict[str, Any]:
        """Return `value`, or `error` and `type`, of an expression over `client` and `algo`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {
            "expression": expression,
            "address": address,
            "key": key,
            "bearer": bearer,
            "algorithm": algorithm,
        }
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        reply: dict[str, Any] = json.loads(self._process.stdout.readline())
        return reply

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=30)
