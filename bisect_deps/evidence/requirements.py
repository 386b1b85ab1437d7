"""The user's requirements as the ranking needs them: found by name, place, path or chain."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from bisect_deps.evidence.facts import Project, project_of
from bisect_deps.model import Requirement

_SCHEME = re.compile(r"^(?:git|hg|svn|bzr)\+|^(?:git\+)?file://")


@dataclass(frozen=True, slots=True)
class Listed:
    """One requirement of the user's: its text, its normalised name, its line."""

    text: str
    key: str
    line: int
    path: str = ""


class UserList:
    """The user's requirements; empty where nobody gave them."""

    def __init__(self, requirements: Sequence[Requirement] | Sequence[str]) -> None:
        items: Sequence[Requirement | str] = [*requirements]
        self.items = [_listed(item, index) for index, item in enumerate(items)]
        self.by_key = {item.key: item for item in reversed(self.items) if item.key}

    def __bool__(self) -> bool:
        return bool(self.items)

    def named(self, name: str) -> Listed | None:
        """Return the requirement of that project."""
        return self.by_key.get(canonicalize_name(name))

    def at(self, line: int) -> Listed | None:
        """Return the requirement on that line of the file."""
        return next((item for item in self.items if item.line == line), None)

    def of_path(self, text: str) -> Listed | None:
        """Return the requirement that is the path or URL in `text`, or ends like it."""
        for item in self.items:
            if item.path and (item.path in text or text.rstrip("/`) ").endswith("/" + item.path)):
                return item
        return None

    def of(self, project: Project) -> Listed | None:
        """Return the requirement that is this project itself, not one that brought it."""
        if found := self.named(project.name):
            return found
        return self.of_path(project.text) if "/" in project.text or ":" in project.text else None


def _listed(item: Requirement | str, index: int) -> Listed:
    if isinstance(item, Requirement):
        path = _path(item.url or (item.text if not item.name else ""))
        return Listed(item.text, item.name, item.line, path)
    text = item.split(" --hash")[0].split(" #")[0].strip()
    if text.startswith(("-e ", "--editable ")):
        text = text.split(" ", 1)[1].strip()
    if "#egg=" in text:
        name = text.split("#egg=", 1)[1].split("&")[0].split("[")[0]
        return Listed(text, canonicalize_name(name), index + 1, _path(text.split("#")[0]))
    if " @ " in text:
        name, url = text.split(" @ ", 1)
        return Listed(text, canonicalize_name(name.split("[")[0].strip()), index + 1, _path(url))
    if text.startswith((".", "/")) or "://" in text or text.endswith((".whl", ".tar.gz", ".zip")):
        last = text.rstrip("/").rsplit("/", 1)[-1]
        wheel = last.split("-")[0] if last.endswith((".whl", ".tar.gz", ".zip")) else ""
        return Listed(text, canonicalize_name(wheel) if wheel else "", index + 1, _path(text))
    project = project_of(text)
    return Listed(text, project.key if project else "", index + 1)


def _path(text: str) -> str:
    path = _SCHEME.sub("", text.split(";", maxsplit=1)[0].split("#", maxsplit=1)[0].strip())
    head, _, last = path.rpartition("/")
    path = f"{head}/{last.split('@')[0]}" if head else last
    return path.lstrip("./").rstrip("/")
