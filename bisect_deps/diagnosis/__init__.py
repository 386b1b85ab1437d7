"""Log to evidence, evidence to suspects; the outcome of a build. Never where the log came from.

What holds hundreds of patterns is read when it is asked for: a run starts its first build before.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from bisect_deps.diagnosis.fingerprint import same_failure, tells_something
from bisect_deps.diagnosis.judge import judge

if TYPE_CHECKING:
    from bisect_deps.diagnosis.diagnosing import diagnose
    from bisect_deps.diagnosis.missing import missing_here

__all__ = ["diagnose", "judge", "missing_here", "same_failure", "tells_something"]
_LATER = {"diagnose": "diagnosing", "missing_here": "missing"}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
