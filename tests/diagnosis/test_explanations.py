"""What follows a headline explains it, up to the mark where the step ends."""

from __future__ import annotations

import pytest

from bisect_deps.diagnosis import diagnose
from bisect_deps.model import Outcome, Phase

LOG = b"""\
::depbisect install begin
error: No solution found when resolving dependencies
  cause: Because there is no version of demo==2.1.0 and you require demo==2.1.0, we can conclude \
that your requirements are unsatisfiable.
::depbisect install end rc=1
"""


SILENT_CHECK = b"""\
::depbisect install begin
Installed 1 package in 0.67ms
::depbisect install end rc=0
::depbisect check begin
$ false
::depbisect check end rc=1
"""


CHECKED = ("::depbisect check begin", "$ python -c 'import tool'")
ENDED = "::depbisect check end rc=1\n"


def test_a_check_that_fails_without_a_word_is_a_failed_check() -> None:
    diagnosis = diagnose(SILENT_CHECK, exit_status=1)
    assert (diagnosis.outcome, diagnosis.phase) == (Outcome.FAIL, Phase.CHECK)
    assert diagnosis.evidence[-1].text == "$ false"
    broken = SILENT_CHECK.split(b"::depbisect check")[0].replace(b"rc=0", b"rc=1")
    assert diagnose(broken, exit_status=1).phase is Phase.INSTALL


def test_the_mark_of_a_step_is_no_evidence() -> None:
    diagnosis = diagnose(LOG, exit_status=1)
    quoted = [line.text for suspect in diagnosis.suspects for line in suspect.evidence]
    assert any("there is no version of demo==2.1.0" in text for text in quoted)
    assert not any("::depbisect" in text for text in quoted)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            "ImportError: cannot import name 'escape' from 'jinja2' (/e/jinja2/__init__.py)",
            "escape is not in this version of jinja2",
        ),
        (
            "ImportError: cannot import name 'Mapping' from 'collections' (/usr/lib/python3.12/collections/__init__.py)",
            "Mapping is not in this Python's collections",
        ),
        (
            "AttributeError: module 'inspect' has no attribute 'getargspec'",
            "getargspec is not in this Python's inspect",
        ),
        (
            "ImportError: cannot import name 'thing'",
            "thing is not in the module that it is imported from",
        ),
    ],
)
def test_a_missing_name_is_told_with_whose_it_was(error: str, words: str) -> None:
    at = '  File "/p/site-packages/tool/a.py", line 1, in <module>'
    log = "\n".join((*CHECKED, "Traceback (most recent call last):", at, error, ENDED))
    assert diagnose(log.encode(), exit_status=1).reported.endswith(words)


@pytest.mark.parametrize(
    ("error", "summary"),
    [
        (
            "error: Failed to download any of the following: ['https://files.example/lib-2.6.tar.gz'].",
            "demo==1.0: the build script downloads what it needs by itself, and could not: "
            "https://files.example/lib-2.6.tar.gz",
        ),
        (
            "error: can't copy 'readme.txt': doesn't exist or not a regular file",
            "demo==1.0: the build stopped with an error of its own",
        ),
        (
            "error: subprocess-exited-with-error",
            "demo==1.0: the source of the release could not be built",
        ),
    ],
    ids=["what it downloads", "any other", "no reason"],
)
def test_the_error_that_ends_a_build_script_is_why_it_failed(error: str, summary: str) -> None:
    log = (
        "error: Failed to build `demo==1.0`\n  cause: The build backend returned an error\n"
        "  cause: Call to `setuptools.build_meta.build_wheel` failed (exit status: 1)\n\n"
        f"         [stderr]\n         running build_ext\n         {error}\n\n"
    )
    found = diagnose(log, exit_status=1)
    assert [suspect.summary for suspect in found.suspects] == [summary]
    quoted = found.suspects[0].evidence[-1].text.strip()
    assert (quoted == error) == ("subprocess" not in error)
