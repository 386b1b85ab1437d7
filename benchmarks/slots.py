"""What a check costs in an environment that is used again, beside the same in a fresh one.

    python -m benchmarks.slots [--repeats 5] [--python X]

Installs a set of well-known releases from the index, 40 with what they require, then builds turn by
turn: from scratch, and in the kept environment with one release changed there and back. Prints the
median seconds of both, and their ratio.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bisect_deps.builders import make_builder
from bisect_deps.builders.base import Builder, Order
from bisect_deps.builders.local import Options
from bisect_deps.model import IndexSettings
from bisect_deps.resolution.uv_resolver import Resolver
from bisect_deps.system import interpreters

LINES = ("jupyterlab-server", "flask", "django", "requests", "sqlalchemy", "celery", "pandas")
MOVED = ("idna", ("3.7", "3.10"))
CHECK = "python -c 'import flask, requests, idna'"


def main() -> None:
    """Measure as asked, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--python")
    options = parser.parse_args()
    interpreter = interpreters.find(options.python)
    sets = [
        Resolver(interpreter, IndexSettings()).resolve([*LINES, f"{MOVED[0]}=={version}"]).releases
        for version in MOVED[1]
    ]
    pins = [tuple(f"{n}=={v}" for n, v in sorted(versions.items())) for versions in sets]
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        project.mkdir()
        builder = make_builder(
            "local",
            Options(
                folder=project,
                cwd=project,
                work=Path(folder) / "work",
                interpreter=interpreter,
                jobs=1,
            ),
        )
        seconds: dict[str, list[float]] = {"fresh": [], "kept": []}
        build(builder, order(pins[0], "start", kept=True))
        for turn in range(options.repeats):
            which = pins[(turn + 1) % 2]
            seconds["fresh"].append(build(builder, order(which, f"fresh {turn}", kept=False)))
            seconds["kept"].append(build(builder, order(which, f"kept {turn}", kept=True)))
        builder.close()
    fresh, kept = (statistics.median(seconds[name]) for name in ("fresh", "kept"))
    print(f"{len(pins[0])} releases: fresh {fresh:.2f} s, kept {kept:.2f} s, x{fresh / kept:.1f}")


def order(pins: tuple[str, ...], digest: str, *, kept: bool) -> Order:
    """Return the order of these releases, in a kept environment or as the user would."""
    text = "".join(f"{pin}\n" for pin in pins).encode()
    exact = pins if kept else None
    return Order({"r.txt": text}, "r.txt", digest, check=(CHECK,), exact=exact)


def build(builder: Builder, asked: Order) -> float:
    """Build to the end; return the seconds. Raises SystemExit where it does not pass."""
    began = time.monotonic()
    handle = builder.start(asked)
    while not builder.poll(handle).is_final:
        time.sleep(0.003)
    seconds = time.monotonic() - began
    if builder.installed(handle) is None:
        raise SystemExit(builder.log(handle)[0])
    return seconds


if __name__ == "__main__":
    main()
