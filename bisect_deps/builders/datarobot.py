"""Builds by DataRobot: a custom model of its own for each candidate, and its dependency build.

The requirements are installed on the execution environment that the user's custom model has, which
itself is only read. The custom models made for it are deleted at the end, or by the next run after
a kill. Source: the public API as its client `datarobot` asks it (CustomInferenceModel,
CustomModelVersion, CustomModelVersionDependencyBuild).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from bisect_deps.builders._http import Http, HttpError, JsonObject
from bisect_deps.builders._scratch import requirement_names
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
from bisect_deps.system import processes

PUBLIC = "https://app.datarobot.com/api/v2"
# One empty file for each custom model of ours, until it is deleted.
STATE = Path(".depbisect") / "datarobot"
# Where the platform looks for what to install.
FILE = "requirements.txt"
# How the names of our custom models begin.
NAME = "depbisect "
_STATES = {
    "submitted": BuildStatus.QUEUED,
    "processing": BuildStatus.RUNNING,
    "success": BuildStatus.PASSED,
    "failed": BuildStatus.FAILED,
}
_ID = re.compile(r"[0-9A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Options(BuilderOptions):
    """What the DataRobot builder is told; the key comes from the environment."""

    one_file: ClassVar[bool] = True
    instead_of_check: ClassVar[str] = "DataRobot only builds; use another builder for checks"

    custom_model: str | None = setting(
        "--custom-model", "The custom model whose environment builds.", metavar="ID"
    )


def make(options: Options) -> Builder:
    """Return the builder. Raises InputError without a custom model, or without a token."""
    return DataRobotBuilder(options)


def checks(options: Options) -> Iterator[Check]:
    """Look for the custom model and its environment; makes nothing."""
    return checked(
        "datarobot",
        lambda: DataRobotBuilder(options),
        lambda builder: f"builds on {builder.environment()}",
    )


@dataclass(slots=True)
class _Model(Watch):
    """One custom model of ours, its one version, and how that is built."""

    model: str = ""
    version: str = ""
    began: float | None = None

    @property
    def route(self) -> str:
        """Return the address of its version."""
        return f"/customModels/{self.model}/versions/{self.version}"


class DataRobotBuilder(Watched[_Model]):
    """The builder protocol over DataRobot's API."""

    name = "datarobot"

    def __init__(
        self,
        options: Options,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        token = os.environ.get("DATAROBOT_API_TOKEN", "")
        if not options.custom_model or not _ID.fullmatch(options.custom_model):
            raise InputError(
                "the DataRobot builder needs a custom model",
                hint="give its id, the last part of its address, with --custom-model",
            )
        if not token:
            raise BuilderUnavailable(
                "the DataRobot builder needs an API key",
                hint="set DATAROBOT_API_TOKEN (Developer tools > API keys)",
            )
        self._options = options
        self._clock, self._sleep = clock, sleep
        self._address = os.environ.get("DATAROBOT_ENDPOINT", PUBLIC).rstrip("/")
        self._secrets = (*secrets_of(os.environ), Secret(token))
        headers = {"Authorization": Secret(f"Bearer {token}")}
        self._http = Http(self._address, headers=headers, secrets=self._secrets, sleep=sleep)
        self._builds: dict[str, _Model] = {}
        self._state = options.folder / STATE
        self._model: JsonObject | None = None
        self._making = ""

    def identity(self) -> str:
        """Return the platform and the environment, in which the Python is."""
        return f"datarobot {self._address} {self._options.custom_model} {self.environment()}"

    def describe(self) -> Capabilities:
        """Return as many builds at once as the user allows; it does not tell versions."""
        return Capabilities(
            max_parallel=self._options.jobs or POLICY.remote_jobs,
            check=False,
            cancel=True,
            reattach=True,
        )

    def preflight(self) -> list[str]:
        """Ask for the custom model, and the environment of its latest version."""
        try:
            environment = self._latest().words("baseEnvironmentId")
        except HttpError as error:
            if error.status in (401, 403, 404):
                return [
                    f"custom model {self._options.custom_model} is not there for this key: check "
                    "its id, DATAROBOT_API_TOKEN, and DATAROBOT_ENDPOINT (of your region)"
                ]
            return [str(error)]
        if not environment:
            return ["the custom model has no version with an environment: add one to it"]
        return []

    def environment(self) -> str:
        """Return the environment that candidates are installed on, "" where it is unknown."""
        try:
            version = self._latest()
            parts = [version.words(name) for name in _ENVIRONMENT]
        except HttpError:
            return ""
        return " version ".join(filter(None, parts))

    def start(self, order: Order) -> Handle:
        """Have a candidate built, or find the build of that order which is under way."""
        for build in self._builds.values():
            if build.digest == order.digest and not build.status.is_final:
                return self._handle(build)
        data = order.files[order.path]
        if len(order.files) > 1 or split_credentials(data.decode("utf-8", "replace"))[1]:
            raise InputError(
                "DataRobot takes one requirements file, without passwords",
                hint="write included files into one; passwords would be kept with the version",
            )
        build = _Model(order.digest, order.timeout)
        try:
            self._begin(build, order)
        except HttpError as error:
            build.status = BuildStatus.BROKEN
            raise self._unavailable(error) from None
        return self._handle(build)

    def cancel(self, handle: Handle) -> bool:
        """Cancel a dependency build."""
        build = self._build(handle)
        if not build.status.is_final:
            try:
                self._stop(build)
            except HttpError as error:
                raise self._unavailable(error) from None
            build.status = BuildStatus.CANCELLED
        return True

    def close(self) -> None:
        """Delete our custom models. Raises BuilderUnavailable for what is left of them."""
        left: list[str] = []
        with contextlib.suppress(HttpError):
            self._find_made()
        for build in self._builds.values():
            if not build.status.is_final:
                build.status = BuildStatus.CANCELLED
                with contextlib.suppress(HttpError):
                    self._stop(build)
        for record in self._records():
            error = self._delete(record)
            left += [f"{record.name.partition('-')[2]} ({error})"] if error else []
        self._http.close()
        for folder in (self._state, self._state.parent):
            with contextlib.suppress(OSError):
                folder.rmdir()
        if left:
            raise BuilderUnavailable(
                f"custom models could not be deleted: {'; '.join(left)}",
                hint="the next run in this folder does it, or delete them by hand",
            )

    # Custom models.

    def _latest(self) -> JsonObject:
        """Return the latest version of the user's custom model, empty without one."""
        if self._model is None:
            self._model = self._http.get(f"/customModels/{self._options.custom_model}/").record()
        return self._model.part("latestVersion")

    def _begin(self, build: _Model, order: Order) -> None:
        """Make custom model, version and build, or what is still missing of a killed run's."""
        key = hashlib.sha256(f"{order.digest}\0{self.identity()}".encode()).hexdigest()[:24]
        found = self._left_over(key, order)
        self._making = key
        build.model = found.key("id") if found.values else self._make_model(key, order)
        self._keep(build)
        self._making = ""
        version = found.part("latestVersion")
        is_made = bool(version.values)
        version = version if is_made else self._make_version(build.model, order)
        build.version = version.key("id")
        if not requirement_names({FILE: order.files[order.path]}):
            build.log = "depbisect: the file names nothing to install\n"
            build.status = BuildStatus.PASSED
        elif not is_made or not self._is_started(build):
            self._http.post(f"{build.route}/dependencyBuild/")

    def _left_over(self, key: str, order: Order) -> JsonObject:
        """Return the custom model that a killed run made for an order, empty without one."""
        if self._options.fresh or order.again:
            return JsonObject("", {})
        return next(self._named(key), JsonObject("", {}))

    def _named(self, key: str) -> Iterator[JsonObject]:
        """Yield the custom models of that key which are not known yet."""
        query = {"customModelType": "inference", "searchFor": key}
        for model in self._http.get("/customModels/", query).record().listed("data"):
            if key in model.words("name") and model.key("id") not in self._builds:
                yield model

    def _find_made(self) -> None:
        """Know what we were interrupted at: the platform may make it after that, too."""
        for _ in range(POLICY.closing_tries if self._making else 0):
            for model in self._named(self._making):
                self._keep(_Model("", 0.0, BuildStatus.CANCELLED, model=model.key("id")))
                self._making = ""
            if not self._making:
                break
            self._sleep(POLICY.watched.first)

    def _keep(self, build: _Model) -> None:
        """Know a custom model as ours, so that it is deleted whatever happens."""
        self._state.mkdir(parents=True, exist_ok=True)
        (self._state / f"{processes.owner()}-{build.model}").touch()
        self._builds[build.model] = build

    def _make_model(self, key: str, order: Order) -> str:
        about = {
            "customModelType": "inference",
            "targetType": "Unstructured",
            "name": f"{NAME}{key}",
            "description": f"{order.label or 'a candidate'}; deleted when the run ends",
        }
        return self._http.post("/customModels/", about).record().key("id")

    def _make_version(self, model: str, order: Order) -> JsonObject:
        latest = self._latest()
        fields: list[tuple[str, str | None, bytes]] = [("isMajorUpdate", None, b"True")]
        named = {name: latest.words(name) for name in _ENVIRONMENT}
        fields += [(name, None, text.encode()) for name, text in named.items() if text]
        fields += [("file", FILE, order.files[order.path]), ("filePath", None, FILE.encode())]
        return self._http.post_form(f"/customModels/{model}/versions/", fields).record()

    def _is_started(self, build: _Model) -> bool:
        try:
            self._http.get(f"{build.route}/dependencyBuild/")
        except HttpError as error:
            if error.status in (404, 422):
                return False
            raise
        return True

    def _records(self) -> list[Path]:
        """Return the records of our custom models, and of those that a killed run left."""
        found = sorted(self._state.glob("*-*")) if self._state.is_dir() else []
        return [
            record
            for record in found
            if record.name.partition("-")[2] in self._builds
            or processes.is_dead(record.name.partition("-")[0])
        ]

    def _delete(self, record: Path) -> HttpError | None:
        route = f"/customModels/{record.name.partition('-')[2]}/"
        try:
            # Whatever the record says, no custom model of the user's is deleted.
            if self._http.get(route).record().words("name").startswith(NAME):
                self._http.request("DELETE", route)
        except HttpError as error:
            if error.status != 404:
                return error
        record.unlink(missing_ok=True)
        return None

    # Builds.

    def _handle(self, build: _Model) -> Handle:
        kept = {"version": build.version, "digest": build.digest, "limit": repr(build.limit)}
        page = self._address.removesuffix("/api/v2")
        return Handle(build.model, f"{page}/model-registry/custom-models/{build.model}", kept)

    def _build(self, handle: Handle) -> _Model:
        """Return the build of a handle, which may be an earlier run's."""
        if handle.id not in self._builds:
            kept = handle.extra
            build = _Model(kept["digest"], float(kept["limit"]))
            build.model, build.version = handle.id, kept["version"]
            self._builds[handle.id] = build
        return self._builds[handle.id]

    def _step(self, build: _Model) -> None:
        try:
            found = self._http.get(f"{build.route}/dependencyBuild/", patient=False).record()
        except HttpError as error:
            if error.status != 404:
                raise
            build.break_off("the build is gone: somebody cancelled it, or deleted its custom model")
            return
        status = _STATES.get(found.text("buildStatus"), BuildStatus.QUEUED)
        if status.is_final:
            self._read_log(build)
        elif status is BuildStatus.RUNNING:
            now = self._clock()
            build.began = now if build.began is None else build.began
            if now - build.began > build.limit:
                self._stop(build)
                build.log += f"{STOPPED} after {build.limit:g} s: over its limit\n"
                status = BuildStatus.BROKEN
        build.status = status

    def _read_log(self, build: _Model) -> None:
        try:
            build.log = self._http.get(f"{build.route}/dependencyBuildLog/").text
        except HttpError:
            build.log = "depbisect: the platform has no log of this build; its status is known\n"
        if not build.log.endswith("\n"):
            build.log += "\n"

    def _stop(self, build: _Model) -> None:
        try:
            self._http.request("DELETE", f"{build.route}/dependencyBuild/")
        except HttpError as error:
            # It has ended in between, or was never begun.
            if error.status not in (404, 409, 422):
                raise

    def _unavailable(self, error: HttpError) -> BuilderUnavailable:
        hint = "`depbisect doctor --builder datarobot` says what is missing"
        if error.status in (401, 403):
            hint = "DATAROBOT_API_TOKEN needs the right to make custom models"
        return BuilderUnavailable(f"DataRobot: {error}", hint=hint)


_ENVIRONMENT = ("baseEnvironmentId", "baseEnvironmentVersionId")
