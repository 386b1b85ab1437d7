"""Options as all commands have them: each is set by its `DEPBISECT_*` variable, too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from bisect_deps.config import environment_name


def option(*names: str, **arguments: Any) -> Callable[[Any], Any]:
    """Return a click option that its `DEPBISECT_*` variable sets too."""
    flags = [flag for name in names if name.startswith("-") for flag in name.split("/")]
    name = max(flags, key=len).lstrip("-").replace("-", "_")
    arguments.setdefault("envvar", environment_name(name))
    return click.option(*names, **arguments)
