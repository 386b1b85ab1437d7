"""The log of a hosted build: found by its commit or id, fetched, and read for suspects.

The platform's own first advice for a failing build is to read its log. Knows the platform's API
and the evidence, not how it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from bisect_deps.builders._http import HttpError
from bisect_deps.builders.algorithmia.api import Algorithm, Api, RemoteBuild
from bisect_deps.builders.algorithmia.patience import Patience
from bisect_deps.builders.algorithmia.rights import explained
from bisect_deps.diagnosis import diagnose
from bisect_deps.errors import BuilderUnavailable, InputError
from bisect_deps.model import Diagnosis, Requirement
from bisect_deps.policy import POLICY
from bisect_deps.reports import diagnosis as report
from bisect_deps.secret import redact

SCHEMA = "depbisect.build-log/1"
SUPPORT = (
    'the platform\'s documents say of "logs unavailable" to ask its support '
    "(support@algorithmia.com, or who runs your cluster); depbisect run --builder algorithmia "
    "bisects by the status of builds alone"
)
_SHORTEST_HASH = 4
_STATUSES = {"succeeded": 0, "failed": 1}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BuildLog:
    """A finished build, its log (redacted), and what that says. `newer` is one under way."""

    algorithm: Algorithm
    build: RemoteBuild
    log: str
    diagnosis: Diagnosis
    newer: RemoteBuild | None = None

    @property
    def failed(self) -> bool:
        """Say whether the build failed."""
        return self.build.status == "failed"


def fetch(
    api: Api,
    algorithm: Algorithm,
    reference: str | None = None,
    *,
    requirements: Sequence[Requirement] = (),
    patience: Patience | None = None,
) -> BuildLog:
    """Return the log of a build: the newest finished one, or that of a commit or build id.

    `reference` is a git hash, whole or its beginning, or a build's id. Raises InputError where
    there is no such build, BuilderUnavailable where it or its log cannot be had.
    """
    waiting = patience or Patience(POLICY.console_patience, first=POLICY.console_pause)

    def ask(question: Callable[[], T]) -> T:
        try:
            return waiting.ask(question)
        except HttpError as error:
            raise explained(error, str(algorithm)) from None

    found = _matching(reference, _builds(lambda marker: ask(lambda: _page(api, algorithm, marker))))
    ended = [build for build in found if build.status in _STATUSES]
    if not ended:
        raise _none_of(algorithm, reference, found)
    build = max(ended, key=lambda build: build.started)
    text = ask(lambda: api.build_log(algorithm, build.id))
    if not text:
        text = ask(lambda: api.compilation_log(algorithm, build.commit))
    if not text:
        raise BuilderUnavailable(
            f"{algorithm}: build {build.id} of {build.commit[:10]} {build.status}, and the "
            "platform has no log of it: logs unavailable",
            hint=SUPPORT,
        )
    log = redact(text, api.secrets)
    status = _STATUSES[build.status]
    said = diagnose(log, requirements=requirements, exit_status=status)
    newer = next((later for later in found if later.started > build.started), None)
    return BuildLog(algorithm, build, log, said, newer)


def to_json(found: BuildLog) -> Mapping[str, Any]:
    """Return a build's log as an object of the schema `depbisect.build-log/1`.

    `build` has the platform's own names.
    """
    return {
        "schema": SCHEMA,
        "algorithm": str(found.algorithm),
        "build": {
            "build_id": found.build.id,
            "commit_sha": found.build.commit,
            "status": found.build.status,
            "started_at": found.build.started or None,
            "finished_at": found.build.finished or None,
        },
        "log": found.log,
        "diagnosis": report.to_json(found.diagnosis),
    }


def _page(api: Api, algorithm: Algorithm, marker: str | None) -> tuple[Any, str | None]:
    page = api.builds(algorithm, marker=marker)
    return page.builds, page.marker


def _builds(page: Callable[[str | None], tuple[Any, str | None]]) -> Iterator[RemoteBuild]:
    """Yield builds page by page."""
    marker: str | None = None
    for _ in range(POLICY.listed_pages):
        builds, marker = page(marker)
        yield from builds
        if marker is None:
            return


def _matching(reference: str | None, builds: Iterator[RemoteBuild]) -> list[RemoteBuild]:
    """Return the builds meant; those of the first page that has a finished one without a name."""
    if reference is None:
        found: list[RemoteBuild] = []
        for build in builds:
            found.append(build)
            if len(found) >= 50 and any(seen.status in _STATUSES for seen in found):
                break
        return found
    wanted = reference.strip().lower()
    if len(wanted) < _SHORTEST_HASH or not re.fullmatch(r"[0-9a-f-]+", wanted):
        raise InputError(
            f"{reference!r} is no git hash",
            hint="give the commit's hash, or at least its first four characters, or a build's id",
        )
    found = [b for b in builds if b.id.lower() == wanted or b.commit.lower().startswith(wanted)]
    commits = {build.commit for build in found}
    if len(commits) > 1:
        listed = ", ".join(sorted(commit[:12] for commit in commits))
        raise InputError(f"{reference} means several commits: {listed}", hint="give more of it")
    return found


def _none_of(
    algorithm: Algorithm, reference: str | None, found: Sequence[RemoteBuild]
) -> InputError | BuilderUnavailable:
    if found:
        return BuilderUnavailable(
            f"{algorithm}: build {found[0].id} of {found[0].commit[:10]} is {found[0].status}",
            hint="the platform has a build's log once it has ended: ask again then",
        )
    if reference is None:
        return InputError(
            f"{algorithm} was never built",
            hint="push to its default branch, which starts a build",
        )
    return InputError(
        f"{algorithm} has no build of {reference}",
        hint="without a hash the newest build is shown; check --api-address, too",
    )
