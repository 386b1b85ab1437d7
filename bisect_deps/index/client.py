"""The index as the rest of the program asks it: by name, by requirement, by date.

Fetches each page once per run, several at a time. Must not know of manifests or builds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TypeAlias
from urllib.parse import urlsplit

from packaging.utils import canonicalize_name

from bisect_deps.errors import IndexUnavailable
from bisect_deps.index.base import indexes, place
from bisect_deps.index.facts import Fact, facts_of, nearest_release, newest_release
from bisect_deps.index.pages import Page, Pages
from bisect_deps.index.releases import (
    File,
    ReleaseEvent,
    ReleaseFacts,
    events,
    group,
    latest_upload,
    parsed,
    visible,
    wheel_tags,
)
from bisect_deps.index.targets import accepted_tags
from bisect_deps.model import IndexSettings, Interpreter, Release, Requirement
from bisect_deps.policy import POLICY

# The releases in sight, and those too new for `exclude_newer`.
_Known: TypeAlias = tuple[tuple[ReleaseFacts, ...], tuple[ReleaseFacts, ...]]

# Projects that any index of use has.
_EVERYWHERE = ("pip", "setuptools", "wheel")


class Index:
    """Releases and facts for one interpreter, from the indexes and find-links of `settings`.

    `cache` is the folder of kept pages (default: the user's cache folder); without `kept`, each
    page is asked for. `merged` takes the releases of all indexes together, as pip does, where uv
    stops at the first that has the project.
    Every method that asks the index raises IndexUnavailable. Close it, or use it in a `with`.
    """

    def __init__(
        self,
        settings: IndexSettings,
        interpreter: Interpreter,
        *,
        cache: Path | None = None,
        merged: bool = False,
        kept: bool = True,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.settings = settings
        self.interpreter = interpreter
        self._environ = environ
        self._merged = merged
        self._pages = Pages((cache or default_cache()) if kept else None)
        self._on: dict[str, list[Page] | None] = {}
        self._found: dict[str, _Known | None] = {}
        self._facts: dict[Requirement, tuple[Fact, ...]] = {}

    def __enter__(self) -> Index:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._pages.close()

    def as_of(self, instant: str | None) -> Index:
        """Return this index as of another instant; what was fetched is shared, connections too."""
        other = copy(self)
        other.settings = replace(self.settings, exclude_newer=instant)
        other._found = {}
        other._facts = {}
        return other

    @property
    def silent_on_age(self) -> bool:
        """Say whether some page came without a word on how long it stays fresh.

        Such pages are kept for ten minutes, as those of the public index are.
        """
        return self._pages.silent_on_age

    def prefetch(self, names: Iterable[str]) -> None:
        """Fetch the pages of these projects at once, several at a time."""
        named = {canonicalize_name(name) for name in names if name}
        wanted = sorted(name for name in named if name not in self._on)
        if not wanted:
            return
        pool = ThreadPoolExecutor(min(POLICY.index_connections, len(wanted)))
        futures: list[Future[object]] = [pool.submit(self._pages_of, name) for name in wanted]
        try:
            for future in futures:
                future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def tells_dates(self, names: Iterable[str]) -> bool:
        """Say whether each of these projects that is there has a file with a date.

        Files of a local folder have none, and need none.
        """
        wanted = {canonicalize_name(name) for name in names}
        self.prefetch(wanted)
        return all(map(self._tells_dates, wanted))

    def releases(self, name: str) -> tuple[ReleaseFacts, ...]:
        """Return a project's releases in sight, oldest version first; () for an unknown project."""
        found = self._look_up(canonicalize_name(name))
        return found[0] if found else ()

    def release(self, release: Release) -> ReleaseFacts | None:
        """Return one release, or None where the index does not have it (in sight)."""
        wanted = parsed(release.version)
        for known in self.releases(release.name):
            if known.version == release.version:
                return known
            if known.parsed == wanted and str(known.parsed) == release.version:
                return known
        return None

    def exists(self, name: str) -> bool:
        """Say whether any index or find-links place knows the project."""
        return self._look_up(canonicalize_name(name)) is not None

    def facts(self, requirement: Requirement) -> tuple[Fact, ...]:
        """Return what the index says of a requirement, the gravest first; () for nothing unusual.

        A bare URL or path is none of the index's business: ().
        """
        if requirement.url or requirement.editable or not requirement.name:
            return ()
        if requirement not in self._facts:
            found = self._look_up(requirement.name)
            releases, hidden = found if found else (None, ())
            known = facts_of(requirement, releases, hidden, self.interpreter)
            self._facts[requirement] = known
        return self._facts[requirement]

    def be_true(self, release: Release) -> None:
        """Compare what the index serves of a release with the hashes that it tells.

        Downloads a file of it. Raises IndexUnavailable where they differ: the index is at fault.
        """
        known = self.release(release)
        accepted = frozenset(self._tags)
        files = [f for f in (known.files if known is not None else ()) if "://" in f.url]
        files.sort(key=lambda file: accepted.isdisjoint(wheel_tags(file.filename)))
        for file in files[:1]:
            reported = file.hashes.get("sha256")
            spot = place(file.url, self._environ, self.settings.logins)
            served, is_archive = self._pages.look_at(spot.url, spot.auth)
            is_altered = reported is not None and served != reported
            if served is not None and (is_altered or (reported is None and not is_archive)):
                host = urlsplit(spot.url).netloc
                what = (
                    "with another content than the hash on its page"
                    if is_altered
                    else "as something that is no archive"
                )
                raise IndexUnavailable(
                    f"the package index at {host} serves {file.filename} {what}",
                    hint="the index or a proxy before it alters files; tell its owner",
                )

    def be_there(self, names: Iterable[str]) -> None:
        """Raise IndexUnavailable where an index has none of several projects, nor any known one."""
        wanted = sorted({canonicalize_name(name) for name in names})
        if len(wanted) < 2 or self.settings.no_index or any(map(self.exists, wanted)):
            return
        if not any(map(self.exists, _EVERYWHERE)):
            [*_, default] = indexes(self.settings, self._environ)
            host = urlsplit(default.url).netloc
            raise IndexUnavailable(
                f"the package index at {host} has none of the {len(wanted)} projects, and none of "
                f"{', '.join(_EVERYWHERE)}: it answers, but serves nothing",
                hint="check --index-url; a mirror may be empty, or its address be of another index",
            )

    def nearest(self, release: Release) -> ReleaseFacts | None:
        """Return the release to take in place of this one; None where no other would do."""
        return nearest_release(release.version, self.releases(release.name))

    def newest(self, name: str) -> ReleaseFacts | None:
        """Return the newest release to take, a final one where there is one; None for none."""
        return newest_release(self.releases(name))

    def events(self, names: Iterable[str], since: str, until: str) -> tuple[ReleaseEvent, ...]:
        """Return what happened to these projects after `since`, up to and with `until`.

        The oldest event comes first; `exclude_newer` does not matter here.
        """
        wanted = sorted({canonicalize_name(name) for name in names if name})
        self.prefetch(wanted)
        known = [release for name in wanted for release in self._all(name)]
        return events(known, self._tags, since, until)

    def latest_upload(self, pins: Iterable[Release]) -> str | None:
        """Return when the youngest of these releases appeared, whatever `exclude_newer` says."""
        wanted = {(canonicalize_name(pin.name), pin.version) for pin in pins}
        self.prefetch(name for name, _ in wanted)
        return latest_upload(
            release
            for name, version in wanted
            for release in self._all(name)
            if version in (release.version, str(release.parsed))
        )

    @cached_property
    def _tags(self) -> tuple[str, ...]:
        return accepted_tags(self.interpreter)

    def _all(self, name: str) -> tuple[ReleaseFacts, ...]:
        found = self._look_up(name)
        return (*found[0], *found[1]) if found else ()

    def _look_up(self, name: str) -> _Known | None:
        """Return the releases in sight and those too new for it; None for an unknown project."""
        if name not in self._found:
            files = self._all_files(name)
            self._found[name] = None if files is None else self._sorted(name, files)
        return self._found[name]

    def _sorted(self, name: str, files: list[File]) -> _Known:
        seen = visible(files, self.settings.exclude_newer)
        inside = self._group(name, seen)
        if len(seen) == len(files):
            return inside, ()
        known = {release.parsed for release in inside}
        outside = [r for r in self._group(name, files) if r.parsed not in known]
        return inside, tuple(outside)

    def _group(self, name: str, files: list[File]) -> tuple[ReleaseFacts, ...]:
        return group(name, files, tags=self._tags, python=self.interpreter.version)

    def _all_files(self, name: str) -> list[File] | None:
        """Return a project's files, whenever they appeared; None for an unknown project."""
        pages = self._pages_of(name)
        return None if pages is None else [file for page in pages for file in page.files]

    def _tells_dates(self, name: str) -> bool:
        pages = self._pages_of(name) or ()
        return any(page.tells_dates for page in pages) or not any(page.files for page in pages)

    def _pages_of(self, name: str) -> list[Page] | None:
        """Return a project's pages; None for an unknown project."""
        if name not in self._on:
            self._on[name] = self._fetch(name)
        return self._on[name]

    def _fetch(self, name: str) -> list[Page] | None:
        found: list[Page] = []
        for spot in self.settings.find_links:
            address = place(spot, self._environ, self.settings.logins)
            found.append(self._pages.links(address.url, address.auth, name))
        known = any(page.files for page in found)
        for index in indexes(self.settings, self._environ):
            page = self._pages.project(index, name)
            if page is None:
                continue
            known = True
            found.append(page)
            if not self._merged:
                break
        return found if known else None


def default_cache() -> Path:
    """Return the folder in the user's cache where pages are kept."""
    from platformdirs import user_cache_path

    return user_cache_path("depbisect", appauthor=False) / "index"
