"""Calls of built versions: whose failure it is, what was printed, how long it took."""

from __future__ import annotations

import pytest

from bisect_deps.builders.algorithmia.api import Algorithm, Api, Called
from bisect_deps.builders.algorithmia.calling import advice, is_near, is_over, log_of, steps_of
from bisect_deps.diagnosis import diagnose
from bisect_deps.model import BuildStatus, Cause, Phase
from bisect_deps.secret import Secret
from tests.builders.algorithmia.cluster import KEY, Cluster, finish, order
from tests.support.algorithmia_emulator.platform import head

PASSED, FAILED, CANCELLED = BuildStatus.PASSED, BuildStatus.FAILED, BuildStatus.CANCELLED


def called(
    source: str, cluster: Cluster, limit: float = 60.0
) -> tuple[BuildStatus, str, list[str]]:
    """Build and call an algorithm; return the status, the log, and what is noted."""
    cluster.platform.create("acme", "Called", {"src/Called.py": source})
    builder = cluster.builder(
        algorithms=("acme/Called",), check_input='{"a": 1}', call_timeout=limit
    )
    handle = builder.start(order("six\n", "d1"))
    [status] = finish(builder, handle)
    log = builder.log(handle)[0]
    notes = [note for note in builder.notes() if "put the original" not in note]
    builder.close()
    return status, log, notes


# the algorithm's source, what its call comes to, words of the log, the cause that the log shows
SOURCES: dict[str, tuple[str, BuildStatus, str, Cause]] = {
    "returns": ("def apply(value):\n    return value\n", PASSED, "the call took 0.", Cause.NONE),
    "returns nothing": ("def apply(value):\n    pass\n", PASSED, "rc=0", Cause.NONE),
    "raises": (
        "def apply(value):\n    raise KeyError('b')\n",
        FAILED,
        "KeyError: 'b'",
        Cause.RUNTIME_ERROR,
    ),
    "is killed by a signal": (
        "import os\n\n\ndef apply(value):\n    os.kill(os.getpid(), 9)\n",
        FAILED,
        "exited unexpectedly",
        Cause.UNKNOWN,
    ),
    "leaves by itself": (
        "import os\n\n\ndef apply(value):\n    os._exit(3)\n",
        FAILED,
        "exited unexpectedly",
        Cause.UNKNOWN,
    ),
    "returns what is no JSON": (
        "def apply(value):\n    return {1, 2}\n",
        FAILED,
        "set is not JSON serializable",
        Cause.JSON_SERIALIZATION,
    ),
    "returns NaN": (
        "def apply(value):\n    return float('nan')\n",
        FAILED,
        "not JSON compliant",
        Cause.JSON_SERIALIZATION,
    ),
    "cannot be imported": (
        "import nosuchmodule\n",
        FAILED,
        "No module named 'nosuchmodule'",
        Cause.IMPORT_ERROR,
    ),
}


@pytest.mark.parametrize("bare", [False, True], ids=["documented", "the error alone"])
@pytest.mark.parametrize("case", SOURCES.values(), ids=SOURCES.keys())
def test_a_call_that_fails_by_the_algorithm_is_the_algorithms_failure(
    cluster: Cluster, case: tuple[str, BuildStatus, str, Cause], bare: bool
) -> None:
    source, expected, words, cause = case
    cluster.problems.bare_call_errors = bare
    status, log, _ = called(source, cluster)
    assert (status, words in log) == (expected, True), log
    said = diagnose(log, exit_status=0 if status is PASSED else 1)
    assert said.cause is cause
    assert status is PASSED or said.phase is Phase.CHECK
    builds = cluster.platform.algorithms["acme/Called"].builds
    assert len(builds) <= 2, "built once, and once more for the restored file"


def test_an_error_without_its_stack_is_the_algorithms_failure_as_well(cluster: Cluster) -> None:
    """Who may not read the source gets no stack, and without a managing key no error entries."""
    source = "def apply(value):\n    raise ValueError('no luck')\n"
    cluster.platform.create("zoe", "Open", {"src/Open.py": source})
    opened = cluster.platform.algorithms["zoe/Open"]
    opened.settings["algorithm_callability"] = "public"
    build = cluster.platform.start_build(opened, head(opened))
    assert build.done.wait(10)
    api = Api(cluster.server.address, key=Secret(KEY))
    answer = api.call(Algorithm("zoe", "Open"), build.commit, "x", 9)
    api.close()
    assert (answer.error, answer.printed) == ("no luck", "")


PRINTS = """import time


def apply(value):
    print("Loading model took 0.75 seconds.", flush=True)
    print("predict: 2 ms", flush=True)
    time.sleep({seconds})
    return value
"""


def test_what_was_printed_and_how_long_it_took_is_in_the_log(cluster: Cluster) -> None:
    status, log, notes = called(PRINTS.format(seconds=0), cluster)
    assert status is PASSED
    assert "the call took 0." in log
    assert "of at most 60 s" in log
    assert "Loading model took 0.75 seconds." in log
    [note] = notes
    assert "of at most 60 s; the algorithm printed: Loading model took 0.75 seconds." in note
    assert "| predict: 2 ms" in note


def test_of_quick_calls_the_first_alone_is_told(cluster: Cluster) -> None:
    cluster.platform.create("acme", "Quick")
    builder = cluster.builder(algorithms=("acme/Quick",), check_input="1", call_timeout=60)
    for number in range(3):
        finish(builder, builder.start(order(f"six\n# {number}\n", f"d{number}")))
    [note] = builder.notes()
    assert "The first call took 0." in note
    assert "printed nothing" in note
    builder.close()


def test_a_call_over_its_limit_is_no_evidence_and_explained(cluster: Cluster) -> None:
    status, log, notes = called(PRINTS.format(seconds=30), cluster, limit=1.0)
    assert status is CANCELLED, "asking again is useless, and nothing is proven"
    [note] = notes
    assert "300 s unless asked, and 3000 s at most" in note
    assert "Loading model 0.75 s, predict 0.002 s" in note
    assert note.partition(". ")[2] in log


def test_timing_prints_are_read_in_the_forms_that_people_write() -> None:
    printed = (
        "Downloading large file took 12.5 seconds.\n"
        "loaded in 1500 ms\npreprocess: 3s\ntrain = 2 minutes\nstep 4 of 9\nepoch 3\n"
    )
    assert [(step.what, step.seconds) for step in steps_of(printed)] == [
        ("train", 120.0),
        ("Downloading large file", 12.5),
        ("preprocess", 3.0),
        ("loaded", 1.5),
    ]


def answer(seconds: float, error: str | None = None, printed: str = "") -> Called:
    return Called(error, None, 0.0, seconds, printed)


def test_a_slow_call_without_timing_prints_is_told_how_to_get_them() -> None:
    assert "time.time()" in advice(answer(290), 300)
    assert "3000 s is the longest" in advice(answer(2900), 3000)


@pytest.mark.parametrize(
    ("seconds", "error", "near", "over"),
    [
        (10, None, False, False),
        (10, "bad", False, False),
        (250, None, True, False),
        (301, None, True, False),
        (301, "late", True, True),
    ],
)
def test_only_a_failure_at_the_limit_tells_of_the_limit(
    seconds: float, error: str | None, near: bool, over: bool
) -> None:
    one = answer(seconds, error)
    assert (is_near(one, 300), is_over(one, 300)) == (near, over)
    assert ("3000" in log_of(one, 300)) is near
