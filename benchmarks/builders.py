"""What a build costs beside the work itself: median milliseconds by builder and installer.

    python -m benchmarks.builders [REPEATS]

Empty requirements, no index asked: what is left is the builder's own cost, from `start` until
`poll` tells the end, and until a killed build's processes are gone. Reads only its own folder.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bisect_deps.builders import make_builder
from bisect_deps.builders.base import Builder, BuilderOptions, Order
from bisect_deps.builders.command import Options


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        project.mkdir()
        for number in range(500):
            (project / f"file{number}.py").write_text("x = 1\n" * 50)
        common = {"folder": project, "cwd": project, "work": Path(folder) / "work"}
        commands = {"true": "true", "writes": "for i in 1 2 3 4 5; do echo > new$i; done"}
        for name, command in commands.items():
            builder = make_builder("command", Options(build_cmd=command, **common))
            show(f"command ({name}, 500 files)", builder, repeats)
        for installer in ("uv", "pip"):
            builder = make_builder("local", BuilderOptions(installer=installer, **common))
            show(f"local ({installer}, nothing to install)", builder, repeats)
        tree = "for i in 1 2 3 4 5; do sleep 300 & done; (trap '' TERM; sleep 300) & wait"
        builder = make_builder("command", Options(build_cmd=tree, **common))
        took = [timed(lambda number=number: kill(builder, number)) for number in range(3)]
        print(f"{'kill of 7 processes, one deaf':40} {statistics.median(took) * 1000:8.1f} ms")
        builder.close()


def show(what: str, builder: Builder, repeats: int) -> None:
    build(builder, -1)
    took = [timed(lambda number=number: build(builder, number)) for number in range(repeats)]
    builder.close()
    print(f"{what:40} {statistics.median(took) * 1000:8.1f} ms   worst {max(took) * 1000:.1f}")


def timed(action: Callable[[], None]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def build(builder: Builder, number: int) -> None:
    handle = builder.start(Order({"requirements.txt": b""}, "requirements.txt", str(number)))
    while not builder.poll(handle).is_final:
        time.sleep(0.001)


def kill(builder: Builder, number: int) -> None:
    handle = builder.start(Order({"requirements.txt": b""}, "requirements.txt", str(number)))
    time.sleep(0.2)
    builder.cancel(handle)


if __name__ == "__main__":
    main()
