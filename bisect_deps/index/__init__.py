"""What the package index knows: releases with their files, dates and tags, and facts about a line.

Facts cost milliseconds and no build. They are a prior, never a verdict. Nothing here reads a
requirements file.
"""

from __future__ import annotations

from bisect_deps.index.base import completed
from bisect_deps.index.client import Index
from bisect_deps.index.facts import Fact, FactKind
from bisect_deps.index.releases import File, ReleaseEvent, ReleaseFacts, latest_upload
from bisect_deps.index.targets import on_platform

__all__ = [
    "Fact",
    "FactKind",
    "File",
    "Index",
    "ReleaseEvent",
    "ReleaseFacts",
    "completed",
    "latest_upload",
    "on_platform",
]
