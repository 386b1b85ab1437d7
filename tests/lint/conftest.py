"""The linter's tests write no summary of the job they run in."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def no_job_summary() -> Iterator[None]:
    before = os.environ.pop("GITHUB_STEP_SUMMARY", None)
    yield
    if before is not None:
        os.environ["GITHUB_STEP_SUMMARY"] = before
