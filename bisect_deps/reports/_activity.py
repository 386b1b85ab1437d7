"""What a build is doing, from the lines it has written so far: resolving, downloading, compiling.

Reads the words of uv and pip and the fences of our own steps. Must not know when a line came, or
who shows it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

_RELEASE = r"(?P<name>[A-Za-z0-9][\w.-]*?)"


@dataclass(frozen=True, slots=True)
class Activity:
    """What is going on: `now` in words for people, and how many of how many projects are fetched.

    `compiling` are the releases whose build from source has begun and not ended, in order.
    """

    now: str = ""
    fetched: int = 0
    wanted: int = 0
    compiling: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return it in a few words; a release that is compiled is what takes the time."""
        if self.compiling:
            more = f" and {len(self.compiling) - 1} more" if len(self.compiling) > 1 else ""
            return f"compiling {self.compiling[0]}{more}"
        if self.now == "downloading" and self.wanted:
            return f"downloading {self.fetched} of {self.wanted}"
        return self.now


def after(activity: Activity, lines: Iterable[str]) -> Activity:
    """Return what a build is doing once it has written these lines as well."""
    for line in lines:
        for pattern, change in _CHANGES:
            match = pattern.match(line)
            if match is not None:
                activity = change(activity, match)
                break
    return activity


_Change = Callable[[Activity, "re.Match[str]"], Activity]


def _now(words: str) -> _Change:
    def change(activity: Activity, match: re.Match[str]) -> Activity:
        return replace(activity, now=words.format(**match.groupdict()))

    return change


def _resolved(activity: Activity, match: re.Match[str]) -> Activity:
    return replace(activity, now="downloading", wanted=int(match["count"]))


def _fetched(activity: Activity, match: re.Match[str]) -> Activity:
    return replace(activity, now="downloading", fetched=activity.fetched + 1)


def _compiling(activity: Activity, match: re.Match[str]) -> Activity:
    name = match["name"].replace("==", " ")
    if name in activity.compiling:
        return activity
    return replace(activity, compiling=(*activity.compiling, name))


def _compiled(activity: Activity, match: re.Match[str]) -> Activity:
    ended = match["name"].replace("==", " ")
    return replace(activity, compiling=tuple(n for n in activity.compiling if n != ended))


def _installing(activity: Activity, match: re.Match[str]) -> Activity:
    return replace(activity, now="installing", compiling=())


_CHANGES: tuple[tuple[re.Pattern[str], _Change], ...] = tuple(
    (re.compile(pattern), change)
    for pattern, change in (
        (r"::depbisect install begin", _now("resolving")),
        (r"::depbisect imports begin", _now("importing the modules")),
        (r"::depbisect import begin project=(?P<name>[\w.-]+)", _now("importing {name}")),
        (r"::depbisect check begin", _now("running the check")),
        # uv
        (r"Resolved (?P<count>\d{1,5}) packages? in ", _resolved),
        (r" *Building (?P<name>[\w.-]+==[^\s@]+)", _compiling),
        (r" *Built (?P<name>[\w.-]+==[^\s@]+)", _compiled),
        (r" *Downloaded [\w.-]+", _fetched),
        (r" *Downloading [\w.-]+ \(", _now("downloading")),
        (r"Prepared \d{1,5} packages? in ", _installing),
        # pip
        (rf"Collecting {_RELEASE}(?:[\[<>=!~;@\s(]|$)", _now("resolving {name}")),
        (rf"(?:  )?Building wheel for {_RELEASE} \(.*: started", _compiling),
        (rf"(?:  )?Building wheel for {_RELEASE} \(.*: finished", _compiled),
        (r"(?:  )?Downloading \S", _now("downloading")),
        (r"Installing collected packages", _installing),
    )
)
