"""What every builder owes its caller: one class of tests, run over each builder.

A builder's test module subclasses `BuilderContract` and gives it a `bench`: the builder with orders
that pass, fail and hang. Tests of what a builder cannot do by its own `describe()` are skipped.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pytest

from bisect_deps.builders.base import Builder, Handle, Order
from bisect_deps.model import BuildStatus


@dataclass(frozen=True)
class Bench:
    """A builder with work for it.

    `telling` stands in the failing order's log; `installed` is what the passing order installs;
    `left` lists what is still there of processes and files after `close`.
    """

    builder: Builder
    passing: Order
    failing: Order
    hanging: Order
    telling: str
    installed: dict[str, str] | None = None
    left: Callable[[], list[str]] = list


def finish(builder: Builder, handle: Handle, seconds: float = 120) -> BuildStatus:
    """Poll until the build has ended, as the driver does."""
    deadline = time.monotonic() + seconds
    while not builder.poll(handle).is_final:
        assert time.monotonic() < deadline, builder.log(handle)[0]
        time.sleep(0.01)
    return builder.poll(handle)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def left_in_the_end(left: Callable[[], list[str]], seconds: float = 60) -> list[str]:
    """Return what stays: large folders are removed by a process that outlives the builder."""
    deadline = time.monotonic() + seconds
    while (found := left()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def whole_log(builder: Builder, handle: Handle) -> str:
    return builder.log(handle, 0)[0]


class BuilderContract:
    """A subclass gives the fixture `bench`: the builder and its orders."""

    def test_it_is_ready(self, bench: Bench) -> None:
        assert list(bench.builder.preflight()) == []

    def test_its_identity_stays_the_same(self, bench: Bench) -> None:
        before = bench.builder.identity()
        finish(bench.builder, bench.builder.start(bench.passing))
        assert bench.builder.identity() == before != ""

    def test_a_good_order_passes(self, bench: Bench) -> None:
        handle = bench.builder.start(bench.passing)
        assert finish(bench.builder, handle) is BuildStatus.PASSED, whole_log(bench.builder, handle)

    def test_a_bad_order_fails_and_its_log_tells_why(self, bench: Bench) -> None:
        handle = bench.builder.start(bench.failing)
        assert finish(bench.builder, handle) is BuildStatus.FAILED, whole_log(bench.builder, handle)
        assert bench.telling in whole_log(bench.builder, handle)

    def test_a_build_stays_ended(self, bench: Bench) -> None:
        handle = bench.builder.start(bench.failing)
        finish(bench.builder, handle)
        bench.builder.cancel(handle)
        assert bench.builder.poll(handle) is BuildStatus.FAILED

    def test_the_log_in_pieces_is_the_whole_log(self, bench: Bench) -> None:
        handle = bench.builder.start(bench.failing)
        pieces, offset = [], 0
        while True:
            is_final = bench.builder.poll(handle).is_final
            text, offset = bench.builder.log(handle, offset)
            pieces.append(text)
            if is_final:
                break
            time.sleep(0.01)
        assert "".join(pieces) == whole_log(bench.builder, handle)
        assert bench.builder.log(handle, offset) == ("", offset)

    def test_a_handle_survives_the_journal(self, bench: Bench) -> None:
        handle = bench.builder.start(bench.passing)
        again = Handle(**json.loads(json.dumps({**asdict(handle), "extra": dict(handle.extra)})))
        assert finish(bench.builder, again) is BuildStatus.PASSED

    def test_the_same_order_is_started_once_while_it_runs(self, bench: Bench) -> None:
        handle = bench.builder.start(bench.passing)
        assert bench.builder.start(bench.passing).id == handle.id
        finish(bench.builder, handle)

    def test_an_order_can_be_repeated(self, bench: Bench) -> None:
        first = bench.builder.start(bench.failing)
        finish(bench.builder, first)
        assert finish(bench.builder, bench.builder.start(bench.failing)) is BuildStatus.FAILED

    def test_builds_do_not_mix(self, bench: Bench) -> None:
        if bench.builder.describe().max_parallel < 2:
            pytest.skip("one build at a time")
        good = bench.builder.start(bench.passing)
        bad = bench.builder.start(bench.failing)
        assert finish(bench.builder, bad) is BuildStatus.FAILED
        assert finish(bench.builder, good) is BuildStatus.PASSED, whole_log(bench.builder, good)
        assert bench.telling not in whole_log(bench.builder, good)

    def test_it_tells_what_it_installed_if_it_can(self, bench: Bench) -> None:
        handle = bench.builder.start(bench.passing)
        finish(bench.builder, handle)
        found = bench.builder.installed(handle)
        assert (found is not None) is bench.builder.describe().installed
        assert found is None or found == bench.installed

    def test_a_build_over_its_limit_is_no_evidence(self, bench: Bench) -> None:
        handle = bench.builder.start(replace(bench.hanging, timeout=1.0, digest="limited"))
        assert finish(bench.builder, handle) is BuildStatus.BROKEN
        assert "limit" in whole_log(bench.builder, handle).splitlines()[-1]

    def test_polling_and_reading_do_not_wait(self, bench: Bench) -> None:
        handle = bench.builder.start(bench.hanging)
        began = time.monotonic()
        for _ in range(5):
            assert not bench.builder.poll(handle).is_final
            bench.builder.log(handle)
        assert time.monotonic() - began < 100, "it waited for a build that hangs"
        bench.builder.cancel(handle)

    def test_a_cancelled_build_ends(self, bench: Bench) -> None:
        handle = bench.builder.start(bench.hanging)
        cancelled = bench.builder.cancel(handle)
        assert cancelled is bench.builder.describe().cancel
        if cancelled:
            assert finish(bench.builder, handle) is BuildStatus.CANCELLED

    def test_closing_leaves_nothing_behind_even_twice(self, bench: Bench) -> None:
        finish(bench.builder, bench.builder.start(bench.passing))
        bench.builder.start(bench.hanging)
        began = time.monotonic()
        bench.builder.close()
        bench.builder.close()
        assert time.monotonic() - began < 100, "it waited for a build that hangs"
        assert left_in_the_end(bench.left) == []
