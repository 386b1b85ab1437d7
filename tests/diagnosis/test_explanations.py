"""What follows a headline explains it, up to the mark where the step ends."""

from __future__ import annotations

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
