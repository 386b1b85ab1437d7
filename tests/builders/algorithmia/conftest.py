"""A cluster for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.algorithmia.cluster import Cluster, served


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Serve a cluster whose builds replay a log."""
    with served(tmp_path) as running:
        yield running
