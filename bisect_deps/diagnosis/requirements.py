"""The user's requirements as the ranking needs them: found by name, place, path, URL or own words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from packaging.utils import canonicalize_name

from bisect_deps.diagnosis.facts import Project, project_of
from bisect_deps.model import Requirement

_VCS = re.compile(r"^(?:git|hg|svn|bzr)\+|^(?:git|ssh|hg|svn)(?=://)|^git@")
_SCHEME = re.compile(
    r"^(?:(?:git|hg|svn|bzr)\+)?(?:[a-z][a-z0-9.-]{1,12}:/{2,3})?(?:[^\s/@]{1,80}@)?"
)
_ARCHIVES = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tgz")
_FILE_OPTION = re.compile(r"^(?:-r|-c|--requirement|--constraint)[ =]?(?P<path>\S{1,300})")
# Where an installer says which line it cannot read: `at line 2`, `line 2 of x.txt`, `x.txt:2:1`.
_PLACES = (
    re.compile(r"in `(?P<file>[^`]{1,200})` at line (?P<line>\d{1,6})\b"),
    re.compile(r"\(?from line (?P<line>\d{1,6}) of (?P<file>[^\s)]{1,200})\)"),
    re.compile(r"(?:at|:) (?P<file>[^\s:'`]{1,200}):(?P<line>\d{1,6}):\d{1,6}\b"),
)


@dataclass(frozen=True, slots=True)
class Listed:
    """One requirement of the user's: its text, its normalised name, its file and line.

    `path` is the path or the URL that it names, without scheme, user and reference; "" for none.
    """

    text: str
    key: str
    line: int
    path: str = ""
    file: str = ""
    vcs: bool = False

    @property
    def label(self) -> str:
        """Return the project's name, for a path or URL without one its last part."""
        last = PurePath(self.path).name if self.path else self.text
        return self.key or re.split(r"-\d|\.(?:tar|zip|whl)\b", last)[0] or self.text


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
        """Return the requirement whose path or URL stands in `text`; the longest of several."""
        found = [item for item in self.items if item.path and _stands_in(item.path, text)]
        return max(found, key=lambda item: len(item.path), default=None)

    def of(self, project: Project) -> Listed | None:
        """Return the requirement that is this project itself, not one that brought it."""
        if found := self.named(project.name):
            return found
        return self.of_path(project.text) if "/" in project.text or ":" in project.text else None

    def placed(self, text: str) -> Listed | None:
        """Return the requirement on the line that an installer's message numbers."""
        for pattern in _PLACES:
            if match := pattern.search(text):
                name, line = PurePath(match["file"]).name, int(match["line"])
                for item in self.items:
                    is_file = not item.file or PurePath(item.file).name == name
                    if item.line == line and is_file:
                        return item
        return None

    def quoted(self, words: str) -> Listed | None:
        """Return the one requirement that `words` repeat, whole or in part."""
        words = words.strip()
        whole = [item for item in self.items if words in (item.text, _bare(item.text))]
        if whole:
            return whole[0]
        found = [item for item in self.items if len(words) > 4 and words in item.text]
        return found[0] if len(found) == 1 else None


def _stands_in(path: str, text: str) -> bool:
    """Say whether the path stands in the text, as a whole: `lib` is not in `/usr/lib/x`."""
    at = text.find(path)
    while at >= 0:
        before, after = text[at - 1 : at], text[at + len(path) :].removeprefix(".git")
        ends = (
            not after
            or after[0] in " \t'\"`),;:#@?|"
            or (after[0] == "/" and after[1:2] in "'\"` ")
        )
        if (not before or before in " \t'\"`(/@=") and ends:
            return True
        at = text.find(path, at + 1)
    return False


def _bare(text: str) -> str:
    """Return the requirement without the option before it."""
    return re.sub(r"^(?:-e|--editable)[ =]", "", text).strip()


def _listed(item: Requirement | str, index: int) -> Listed:
    if isinstance(item, Requirement):
        reference = item.url or ("" if item.name else _bare(item.text))
        return Listed(
            item.text, item.name, item.line, _path(reference), item.file, _is_vcs(reference)
        )
    text = re.split(r"\s--hash|\s#", item, maxsplit=1)[0].strip()
    bare = _bare(text)
    if option := _FILE_OPTION.match(text):
        return Listed(text, "", index + 1, _path(option["path"]))
    reference, name = bare, ""
    if "#egg=" in bare:
        reference, name = bare.split("#egg=", 1)
        name = name.partition("&")[0]
    elif " @ " in bare:
        name, reference = bare.split(" @ ", 1)
    elif bare.startswith((".", "/")) or "://" in bare or bare.endswith(_ARCHIVES):
        last = bare.rstrip("/").rpartition("/")[2]
        name = last.partition("-")[0] if last.endswith(_ARCHIVES) else ""
    elif text == bare:
        project = project_of(bare)
        return Listed(text, project.key if project else "", index + 1)
    key = canonicalize_name(name.partition("[")[0].strip()) if name else ""
    return Listed(text, key, index + 1, _path(reference), vcs=_is_vcs(reference))


def _is_vcs(reference: str) -> bool:
    return _VCS.match(reference) is not None


def _path(text: str) -> str:
    path = _SCHEME.sub("", text.partition(" ;")[0].partition("#")[0].strip())
    head, _, last = path.rpartition("/")
    path = f"{head}/{last.split('@')[0]}" if head else last
    return path.removesuffix(".git").lstrip("./").rstrip("/")
