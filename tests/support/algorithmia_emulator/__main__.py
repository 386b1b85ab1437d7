"""Start a cluster by hand: `python -m tests.support.algorithmia_emulator --port 8080`."""

from __future__ import annotations

import argparse
import re
import shlex
import sys
import tempfile
import time
from dataclasses import fields
from pathlib import Path

from bisect_deps.system import interpreters
from tests.support.algorithmia_emulator.building import Built, Install, Recipe, Replay
from tests.support.algorithmia_emulator.faults import Faults
from tests.support.algorithmia_emulator.platform import Key, Platform
from tests.support.algorithmia_emulator.server import Server


def main(arguments: list[str] | None = None) -> None:
    """Serve until interrupted."""
    asked = _parser().parse_args(arguments)
    algorithms: list[str] = asked.algorithm or ["acme/Hello"]
    with tempfile.TemporaryDirectory(prefix="algorithmia-emulator-") as scratch:
        platform = Platform(
            asked.root or Path(scratch), recipe=_recipe(asked), problems=_problems(asked.failure)
        )
        owner, _, _ = algorithms[0].partition("/")
        platform.keys[asked.key] = Key(account=asked.account or owner)
        platform.organisations[owner] = {asked.account or owner}
        files = {}
        if asked.requirements:
            files["requirements.txt"] = asked.requirements.read_text(encoding="utf-8")
        with Server(platform, port=asked.port) as server:
            for reference in algorithms:
                owner, name = reference.split("/", 1)
                source = {f"src/{name}.py": asked.source.read_text()} if asked.source else {}
                platform.create(owner, name, files={**files, **source})
            print(f"API address: {server.address}", flush=True)
            print(
                "try: ALGORITHMIA_API_KEY=sim-key depbisect run FILE --builder algorithmia", end=" "
            )
            print(f"--api-address {server.address} --algorithm {algorithms[0]}", flush=True)
            try:
                while True:
                    time.sleep(3600)
            except KeyboardInterrupt:
                print("stopped", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.support.algorithmia_emulator", description=__doc__
    )
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--root", type=Path, help="keep repositories and builds here")
    parser.add_argument("--key", default="sim-key", help="the API key to accept (sim-key)")
    parser.add_argument("--account", help="the key's account; default: the algorithm's owner")
    parser.add_argument(
        "--algorithm", action="append", help="OWNER/NAME to create; repeatable (acme/Hello)"
    )
    parser.add_argument("--requirements", type=Path, help="its first requirements.txt")
    parser.add_argument("--source", type=Path, help="its Python file, with `apply(value)`")
    parser.add_argument("--installer", choices=["uv", "pip"], default="uv")
    parser.add_argument("--python", default=sys.executable, help="the interpreter of the builds")
    parser.add_argument("--installer-args", default="", help="as in '--index-url URL'")
    parser.add_argument("--fails-when", metavar="REGEX", help="install nothing: fail on a match")
    parser.add_argument("--fails-with", type=Path, metavar="LOG", help="the log of such a failure")
    parser.add_argument("--seconds", type=float, default=0.0, help="of such a build")
    names = [item.name for item in fields(Faults) if not item.name.startswith("_")]
    parser.add_argument(
        "--failure",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="one of: " + ", ".join(names),
    )
    return parser


def _recipe(asked: argparse.Namespace) -> Recipe:
    if not asked.fails_when:
        python = interpreters.find(asked.python).path
        return Install(asked.installer, python, shlex.split(asked.installer_args))
    log = asked.fails_with.read_text(encoding="utf-8") if asked.fails_with else "ERROR: failed\n"

    def replayed(requirements: str) -> Built:
        failing = re.search(asked.fails_when, requirements, re.MULTILINE)
        return Built(False, log) if failing else Built(True, "Successfully built\n")

    return Replay(replayed, asked.seconds)


def _problems(settings: list[str]) -> Faults:
    problems = Faults()
    for setting in settings:
        name, _, value = setting.partition("=")
        current = getattr(problems, name, None)
        if name.startswith("_") or current is None:
            raise SystemExit(f"no such failure: {name}")
        if isinstance(current, bool):
            setattr(problems, name, value != "0")
        else:
            setattr(problems, name, type(current)(value))
    return problems


if __name__ == "__main__":
    main()
