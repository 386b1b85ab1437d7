"""What the index and the resolver tell a lint run: the facts behind the online rules.

Pages are fetched once, for all targets together.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from bisect_deps.errors import IndexUnavailable
from bisect_deps.index import Index, on_platform
from bisect_deps.index.facts import facts_of, matches
from bisect_deps.index.releases import File, ReleaseFacts, group, instant
from bisect_deps.index.targets import accepted_tags
from bisect_deps.lint.rules._worlds import world
from bisect_deps.lint.rules.base import IndexRemark, Item, Scope
from bisect_deps.lint.targets import LintTarget, system_of
from bisect_deps.model import IndexSettings, Interpreter, Release, Requirement
from bisect_deps.policy import POLICY
from bisect_deps.resolution.uv_resolver import Resolver, ResolverOutcome
from bisect_deps.system.interpreters import find
from bisect_deps.system.trust import be_sent_there

_YOUNGEST_DAYS = 7
_LARGEST_FILE = 4 << 30


def index_of(scopes: Iterable[Scope], index_url: str | None) -> IndexSettings:
    """Return where to look: what was asked for, else the options in the files themselves."""
    found: dict[str, list[str]] = {}
    for scope in scopes:
        for document in scope.documents:
            for line in document.lines:
                for option in line.options:
                    if option.value_span is not None:
                        # As it is written: its value has the variables filled in.
                        address = document.slice(option.value_span)
                        _be_allowed(address, option.name, document.path)
                    if option.value and option.value not in found.get(option.name, []):
                        found.setdefault(option.name, []).append(option.value)
    named = found.get("--index-url", [])
    return IndexSettings(
        index_url=index_url or (named[0] if named else None),
        extra_index_urls=tuple(found.get("--extra-index-url", ())),
        find_links=tuple(found.get("--find-links", ())),
    )


def _be_allowed(address: str, option: str, path: str) -> None:
    """Raise where linting a stranger's file would send what a variable of the user's holds."""
    if "${" in address and "://" in address:
        be_sent_there(address, setting=option.lstrip("-"), file=Path(path), always=False)


class IndexFacts:
    """Facts for the targets, this interpreter without any. Close it after use.

    `downloads` allows whole files to be fetched, which only a fix is worth.
    """

    def __init__(
        self,
        settings: IndexSettings,
        targets: Sequence[LintTarget],
        *,
        min_age: int | None = None,
        now: datetime | None = None,
    ) -> None:
        here = find()
        self._interpreters = [_interpreter(here, target) for target in targets] or [here]
        self._labels = [str(target) for target in targets] or [f"Python {here.minor} here"]
        self._tags = [accepted_tags(interpreter) for interpreter in self._interpreters]
        self._settings = settings
        self._is_here = not targets
        # The resolver asks a real interpreter; for another Python than this one there is none.
        self._resolvable = [
            interpreter for interpreter in self._interpreters if interpreter.minor == here.minor
        ]
        self._index = Index(settings, self._interpreters[0], merged=True)
        self._min_age = _YOUNGEST_DAYS if min_age is None else min_age
        self._now = now
        self._judged: dict[tuple[str, int], tuple[ReleaseFacts, ...]] = {}
        self._commits: dict[str, str | None] = {}
        self.downloads = False
        self._digests: dict[str, str | None] = {}

    def close(self) -> None:
        """Close the connections."""
        self._index.close()

    def prefetch(self, names: Iterable[str]) -> None:
        """Fetch all pages at once. Raises IndexUnavailable."""
        self._index.prefetch(names)

    def about(self, item: Item) -> Sequence[IndexRemark]:
        """Return what the index says of a requirement, for all targets."""
        if (
            not item.name
            or item.by_variable
            or item.parts.url is not None
            or item.line.group == "build-system.requires"
        ):
            return ()
        found: dict[IndexRemark, None] = {}
        requirement = _requirement(item)
        for number, interpreter in enumerate(self._interpreters):
            releases = self._releases(item.name, number)
            known = releases if self._index.exists(item.name) else None
            for fact in facts_of(requirement, known, (), interpreter):
                found[IndexRemark(fact.kind.value, fact.sentence, fact.nearest)] = None
        return tuple(found)

    def newest(self, name: str, specifier: str) -> str | None:
        """Return the newest final release that the clause allows and all targets can install."""
        fitting: list[set[str]] = []
        for number in range(len(self._interpreters)):
            releases = matches(specifier, self._releases(name, number))
            usable = [r for r in releases if r.installable and r.yanked is None]
            fitting.append({r.version for r in usable if not r.parsed.is_prerelease})
        common = set.intersection(*fitting)
        ordered = [r.version for r in self._releases(name, 0) if r.version in common]
        return ordered[-1] if ordered else None

    def hashes(self, name: str, version: str) -> tuple[str, ...]:
        """Return the hashes of all files of a release; () where the index has none."""
        release = self._index.release(Release(name, version))
        return release.hashes if release is not None else ()

    def fitting(self, name: str, version: str) -> Sequence[tuple[str, frozenset[str]]]:
        """Return each target with the hashes of the files that it could install."""
        release = self._index.release(Release(name, version))
        found = []
        for number, label in enumerate(self._labels):
            hashes: set[str] = set()
            for file in release.files if release is not None else ():
                [judged] = self._group(name, [file], number)
                if judged.installable:
                    hashes.update(
                        f"{kind}:{digest}".lower() for kind, digest in file.hashes.items()
                    )
            found.append((label, frozenset(hashes)))
        return found

    def days_old(self, name: str, version: str) -> float | None:
        """Return for how many days a release has been public; None where nobody knows."""
        release = self._index.release(Release(name, version))
        if release is None or release.uploaded is None:
            return None
        now = self._now or datetime.now(timezone.utc)
        return max((now - instant(release.uploaded)).total_seconds() / 86400, 0.0)

    def min_age(self) -> int:
        """Return the age in days below which a release counts as too new."""
        return self._min_age

    def sha256_of(self, url: str) -> str | None:
        """Return the digest of the file that a URL gives today; None where it gives none."""
        if not self.downloads:
            return None
        if url not in self._digests:
            self._digests[url] = _sha256(url)
        return self._digests[url]

    def commit_of(self, url: str) -> str | None:
        """Return the commit that a git URL names today; None for another system or no answer."""
        if url not in self._commits:
            self._commits[url] = _commit(url)
        return self._commits[url]

    def conflict(self, scope: Scope) -> tuple[tuple[str, ...], str] | None:
        """Return the projects that the resolver blames and why, None where all fits together.

        Raises IndexUnavailable where the resolver cannot answer.
        """
        lines = [_line(item) for item in scope.items if _is_resolvable(item)]
        limits = [_line(item) for item in scope.items if item.constraint and item.parts.specifier]
        if len(lines) < 2 or any(self._stops(item) for item in scope.items):
            return None
        for interpreter in self._resolvable:
            platform = None if self._is_here else _for_uv(interpreter.platform)
            resolver = Resolver(interpreter, self._settings, platform=platform)
            answer = resolver.resolve(lines, constraints=limits)
            if answer.answered is ResolverOutcome.CONFLICT:
                return answer.blamed, _reason(answer.log)
            if answer.answered is ResolverOutcome.INFRASTRUCTURE:
                raise IndexUnavailable("the resolver got no answer from the index")
        return None

    def _stops(self, item: Item) -> bool:
        kinds = {"gone", "no-such-version", "too-new", "requires-python", "no-artifact"}
        return any(known.kind in kinds for known in self.about(item))

    def _releases(self, name: str, number: int) -> tuple[ReleaseFacts, ...]:
        key = (name, number)
        if key not in self._judged:
            files = [file for release in self._index.releases(name) for file in release.files]
            self._judged[key] = self._group(name, files, number)
        return self._judged[key]

    def _group(self, name: str, files: list[File], number: int) -> tuple[ReleaseFacts, ...]:
        python = self._interpreters[number].version
        return group(name, files, tags=self._tags[number], python=python)


def _interpreter(here: Interpreter, target: LintTarget) -> Interpreter:
    """Return the interpreter of a target; the newest patch release stands for a minor version."""
    version = target.python or here.version
    if version.count(".") == 1:
        version += ".99"
    markers = {**here.markers}
    if target.python:
        named = world(target.python, implementation=target.implementation)
        markers.update({name: named[name] for name in ("python_version", "python_full_version")})
    chosen = replace(
        here, version=version, implementation=target.implementation, tags=(), markers=markers
    )
    if not target.platform:
        return on_platform(chosen, chosen.platform)
    return on_platform(chosen, "-".join(filter(None, system_of(target.platform))))


def _for_uv(platform: str) -> str:
    """Return what uv calls a platform such as `linux-x86_64`."""
    system, _, machine = platform.partition("-")
    vendor = {"linux": "unknown-linux-gnu", "windows": "pc-windows-msvc", "macos": "apple-darwin"}
    return f"{'aarch64' if machine == 'arm64' else machine}-{vendor[system]}"


def _requirement(item: Item) -> Requirement:
    return Requirement(
        0,
        item.name,
        item.parts.specifier,
        item.shown,
        item.document.path,
        item.line.number,
        marker=item.parts.marker,
    )


def _is_resolvable(item: Item) -> bool:
    is_asked = bool(item.name) and not item.constraint and item.parts.url is None
    return is_asked and not item.by_variable and not item.line.group.startswith(_APART)


# Commands, sessions and hooks of one file are installed apart from each other.
_APART = ("RUN.", "shell.", "workflow.", "notebook.", "nox.", "testenv", "env", "hooks")


def _line(item: Item) -> str:
    extras = f"[{','.join(sorted(item.parts.extras))}]" if item.parts.extras else ""
    marker = f" ; {item.parts.marker}" if item.parts.marker else ""
    return f"{item.name}{extras}{item.parts.specifier}{marker}"


def _reason(log: str) -> str:
    """Return the resolver's explanation as one sentence."""
    text = " ".join(re.sub(r"[^\x20-\x7e]", " ", log).split())
    _, found, reason = text.partition("No solution found when resolving dependencies:")
    return (reason if found else text).strip().split(" hint:")[0][:600]


def _sha256(url: str) -> str | None:
    from bisect_deps.system import answers

    digest = hashlib.sha256()
    try:
        with (
            answers.session(POLICY.file_time) as session,
            session.get(url.partition("#")[0], stream=True, timeout=POLICY.http_timeout) as answer,
        ):
            answer.raise_for_status()
            for part in answers.parts(answer, _LARGEST_FILE):
                digest.update(part)
    except (OSError, answers.Endless, ValueError):
        return None
    return digest.hexdigest()


def _commit(url: str) -> str | None:
    if not url.lower().startswith("git+"):
        return None
    address, _, _ = url[4:].partition("#")
    head, slash, path = address.partition("://")[2].partition("/")
    path, at_sign, ref = path.rpartition("@") if "@" in path else (path, "", "")
    address = f"{address.partition('://')[0]}://{head}{slash}{path}"
    wanted = [ref, f"refs/tags/{ref}^{{}}"] if at_sign else ["HEAD"]
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    try:
        answer = subprocess.run(
            ["git", "ls-remote", "--", address, *wanted],
            # Not in the project: settings of its repository can name programs.
            cwd="/",
            capture_output=True,
            text=True,
            timeout=POLICY.http_timeout,
            env=environment,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = [line.split("\t") for line in answer.stdout.splitlines() if "\t" in line]
    # An annotated tag has an object of its own; the commit stands behind the ^{}.
    found.sort(key=lambda pair: not pair[1].endswith("^{}"))
    return found[0][0] if found else None
