"""The index that installers ask where nobody names one, as the client of the Simple API has it."""

from __future__ import annotations

import importlib.util
import re
from functools import cache
from pathlib import Path


@cache
def default_index() -> str:
    """Return its address.

    Read off the client's source: importing it takes longer than all else that a warm run does.
    """
    spec = importlib.util.find_spec("pypi_simple")
    source = Path(spec.origin).read_text(encoding="utf-8") if spec and spec.origin else ""
    found = re.search(r'^PYPI_SIMPLE_ENDPOINT\b.*"(https://[^"]+)"', source, re.MULTILINE)
    if found:
        return found[1]
    from pypi_simple import PYPI_SIMPLE_ENDPOINT

    return PYPI_SIMPLE_ENDPOINT
