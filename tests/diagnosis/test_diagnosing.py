"""A real log gives its cause, its phase, the user's own requirement, and the lines that show it."""

from __future__ import annotations

from functools import cache

import pytest

from bisect_deps.diagnosis import diagnose
from bisect_deps.model import Cause, Diagnosis, Outcome, Phase
from tests.diagnosis.labelled import BARE, LOGS, Labelled, plain_name
from tests.support.prefixed import PREFIXES


@cache
def read(log: Labelled) -> Diagnosis:
    return diagnose(log.data, requirements=log.requirements)


def essence(found: Diagnosis) -> tuple[object, ...]:
    return found.outcome, found.cause, found.phase, [(s.name, s.failing) for s in found.suspects]


every_log = pytest.mark.parametrize("log", LOGS, ids=lambda log: log.name)


@every_log
def test_outcome_and_cause_are_those_of_the_label(log: Labelled) -> None:
    found = read(log)
    assert (found.outcome.value, found.cause.value) == (log.outcome, log.cause)
    assert found.infrastructure is log.infrastructure


@pytest.mark.parametrize(
    "log", [log for log in LOGS if log.outcome == "fail"], ids=lambda log: log.name
)
def test_phase_is_that_of_the_label(log: Labelled) -> None:
    assert read(log).phase.value == log.phase


@pytest.mark.parametrize("log", [log for log in LOGS if log.culprits], ids=lambda log: log.name)
def test_first_suspect_is_the_users_own_requirement(log: Labelled) -> None:
    first = read(log).suspects[0]
    assert {first.name, plain_name(first.requirement or first.name)} & log.culprits


@pytest.mark.parametrize("log", [log for log in LOGS if not log.culprits], ids=lambda log: log.name)
def test_nobody_is_suspected_where_no_requirement_is_at_fault(log: Labelled) -> None:
    assert read(log).suspects == ()


@pytest.mark.parametrize("log", [log for log in LOGS if log.evidence], ids=lambda log: log.name)
def test_quoted_lines_are_lines_of_the_log_and_show_the_cause(log: Labelled) -> None:
    found = read(log)
    quoted = [line for suspect in found.suspects for line in suspect.evidence] or found.evidence
    lines = log.data.decode("utf-8", "replace").split("\n")
    assert {line.line for line in quoted} & log.evidence
    for line in quoted:
        assert line.text.rstrip("…")[:40] in lines[line.line - 1] or "\x1b" in lines[line.line - 1]


@pytest.mark.parametrize("log", BARE, ids=lambda log: log.name)
def test_wrapping_changes_nothing(log: Labelled) -> None:
    text = log.data.decode("utf-8", "replace")
    right = essence(read(log))
    wrapped = {
        name: essence(diagnose(wrap(text), requirements=log.requirements))
        for name, wrap in PREFIXES.items()
    }
    assert {name: found for name, found in wrapped.items() if found != right} == {}


@every_log
def test_log_deep_inside_a_long_one_is_read_alike(
    log: Labelled, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = read(log)
    monkeypatch.setattr("bisect_deps.diagnosis.lines.WHOLE", 0)
    assert essence(read(log)) == essence(whole)


EARLIER = """\
$ pip install --upgrade pip
Collecting pip
  Downloading pip-24.0-py3-none-any.whl (2.1 MB)
Installing collected packages: pip
Successfully installed pip-24.0
WARNING: Running pip as the 'root' user can result in broken permissions
$ make setup
"""


@pytest.mark.parametrize("log", BARE, ids=lambda log: log.name)
def test_step_that_went_well_before_changes_nothing(log: Labelled) -> None:
    text = EARLIER + log.data.decode("utf-8", "replace")
    assert essence(diagnose(text, requirements=log.requirements)) == essence(read(log))


@every_log
def test_pieces_of_any_size_give_the_same_diagnosis(log: Labelled) -> None:
    pieces = (log.data[at : at + 7] for at in range(0, len(log.data), 7))
    assert diagnose(pieces, requirements=log.requirements) == read(log)


@every_log
def test_build_that_passed_has_no_suspect_whatever_its_log_says(log: Labelled) -> None:
    found = diagnose(log.data, requirements=log.requirements, exit_status=0)
    assert (found.outcome, found.suspects) == (Outcome.PASS, ())


@pytest.mark.parametrize(
    "log", [log for log in LOGS if log.outcome == "pass"], ids=lambda log: log.name
)
def test_failure_that_the_log_hides_is_never_called_a_pass(log: Labelled) -> None:
    assert diagnose(log.data, exit_status=1).outcome is Outcome.FAIL


def test_same_failure_has_the_same_signature_on_another_day() -> None:
    line = "ERROR: Failed building wheel for x\n  error: /tmp/pip-{}/x.c:{}: fatal error: y.h: No such file"
    first, second = (
        diagnose(line.format(word, number)) for word, number in (("a1b2", 3), ("zz9", 44))
    )
    assert first.signature == second.signature != ""


TWO = """\
Collecting yarl==1.4.2 (from -r requirements.txt (line 1))
Collecting frozenlist==1.2.0 (from -r requirements.txt (line 2))
Building wheels for collected packages: yarl, frozenlist
  Building wheel for yarl (pyproject.toml): started
  Building wheel for yarl (pyproject.toml): finished with status 'error'
  × Building wheel for yarl (pyproject.toml) did not run successfully.
  ╰─> [2 lines of output]
      yarl/_quoting.c:196:12: fatal error: longintrepr.h: No such file or directory
      [end of output]
  ERROR: Failed building wheel for yarl
  Building wheel for frozenlist (pyproject.toml): started
  Building wheel for frozenlist (pyproject.toml): finished with status 'error'
  × Building wheel for frozenlist (pyproject.toml) did not run successfully.
  ╰─> [2 lines of output]
      ModuleNotFoundError: No module named 'Cython'
      [end of output]
  ERROR: Failed building wheel for frozenlist
Failed to build yarl frozenlist
ERROR: Could not build wheels for yarl, frozenlist, which is required to install pyproject.toml-based projects
"""


def test_every_failure_of_a_log_is_reported_in_its_order() -> None:
    found = diagnose(TWO, requirements=["yarl==1.4.2", "frozenlist==1.2.0"])
    assert [(s.name, s.cause) for s in found.suspects] == [
        ("yarl", Cause.COMPILE_ERROR),
        ("frozenlist", Cause.BUILD_DEP_MISSING),
    ]


FENCED = """\
::depbisect install begin
Installed 9 packages in 3ms
::depbisect install end rc=0
::depbisect imports begin
::depbisect import begin project=click module=click
ModuleNotFoundError: No module named 'colorama' (ignored)
::depbisect import end rc=0
::depbisect import begin project=flask module=flask
Traceback (most recent call last):
  File "<string>", line 1, in <module>
  File "/venv/lib/python3.9/site-packages/flask/__init__.py", line 14, in <module>
    from jinja2 import escape
ImportError: cannot import name 'escape' from 'jinja2' (/venv/lib/python3.9/site-packages/jinja2/__init__.py)
::depbisect import end rc=1
::depbisect import begin project=six module=six
::depbisect import end rc=0
::depbisect imports end rc=1
"""


def test_fences_tell_the_phase_and_whose_import_failed() -> None:
    found = diagnose(FENCED, requirements=["click", "flask==1.1.2", "six"])
    assert (found.outcome, found.phase, found.cause) == (
        Outcome.FAIL,
        Phase.CHECK,
        Cause.IMPORT_ERROR,
    )
    [suspect] = found.suspects
    assert (suspect.requirement, str(suspect.failing), suspect.via) == (
        "flask==1.1.2",
        "jinja2",
        ("flask",),
    )


def test_both_sides_of_a_broken_pair_are_suspects_where_the_user_named_both() -> None:
    found = diagnose(FENCED, requirements=["flask==1.1.2", "jinja2==3.1.2"])
    assert {suspect.name for suspect in found.suspects} == {"flask", "jinja2"}
    assert len({suspect.group for suspect in found.suspects}) == 1


def test_modules_of_the_environment_decide_whose_a_module_is() -> None:
    log = FENCED.replace("jinja2", "templating")
    found = diagnose(
        log, requirements=["flask", "fork-of-jinja"], modules={"templating": "fork_of_jinja"}
    )
    assert "fork-of-jinja" in {suspect.name for suspect in found.suspects}


def test_failed_step_without_a_known_line_is_an_unknown_failure_with_its_last_lines() -> None:
    log = "::depbisect install begin\n::depbisect install end rc=0\n::depbisect check begin\nhm\n::depbisect check end rc=3\n"
    found = diagnose(log)
    assert (found.outcome, found.cause, found.phase) == (Outcome.FAIL, Cause.UNKNOWN, Phase.CHECK)
    assert "hm" in {line.text for line in found.evidence}


def test_missing_system_library_comes_with_the_packages_that_have_it() -> None:
    log = next(log for log in LOGS if log.name == "pip22.0-py39-psycopg2")
    advice = read(log).suspects[0].advice
    assert all(
        package in advice
        for package in ("apt-get install libpq-dev", "libpq-devel", "apk add libpq-dev")
    )


def test_log_that_ends_in_the_middle_of_a_step_blames_the_machine() -> None:
    found = diagnose("Collecting a==1\n  Preparing metadata (setup.py): started\n")
    assert (found.cause, found.suspects) == (Cause.RESOURCES, ())


def test_requirements_that_cannot_bring_the_broken_dependency_are_ruled_out() -> None:
    log = "Collecting requests==2.27.1\nCollecting wrapper==1\nCollecting mysqlclient\n  Preparing metadata (setup.py): started\n  Preparing metadata (setup.py): finished with status 'error'\n  × python setup.py egg_info did not run successfully.\n  ╰─> [1 lines of output]\n      OSError: mysql_config not found\n      [end of output]\nerror: metadata-generation-failed\n"
    [suspect] = diagnose(log, requirements=["requests==2.27.1", "wrapper==1"]).suspects
    assert (suspect.requirement, str(suspect.failing)) == ("wrapper==1", "mysqlclient")


@pytest.mark.parametrize("log", [b"", "", b"\xff\xfe", b"\x00" * 5000, "\n" * 100])
def test_log_that_says_nothing_has_no_suspect(log: bytes | str) -> None:
    assert diagnose(log).suspects == ()


def test_unknown_failure_quotes_the_lines_that_sound_like_failure() -> None:
    log = "frobnicate: panic in the widget\n" + "step\n" * 20 + "done with errors\n"
    found = diagnose(log, exit_status=3)
    assert (found.outcome, found.cause, found.suspects) == (Outcome.FAIL, Cause.UNKNOWN, ())
    assert [line.line for line in found.evidence] == [1, 21, 22]


def test_what_an_import_lacks_is_told_with_the_requirement_that_imported_it() -> None:
    log = b"""Traceback (most recent call last):
  File "<string>", line 1, in <module>
  File "/env/lib/python3.12/site-packages/flask/__init__.py", line 14, in <module>
    from jinja2 import escape
ImportError: cannot import name 'escape' from 'jinja2' (/env/lib/python3.12/site-packages/jinja2/__init__.py)
"""
    requirements = ["pandas==1.1.5", "flask==1.1.2", "requests==2.25.1"]
    suspects = diagnose(log, requirements=requirements, exit_status=1).suspects
    assert {suspect.requirement for suspect in suspects} == {"flask==1.1.2"}
    assert (str(suspects[0].failing), suspects[0].via) == ("jinja2", ("flask",))


@pytest.mark.parametrize(
    ("log", "phase"),
    [
        ("+ uv pip install -q -r r.txt\n+ .venv/bin/python -c 'import cv2'\n", Phase.CHECK),
        ("Package operations: 1 install\n\n  - Installing click (8.0.4)\n", Phase.INSTALL),
        ("Resolved 3 packages in 1ms\n", Phase.RESOLVE),
    ],
)
def test_pass_tells_how_far_the_build_got(log: str, phase: Phase) -> None:
    found = diagnose(log)
    assert (found.outcome, found.phase) == (Outcome.PASS, phase)


UNREADABLE = """\
error: Failed to download and build `logs==0.4.9.6`
  cause: Failed to extract archive: logs==0.4.9.6
  cause: Invalid tar file
"""


def test_an_archive_that_no_try_can_read_is_its_releases_fault() -> None:
    once = diagnose(UNREADABLE, requirements=["logs", "fine"], exit_status=1)
    assert once.infrastructure
    stays = diagnose(UNREADABLE, requirements=["logs", "fine"], exit_status=1, stays=True)
    assert not stays.infrastructure
    assert [suspect.name for suspect in stays.suspects] == ["logs"]


def test_an_archive_that_uv_refuses_is_its_releases_fault_at_once() -> None:
    refused = (
        "  cause: at byte 2: extraction policy rejected input: archive member path rejected by name "
        'policy: "logs-0.4.9.6/tests/www.example.com:443"\n'
    )
    found = diagnose(UNREADABLE + refused, requirements=["logs", "fine"], exit_status=1)
    assert not found.infrastructure
    [suspect] = found.suspects
    assert suspect.name == "logs"
    assert "www.example.com:443" in suspect.summary


def test_an_index_that_no_try_can_reach_is_no_releases_fault() -> None:
    log = "error: Failed to fetch: `https://index.example/simple/fine/`\n  cause: dns error\n"
    log += "  cause: failed to lookup address information: Name or service not known\n"
    assert diagnose(log, requirements=["fine"], exit_status=1, stays=True).infrastructure


FOREIGN = """\
Collecting idna==3.3
  Getting requirements to build wheel: started
  Getting requirements to build wheel: finished with status 'error'
  error: subprocess-exited-with-error
  × Getting requirements to build wheel did not run successfully.
  │ exit code: 1
  ╰─> [2 lines of output]
      ModuleNotFoundError: No module named 'numpy'
      [end of output]
ERROR: Failed to build 'lxml' when getting requirements to build wheel
"""


def test_project_that_pip_names_at_last_outranks_the_one_that_it_collected() -> None:
    [suspect] = diagnose(FOREIGN, requirements=["idna==3.3", "lxml==4.6"]).suspects
    assert (suspect.requirement, suspect.cause) == ("lxml==4.6", Cause.BUILD_DEP_MISSING)


def test_name_that_pip_tells_at_last_keeps_the_path_it_came_from() -> None:
    text = FOREIGN.replace("Collecting idna==3.3", "Processing ./lib").replace("lxml", "geo-core")
    [suspect] = diagnose(text, requirements=["idna==3.3", "./lib", "./more"]).suspects
    assert (suspect.requirement, str(suspect.failing)) == ("./lib", "geo-core")


@pytest.mark.parametrize(
    "ending", ["Failed to build lxml==4.6", "Build failed", "Traceback (most recent call last):"]
)
def test_log_that_ends_in_a_failure_is_no_pass(ending: str) -> None:
    found = diagnose(f"Collecting idna==3.3\n  Downloading idna-3.3.tar.gz (1 kB)\n{ending}\n")
    assert found.outcome is Outcome.FAIL


def test_word_of_failure_in_what_went_well_fails_nothing() -> None:
    text = "Collecting errorhandler==1\n12 checks, 0 errors, no failures\n"
    assert diagnose(text).outcome is Outcome.PASS


WALK = """\
Collecting pyrsistent
  Downloading pyrsistent-0.17.3.tar.gz (106 kB)
INFO: pip is looking at multiple versions of six to determine which version is compatible with other requirements. This could take a while.
INFO: pip is looking at multiple versions of pyrsistent to determine which version is compatible with other requirements. This could take a while.
  Downloading pyrsistent-0.17.2.tar.gz (106 kB)
  Downloading pyrsistent-0.17.1.tar.gz (106 kB)
"""


@pytest.mark.parametrize(
    "ending",
    ["", "Error: The operation was canceled.\n", "error: resolution-too-deep\n", "Terminated\n"],
)
def test_resolver_that_walks_until_it_is_stopped_is_a_cause_with_a_bound(ending: str) -> None:
    found = diagnose(WALK + ending)
    [suspect] = found.suspects
    assert (found.cause, suspect.name) == (Cause.RESOLVER_BACKTRACKING, "pyrsistent")
    assert "3 of them, from 0.17.3 to 0.17.1" in suspect.summary
    assert "`pyrsistent>=0.17.3`" in suspect.advice


def test_walk_that_ends_well_is_a_pass() -> None:
    assert diagnose(WALK + "Successfully installed pyrsistent-0.17.1\n").outcome is Outcome.PASS


def test_project_for_another_system_is_advised_its_marker() -> None:
    log = (
        "ERROR: Could not find a version that satisfies the requirement pyobjc==9.0 (from versions: none)\n"
        "ERROR: No matching distribution found for pyobjc==9.0\n"
    )
    [suspect] = diagnose(log, requirements=["pyobjc==9.0"]).suspects
    assert 'write `pyobjc==9.0; sys_platform == "darwin"`' in suspect.advice


def test_empty_log_is_said_to_be_none() -> None:
    found = diagnose("\n \n")
    assert found.outcome is Outcome.UNRESOLVED
    assert found.notes == ("nothing was given: the log is empty",)


@pytest.mark.parametrize(
    "log",
    [
        "section_start:1700000000:prepare_executor\r\x1b[0K",
        "Running with gitlab-runner 16.5.0 (853330f9)\n  on runner-a x9sZ, system ID: s_1\n"
        "section_start:1700000000:prepare_executor\n"
        'Preparing the "docker" executor\nUsing Docker executor with image python:3.11 ...\n',
        "##[group]Run tests\n##[endgroup]\n",
    ],
)
def test_marks_of_a_ci_alone_are_no_pass(log: str) -> None:
    found = diagnose(log)
    assert found.outcome is Outcome.UNRESOLVED
    assert found.notes == ("nothing was given: the log is empty, but for marks of a CI",)
