"""Says where the seconds of one `depbisect run` went: resolver, index, builds, steps, our own.

    python benchmarks/profile_run.py requirements.txt [--timeline] [options of `depbisect run`]

The run happens in this process, with a stopwatch around what waits for somebody else. Builds go on
side by side, so their steps add up to more than the run took; "waiting for builds alone" is the
time in which nothing else was going on. "our own processor time" leaves out uv, pip, compilers,
checks, and what it took to start Python.
"""

from __future__ import annotations

import functools
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from requests import Session

from bisect_deps.builders import local
from bisect_deps.cli import main as cli
from bisect_deps.resolution import uv_resolver
from bisect_deps.run.driver import Prober


@dataclass
class Stopwatch:
    """Seconds and counts by what was waited for, and the events in the order of their start."""

    began: float = field(default_factory=time.monotonic)
    spent: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    counts: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    events: list[tuple[float, float, str, str]] = field(default_factory=list)

    def add(self, what: str, start: float, detail: str = "") -> None:
        """Count one stretch that started at `start` and ends now."""
        seconds = time.monotonic() - start
        self.spent[what] += seconds
        self.counts[what] += 1
        self.events.append((start - self.began, seconds, what, detail))

    def around(self, owner: Any, name: str, what: str) -> None:
        """Time each call of a function."""
        original: Callable[..., Any] = getattr(owner, name)

        @functools.wraps(original)
        def timed(*args: Any, **options: Any) -> Any:
            start = time.monotonic()
            try:
                return original(*args, **options)
            finally:
                self.add(what, start, _detail(args))

        setattr(owner, name, timed)


def main() -> None:
    """Run as asked, and print the table."""
    arguments = sys.argv[1:]
    timeline = "--timeline" in arguments
    watch = Stopwatch()
    _hook(watch)
    processor = time.process_time()
    code = 0
    try:
        cli(
            [
                "run",
                *(argument for argument in arguments if argument != "--timeline"),
                "--no-progress",
            ]
        )
    except SystemExit as end:
        code = int(end.code or 0)
    own = time.process_time() - processor
    whole = time.monotonic() - watch.began
    print(f"\nexit {code}; {whole:.2f} s in all, our own processor time {own:.2f} s")
    for what, seconds in sorted(watch.spent.items(), key=lambda pair: -pair[1]):
        print(f"  {what:28} {watch.counts[what]:4} x {seconds:8.2f} s")
    for start, seconds, what, detail in sorted(watch.events) if timeline else ():
        print(f"  {start:7.2f} +{seconds:6.2f}  {what:18} {detail[:110]}")


def _hook(watch: Stopwatch) -> None:
    """Put a stopwatch around all that waits for somebody else."""
    watch.around(uv_resolver.Resolver, "_ask", "resolve")
    watch.around(Session, "request", "fetch from the index")
    watch.around(Prober, "answer", "a round of builds")
    watch.around(local.LocalBuilder, "start", "make an environment")
    _hook_steps(watch)


def _hook_steps(watch: Stopwatch) -> None:
    """Time the steps of each build, from one call of `_next` to the following."""
    running: dict[int, tuple[str, float, str]] = {}
    following, finishing = local.LocalBuilder._next, local.LocalBuilder._finish

    def ended(build: Any) -> None:
        if id(build) in running:
            step, start, shown = running.pop(id(build))
            watch.add(f"step {step}", start, shown)

    def on_next(self: Any, build: Any) -> None:
        ended(build)
        following(self, build)
        if build.step is not None and not build.status.is_final:
            shown = build.step.command
            text = shown if isinstance(shown, str) else " ".join(shown[-2:])
            running[id(build)] = (build.step.name, time.monotonic(), text)

    def on_finish(self: Any, build: Any, *rest: Any) -> None:
        ended(build)
        finishing(self, build, *rest)

    local.LocalBuilder._next = on_next  # type: ignore[method-assign]
    local.LocalBuilder._finish = on_finish  # type: ignore[method-assign]


def _detail(args: tuple[Any, ...]) -> str:
    """Return what a call was about: an address, the lines to resolve, the questions of a round."""
    told = args[1] if len(args) > 1 else ""
    if isinstance(told, uv_resolver._Question):
        return ", ".join(told.lines)
    if isinstance(told, (list, tuple)):
        return "; ".join(getattr(item, "purpose", str(item)) for item in told)
    return str(args[2] if len(args) > 2 else getattr(told, "label", told))


if __name__ == "__main__":
    main()
