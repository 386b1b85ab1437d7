"""An Algorithmia cluster on this machine: REST, git over HTTP, and builds that really install.

Written from the platform's published API reference and judged by the real `algorithmia` client; the
tests of the `algorithmia` builder run against it, and anybody can start it by hand:
`python -m tests.support.algorithmia_emulator --help`.
"""

from __future__ import annotations

from tests.support.algorithmia_emulator.building import Built, Install, Replay
from tests.support.algorithmia_emulator.faults import Faults
from tests.support.algorithmia_emulator.platform import Key, Platform
from tests.support.algorithmia_emulator.server import Recorded, Server

__all__ = ["Built", "Faults", "Install", "Key", "Platform", "Recorded", "Replay", "Server"]
