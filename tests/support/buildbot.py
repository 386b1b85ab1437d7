"""A real Buildbot master with workers on this machine, for tests: from the package index.

    with master(tmp_path, workers=2) as address:
        ...                                          # its REST API, on a port of localhost

The master is made of the module that `depbisect init buildbot` writes. Anybody may look; whoever
forces a build must log in as USER with PASSWORD.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bisect_deps.builders.buildbot import MODULE

USER, PASSWORD = "farmer", "planted-farm-password"
PROGRAMS = Path(sys.executable).parent
CONFIGURATION = """\
import depbisect_builds
from buildbot.plugins import util, worker
c = BuildmasterConfig = {{}}
names = [f"worker{{number}}" for number in range(1, {workers} + 1)]
c["workers"] = [worker.Worker(name, "pass", max_builds=1) for name in names]
c["protocols"] = {{"pb": {{"port": "tcp:{pb}:interface=127.0.0.1"}}}}
depbisect_builds.add_to(c, workers=names, python={python!r}, env={env!r})
c["www"] = {{
    "port": "tcp:{www}:interface=127.0.0.1",
    "plugins": {{}},
    "auth": util.UserPasswordAuth({{{user!r}: {password!r}}}),
    "authz": util.Authz(
        allowRules=[util.AnyControlEndpointMatcher(role="farmers")],
        roleMatchers=[util.RolesFromUsername(roles=["farmers"], usernames=[{user!r}])],
    ),
}}
c["buildbotURL"] = "http://127.0.0.1:{www}/"
c["db"] = {{"db_url": "sqlite:///state.sqlite"}}
c["buildbotNetUsageData"] = None
"""


def missing() -> str:
    """Return why no master can be started here, empty where one can."""
    names = ("buildbot", "buildbot_worker", "buildbot_www")
    absent = [name for name in names if importlib.util.find_spec(name) is None]
    return f"{absent[0].replace('_', '-')} is not installed" if absent else ""


@contextmanager
def master(folder: Path, workers: int = 2) -> Iterator[str]:
    """Run a master with its workers while inside; yields its address."""
    www, pb = _free_ports(2)
    folder.mkdir(parents=True, exist_ok=True)
    home = folder / "master"
    _run("buildbot", "create-master", "--quiet", str(home))
    (home / "depbisect_builds.py").write_text(MODULE)
    (home / "master.cfg").write_text(
        CONFIGURATION.format(
            workers=workers,
            pb=pb,
            www=www,
            python=sys.executable,
            env={"PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"},
            user=USER,
            password=PASSWORD,
        )
    )
    running = [_start("buildbot", home)]
    address = f"http://127.0.0.1:{www}"
    try:
        _wait_for(address, home, lambda found: len(found) == workers)
        for number in range(1, workers + 1):
            base, name = folder / f"worker{number}", f"worker{number}"
            made = ("create-worker", "--quiet", str(base), f"127.0.0.1:{pb}", name, "pass")
            _run("buildbot-worker", *made)
            running.append(_start("buildbot-worker", base))
        _wait_for(address, home, lambda found: sum(map(bool, found)) == workers)
        yield address
    finally:
        for process in reversed(running):
            process.terminate()
        for process in running:
            process.wait(60)


def _run(*command: str) -> None:
    program = str(PROGRAMS / command[0])
    subprocess.run([program, *command[1:]], check=True, capture_output=True, timeout=120)


def _start(program: str, base: Path) -> subprocess.Popen[bytes]:
    command = [str(PROGRAMS / program), "start", "--nodaemon", str(base)]
    with (base / "output").open("wb") as output:
        return subprocess.Popen(
            command,
            cwd=base,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def _wait_for(
    address: str, home: Path, is_ready: Callable[[list[list[object]]], bool], seconds: float = 120
) -> None:
    """Wait until what the workers are connected to is as it should be."""
    until = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError, ValueError):
            with urllib.request.urlopen(f"{address}/api/v2/workers", timeout=10) as reply:
                found = [worker["connected_to"] for worker in json.load(reply)["workers"]]
            if is_ready(found):
                return
        if time.monotonic() > until:
            raise RuntimeError(f"Buildbot does not come up\n{(home / 'output').read_text()}")
        time.sleep(0.2)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for listener in sockets:
        listener.bind(("127.0.0.1", 0))
    ports = [listener.getsockname()[1] for listener in sockets]
    for listener in sockets:
        listener.close()
    return ports
