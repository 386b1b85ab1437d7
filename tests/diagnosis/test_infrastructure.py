"""Only the failing tool's own words make a failure the machine's or the network's."""

from __future__ import annotations

import pytest

from bisect_deps.diagnosis import diagnose
from bisect_deps.model import Cause, Outcome, Phase

MIDDLE = """\
Collecting a==1
  Downloading a-1.tar.gz (4 kB)
  Preparing metadata (setup.py): started
"""
FENCED = f"::depbisect install begin\n{MIDDLE}::depbisect install end rc=1\n"
UV_MIDDLE = "Resolved 2 packages in 3ms\n   Building a==1\n   Building b==2\n      Built b==2\n"


@pytest.mark.parametrize("log", [MIDDLE, FENCED, UV_MIDDLE])
def test_a_step_that_failed_without_a_word_is_its_releases_failure(log: str) -> None:
    found = diagnose(log, requirements=["a==1", "b==2"], exit_status=1)
    assert (found.outcome, found.cause, found.infrastructure) == (
        Outcome.FAIL,
        Cause.UNKNOWN,
        False,
    )
    [suspect] = found.suspects
    assert (suspect.requirement, suspect.cause) == ("a==1", Cause.UNKNOWN)


def test_a_log_that_is_cut_off_and_that_nobody_says_failed_may_be_the_machines() -> None:
    assert diagnose(MIDDLE).cause is Cause.RESOURCES


def test_which_of_two_builds_failed_is_not_guessed() -> None:
    log = "Resolved 2 packages in 3ms\n   Building a==1\n   Building b==2\n"
    found = diagnose(log, requirements=["a==1", "b==2"], exit_status=1)
    assert (found.cause, found.suspects) == (Cause.UNKNOWN, ())


def built(*lines: str, reached: bool = True) -> str:
    """Return pip's log of a build script that wrote `lines`."""
    shown = "".join(f"      {line}\n" for line in lines)
    got = "  Downloading a-1.tar.gz (4 kB)\n" if reached else "  Using cached a-1.tar.gz (4 kB)\n"
    return (
        f"Collecting a==1\n{got}  Building wheel for a (setup.py): started\n"
        "  Building wheel for a (setup.py): finished with status 'error'\n"
        "  error: subprocess-exited-with-error\n"
        f"  × python setup.py bdist_wheel did not run successfully.\n  ╰─> [9 lines of output]\n{shown}"
        "      [end of output]\n  ERROR: Failed building wheel for a\nFailed to build a\n"
    )


def uv_built(*lines: str, reached: bool = True) -> str:
    """Return uv's log of a build script that wrote `lines`."""
    shown = "".join(f"         {line}\n" for line in lines)
    got = "Resolved 1 package in 133ms\n" if reached else ""
    return (
        f"{got}   Building a==1\nerror: Failed to build `a==1`\n"
        "  cause: The build backend returned an error\n"
        "  cause: Call to `setuptools.build_meta.build_wheel` failed (exit status: 1)\n\n"
        f"         [stderr]\n{shown}\nhint: a note\n"
    )


every_tool = pytest.mark.parametrize("log_of", [built, uv_built])

OWN_WORDS = [
    "urllib.error.URLError: <urlopen error [Errno -3] Temporary failure in name resolution>",
    "PermissionError: [Errno 13] Permission denied: '/usr/share/a'",
    "/b/bin/python: No module named pip",
    "subprocess.TimeoutExpired: Command 'make' timed out after 60 seconds",
    "/bin/sh: 1: poetry: not found",
]


@every_tool
@pytest.mark.parametrize("line", OWN_WORDS)
def test_what_a_build_script_says_of_itself_is_its_releases_failure(
    log_of: type, line: str
) -> None:
    found = diagnose(log_of(line), requirements=["a==1", "b==2"], exit_status=1)
    assert not found.infrastructure
    assert [suspect.requirement for suspect in found.suspects] == ["a==1"]


@every_tool
def test_a_build_scripts_own_download_is_the_networks_where_the_index_was_not_reached(
    log_of: type,
) -> None:
    log = log_of(OWN_WORDS[0], reached=False)
    assert diagnose(log, requirements=["a==1"], exit_status=1).cause is Cause.NETWORK
    stays = diagnose(log, requirements=["a==1"], exit_status=1, stays=True)
    assert [suspect.requirement for suspect in stays.suspects] == ["a==1"]


@every_tool
def test_advice_about_a_scripts_own_download_is_not_to_check_the_index(log_of: type) -> None:
    [suspect] = diagnose(log_of(OWN_WORDS[0]), requirements=["a==1"], exit_status=1).suspects
    assert "downloads something by itself" in suspect.advice


@every_tool
@pytest.mark.parametrize(
    "line",
    [
        "c++: fatal error: Killed signal terminated program cc1plus",
        "OSError: [Errno 28] No space left on device",
        "virtual memory exhausted: Cannot allocate memory",
    ],
)
def test_a_full_disk_and_lack_of_memory_are_the_machines_whoever_says_so(
    log_of: type, line: str
) -> None:
    assert diagnose(log_of(line), requirements=["a==1"], exit_status=1).cause is Cause.RESOURCES


@pytest.mark.parametrize(
    "line",
    [
        "error: Failed to fetch: `https://index.example/simple/a/`\n  cause: dns error",
        "error: Failed to download and build `a==1`\n  cause: Failed to acquire lock on the distribution cache\n  cause: Could not acquire lock",
        "ERROR: Could not install packages due to an OSError: HTTPSConnectionPool(host='index.example', port=443): Max retries exceeded with url: /simple/a/",
        "ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '/usr/lib/python3'",
    ],
)  # fmt: skip
def test_what_the_installer_says_of_its_own_work_is_infrastructure(line: str) -> None:
    log = f"::depbisect install begin\n{line}\n::depbisect install end rc=1\n"
    assert diagnose(log, requirements=["a==1"], exit_status=1).infrastructure


CHECK = """\
::depbisect install begin
::depbisect install end rc=0
::depbisect check begin
Traceback (most recent call last):
  File "/app/.venv/lib/python3.11/site-packages/hub/api.py", line 3, in get
    raise ConnectionError(error)
{error}
::depbisect check end rc=1
"""


@pytest.mark.parametrize(
    "error",
    [
        "ConnectionError: HTTPConnectionPool(host='hub.example', port=80): Max retries exceeded with url: /",
        "ConnectionRefusedError: [Errno 111] Connection refused",
        "PermissionError: [Errno 13] Permission denied: '/var/lib/hub'",
    ],
)  # fmt: skip
def test_what_a_check_meets_is_the_checks_failure(error: str) -> None:
    found = diagnose(CHECK.format(error=error), requirements=["hub"], exit_status=1)
    assert (found.infrastructure, found.phase) == (False, Phase.CHECK)
    assert [breakage.user for breakage in found.breakages] == ["hub"]


def test_a_check_that_was_stopped_is_the_machines() -> None:
    log = "::depbisect check begin\nhm\n::depbisect stopped after 60 s: over its limit\n"
    assert diagnose(log).cause is Cause.RESOURCES


def test_what_setup_requires_could_not_fetch_is_its_releases_failure() -> None:
    command = "['/b/bin/python', '-m', 'pip', '--disable-pip-version-check', 'wheel', '--no-deps', '-w', '/tmp/x', '--quiet', 'cython>=0.27.3']"
    log = uv_built(
        "/b/bin/python: No module named pip",
        f"distutils.errors.DistutilsError: Command '{command}' returned non-zero exit status 1.",
    )
    found = diagnose(log, requirements=["a==1"], exit_status=1)
    assert (found.cause, found.infrastructure) == (Cause.BUILD_DEP_FAILED, False)
    assert "cython" in found.suspects[0].summary


def test_advice_about_an_address_that_does_not_answer_is_to_look_at_that_address() -> None:
    line = "https://files.example/kfp-1.0.tar.gz"
    log = (
        "error: Request failed after 3 retries in 9.1s\n"
        f"  cause: Failed to fetch: {line}\n"
        f"  cause: error sending request for url ({line})\n"
        "  cause: dns error\n"
        "  cause: failed to lookup address information: Name or service not known\n"
    )
    [suspect] = diagnose(log, requirements=["a==1", line], exit_status=1, stays=True).suspects
    assert suspect.requirement == line
    assert suspect.advice.startswith("the line's own address could not be read")


def test_what_stopped_the_installer_counts_before_a_build_that_failed() -> None:
    full = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"
    for log_of in (built, uv_built):
        log = log_of("src/a.c:1:1: error: unknown type name 'x'") + f"Collecting b==2\n{full}\n"
        found = diagnose(log, requirements=["a==1", "b==2"], exit_status=1)
        assert (found.cause, found.infrastructure) == (Cause.RESOURCES, True)
