"""The Algorithmia builder keeps the contract of every builder."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.algorithmia.cluster import FAILURE, ORIGINAL, answer, order, served
from tests.builders.contract import Bench, BuilderContract
from tests.support.algorithmia_emulator import Built, Replay


class TestAlgorithmia(BuilderContract):
    @pytest.fixture
    def bench(self, tmp_path: Path) -> Iterator[Bench]:
        released = threading.Event()

        def built(text: str) -> Built:
            if "slow" in text:
                released.wait(60)
            return answer(text)

        with served(tmp_path, Replay(built)) as cluster:
            cluster.platform.create("acme", "Two", {"requirements.txt": ORIGINAL})
            builder = cluster.builder(algorithms=("acme/Hello", "acme/Two"))

            def left() -> list[str]:
                changed = [
                    name for name in ("acme/Hello", "acme/Two") if cluster.file(name) != ORIGINAL
                ]
                records = cluster.folder.glob(".depbisect/algorithmia/*")
                return [*changed, *map(str, records)]

            try:
                yield Bench(
                    builder,
                    passing=order("six==1.16.0\n", "passing"),
                    failing=order(ORIGINAL, "failing"),
                    hanging=order("slow==1.0\n", "hanging"),
                    telling=FAILURE.strip(),
                    left=left,
                )
            finally:
                released.set()
