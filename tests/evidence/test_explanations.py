"""What follows a headline explains it, up to the mark where the step ends."""

from __future__ import annotations

from bisect_deps.evidence import diagnose

LOG = b"""\
::depbisect install begin
error: No solution found when resolving dependencies
  cause: Because there is no version of demo==2.1.0 and you require demo==2.1.0, we can conclude \
that your requirements are unsatisfiable.
::depbisect install end rc=1
"""


def test_the_mark_of_a_step_is_no_evidence() -> None:
    diagnosis = diagnose(LOG, exit_status=1)
    quoted = [line.text for suspect in diagnosis.suspects for line in suspect.evidence]
    assert any("there is no version of demo==2.1.0" in text for text in quoted)
    assert not any("::depbisect" in text for text in quoted)
