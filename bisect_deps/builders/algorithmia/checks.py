"""What `doctor` looks at: the address, the key, its rights, each algorithm, and its git host.

One check after the other, cheapest first; a check that others stand on ends the list when it fails.
Nothing is built, pushed or changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from bisect_deps.builders._http import HttpError
from bisect_deps.builders.algorithmia.api import Algorithm, Api, expiry
from bisect_deps.builders.algorithmia.data import URIS, data_checks
from bisect_deps.builders.algorithmia.patience import GitError, Patience
from bisect_deps.builders.algorithmia.repository import Repository
from bisect_deps.builders.algorithmia.rights import RightsAdvice, advice_for, advice_for_git
from bisect_deps.builders.algorithmia.settings import AlgorithmiaSettings
from bisect_deps.builders.algorithmia.source import source_of
from bisect_deps.builders.base import Check
from bisect_deps.errors import BuilderUnavailable, DepbisectError
from bisect_deps.system.scratch import scratch


def look(
    settings: AlgorithmiaSettings, *, advice: bool = True, patience: Patience | None = None
) -> Iterator[Check]:
    """Yield the checks of a cluster and its scratch algorithms, as they are made.

    Without `advice`, only of what keeps builds from starting. An outage is told at once, unless
    `patience` waits it out.
    """
    waiting = patience or Patience()
    api = Api(settings.address, key=settings.key, token=settings.token, sleep=waiting.sleep)
    try:
        yield from _look(api, settings, advice, waiting)
    finally:
        api.close()


def _look(
    api: Api, settings: AlgorithmiaSettings, advice: bool, patience: Patience
) -> Iterator[Check]:
    if settings.token is not None:
        yield _token(settings)
    reached = _reached(api, patience)
    yield from reached
    if not all(check.ok for check in reached):
        return
    for algorithm in settings.algorithms:
        yield from _algorithm(api, settings, algorithm, advice, patience)
    if settings.calls:
        yield Check("sample input", True, f"JSON, called for up to {settings.call_timeout:g} s")


def _token(settings: AlgorithmiaSettings) -> Check:
    ends = expiry(settings.token) if settings.token is not None else None
    if ends is None:
        return Check("token", True, "says nothing of its end")
    fresh = ends > datetime.now(timezone.utc)
    words = f"{'good until' if fresh else 'expired at'} {ends:%Y-%m-%d %H:%M} UTC"
    return Check("token", fresh, words, "" if fresh else "get a fresh ALGORITHMIA_BEARER_TOKEN")


def _reached(api: Api, patience: Patience) -> tuple[Check, ...]:
    """Return whether the address is an API's, and whether it knows the key."""
    address = Check("address", True, f"{api.address} answers as the platform's API")
    known = Check("key", True, "accepted")
    try:
        patience.ask(api.sources)
    except HttpError as error:
        if error.status == 401:
            return address, _failed("key", advice_for(error), error)
        if error.status == 403:
            return address, known
        return (_failed("address", advice_for(error), error),)
    return address, known


def _algorithm(
    api: Api, settings: AlgorithmiaSettings, algorithm: Algorithm, advice: bool, patience: Patience
) -> Iterator[Check]:
    name = f"algorithm {algorithm}"
    try:
        found = patience.ask(lambda: api.algorithm(algorithm))
    except HttpError as error:
        yield _failed(name, advice_for(error), error)
        return
    yield Check(name, True, f"found, id {found.get('id', 'not told')}")
    try:
        page = patience.ask(lambda: api.builds(algorithm, limit=1))
    except HttpError as error:
        yield _failed(f"builds of {algorithm}", advice_for(error), error)
        return
    newest = page.builds[0].status if page.builds else "none yet"
    yield Check(f"builds of {algorithm}", True, f"may be read; the newest: {newest}")
    managing = _managing(api, algorithm, patience)
    yield managing
    if not managing.ok:
        return
    if advice:
        yield _SCOPES
        yield from _settings(algorithm, found, settings)
        yield from _source(api, algorithm)
    yield from _git(api, settings, algorithm, advice, patience)


# The platform shows a key's scopes on its web pages alone.
_SCOPES = Check(
    "scopes of the key",
    True,
    "unknown: the API does not tell which algorithms the key may call, nor its data access",
)


def _managing(api: Api, algorithm: Algorithm, patience: Patience) -> Check:
    """Return whether the key may manage, by the one read that is documented to ask that right.

    A build needs it, too; none is started.
    """
    name = f"right to build {algorithm}"
    try:
        patience.ask(lambda: api.errors(algorithm))
    except HttpError as error:
        if error.status in (401, 403):
            return _failed(name, advice_for(error), error)
        return Check(name, True, f"unknown: {error}")
    return Check(name, True, "the key manages the algorithm: its error log, too, may be read")


def _settings(
    algorithm: Algorithm, found: dict[str, Any], settings: AlgorithmiaSettings
) -> Iterator[Check]:
    """Yield the algorithm's own settings that make builds or calls fail."""
    own = found.get("settings")
    own = own if isinstance(own, dict) else {}
    public = own.get("algorithm_callability") == "public"
    yield Check(
        f"callers of {algorithm}",
        True,
        "public: any account may call it"
        if public
        else "private: its owner, or members of the owning organisation "
        "(algorithm_callability in its settings)",
    )
    full = own.get("network_access", "full") == "full"
    yield Check(
        f"network access of {algorithm}",
        full,
        "full" if full else "isolated: code that needs the internet fails when it is called",
        "" if full else "set network_access to full in the algorithm's settings",
    )
    if settings.calls:
        pipelined = own.get("pipeline_enabled", True) is not False
        yield Check(
            f"pipelining of {algorithm}",
            pipelined,
            "enabled" if pipelined else "disabled: it may not call other algorithms",
            "" if pipelined else "set pipeline_enabled in the algorithm's settings",
        )


def _source(api: Api, algorithm: Algorithm) -> Iterator[Check]:
    name = f"source host of {algorithm}"
    try:
        state = api.source_status(algorithm)
    except HttpError as error:
        yield _failed(name, advice_for(error), error)
        return
    hints = {
        "deploy_key_error": "add the algorithm's deploy key to its repository at the source host",
        "provider_internal_error": "the source host has a failure of its own: try again later",
    }
    hint = hints.get(state, "connect the source host again in the algorithm's settings")
    yield Check(name, state == "active", state, "" if state == "active" else hint)


def _git(
    api: Api, settings: AlgorithmiaSettings, algorithm: Algorithm, advice: bool, patience: Patience
) -> Iterator[Check]:
    """Yield whether git lets us read and push, and whether an earlier run is left to put back."""
    name = f"git login for {algorithm}"
    with scratch() as folder:
        try:
            url, login = patience.ask(lambda: source_of(api, settings, algorithm))
            repository = Repository(url, folder / "clone.git", login, patience)
            repository.open()
            yield Check(name, True, f"{url}, branch {repository.branch}")
            name = f"right to push to {algorithm}"
            repository.probe_push()
            yield Check(name, True, "a push would be taken")
        except GitError as error:
            known = advice_for_git(str(error))
            yield Check(name, False, f"{known.means}: {error}", known.hint)
            return
        except HttpError as error:
            yield _failed(name, advice_for(error), error)
            return
        except (BuilderUnavailable, DepbisectError) as error:
            yield Check(name, False, str(error), error.hint or "")
            return
        if not advice:
            return
        yield from data_checks(api, algorithm, repository.words(URIS))
        left = repository.unrestored
        yield Check(
            f"requirements of {algorithm}",
            not left,
            "a candidate of an earlier run is on the branch"
            if left
            else "as their owner left them",
            "run with the same --algorithm: its end puts the original back" if left else "",
        )


def _failed(name: str, advice: RightsAdvice, error: HttpError) -> Check:
    return Check(name, False, f"{advice.means} ({error})", f"Likely {advice.likely}: {advice.hint}")
