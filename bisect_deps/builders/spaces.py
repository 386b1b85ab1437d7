"""Builds by a Hugging Face Space: a commit of its requirements file, then its stage and its log.

A Space has one place for one candidate, so several Spaces build as many at once. What was in the
file comes back at the end, or by the next run after a kill. Source: the Hub's API as its public
client `huggingface_hub` asks it ("Manage your Space", "Commit API").
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from bisect_deps.builders._http import Http, HttpError, JsonObject
from bisect_deps.builders._watch import Watch, Watched
from bisect_deps.builders.base import (
    STOPPED,
    Builder,
    BuilderOptions,
    Capabilities,
    Check,
    Handle,
    Order,
    checked,
    setting,
)
from bisect_deps.errors import BuilderUnavailable, InputError
from bisect_deps.model import BuildStatus
from bisect_deps.policy import POLICY
from bisect_deps.secret import Secret, secrets_of, split_credentials
from bisect_deps.system.files import write_whole

PUBLIC = "https://huggingface.co"
STATE = Path(".depbisect") / "spaces"
# Committed beside the candidate, so that every order is a commit of its own.
MARK = ".depbisect-order"
_BUILDS = ("BUILDING", "RUNNING_BUILDING")
_BUILT = ("APP_STARTING", "RUNNING_APP_STARTING", "RUNNING", "RUNTIME_ERROR")
_LOST = {
    "CONFIG_ERROR": "its README says something that the platform does not understand",
    "NO_APP_FILE": "it has no application file",
    "PAUSED": "somebody paused it",
    "STOPPED": "it was stopped",
    "DELETING": "it is being deleted",
}
_SPACE = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True, slots=True)
class Options(BuilderOptions):
    """What the Spaces builder is told; the token is HF_TOKEN, from the environment only."""

    one_file: ClassVar[bool] = True
    instead_of_check: ClassVar[str] = "a Space only builds; use another builder for checks"

    spaces: tuple[str, ...] = setting(
        "--space", "A Space to build in; repeatable.", metavar="OWNER/NAME", repeat=True
    )


def make(options: Options) -> Builder:
    """Return a builder for the Spaces. Raises InputError without one, or without a token."""
    return SpacesBuilder(options)


def checks(options: Options) -> Iterator[Check]:
    """Look whether each Space is there and may be written; commits nothing."""
    ready = f"{', '.join(options.spaces)} can be read"
    return checked("spaces", lambda: SpacesBuilder(options), lambda _: ready)


@dataclass(slots=True)
class _Commit(Watch):
    """One commit and what the platform said of it."""

    space: str = ""
    commit: str = ""
    asked: float = 0.0
    began: float | None = None
    ended_as: str = ""

    @property
    def id(self) -> str:
        """Return what tells it from every other build."""
        return f"{self.space}@{self.commit}"


class SpacesBuilder(Watched[_Commit]):
    """The builder protocol over the Hub's API."""

    name = "spaces"

    def __init__(
        self,
        options: Options,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        token = os.environ.get("HF_TOKEN", "")
        if not options.spaces or not all(map(_SPACE.fullmatch, options.spaces)):
            raise InputError(
                "the Spaces builder needs a Space", hint="give it with --space OWNER/NAME"
            )
        if not token:
            raise BuilderUnavailable(
                "the Spaces builder needs a token", hint="set HF_TOKEN to one that may write"
            )
        self._options = options
        self._clock, self._sleep = clock, sleep
        self._address = os.environ.get("HF_ENDPOINT", PUBLIC).rstrip("/")
        self._secrets = (*secrets_of(os.environ), Secret(token))
        headers = {"Authorization": Secret(f"Bearer {token}")}
        self._http = Http(self._address, headers=headers, secrets=self._secrets, sleep=sleep)
        self._builds: dict[str, _Commit] = {}
        self._paused: set[str] = set()
        self._kept: set[str] = set()
        self._asked: dict[str, str] = {}
        self._state = options.folder / STATE
        self._path = ""

    def identity(self) -> str:
        """Return the platform and its Spaces; which Python each has is said in the Space."""
        return f"spaces {self._address} {' '.join(sorted(self._options.spaces))}"

    def describe(self) -> Capabilities:
        """Return one build at once a Space; it runs no commands, and does not tell versions."""
        return Capabilities(
            max_parallel=len(self._options.spaces),
            check=False,
            cancel=True,
            reattach=True,
        )

    def preflight(self) -> list[str]:
        """Ask for each Space's state."""
        return [problem for space in self._options.spaces if (problem := self._problem(space))]

    def start(self, order: Order) -> Handle:
        """Commit a candidate, or find the build of that order which is under way."""
        for build in self._builds.values():
            if build.digest == order.digest and not build.status.is_final:
                return self._handle(build)
        self._path = order.path
        data = order.files[order.path]
        if len(order.files) > 1 or split_credentials(data.decode("utf-8", "replace"))[1]:
            raise InputError(
                "a Space takes one requirements file, without passwords",
                hint="write included files into one; give passwords as secrets of the Space",
            )
        try:
            build = self._left_over(order) or self._submit(order, data)
        except HttpError as error:
            raise self._unavailable(error) from None
        self._builds[build.id] = build
        return self._handle(build)

    def cancel(self, handle: Handle) -> bool:
        """Pause the Space, which ends its build; it is started again by the next commit."""
        build = self._build(handle)
        if not build.status.is_final:
            self._pause(build, BuildStatus.CANCELLED)
        return True

    def close(self) -> None:
        """Commit what was in the file before. Raises BuilderUnavailable where that fails."""
        for build in self._builds.values():
            if not build.status.is_final:
                build.status = BuildStatus.CANCELLED
        left = [error for space in self._options.spaces if (error := self._put_back(space))]
        self._http.close()
        for folder in (self._state, self._state.parent):
            with contextlib.suppress(OSError):
                folder.rmdir()
        if left:
            raise BuilderUnavailable(
                f"the requirements file could not be put back in {'; '.join(left)}",
                hint="the next run with that Space does it; the original is in .depbisect/spaces",
            )

    def _handle(self, build: _Commit) -> Handle:
        kept = {"space": build.space, "digest": build.digest, "limit": repr(build.limit)}
        return Handle(build.id, f"{self._address}/spaces/{build.space}", kept)

    def _build(self, handle: Handle) -> _Commit:
        """Return the build of a handle, which may be an earlier run's."""
        if handle.id not in self._builds:
            kept = handle.extra
            about = (kept["digest"], float(kept["limit"]), kept["space"])
            self._builds[handle.id] = self._made(*about, handle.id.rpartition("@")[2])
        return self._builds[handle.id]

    def _problem(self, space: str) -> str:
        try:
            stage = self._runtime(space).words("stage")
        except HttpError as error:
            if error.status in (401, 403, 404):
                return f"{space} is not there for this token: check its name, and HF_TOKEN"
            return str(error)
        known = stage in (*_BUILDS, *_BUILT, "BUILD_ERROR", "PAUSED", "STOPPED")
        return "" if known else f"{space} cannot build: {_LOST.get(stage, stage or 'no Space')}"

    def _runtime(self, space: str, *, patient: bool = True) -> JsonObject:
        return self._http.get(f"/api/spaces/{space}/runtime", patient=patient).record()

    def _key(self, order: Order) -> str:
        return hashlib.sha256(f"{order.digest}\0{self.identity()}".encode()).hexdigest()[:24]

    def _left_over(self, order: Order) -> _Commit | None:
        """Return the build that a killed run committed and could not take down."""
        if self._options.fresh or order.again:
            return None
        for space in self._free():
            commits = self._http.get(f"/api/spaces/{space}/commits/main").records()
            if not commits or self._key(order) not in commits[0].words("title"):
                continue
            build = self._made(order.digest, order.timeout, space, commits[0].key("id"))
            if build.id not in self._builds:
                return build
        return None

    def _free(self) -> list[str]:
        busy = {build.space for build in self._builds.values() if not build.status.is_final}
        return [space for space in self._options.spaces if space not in busy]

    def _submit(self, order: Order, data: bytes) -> _Commit:
        free = self._free()
        if not free:
            raise BuilderUnavailable("every Space is building", hint="name more with --space")
        space = free[0]
        self._keep_original(space)
        key = self._key(order)
        title = f"depbisect {key} {order.label}".strip()
        self._asked[space] = key
        commit = self._commit(space, title, {self._path: data, MARK: f"{key}\n".encode()})
        del self._asked[space]
        return self._made(order.digest, order.timeout, space, commit)

    def _made(self, digest: str, limit: float, space: str, commit: str) -> _Commit:
        return _Commit(digest, limit, space=space, commit=commit, asked=self._clock())

    def _commit(self, space: str, title: str, files: Mapping[str, bytes | None]) -> str:
        """Commit files, None for one to delete; return the commit. A paused Space is started."""
        lines: list[object] = [{"key": "header", "value": {"summary": title, "description": ""}}]
        for path, data in files.items():
            if data is None:
                lines.append({"key": "deletedFile", "value": {"path": path}})
            else:
                content = base64.b64encode(data).decode()
                value = {"content": content, "path": path, "encoding": "base64"}
                lines.append({"key": "file", "value": value})
        reply = self._http.post_lines(f"/api/spaces/{space}/commit/main", lines).record()
        if space in self._paused:
            self._http.post(f"/api/spaces/{space}/restart")
            self._paused.discard(space)
        return reply.key("commitOid")

    def _record(self, space: str) -> Path:
        return self._state / f"{space.replace('/', '--')}.json"

    def _keep_original(self, space: str) -> None:
        """Note what is in the file, unless a killed run has noted it before."""
        if space in self._kept:
            return
        self._kept.add(space)
        record = self._record(space)
        is_paused = self._runtime(space).words("stage") in ("PAUSED", "STOPPED")
        if is_paused:
            self._paused.add(space)
        if record.exists():
            return
        try:
            data = self._http.get(f"/spaces/{space}/raw/main/{quote(self._path)}").body
        except HttpError as error:
            if error.status != 404:
                raise
            kept = None
        else:
            kept = base64.b64encode(data).decode()
        record.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"path": self._path, "content": kept, "paused": is_paused})
        write_whole(record, text.encode())

    def _put_back(self, space: str) -> str:
        """Restore a Space; return why that failed, empty where it did not."""
        try:
            self._let_come(space)
            self._restore(space)
        except HttpError as error:
            return f"{space} ({error})"
        return ""

    def _let_come(self, space: str) -> None:
        """Wait for a commit whose answer nobody waited for: it must not come after the original."""
        key = self._asked.pop(space, "")
        for _ in range(POLICY.closing_tries if key else 0):
            commits = self._http.get(f"/api/spaces/{space}/commits/main").records()
            if commits and key in commits[0].words("title"):
                break
            self._sleep(POLICY.watched.first)

    def _restore(self, space: str) -> None:
        record = self._record(space)
        if not record.exists():
            return
        kept = json.loads(record.read_text(encoding="utf-8"))
        content = kept["content"]
        original = None if content is None else base64.b64decode(content)
        title = "depbisect: the file as it was"
        self._commit(space, title, {kept["path"]: original, MARK: None})
        if kept["paused"]:
            self._http.post(f"/api/spaces/{space}/pause")
        record.unlink()

    def _step(self, build: _Commit) -> None:
        now = self._clock()
        if build.ended_as:
            self._read_log(build)
            passed = build.ended_as != "BUILD_ERROR"
            build.status = BuildStatus.PASSED if passed else BuildStatus.FAILED
            return
        runtime = self._runtime(build.space, patient=False)
        stage = runtime.text("stage")
        is_ours = build.began is not None or runtime.get("sha") == build.commit
        if stage in _BUILDS:
            build.began = now if build.began is None else build.began
            build.status = BuildStatus.RUNNING
            if now - build.began > build.limit:
                self._pause(build, BuildStatus.BROKEN)
                build.log += f"{STOPPED} after {build.limit:g} s: over its limit\n"
        elif is_ours and stage in (*_BUILT, "BUILD_ERROR"):
            build.ended_as, build.due = stage, 0.0
        elif is_ours and stage in _LOST:
            build.break_off(f"the Space is {stage}: {_LOST[stage]}")
        elif now - build.asked > POLICY.watched.appear:
            build.break_off(f"the commit started no build in {POLICY.watched.appear:g} s ({stage})")

    def _read_log(self, build: _Commit) -> None:
        try:
            events = self._http.events(f"/api/spaces/{build.space}/logs/build")
        except HttpError:
            build.log = "depbisect: the platform has no log of this build; its status is known\n"
            return
        lines = (_text(event) for event in events if event.startswith("{"))
        build.log = "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)

    def _pause(self, build: _Commit, status: BuildStatus) -> None:
        try:
            self._http.post(f"/api/spaces/{build.space}/pause")
        except HttpError as error:
            raise self._unavailable(error) from None
        self._paused.add(build.space)
        build.status = status

    def _unavailable(self, error: HttpError) -> BuilderUnavailable:
        hint = "`depbisect doctor --builder spaces` says what is missing"
        if error.status in (401, 403):
            hint = "HF_TOKEN needs the right to write to the Space"
        return BuilderUnavailable(f"Hugging Face: {error}", hint=hint)


def _text(event: str) -> str:
    try:
        return str(json.loads(event).get("data", ""))
    except (ValueError, AttributeError):
        return ""
