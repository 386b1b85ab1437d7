"""Whose code it is: from the path of a file, or the name of a module, to a distribution.

The built environment's own metadata decides where it is at hand, then the path, then the tables.
Python itself and the user's own code are no distributions.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping

from packaging.utils import canonicalize_name

from bisect_deps.diagnosis.modules import (
    ALTERNATIVES,
    DISTRIBUTIONS,
    GONE,
    INNER,
    STANDARD,
    UNASKED,
    distribution_of,
)
from bisect_deps.diagnosis.requirements import UserList
from bisect_deps.diagnosis.tracebacks import Frame

_SITE = re.compile(r".*(?:site|dist)-packages[/\\](?P<rest>.+)$")
_EGG = re.compile(r"(?P<name>[A-Za-z0-9][\w.]{0,100})-\d[^/\\]{0,100}\.egg$")
PYTHONS_OWN = re.compile(
    r"[/\\](?:lib(?:64)?|lib_pypy)[/\\](?:python|pypy)[23][\d.]{0,4}t?[/\\]|[/\\]lib_pypy[/\\]"
    r"|[/\\]Python\d{2,3}(?:-32)?[/\\]lib[/\\]|python[23]\d{1,2}\.zip",
    re.IGNORECASE,
)
_SCRIPT = re.compile(r"[/\\](?:bin|Scripts)[/\\][^/\\]{1,100}$")
_COMPILED = re.compile(r"^(?![/\\.<]|[A-Za-z]:)[\w./\\]{1,300}\.(?:pyx|pxd|pxi)$")
_OWN_CODE = frozenset({"<string>", "<stdin>", "<input>", "<console>"})
PYTHONS_MODULES = STANDARD | sys.stdlib_module_names


class Owners:
    """Answers whose a file or a module is, for one log.

    `modules` are import names with the distributions that brought them, empty where the environment
    is not at hand.
    """

    def __init__(self, modules: Mapping[str, str], user: UserList) -> None:
        self._modules = {name: canonicalize_name(owner) for name, owner in modules.items()}
        self._user = user

    def of_frame(self, frame: Frame) -> str | None:
        """Return the distribution that the frame is in, "" for the user's code, None for Python.

        Names of no file (`<frozen importlib>`), generated code and start scripts are Python's, too.
        """
        path = frame.path
        if path.startswith("<"):
            return "" if path in _OWN_CODE and frame.function == "<module>" else None
        compiled = frame.function == "init" and path.endswith(".py")  # Cython's word for a module
        if owner := self.of_path(f"{path}x" if compiled else path):
            return owner
        if PYTHONS_OWN.search(path) or _SCRIPT.search(path) or path == "stringsource":
            return None
        return ""

    def of_path(self, path: str) -> str | None:
        """Return the distribution of an installed file, None for any other."""
        match = _SITE.match(path)
        if match is None and not _COMPILED.match(path):
            return None
        parts = re.split(r"[/\\]", match["rest"] if match else path.removeprefix("src/"))
        if egg := _EGG.match(parts[0]):
            return canonicalize_name(egg["name"])
        last = parts[-1].partition(".")[0]
        dotted = ".".join([*parts[:-1], *([] if last == "__init__" else [last])])
        if owner := self.brought(dotted):
            return owner
        return distribution_of(dotted, {}, self._user.by_key, installed=True)

    def of_module(self, name: str, *, exists: bool) -> str:
        """Return the distribution of a module by its name, "" for Python's own and where unknown.

        `exists` says that it was imported, so that some installed distribution has it.
        """
        if owner := self.brought(name):
            return owner
        top = name.partition(".")[0]
        if top in GONE and top not in PYTHONS_MODULES:
            return GONE[top]
        if top in PYTHONS_MODULES:
            return ""
        known = self._known(name)
        if known or self._modules or not exists:
            return known
        return "" if top in INNER or top.startswith("_") else canonicalize_name(top)

    def brought(self, name: str) -> str | None:
        """Return the distribution that brought the module to the environment, None for unknown."""
        parts = name.split(".")
        for length in range(len(parts), 0, -1):
            if owner := self._modules.get(".".join(parts[:length])):
                return owner
        if len(parts) == 1 and name not in INNER:
            inside = {owner for key, owner in self._modules.items() if key.endswith(f".{name}")}
            return inside.pop() if len(inside) == 1 else None
        return None

    def mentioned(self, source: str, *, inside: bool = False) -> list[str]:
        """Return the distributions of the modules that a line of source names.

        `inside` takes names that hold a module's name, too (`SyncHttpxClientWrapper`).
        """
        found: list[str] = []
        names = dict.fromkeys(re.findall(r"[A-Za-z_]\w{2,80}", source))
        for key, owner in self._tops().items():
            exact = key in names
            within = inside and len(key) >= 5 and any(key in name.lower() for name in names)
            if (exact or within) and owner not in found:
                found.append(owner)
        return found

    def _tops(self) -> dict[str, str]:
        if self._modules:
            return {name: owner for name, owner in self._modules.items() if "." not in name}
        return {key.replace("-", "_"): key for key in self._user.by_key}

    def _known(self, name: str) -> str:
        """Return the distribution where a table or the user's list knows the module, else ""."""
        parts = name.split(".")
        top = parts[0]
        listed = self._user.named(top) is not None or any(
            self._user.named(alternative) for alternative in ALTERNATIVES.get(top, ())
        )
        joined = "-".join(parts[:2])
        tabled = DISTRIBUTIONS.get(".".join(parts[:2])) or DISTRIBUTIONS.get(top)
        if listed or tabled or top in UNASKED or (len(parts) > 1 and self._user.named(joined)):
            return distribution_of(name, {}, self._user.by_key, installed=True) or ""
        return ""
