"""Log to evidence, evidence to suspects; the outcome of a build. Never where the log came from."""

from __future__ import annotations

from bisect_deps.diagnosis.diagnosing import diagnose
from bisect_deps.diagnosis.fingerprint import same_failure, tells_something
from bisect_deps.diagnosis.judge import judge
from bisect_deps.diagnosis.missing import missing_here

__all__ = ["diagnose", "judge", "missing_here", "same_failure", "tells_something"]
