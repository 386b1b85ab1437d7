"""The Algorithmia builder: a candidate is a commit on a scratch algorithm's repository.

The push starts a build, which a `Watcher` finds by its commit and follows. This module holds what
stands around it: handles that survive the process, which algorithm builds what, and the record of
what has to be put back.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from bisect_deps.builders._http import HttpError, is_on_this_machine
from bisect_deps.builders.algorithmia.api import Algorithm, Api, RemoteBuild
from bisect_deps.builders.algorithmia.checks import look
from bisect_deps.builders.algorithmia.patience import GitError, Patience
from bisect_deps.builders.algorithmia.records import Records
from bisect_deps.builders.algorithmia.repository import Repository
from bisect_deps.builders.algorithmia.rights import advice_for_git, explained, unavailable
from bisect_deps.builders.algorithmia.settings import AlgorithmiaSettings
from bisect_deps.builders.algorithmia.source import source_of
from bisect_deps.builders.algorithmia.watching import (
    FAILED,
    Stage,
    Track,
    Watcher,
    finished_build,
)
from bisect_deps.builders.base import STOPPED, Capabilities, Handle, Order
from bisect_deps.errors import BuilderUnavailable
from bisect_deps.model import BuildStatus
from bisect_deps.policy import POLICY, Pace
from bisect_deps.system.scratch import new_scratch

ROOT_FILE = "requirements.txt"


class AlgorithmiaBuilder:
    """Builds by the platform's API on one or several scratch algorithms."""

    name = "algorithmia"

    def __init__(
        self,
        settings: AlgorithmiaSettings,
        *,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._api = Api(settings.address, key=settings.key, token=settings.token, sleep=sleep)
        near = is_on_this_machine(settings.address)
        self._pace = pace or (POLICY.near_algorithmia if near else POLICY.algorithmia)
        self._clock = clock
        self._patience = Patience(
            self._pace.patience,
            first=self._pace.first,
            most=self._pace.most,
            clock=clock,
            sleep=sleep,
            tell=settings.tell,
        )
        self._notes: list[str] = []
        self._watcher = Watcher(
            self._api, settings, self._pace, clock, lambda known: self._repository(known).head
        )
        self._scratch: Path | None = None
        self._repositories: dict[Algorithm, Repository] = {}
        self._tracks: dict[str, Track] = {}
        self._ended: set[str] = set()
        self._records = Records(settings.state, settings.address)
        self._starting: dict[Algorithm, str] = {}

    def identity(self) -> str:
        """Return the cluster, the first algorithm and the sample input."""
        parts = [self.name, self._settings.address, str(self._settings.algorithms[0])]
        if self._settings.calls:
            parts.append("check " + json.dumps(self._settings.check_input, sort_keys=True))
        return " ".join(parts)

    def describe(self) -> Capabilities:
        """Return one build at a time per scratch algorithm, each a whole image."""
        return Capabilities(
            max_parallel=len(self._settings.algorithms),
            check=False,
            exercised=self._settings.calls,
            reattach=True,
        )

    def preflight(self) -> Sequence[str]:
        """Return what stands in the way; asks the API and the git host of each algorithm.

        An outage is waited out.
        """
        return [
            f"{check.name}: {check.detail}. {check.hint}".rstrip()
            for check in look(self._settings, advice=False, patience=self._patience)
            if not check.ok
        ]

    def start(self, order: Order) -> Handle:
        """Push the candidate as a commit, or find the commit that an earlier process pushed.

        The file as the branch has it is not pushed where the platform's own build of it failed:
        that build is returned. Waits where the platform is out.
        """
        refusal = _unfit(order)
        if refusal:
            return self._refused(order, refusal)
        for algorithm in self._settings.algorithms:
            known = self._known(algorithm, order.digest)
            if known and known not in self._ended:
                handle = self._handle(algorithm, known, order)
                self._records.forget_interrupted(algorithm)
                return handle
        if not order.again and not self._settings.fresh:
            built = self._built_before(order)
            if built is not None:
                return built
        algorithm = self._idlest()
        repository = self._repository(algorithm)
        self._records.note_change(algorithm, repository.branch, repository.original)
        self._starting[algorithm] = order.digest
        with _git_explained(algorithm):
            commit = repository.push(_placed(order), order.digest, order.label)
        handle = self._handle(algorithm, commit, order)
        del self._starting[algorithm]
        return handle

    def poll(self, handle: Handle) -> BuildStatus:
        """Return the state; at most one request, none before the next is due."""
        track = self._track(handle)
        self._watcher.watch(track)
        if track.stage is Stage.DONE:
            self._ended.add(track.commit)
        return track.status

    def log(self, handle: Handle, start: int = 0) -> tuple[str, int]:
        """Return the log from `start` on; empty until the build has ended."""
        text = self._track(handle).log
        return text[start:], max(start, len(text))

    def installed(self, handle: Handle) -> Mapping[str, str] | None:
        """Return None: the platform does not tell."""
        return None

    def modules(self, handle: Handle) -> Mapping[str, str] | None:
        """Return None: the platform does not tell."""
        return None

    def cancel(self, handle: Handle) -> bool:
        """Return False: the platform has no request for it. The build is only forgotten here."""
        track = self._track(handle)
        if track.stage is not Stage.DONE:
            track.end(BuildStatus.CANCELLED, f"{STOPPED}: no longer waited for")
            self._ended.add(track.commit)
        return False

    def close(self) -> None:
        """Put the original files back, also those that a crashed run left changed.

        Raises BuilderUnavailable where that was impossible, naming the algorithm and the way to do
        it by hand; everything else is cleaned up all the same.
        """
        problems: list[str] = []
        for algorithm in self._records.changed():
            try:
                restored = self._repository(algorithm).restore()
            except GitError as error:
                problems.append(f"{algorithm}: {error}")
                continue
            except BuilderUnavailable as error:
                problems.append(str(error))
                continue
            digest = self._starting.get(algorithm, "")
            self._records.note_restored(algorithm, digest, restored.orders.get(digest))
            if restored.commit is not None:
                self._notes.append(
                    f"{algorithm}: commit {restored.commit[:10]} put the original files back; the "
                    "platform builds it as well, which is one more build than is counted here."
                )
            if restored.kept:
                names = ", ".join(restored.kept)
                problems.append(f"{algorithm}: somebody else changed {names} meanwhile: left as is")
        self._api.close()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch = None
        self._repositories.clear()
        if problems:
            raise BuilderUnavailable(
                "the original requirements file could not be put back: " + "; ".join(problems),
                hint="run again with the same --algorithm, which tries once more; or by hand: in a "
                "clone of the algorithm, `git checkout SHA -- requirements.txt`, where SHA stands "
                "after Depbisect-Original in the newest commit's message, then commit and push",
            )

    def notes(self) -> Sequence[str]:
        """Return what the verdict should say: builds of the past, missing logs, slow calls."""
        return (*self._notes, *self._watcher.notes)

    # Builds of the past.

    def _built_before(self, order: Order) -> Handle | None:
        """Return the platform's failed build of the branch's head, where that is this order."""
        for algorithm in self._settings.algorithms:
            repository = self._repository(algorithm)
            if repository.unrestored or repository.head in self._ended:
                continue
            with _git_explained(algorithm):
                holds = repository.holds(_placed(order))
            build = self._failed_build(algorithm, repository.head) if holds else None
            if build is not None:
                self._notes.append(
                    f"The file as it is was not built anew: the platform's build {build.id} of "
                    f"{repository.head[:10]} failed{_when(build.finished)}, and its log was read "
                    "(--fresh builds it)."
                )
                return self._handle(algorithm, repository.head, order, found=build.id)
        return None

    def _failed_build(self, algorithm: Algorithm, commit: str) -> RemoteBuild | None:
        """Return the newest finished build of a commit if it failed; an outage is waited out."""
        try:
            build = self._patience.ask(lambda: finished_build(self._api, algorithm, commit))
        except HttpError as error:
            raise explained(error, str(algorithm)) from None
        return build if build is not None and build.status == FAILED else None

    # Handles, repositories, and the record of what is left to put back.

    def _handle(self, algorithm: Algorithm, commit: str, order: Order, found: str = "") -> Handle:
        handle = Handle(
            id=f"{algorithm}@{commit}",
            url=f"{self._settings.address}/v1{algorithm.path}/versions/{commit}",
            extra={
                "algorithm": str(algorithm),
                "commit": commit,
                "digest": order.digest,
                "limit": f"{order.timeout:g}",
                **({"found": found} if found else {}),
            },
        )
        self._track(handle)
        return handle

    def _refused(self, order: Order, reason: str) -> Handle:
        handle = Handle(
            id=f"refused@{order.digest}", extra={"refused": reason, "digest": order.digest}
        )
        self._track(handle)
        return handle

    def _track(self, handle: Handle) -> Track:
        """Return what is known of a build; for one of an earlier process the limit starts anew."""
        if handle.id not in self._tracks:
            extra = handle.extra
            now = self._clock()
            if reason := extra.get("refused"):
                track = Track(self._settings.algorithms[0], handle.id, "", now, 0.0)
                track.end(BuildStatus.CANCELLED, reason)
            else:
                track = Track(
                    algorithm=Algorithm.parse(extra["algorithm"]),
                    commit=extra["commit"],
                    digest=extra.get("digest", ""),
                    began=now,
                    limit=float(extra.get("limit", 1800)),
                    listed_by=now + self._pace.appear,
                    build_id=extra.get("found", ""),
                )
                if track.build_id:
                    track.stage = Stage.BUILDING
            self._tracks[handle.id] = track
        return self._tracks[handle.id]

    def _idlest(self) -> Algorithm:
        """Return the algorithm with the fewest builds under way."""
        busy = [track.algorithm for track in self._tracks.values() if track.stage is not Stage.DONE]
        return min(self._settings.algorithms, key=busy.count)

    def _known(self, algorithm: Algorithm, digest: str) -> str | None:
        """Return the commit of an order that an earlier process, or this one, has pushed."""
        interrupted = self._records.interrupted(algorithm, digest)
        return self._repository(algorithm).find(digest) or interrupted

    def _repository(self, algorithm: Algorithm) -> Repository:
        """Return the algorithm's repository, fetched when it is first needed."""
        if algorithm not in self._repositories:
            if self._scratch is None:
                self._scratch = new_scratch()
            folder = self._scratch / f"{algorithm.owner}-{algorithm.name}.git"
            try:
                url, login = self._patience.ask(
                    lambda: source_of(self._api, self._settings, algorithm)
                )
            except HttpError as error:
                raise explained(error, str(algorithm)) from None
            repository = Repository(url, folder, login, self._patience)
            with _git_explained(algorithm):
                repository.open()
            self._repositories[algorithm] = repository
        return self._repositories[algorithm]


@contextmanager
def _git_explained(algorithm: Algorithm) -> Iterator[None]:
    """Turn a failure of git into the user's error."""
    try:
        yield
    except GitError as error:
        words = str(error)
        raise unavailable(advice_for_git(words), str(algorithm), words) from None


def _when(finished: str) -> str:
    return f" at {finished}" if finished else ""


def _unfit(order: Order) -> str | None:
    """Return why the platform cannot build an order, None where it can."""
    path = order.path
    outside = [name for name in order.files if ".." in PurePosixPath(name).parts]
    reasons = (
        (order.isolated, "the platform builds whole files, not one requirement alone"),
        (order.build_constraints, "the platform takes no constraints for build environments"),
        (
            order.check or order.imports,
            "the platform runs no commands: use --check-input to call the built version",
        ),
        (outside, f"{', '.join(outside)}: outside the algorithm's repository"),
        (
            PurePosixPath(path).suffix == ".toml",
            f"the platform installs {ROOT_FILE} alone, not {path}",
        ),
        (
            path != ROOT_FILE and ROOT_FILE in order.files,
            f"{path} would take the place of {ROOT_FILE}, which it includes",
        ),
    )
    return next((reason for unfit, reason in reasons if unfit), None)


def _placed(order: Order) -> dict[str, bytes]:
    """Return the order's files with the root file where the platform looks for it."""
    return {
        ROOT_FILE if path == order.path else path: content for path, content in order.files.items()
    }
