"""A resolver that goes through hundreds of releases: who they are of, how many, and when it is over."""

from __future__ import annotations

import pytest

from bisect_deps.diagnosis import diagnose
from bisect_deps.diagnosis.walks import Walks
from bisect_deps.model import Cause

_PIP = "INFO: pip is looking at multiple versions of walker to determine which version is fine.\n"
_STOPPED = "::depbisect stopped after 8 s: over its limit\n"


def _downloads(newest: int, oldest: int) -> str:
    return "".join(
        f"  Downloading walker-{number}.0-py3-none-any.whl (9 kB)\n"
        for number in range(newest, oldest - 1, -1)
    )


def test_pip_is_told_with_the_project_how_many_and_the_bound() -> None:
    found = diagnose(
        f"Collecting walker\n{_downloads(300, 299)}{_PIP}{_downloads(298, 1)}{_STOPPED}"
    )
    assert found.cause is Cause.RESOLVER_BACKTRACKING
    [suspect] = found.suspects
    assert (suspect.name, "300 of them, from 300.0 to 1.0" in suspect.summary) == ("walker", True)
    assert "`walker>=300.0`" in suspect.advice


def test_many_releases_of_one_project_are_a_walk_whatever_an_old_pip_says() -> None:
    found = diagnose(f"Collecting walker\n{_downloads(30, 11)}{_STOPPED}")
    assert found.cause is Cause.RESOLVER_BACKTRACKING
    assert "20 of them, from 30.0 to 11.0" in found.suspects[0].summary
    assert diagnose(f"Collecting walker\n{_downloads(30, 27)}{_STOPPED}").cause is Cause.RESOURCES


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("DEBUG Prefetched 5 `walker` versions\n" * 3, "at least 20 of them"),
        ("DEBUG No `walker` versions to prefetch\n" * 2, "at least 10 of them"),
        (
            "".join(f"DEBUG Selecting: walker=={n}.0 [compatible] (w.whl)\n" for n in (3, 2, 1))
            + "DEBUG Prefetching 10 walker versions\n",
            "at least 5 of them",
        ),
        (
            "".join(
                f"DEBUG Selecting: walker=={n}.0 [compatible] (w.whl)\n" for n in range(9, 2, -1)
            )
            + "DEBUG Prefetching 10 walker versions\n",
            "7 of them, from 9.0 to 3.0",
        ),
    ],
)
def test_uv_is_told_by_what_its_log_shows(lines: str, told: str) -> None:
    found = diagnose(lines + _STOPPED)
    assert found.cause is Cause.RESOLVER_BACKTRACKING
    assert told in found.suspects[0].summary


@pytest.mark.parametrize(
    "over",
    [
        "Installing collected packages: anchor, walker\n",
        "Building wheels for collected packages: walker\n  Building wheel for walker: started\n",
        "Resolved 2 packages in 4.08s\n",
    ],
)
def test_time_that_runs_out_after_a_walk_is_not_the_walks(over: str) -> None:
    found = diagnose(f"Collecting walker\n{_PIP}{_downloads(300, 1)}{over}{_STOPPED}")
    assert found.cause is Cause.RESOURCES


def test_the_longest_walk_is_the_one_that_is_named() -> None:
    walks = Walks()
    for at, name in enumerate(("one", "two"), 1):
        walks.take(at, f"INFO: pip is looking at multiple versions of {name} to")
        for number in range(at * 3):
            walks.take(at, f"Downloading {name}-{number}.0.tar.gz (1 kB)")
    assert walks.longest is not None
    assert (walks.longest.project.name, walks.longest.length) == ("two", 6)
    walks.end()
    assert walks.longest is None
