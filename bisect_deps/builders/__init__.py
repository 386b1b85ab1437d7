"""Who builds a candidate: one file per system, listed here.

Each file has `make(options) -> Builder`, and may have `checks(options)`, which yields what `doctor`
looks at, one `Check` after the other.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from types import ModuleType

from bisect_deps.builders.base import Builder, BuilderOptions, Check
from bisect_deps.errors import InputError

# Name on the command line to the module in this folder.
BUILDERS: dict[str, str] = {
    "local": "local",
    "command": "command",
    "algorithmia": "algorithmia",
}


def make_builder(name: str, options: BuilderOptions) -> Builder:
    """Return the builder of that name. Raises InputError for an unknown one or unfit options."""
    builder: Builder = _module(name).make(options)
    return builder


def checks_of(name: str, options: BuilderOptions) -> Iterator[Check]:
    """Yield what `doctor` finds out about that builder, as it goes."""
    module = _module(name)
    if hasattr(module, "checks"):
        yield from module.checks(options)
        return
    troubles = module.make(options).preflight()
    yield from (Check(f"builder {name}", False, trouble) for trouble in troubles)
    if not troubles:
        yield Check(f"builder {name}", True, "ready")


def _module(name: str) -> ModuleType:
    if name not in BUILDERS:
        raise InputError(
            f"there is no builder {name!r}", hint=f"choose one of {', '.join(BUILDERS)}"
        )
    return importlib.import_module(f"bisect_deps.builders.{BUILDERS[name]}")
