"""What a build's answer means to the search: PASS, the failure being chased, or neither."""

from __future__ import annotations

from bisect_deps.diagnosis.fingerprint import same_failure
from bisect_deps.model import BuildStatus, Cause, Diagnosis, Outcome


def judge(
    status: BuildStatus, diagnosis: Diagnosis, chased: str | None, *, over_time: bool = False
) -> Outcome:
    """Return the outcome of a build that ended in `status` with a log that says `diagnosis`.

    `chased` is the signature of the failure that the search follows, None where there is
    none yet. Another failure, an infrastructure failure and a build that the system lost are
    UNRESOLVED. `over_time` says that it was stopped at its limit: a failure where the resolver was
    still going through releases, for that is what the file asks of it.
    """
    if status is BuildStatus.PASSED:
        return Outcome.PASS
    walking = over_time and diagnosis.cause is Cause.RESOLVER_BACKTRACKING
    if (status is not BuildStatus.FAILED and not walking) or diagnosis.infrastructure:
        return Outcome.UNRESOLVED
    if chased is None or same_failure(diagnosis.signature, chased):
        return Outcome.FAIL
    if any(same_failure(suspect.signature, chased) for suspect in diagnosis.suspects):
        return Outcome.FAIL
    return Outcome.UNRESOLVED
