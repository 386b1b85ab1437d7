"""How a resolver goes through the releases of a project, one after the other, where it says so.

pip downloads what it looks at; uv tells it where its log is verbose. Knows no cause.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass

from bisect_deps.diagnosis.facts import Project

MOST_WALKS = 1_000
_NAME = r"(?P<name>[A-Za-z0-9][\w.-]{0,100})"
_RELEASE = re.compile(
    r"(?:^|[/\s])(?P<name>[A-Za-z0-9][\w.-]{0,100}?)-(?P<version>\d[\w.+!]{0,60}?)"
    r"(?:\.tar\.(?:gz|bz2|xz)|\.zip|\.tgz|-[^/\s]{1,120}\.whl)(?:\.metadata)?(?:$|[\s#?(])"
)
_LOOKING = re.compile(rf"is (?:still )?looking at multiple versions of {_NAME}")
_SELECTING = re.compile(rf"Selecting: {_NAME}==(?P<version>[^\s()\[\]]{{1,60}}) ")
# Written when it took 5 releases of a project, then 10, 20, 40 and so on.
_PREFETCHING = re.compile(
    r"(?:Prefetch(?:ed|ing) \d{1,6}|No) `?(?P<name>[A-Za-z0-9][\w.-]{0,100})`? versions"
)
_FIRST_PREFETCH = 5
# So many releases of one project are taken in no other way, whatever an old pip says of it.
_MANY = 8


@dataclass(slots=True)
class Walk:
    """How a resolver went through a project's releases: the first and the last that it took.

    `count` is how many it is seen to have taken, `tried` what it says itself, a lower bound; `reported`
    says that it was called a walk, or is one by its length. `line` is the last that showed it.
    """

    project: Project
    newest: str = ""
    oldest: str = ""
    count: int = 0
    tried: int = 0
    reported: bool = False
    line: tuple[int, str] = (0, "")

    @property
    def length(self) -> int:
        """Return how many releases were gone through, as far as is known."""
        return max(self.count, self.tried)

    @property
    def shown(self) -> str:
        """Return it in words: `40 of them, from 40.0 to 1.0`."""
        if self.count > 1 and self.count >= self.tried:
            return f"{self.count} of them, from {self.newest} to {self.oldest}"
        return f"at least {self.tried or 'two'} of them"


class Walks:
    """All walks of one channel: feed it lines; `last` is the line that last showed one."""

    def __init__(self) -> None:
        self.last = 0
        self._walks: OrderedDict[str, Walk] = OrderedDict()

    @property
    def longest(self) -> Walk | None:
        """Return the longest walk, if any."""
        reported = [walk for walk in self._walks.values() if walk.reported]
        return max(reported, key=lambda walk: walk.length, default=None)

    def take(self, number: int, bare: str) -> None:
        """Count the release that a line says to be looked at, or what it says of a walk."""
        if match := (_RELEASE.search(bare) or _SELECTING.search(bare)):
            walk = self._of(match["name"])
            if match["version"] != walk.oldest:
                walk.newest = walk.newest or match["version"]
                walk.oldest = match["version"]
                walk.count += 1
                walk.line = number, bare
                if self.last or walk.count >= _MANY:
                    self.last, walk.reported = number, walk.reported or walk.count >= _MANY
        elif match := _LOOKING.search(bare):
            self._reported(match["name"], number)
        elif match := _PREFETCHING.search(bare):
            walk = self._reported(match["name"], number)
            walk.tried = walk.tried * 2 or _FIRST_PREFETCH

    def end(self) -> None:
        """Take it that the resolver has its answer: what comes later is no walk's doing."""
        self._walks.clear()
        self.last = 0

    def _reported(self, name: str, number: int) -> Walk:
        walk = self._of(name)
        walk.reported = True
        self.last = number
        return walk

    def _of(self, name: str) -> Walk:
        project = Project(name)
        walk = self._walks.setdefault(project.key, Walk(project))
        if len(self._walks) > MOST_WALKS:
            self._walks.popitem(last=False)
        return walk
