"""setup.cfg: `[options] install_requires` and its relatives. Source: setuptools, setup.cfg."""

from __future__ import annotations

import re

from bisect_deps.formats._ini import IniStyle

INSTALLED = frozenset({"options.install_requires"})
_KEYS = ("install_requires", "setup_requires", "tests_require")
_EXTRAS = "options.extras_require"


def _group(section: str, key: str) -> str | None:
    if section == "options" and key in _KEYS:
        return f"options.{key}"
    return f"{_EXTRAS}.{key}" if section == _EXTRAS else None


STYLE = IniStyle(
    _group,
    ("options", "install_requires"),
    files=re.compile(r"(?P<flag>file:)\s*(?P<file>.+)"),
)
