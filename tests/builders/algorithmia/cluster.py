"""A served cluster for the builder's tests: settings, orders, and a loop that owns the clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bisect_deps.builders.algorithmia.builder import AlgorithmiaBuilder
from bisect_deps.builders.algorithmia.settings import AlgorithmiaSettings, Options, read_settings
from bisect_deps.builders.base import Handle, Order
from bisect_deps.model import BuildStatus
from bisect_deps.policy import Pace
from bisect_deps.secret import Secret
from tests.support.algorithmia_emulator import Built, Faults, Key, Platform, Replay, Server
from tests.support.algorithmia_emulator.building import Recipe
from tests.support.algorithmia_emulator.platform import Algorithm, commits, head, show

KEY = "planted/key-5c1e"
ORIGINAL = "six==1.16.0\nbroken==1.0\n"
PACE = Pace(first=0.01, most=0.05, appear=0.5, log_tries=3, patience=0.5)
FAILURE = "ERROR: No matching distribution found for broken==1.0\n"


def answer(text: str) -> Built:
    """Fail every file that asks for `broken`."""
    if "broken" in text:
        return Built(False, FAILURE)
    return Built(True, "Successfully built 9b1f04a0e2cd\n")


def order(text: str, digest: str, **how: Any) -> Order:
    """Return an order of one file."""
    how = {"label": f"probe of {digest}", "timeout": 60.0, **how}
    return Order(
        files={"requirements.txt": text.encode()}, path="requirements.txt", digest=digest, **how
    )


@dataclass
class Cluster:
    """A served platform with an algorithm, and builders made for it."""

    server: Server
    folder: Path
    builders: list[AlgorithmiaBuilder] = field(default_factory=list)

    @property
    def platform(self) -> Platform:
        return self.server.platform

    @property
    def problems(self) -> Faults:
        return self.platform.problems

    @property
    def hello(self) -> Algorithm:
        return self.platform.algorithms["acme/Hello"]

    def settings(self, **how: Any) -> AlgorithmiaSettings:
        options = Options(
            folder=self.folder,
            cwd=self.folder,
            algorithms=how.pop("algorithms", ("acme/Hello",)),
            api_address=self.server.address,
            api_key=Secret(how.pop("key", KEY)),
            bearer_token=how.pop("token", None),
            check_input=how.pop("check_input", None),
            call_timeout=how.pop("call_timeout", 300.0),
        )
        return replace(read_settings(options, environment={}), **how)

    def builder(
        self,
        *,
        pace: Pace = PACE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        **how: Any,
    ) -> AlgorithmiaBuilder:
        made = AlgorithmiaBuilder(self.settings(**how), pace=pace, clock=clock, sleep=sleep)
        self.builders.append(made)
        return made

    def history(self, algorithm: str = "acme/Hello") -> list[str]:
        """Return the subjects of master, oldest first."""
        found = commits(self.platform.algorithms[algorithm])
        return [commit["short_message"] for commit in reversed(found)]

    def file(self, algorithm: str = "acme/Hello", path: str = "requirements.txt") -> str:
        return show(self.platform.algorithms[algorithm], path)

    def head(self) -> str:
        return head(self.hello)


def finish(builder: AlgorithmiaBuilder, *handles: Handle, limit: float = 120) -> list[BuildStatus]:
    """Poll until every build has ended."""
    until = time.monotonic() + limit
    while True:
        statuses = [builder.poll(handle) for handle in handles]
        if all(status.is_final for status in statuses):
            return statuses
        assert time.monotonic() < until, "the builds do not end"
        time.sleep(0.01)


@contextmanager
def served(folder: Path, recipe: Recipe | None = None) -> Iterator[Cluster]:
    """Serve a cluster with `acme/Hello` on it."""
    platform = Platform(folder / "platform", recipe=recipe or Replay(answer))
    platform.keys[KEY] = Key("acme")
    project = folder / "project"
    project.mkdir()
    with Server(platform) as server:
        platform.create("acme", "Hello", {"requirements.txt": ORIGINAL})
        cluster = Cluster(server, project)
        try:
            yield cluster
        finally:
            cluster.problems.push_refused = False
            for builder in cluster.builders:
                builder.close()
