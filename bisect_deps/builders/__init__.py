"""Who builds a candidate: one file per system, listed here.

Each file has `make(options) -> Builder`. It may have `Options`, a `BuilderOptions` with settings of
its own, `checks(options)`, which yields what `doctor` looks at, one `Check` at a time, and
`TEMPLATE`, the file that `depbisect init` writes for its system.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

from bisect_deps.builders.base import Builder, BuilderOptions, Check, Setting, Template, checked
from bisect_deps.errors import InputError

# Name on the command line to the module in this folder.
BUILDERS: dict[str, str] = {
    "local": "local",
    "command": "command",
    "algorithmia": "algorithmia",
    "buildbot": "buildbot",
    "slurm": "slurm",
    "github": "github",
    "gitlab": "gitlab",
    "spaces": "spaces",
    "datarobot": "datarobot",
}


def options_of(name: str) -> type[BuilderOptions]:
    """Return the class of that builder's options. Raises InputError for an unknown builder."""
    found: type[BuilderOptions] = getattr(_module(name), "Options", BuilderOptions)
    return found


def options_for(name: str, given: Mapping[str, object], **common: Any) -> BuilderOptions:
    """Return a builder's options: `given` by the names of settings, `common` by those of fields.

    Settings of other builders are passed over. Raises InputError for an unknown builder.
    """
    options = options_of(name)
    own: dict[str, Any] = {
        field: given[setting.name]
        for field, setting in options.settings().items()
        if setting.name in given
    }
    return options(**common, **own)


def all_settings() -> dict[str, tuple[Setting, tuple[str, ...]]]:
    """Return the settings of all builders by name, each with the builders that know it."""
    found: dict[str, tuple[Setting, tuple[str, ...]]] = {}
    for builder in BUILDERS:
        for setting in options_of(builder).settings().values():
            _, known = found.get(setting.name, (setting, ()))
            found[setting.name] = setting, (*known, builder)
    return found


def template_of(name: str) -> Template:
    """Return the file that a builder's system needs. Raises InputError where it needs none."""
    found: Template | None = getattr(_module(name), "TEMPLATE", None)
    if found is None:
        raise InputError(
            f"the {name} builder needs no file", hint=f"depbisect run --builder {name}"
        )
    return found


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
    yield from checked(name, lambda: module.make(options), lambda _: "ready")


def _module(name: str) -> ModuleType:
    if name not in BUILDERS:
        raise InputError(
            f"there is no builder {name!r}", hint=f"choose one of {', '.join(BUILDERS)}"
        )
    return importlib.import_module(f"bisect_deps.builders.{BUILDERS[name]}")
