"""Releases whose source asks for what newer build tools have dropped: a fact, the tool to use.

Normalised name to (versions concerned, what the build script needs, the build constraint that still
has it). Only what the projects' own trackers confirm. Source: setuptools 58 (use_2to3) and 82
(pkg_resources) release notes, setuptools #2765, editdistpy #21, cx_Oracle #677.
"""

from __future__ import annotations

_CONVERTER = ("use_2to3", "setuptools<58")
_RESOURCES = ("pkg_resources", "setuptools<82")

OLD_BUILDS: dict[str, tuple[str, str, str]] = {
    "anyjson": ("<=0.3.3", *_CONVERTER),
    "cx-oracle": ("<=8.3.0", *_RESOURCES),
    "demjson": ("<=2.2.4", *_CONVERTER),
    "editdistpy": ("<=0.1.5", *_RESOURCES),
    "feedparser": ("<=5.2.1", *_CONVERTER),
    "suds-jurko": ("<=0.6", *_CONVERTER),
}
