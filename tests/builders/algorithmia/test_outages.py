"""Outages at start-up, at the push, while polling and while calling: waited out, never evidence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bisect_deps.builders._http import HttpError
from bisect_deps.builders.algorithmia.patience import GitError, Patience
from bisect_deps.errors import BuilderUnavailable
from bisect_deps.model import BuildStatus
from bisect_deps.policy import Pace
from tests.builders.algorithmia.cluster import FAILURE, ORIGINAL, Cluster, finish, order

PATIENT = Pace(first=0.01, most=0.05, appear=0.5, log_tries=3, patience=60.0)
UNABLE = "fatal: unable to access 'https://git.c.example/': "
HUNG_UP = "error: RPC failed; HTTP 502; fatal: the remote end hung up unexpectedly"


class Clock:
    """Time that passes in `sleep` alone."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def out_for(clock: Clock, seconds: float, error: Exception) -> Callable[[], str]:
    """Return a question that fails until `seconds` are over."""
    until = clock.now + seconds

    def ask() -> str:
        if clock.now < until:
            raise error
        return "answer"

    return ask


def patience(clock: Clock, longest: float = 600.0, **how: Any) -> Patience:
    return Patience(longest, clock=clock, sleep=clock.sleep, **how)


def refused(status: int | None, **more: Any) -> HttpError:
    return HttpError("GET /x", "words", status=status, **more)


OUTAGES: dict[str, Exception] = {
    "a gateway's page": refused(502, html=True),
    "slow down": refused(429),
    "an internal error": refused(500, code=5001),
    "git: a gateway's page": GitError(f"{UNABLE}The requested URL returned error: 503"),
    "git: slow down": GitError(f"{UNABLE}The requested URL returned error: 429"),
    "git: an answer that was lost": GitError(HUNG_UP),
}


@pytest.mark.parametrize("error", OUTAGES.values(), ids=OUTAGES.keys())
def test_five_minutes_are_waited_out_at_growing_pauses(error: Exception) -> None:
    clock, told = Clock(), list[str]()
    assert patience(clock, tell=told.append).ask(out_for(clock, 300, error)) == "answer"
    assert clock.slept[:4] == [5, 10, 20, 30]
    assert max(clock.slept) == 30
    assert len(told) == 1, "said once"
    assert "10 min" in told[0]


@pytest.mark.parametrize("error", OUTAGES.values(), ids=OUTAGES.keys())
def test_an_outage_of_more_than_ten_minutes_is_raised(error: Exception) -> None:
    clock = Clock()
    with pytest.raises(type(error)):
        patience(clock).ask(out_for(clock, 3600, error))
    assert 600 <= sum(clock.slept) <= 660


REFUSALS: dict[str, Exception] = {
    "a key without the right": refused(403, code=2001),
    "nothing there": refused(404, code=1001),
    "git: no login": GitError("fatal: Authentication failed for 'https://git.c.example/'"),
    "git: no right": GitError(f"{UNABLE}The requested URL returned error: 403"),
    "git: an older push": GitError("! [rejected] master -> master (fetch first)"),
}


@pytest.mark.parametrize("error", REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refusal_is_raised_at_once(error: Exception) -> None:
    clock = Clock()
    with pytest.raises(type(error)):
        patience(clock).ask(out_for(clock, 300, error))
    assert clock.slept == []


@pytest.mark.parametrize(
    "error", [refused(None), GitError(f"{UNABLE}Could not resolve host: git.c.example")]
)
def test_a_lost_connection_is_an_outage_once_the_address_is_known_to_be_right(
    error: Exception,
) -> None:
    clock = Clock()
    asking = patience(clock)
    with pytest.raises(type(error)):
        asking.ask(out_for(clock, 300, error))
    asking.ask(lambda: "there")
    assert asking.ask(out_for(clock, 300, error)) == "answer"


def test_the_wait_that_the_platform_asks_for_is_kept() -> None:
    clock = Clock()
    patience(clock).ask(out_for(clock, 40, refused(429, retry_after=40.0)))
    assert clock.slept == [40]


def test_without_patience_nothing_is_waited_for() -> None:
    clock = Clock()
    with pytest.raises(HttpError):
        patience(clock, 0.0).ask(out_for(clock, 1, refused(502)))
    assert clock.slept == []


# where the platform is out, the switches, how many requests in a row
PLACES: dict[str, dict[str, Any]] = {
    "start-up": {"gateway": 6},
    "start-up, git": {"git_gateway": 4},
    "git asks to slow down": {"git_gateway": 4, "git_status": 429},
    "a push that arrives, and whose answer is lost": {"push_gateway": 1},
}


@pytest.mark.parametrize("switches", PLACES.values(), ids=PLACES.keys())
@pytest.mark.parametrize("fails", [True, False], ids=["failing", "passing"])
def test_an_outage_changes_no_answer(
    cluster: Cluster, switches: dict[str, Any], fails: bool
) -> None:
    builder = cluster.builder(pace=PATIENT, sleep=lambda _: None)
    for name, value in switches.items():
        setattr(cluster.problems, name, value)
    handle = builder.start(order(ORIGINAL if fails else "six\n", "d1"))
    assert finish(builder, handle) == [BuildStatus.FAILED if fails else BuildStatus.PASSED]
    assert (FAILURE in builder.log(handle)[0]) is fails
    assert cluster.history().count("depbisect: probe of d1") == 1
    assert len(cluster.hello.builds) == 1
    builder.close()


def test_an_outage_while_polling_and_while_restoring_changes_nothing(cluster: Cluster) -> None:
    builder = cluster.builder(pace=PATIENT)
    handle = builder.start(order(ORIGINAL, "d1"))
    cluster.problems.gateway = 8
    assert finish(builder, handle) == [BuildStatus.FAILED]
    assert len(cluster.hello.builds) == 1
    cluster.problems.git_gateway = 4
    builder.close()
    assert cluster.file() == ORIGINAL


def test_start_up_is_waited_for_and_doctor_tells_at_once(cluster: Cluster) -> None:
    told: list[str] = []
    builder = cluster.builder(pace=PATIENT, sleep=lambda _: None, tell=told.append)
    cluster.problems.gateway, cluster.problems.git_gateway = 5, 3
    assert builder.preflight() == []
    assert any("asking again" in text for text in told)
    builder.close()


def test_a_push_that_stays_refused_is_still_explained_at_once(cluster: Cluster) -> None:
    cluster.problems.push_refused = True
    builder = cluster.builder(pace=PATIENT)
    with pytest.raises(BuilderUnavailable, match="refuses the push"):
        builder.start(order("six\n", "d1"))
    builder.close()


def test_a_call_behind_a_gateway_is_made_again_and_nothing_built_again(cluster: Cluster) -> None:
    builder = cluster.builder(pace=PATIENT, check_input='"x"')
    cluster.problems.call_gateway = 3
    handle = builder.start(order("six\n", "d1"))
    assert finish(builder, handle) == [BuildStatus.PASSED]
    calls = [sent for sent in cluster.server.requests if "/algo/" in sent.path]
    assert [call.status for call in calls] == [502, 502, 502, 200]
    assert len(cluster.hello.builds) == 1
    builder.close()
