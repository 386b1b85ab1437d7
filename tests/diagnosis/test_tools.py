"""What each tool's follower adds: names told late, failures taken back, programs told apart."""

from __future__ import annotations

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
