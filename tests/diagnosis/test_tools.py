"""What each tool's follower adds: names told late, failures taken back, programs told apart."""

from __future__ import annotations

import pytest

from bisect_deps.diagnosis import diagnose
from bisect_deps.model import Cause, Outcome, Phase

COMPLAINT = """\
Installing pip dependencies: ...working... Pip subprocess error:
  error: subprocess-exited-with-error
  × Preparing metadata (pyproject.toml) did not run successfully.
  │ exit code: 1
  ╰─> [2 lines of output]
      ModuleNotFoundError: No module named 'numpy'
      [end of output]
error: metadata-generation-failed
"""
ANSWER = """\
Pip subprocess output:
Collecting odd==1.0 (from -r /app/condaenv.txt (line 1))
  Preparing metadata (pyproject.toml): started
  Preparing metadata (pyproject.toml): finished with status 'error'
CondaEnvException: Pip failed
"""
FAILED_ONCE = """\
  ✖ Install odd 1.0 failed
Build backend raised error: Showing the last 10 lines of the build output:
fatal error: odd.h: No such file or directory
Retry failed jobs
  ✔ Install odd 1.0 successful
"""
OPERATIONS = "Package operations: 1 install, 0 updates, 0 removals\n\n  - Installing odd (1.0)\n\n"
PROGRAM = """\
Traceback (most recent call last):
  File "/app/.venv/lib/python3.12/site-packages/odd/__init__.py", line 1, in <module>
    from other import gone
ImportError: cannot import name 'gone' from 'other' (/app/.venv/lib/python3.12/site-packages/other.py)
"""


def test_conda_names_in_its_answer_what_it_complained_of_before() -> None:
    [suspect] = diagnose(COMPLAINT + ANSWER, requirements=["fine==1", "odd==1.0"]).suspects
    assert (suspect.name, suspect.cause) == ("odd", Cause.BUILD_DEP_MISSING)


def test_what_pdm_installs_at_its_second_try_did_not_fail() -> None:
    assert diagnose(FAILED_ONCE + "\n🎉 All complete!\n").outcome is Outcome.PASS


def test_a_program_after_poetrys_operations_speaks_for_itself() -> None:
    found = diagnose(OPERATIONS + PROGRAM, requirements=["odd==1.0", "other==2"])
    assert (found.cause, found.phase) == (Cause.IMPORT_ERROR, Phase.CHECK)


def test_a_build_without_a_name_is_the_only_requirement_or_the_one_it_names() -> None:
    log = COMPLAINT.replace("No module named 'numpy'", "the library of odd is needed")
    assert diagnose(log, requirements=["what==1"]).suspects[0].name == "what"
    assert diagnose(log, requirements=["fine==1", "odd==1.0"]).suspects[0].name == "odd"
    assert not diagnose(log, requirements=["fine==1", "good==1"]).suspects


@pytest.mark.parametrize(
    ("spec", "cause"),
    [
        (">=1,>=3,<2,<9", Cause.RESOLVER_CONFLICT),
        ("==3,<2", Cause.RESOLVER_CONFLICT),
        (">=1,<2", Cause.NO_MATCHING_VERSION),
        ("==1,<2", Cause.NO_MATCHING_VERSION),
    ],
)
def test_wishes_that_exclude_each_other_are_a_conflict(spec: str, cause: Cause) -> None:
    found = diagnose(f"Could not find a version that matches six{spec} (from -r r.in (line 1))\n")
    assert found.cause is cause


@pytest.mark.parametrize(("after", "outcome"), [(7, Outcome.FAIL), (8, Outcome.PASS)])
def test_without_a_word_of_success_no_failure_stands_in_the_last_lines(
    after: int, outcome: Outcome
) -> None:
    assert diagnose("the whole thing failed\n" + "a word\n" * after).outcome is outcome


def test_one_of_several_channels_that_ends_well_is_enough() -> None:
    found = diagnose("web_1  | Successfully installed six-1.16\ndb_1   | hello\ndb_1   | bye\n")
    assert (found.outcome, found.notes) == (Outcome.PASS, ())


def test_a_chain_is_told_from_the_users_line_on() -> None:
    log = "No matching distribution found for six==9 (from low->mid->top==1->-r r.txt (line 3))"
    [suspect] = diagnose(f"ERROR: {log}\n").suspects
    assert suspect.via == ("top", "mid", "low")


def test_what_uv_builds_has_a_name_or_is_passed_over() -> None:
    log = "   Building !\n   Building ..\nUsing Python 3.11\n  × Failed to build `six==1`\n"
    assert [suspect.name for suspect in diagnose(log).suspects] == ["six"]
