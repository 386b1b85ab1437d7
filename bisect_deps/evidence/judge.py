"""What a build's answer means to the search: PASS, the failure being chased, or neither."""

from __future__ import annotations

from bisect_deps.evidence.masking import same_failure
from bisect_deps.model import BuildStatus, Diagnosis, Outcome


def judge(status: BuildStatus, diagnosis: Diagnosis, chased: str | None) -> Outcome:
    """Return the outcome of a build that ended in `status` with a log that says `diagnosis`.

    `chased` is the masked signature of the failure that the search follows, None where there is
    none yet. Another failure, infrastructure trouble and a build that the system lost are
    UNRESOLVED.
    """
    if status is BuildStatus.PASSED:
        return Outcome.PASS
    if status is not BuildStatus.FAILED or diagnosis.infrastructure:
        return Outcome.UNRESOLVED
    if chased is None or same_failure(diagnosis.signature, chased):
        return Outcome.FAIL
    if any(same_failure(suspect.signature, chased) for suspect in diagnosis.suspects):
        return Outcome.FAIL
    return Outcome.UNRESOLVED
