"""Log to evidence, evidence to suspects; the outcome of a build. Never where the log came from."""

from __future__ import annotations

from bisect_deps.evidence.diagnosing import diagnose
from bisect_deps.evidence.judge import judge
from bisect_deps.evidence.masking import same_failure, tells_something
from bisect_deps.evidence.missing import missing_here

__all__ = ["diagnose", "judge", "missing_here", "same_failure", "tells_something"]
