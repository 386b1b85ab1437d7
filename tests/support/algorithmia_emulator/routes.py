"""The REST requests of the platform: a table of paths, each with what it answers."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.algorithmia_emulator.platform import (
    ENVIRONMENT,
    Algorithm,
    ApiError,
    Build,
    Key,
    Platform,
    checked_settings,
    commits,
    head,
    when,
)

COMPILE_LIMIT = 3600.0
MOST_SECONDS = 3000.0


@dataclass(frozen=True)
class Request:
    """One request, its key already recognised."""

    method: str
    path: str
    query: dict[str, str]
    content_type: str
    body: bytes
    key: Key
    api: str

    def json(self) -> dict[str, Any]:
        """Return the body as an object."""
        try:
            value = json.loads(self.body or b"{}")
        except ValueError:
            raise ApiError(6001, "the body is not JSON") from None
        if not isinstance(value, dict):
            raise ApiError(6001, "the body is not an object")
        return value


@dataclass(frozen=True)
class Answer:
    """A reply; `value` None is an empty body, and `raw` one that is not JSON."""

    status: int
    value: Any = None
    raw: bytes | None = None


Action = Callable[[Platform, Request, "re.Match[str]"], Answer]
SUBJECT = (
    r"/algorithms/(?:(?P<uuid>[0-9a-f-]{36})"
    r"|(?P<owner>(?![0-9a-f-]{36}/)[^/]+)/(?P<name>[^/]+))"
)


def answer(platform: Platform, request: Request) -> Answer:
    """Answer a request below the API root; raises ApiError."""
    for method, pattern, action in ROUTES:
        match = re.fullmatch(pattern, request.path)
        if match and method == request.method:
            return action(platform, request, match)
    raise ApiError(5005, f"{request.method} {request.path} is not implemented")


def create(platform: Platform, request: Request, match: re.Match[str]) -> Answer:
    """POST /algorithms/OWNER."""
    owner = match["owner"]
    if not platform.may_manage(request.key, owner):
        raise ApiError(2001, "Caller is not authorized to perform the operation")
    asked = request.json()
    name = asked.get("name", "")
    if not re.fullmatch(r"[A-Za-z]\w*", name):
        raise ApiError(6001, "name: letters, digits and _, the first a letter")
    if "label" not in asked.get("details", {}) or not asked.get("settings"):
        raise ApiError(6001, "details.label and settings are needed")
    algorithm = platform.create(owner, name, details=asked["details"], settings=asked["settings"])
    return Answer(200, describe(platform, request, algorithm))


def look_up(platform: Platform, request: Request, match: re.Match[str]) -> Answer:
    """GET A."""
    algorithm = _readable(platform, request, match)
    built = _compiled(algorithm)
    return Answer(200, describe(platform, request, algorithm, built[0] if built else None))


def update(platform: Platform, request: Request, match: re.Match[str]) -> Answer:
    """PUT A."""
    algorithm = _managed(platform, request, match)
    if not request.content_type.startswith("application/json"):
        raise ApiError(6001, "the body is not JSON")
    asked = request.json()
    settings = checked_settings(asked.get("settings") or {}, algorithm.settings)
    algorithm.details.update(asked.get("details") or {})
    algorithm.settings = settings
    return Answer(200, describe(platform, request, algorithm))


def delete(platform: Platform, request: Request, match: re.Match[str]) -> Answer:
    """DELETE A."""
    platform.delete(_managed(platform, request, match))
    return Answer(204)


def compile_head(platform: Platform, request: Request, match: re.Match[str]) -> Answer:
    """POST A/compile: answers after the build."""
    algorithm = _managed(platform, request, match)
    if platform.problems.strikes("compile_refused"):
        raise ApiError(2015, "invalid build request")
    build = platform.start_build(algorithm, head(algorithm))
    if platform.problems.strikes("compile_error"):
        raise ApiError(5001, "internal error")
    if platform.problems.strikes("compile_accepted"):
        return Answer(202)
    build.done.wait(COMPILE_LIMIT)
    return Answer(200, describe(platform, request, algorithm, build))


def list_builds(platform: Platform, request: Request, match: re.Match[str]) -> Answer:
    """GET A/builds: newest first."""
    algorithm = _owned(platform, request, match)
    with platform.lock:
        shown = [build for build in algorithm.builds if not build.unlisted]
        for build in algorithm.builds:
            build.unlisted = max(0, build.unlisted - 1)
    found = [
        (build.number, describe_build(platform, algorithm, build)) for build in reversed(shown)
    ]
    return Answer(200, _page(platform, request, found))


def one_build(platform: Platform, request: Request, match: re.Match[str]) -> Answer:
    """GET A/builds/ID."""
    algorithm = _owned(platform, request, match)
    build = _build(algorithm, match["build"])
    return Answer(200, describe_build(platform, algorithm, build))


def build_log(platform: Platform, request: Request, match: re.Match[str]) -> Answer:
    """GET A/builds/ID/logs: 404 while in progress."""
    build = _build(_owned(platform, request, match), match["build"])
    if build.finished is None or platform.problems.no_log:
        raise ApiError(1000, "logs unavailable")
    if build.log_waits:
        build.log_waits -= 1
        raise ApiError(1000, "logs unavailable")
    return Answer(200, {"logs": build.log})


def list_versions(platform: Platform, request: Request, match: re.Match[str]) -> Answer:
    """GET A/versions: the published versions, newest first, as the page on build logs has it."""
    algorithm = _readable(platform, request, match)
    found = _compiled(algorithm)
    public = {c for v, c in algorithm.published.items() if algorithm.callability[v] == "public"}
    published = set(algorithm.published.values())
    if "published" in request.query:
        wanted = request.query["published"] == "true"
        found = [build for build in found if (build.commit in published) == wanted]
    elif not platform.problems.compiled_versions:
        found = [build for build in found if build.commit in published]
    if "callable" in request.query:
        wanted = request.query["callable"] == "true"
        found = [build for build in found if (build.commit in public) == wanted]
    newest = {build.commit: build for build in reversed(found)}
    found = [build for build in found if newest[build.commit] is build]
    results = [(build.number, describe(platform, request, algorithm, build)) for build in found]
    return Answer(200, _page(platform, request, results))


def one_version(platform: Platform, request: Request, match: re.Match[str]) -> Answer:
    """GET A/versions/HASH: what can be called."""
    algorithm = _readable(platform, request, match)
    known = {"succeeded", "failed"} if platform.problems.failed_versions else {"succeeded"}
    for build in reversed(algorithm.builds):
        if build.commit == match["version"] and build.status in known:
            return Answer(200, describe(platform, request, algorithm, build))
    raise ApiError(1001, "No such algorithm version")


def publish(platform: Platform, request: Request, match: re.Match[str]) -> Answer:
    """POST A/versions."""
    algorithm = _managed(platform, request, match)
    whole = request.json()
    asked = whole.get("version_info") or {}
    settings = checked_settings(whole.get("settings") or {}, algorithm.settings)
    kinds = {"major": 0, "minor": 1, "patch": 2, "revision": 2}
    if asked.get("version_type") not in kinds:
        raise ApiError(6001, "version_info.version_type: major, minor or revision")
    built = _compiled(algorithm)
    if not built:
        raise ApiError(1004, "nothing is compiled")
    if built[0].commit in algorithm.published.values():
        raise ApiError(1007, "already published; compile again")
    last = max((tuple(map(int, v.split("."))) for v in algorithm.published), default=(0, 0, 0))
    place = kinds[asked["version_type"]]
    parts = [*last[:place], last[place] + 1, *[0] * (2 - place)]
    version = ".".join(map(str, parts))
    algorithm.published[version] = built[0].commit
    algorithm.callability[version] = settings["algorithm_callability"]
    return Answer(200, describe(platform, request, algorithm, built[0]))


def source_status(platform: Platform, request: Request, match: re.Match[str]) -> Answer:
    """GET A/scm/status."""
    algorithm = _owned(platform, request, match)
    reply = {"scm_connection_status": "active"}
    if algorithm.provider != "internal":
        reply["repository_webhook_secret"] = "webhook-secret-of-" + algorithm.name
    return Answer(200, reply)


def history(platform: Platform, request: Request, match: re.Match[str]) -> Answer:
    """GET A/log."""
    return Answer(200, {"commits": commits(_managed(platform, request, match))})


def algorithm_errors(platform: Platform, request: Request, match: re.Match[str]) -> Answer:
    """GET A/errors."""
    return Answer(200, platform.recent_errors([_managed(platform, request, match)]))


def owner_errors(platform: Platform, request: Request, match: re.Match[str]) -> Answer:
    """GET /organizations/ORG/errors and /users/ID/errors."""
    if not platform.may_manage(request.key, match["owner"]):
        raise ApiError(2001, "Caller is not authorized to perform the operation")
    own = [a for a in platform.algorithms.values() if a.owner == match["owner"]]
    return Answer(200, platform.recent_errors(own))


def sources(platform: Platform, request: Request, match: re.Match[str]) -> Answer:
    """GET /scms: the internal host and others, enabled or not."""
    return Answer(200, {"results": [_scm("internal"), _scm("github"), _scm("gitlab", False)]})


def data(platform: Platform, request: Request, match: re.Match[str]) -> Answer:
    """GET /connector/data/OWNER/COLLECTION: its listing, or its rights with `acl=true`."""
    key = request.key
    owner = key.account if match["owner"] == ".my" else match["owner"]
    if key.admin or key.data == "none":
        raise ApiError(2001, "Caller is not authorized to perform the operation")
    rights = platform.collections.get(f"{owner}/{match['collection']}")
    if rights is None:
        raise ApiError(1000, "directory does not exist")
    if not platform.is_member(key, owner) and "user://*" not in rights:
        raise ApiError(2001, "Caller is not authorized to perform the operation")
    if request.query.get("acl") == "true":
        return Answer(200, {"acl": {"read": rights}})
    return Answer(200, {"marker": None})


def languages(platform: Platform, request: Request, match: re.Match[str]) -> Answer:
    """GET /algorithm-environments/edge/languages."""
    return Answer(200, [{"name": "python3", "display_name": "Python 3.x"}])


def environments(platform: Platform, request: Request, match: re.Match[str]) -> Answer:
    """GET /algorithm-environments/edge/languages/LANG/environments."""
    if match["language"] != "python3":
        raise ApiError(4001, "no such language")
    one = {
        "id": ENVIRONMENT,
        "display_name": "Python 3.9",
        "language_name": "python3",
        "machine_type": "CPU",
    }
    return Answer(200, {"environments": [one]})


def run(platform: Platform, request: Request, match: re.Match[str]) -> Answer:
    """POST /algo/OWNER/NAME/VERSION."""
    algorithm = _readable(platform, request, match)
    called, asked_as = platform.run(
        algorithm,
        match["version"] or "",
        _input(request),
        account=request.key.account,
        timeout=_timeout(request),
    )
    owned = platform.is_member(request.key, algorithm.owner)
    reply = called.reply
    output = request.query.get("output")
    if output == "void":
        return Answer(200, {"async": True, "request_id": asked_as})
    if output == "raw":
        failed = "error" in reply
        return Answer(400 if failed else 200, raw=_raw(reply))
    metadata = {"duration": round(called.seconds, 9), "request_id": asked_as}
    if request.query.get("stdout", "").lower() == "true" and owned:
        metadata["stdout"] = called.stdout
    if "error" not in reply:
        metadata["content_type"] = reply["content_type"]
        result = {"result": reply["result"]} if "result" in reply else {}
        return Answer(200, {**result, "metadata": metadata})
    error = {"message": reply["error"]}
    if "stack" in reply and (owned or algorithm.settings["source_visibility"] == "open"):
        error["stacktrace"] = reply["stack"]
    if platform.problems.bare_call_errors:
        return Answer(200, {"error": error})
    return Answer(200, {"error": error, "metadata": metadata, "request_id": asked_as})


def _input(request: Request) -> object:
    """Return the input by its content type: JSON, bytes, else text."""
    if request.content_type.startswith("application/octet-stream"):
        return request.body
    text = request.body.decode("utf-8", "replace")
    if not request.content_type.startswith("application/json"):
        return text
    try:
        return json.loads(text)
    except ValueError:
        raise ApiError(6001, "the input is not JSON") from None


def _timeout(request: Request) -> float:
    """Return the limit of a call: at most 3000 s."""
    try:
        timeout = float(request.query.get("timeout", "300"))
    except ValueError:
        raise ApiError(6001, "timeout is not a number") from None
    if not 0 < timeout <= MOST_SECONDS:
        raise ApiError(6001, f"timeout: at most {MOST_SECONDS:g} s")
    return timeout


def _raw(reply: Mapping[str, Any]) -> bytes:
    if "error" in reply:
        return str(reply["error"]).encode()
    if reply["content_type"] == "binary":
        return base64.b64decode(reply["result"])
    result = reply.get("result", "")
    return (result if isinstance(result, str) else json.dumps(result)).encode()


def describe_build(platform: Platform, algorithm: Algorithm, build: Build) -> dict[str, Any]:
    """Return the build object."""
    shown: dict[str, Any] = {
        "build_id": build.build_id,
        "status": build.status,
        "commit_sha": build.commit,
        "resource_type": "algorithm_build",
        "started_at": when(build.started),
    }
    if build.finished is not None:
        shown["finished_at"] = when(build.finished)
    elif platform.problems.null_finished:
        shown["finished_at"] = None
    version = _published_as(algorithm, build)
    if version:
        shown["version_info"] = {"semantic_version": version}
    return shown


def _published_as(algorithm: Algorithm, build: Build) -> str:
    """Return the newest version that a build was published as, "" for none."""
    found = [version for version, commit in algorithm.published.items() if commit == build.commit]
    return found[-1] if found and build.status == "succeeded" else ""


def describe(
    platform: Platform, request: Request, algorithm: Algorithm, build: Build | None = None
) -> dict[str, Any]:
    """Return the algorithm object, with the build that it stands for."""
    shown: dict[str, Any] = {
        "id": algorithm.uuid,
        "name": algorithm.name,
        "resource_type": "algorithm",
        "details": dict(algorithm.details),
        "settings": dict(algorithm.settings),
        "source": {"scm": _scm(algorithm.provider)},
    }
    if build is None:
        return shown
    shown["version_info"] = {"git_hash": build.commit, "version_uuid": build.build_id}
    if version := _published_as(algorithm, build):
        shown["version_info"]["semantic_version"] = version
        visible = algorithm.callability[version]
        shown["settings"] = {**algorithm.settings, "algorithm_callability": visible}
    shown["build"] = describe_build(platform, algorithm, build)
    if not platform.problems.no_compilation:
        successful = build.status == "succeeded"
        shown["compilation"] = {"successful": successful, "output": build.log}
    shown["self_link"] = f"{request.api}/v1/algorithms/{algorithm.path}/versions/{build.commit}"
    return shown


def _managed(platform: Platform, request: Request, match: re.Match[str]) -> Algorithm:
    algorithm = _find(platform, match)
    if not platform.may_manage(request.key, algorithm.owner):
        raise ApiError(2001, "Caller is not authorized to perform the operation")
    return algorithm


def _owned(platform: Platform, request: Request, match: re.Match[str]) -> Algorithm:
    """Return the algorithm for any standard key or token of its owner or a member."""
    algorithm = _readable(platform, request, match)
    if not platform.is_member(request.key, algorithm.owner):
        raise ApiError(2001, "Caller is not authorized to perform the operation")
    return algorithm


def _readable(platform: Platform, request: Request, match: re.Match[str]) -> Algorithm:
    """Return the algorithm for a standard key; a private one is not there for others."""
    if request.key.admin:
        raise ApiError(2001, "Caller is not authorized to perform the operation")
    algorithm = _find(platform, match)
    if algorithm.settings["algorithm_callability"] == "public":
        return algorithm
    if not platform.is_member(request.key, algorithm.owner):
        raise ApiError(1001, "No such algorithm")
    return algorithm


def _find(platform: Platform, match: re.Match[str]) -> Algorithm:
    if identity := match.groupdict().get("uuid"):
        return platform.find(identity)
    return platform.find(match["owner"], match["name"])


def _build(algorithm: Algorithm, build_id: str) -> Build:
    for build in algorithm.builds:
        if build.build_id == build_id:
            return build
    raise ApiError(1004, "no such build")


def _compiled(algorithm: Algorithm) -> list[Build]:
    return [build for build in reversed(algorithm.builds) if build.status == "succeeded"]


def _page(
    platform: Platform, request: Request, found: list[tuple[int, dict[str, Any]]]
) -> dict[str, Any]:
    most = platform.problems.page_size
    try:
        limit = int(request.query.get("limit", "50"))
    except ValueError:
        raise ApiError(5003, "limit is not a number") from None
    if not 1 <= limit <= 100:
        raise ApiError(5003, "limit: 1 to 100")
    if marker := request.query.get("marker"):
        try:
            before = json.loads(base64.urlsafe_b64decode(marker + "=="))["before"]
        except (ValueError, KeyError, TypeError, binascii.Error):
            raise ApiError(5002, "bad marker") from None
        found = [(number, shown) for number, shown in found if number < before]
    limit = min(limit, most)
    page = found[:limit]
    if len(found) <= limit:
        return {"marker": None, "next_link": None, "results": [shown for _, shown in page]}
    following = base64.urlsafe_b64encode(json.dumps({"before": page[-1][0]}).encode())
    text = following.decode().rstrip("=")
    link = f"{request.api}/v1{request.path}?limit={limit}&marker={text}"
    return {"marker": text, "next_link": link, "results": [shown for _, shown in page]}


def _scm(provider: str, enabled: bool = True) -> dict[str, Any]:
    return {
        "id": provider,
        "name": provider,
        "provider": provider,
        "default": provider == "internal",
        "enabled": enabled,
    }


ROUTES: tuple[tuple[str, str, Action], ...] = (
    ("GET", SUBJECT, look_up),
    ("PUT", SUBJECT, update),
    ("DELETE", SUBJECT, delete),
    ("POST", r"/algorithms/(?P<owner>[^/]+)", create),
    ("POST", SUBJECT + "/compile", compile_head),
    ("GET", SUBJECT + "/builds", list_builds),
    ("GET", SUBJECT + "/builds/(?P<build>[^/]+)", one_build),
    ("GET", SUBJECT + "/builds/(?P<build>[^/]+)/logs", build_log),
    ("GET", SUBJECT + "/versions", list_versions),
    ("GET", SUBJECT + "/versions/(?P<version>[^/]+)", one_version),
    ("POST", SUBJECT + "/versions?", publish),
    ("GET", SUBJECT + "/scm/status", source_status),
    ("GET", SUBJECT + "/log", history),
    ("GET", SUBJECT + "/errors", algorithm_errors),
    ("GET", r"/(?:organizations|users)/(?P<owner>[^/]+)/errors", owner_errors),
    ("GET", "/scms", sources),
    ("GET", r"/connector/data/(?P<owner>[^/]+)/(?P<collection>[^/]+)", data),
    ("GET", "/algorithm-environments/edge/languages", languages),
    (
        "GET",
        "/algorithm-environments/edge/languages/(?P<language>[^/]+)/environments",
        environments,
    ),
    ("POST", r"/algo/(?P<owner>[^/]+)/(?P<name>[^/]+)(?:/(?P<version>[^/]+))?", run),
)
