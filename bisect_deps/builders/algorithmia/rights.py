"""What the platform's errors mean for the user: the likely reason, and the setting to change.

A table for every documented code, one for statuses without a code, and one for the git host's
words. Knows no requests; the reasons come from the platform's help pages on keys, organisations
and source hosts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bisect_deps.builders._http import HttpError
from bisect_deps.errors import BuilderUnavailable


@dataclass(frozen=True, slots=True)
class RightsAdvice:
    """What happened, why that is likely, and what to change."""

    means: str
    likely: str
    hint: str


_NAME = RightsAdvice(
    "there is no such algorithm for this key",
    "the name is misspelt, the algorithm is private and the key's owner is neither its owner nor a "
    "member of its organisation, or the address is another cluster's",
    "check --algorithm OWNER/NAME (case counts) and --api-address; use a key of the owner, or of a "
    "member of the owning organisation",
)
_RIGHT = RightsAdvice(
    "the key may not do this",
    "the key is not management-capable, is an admin key, lacks write permission, or belongs to an "
    "account outside the organisation that owns the algorithm",
    "make a standard API key with 'allow management of algorithms' (read and write) in the account "
    "of the owner or of a member of the owning organisation, and put it into ALGORITHMIA_API_KEY",
)
_KEY = RightsAdvice(
    "the key is not known here",
    "the key was revoked or cut off when copied, the token has expired, or the address is another "
    "cluster's than the key's",
    "put a current key into ALGORITHMIA_API_KEY (or a fresh token into ALGORITHMIA_BEARER_TOKEN) "
    "and check --api-address",
)
_LANGUAGE = RightsAdvice(
    "the algorithm's language or machine type is not known",
    "the environment that the algorithm was made with has been removed from the cluster",
    "choose another environment in the algorithm's settings (algorithm_environment, or language "
    "with cpu or gpu)",
)
_SOURCE_LOGIN = RightsAdvice(
    "the source host does not let the platform in",
    "the platform's access to the source host was never given or has been revoked",
    "authorise the source host again in the account's settings, or choose a scratch algorithm "
    "whose source the platform hosts itself",
)
_SOURCE_GONE = RightsAdvice(
    "the source host cannot be reached from the platform",
    "its configuration was removed by the cluster's administrator, or the host is down",
    "ask the administrator for the source host's configuration, or choose a scratch algorithm "
    "whose source the platform hosts itself",
)
_OURS = RightsAdvice(
    "the platform did not understand a request",
    "the cluster runs another version of the API than the one that depbisect knows",
    "update depbisect, or report this with the output of `depbisect doctor`",
)
_THEIRS = RightsAdvice(
    "the platform had an internal error",
    "the failure is on the platform's side and mostly passes",
    "try again later with --resume; what was built is kept",
)

BY_CODE: dict[int, RightsAdvice] = {
    1000: _NAME,
    1001: _NAME,
    1002: RightsAdvice(
        "that name exists already",
        "an algorithm of that name was made before",
        "choose another name for the scratch algorithm",
    ),
    1003: RightsAdvice(
        "the algorithm's package set does not exist",
        "the package set that the algorithm was made with has been removed from the cluster",
        "choose another package set or environment in the algorithm's settings",
    ),
    1004: RightsAdvice(
        "the build does not exist",
        "the platform has removed the build, or never made one for this package set",
        "run again with --fresh, so that it is built anew",
    ),
    1007: RightsAdvice(
        "this version is published already",
        "the newest compiled version was published before",
        "compile again before publishing",
    ),
    1008: RightsAdvice(
        "the platform could not create the repository",
        "the source host refused it, or the platform's own storage has a failure of its own",
        "try again later, or create the algorithm in the platform's web pages",
    ),
    1009: _NAME,
    2001: _RIGHT,
    2002: _KEY,
    2012: RightsAdvice(
        "the build is not in a state that allows this",
        "another build of the same algorithm is under way",
        "wait until it has ended, and let nobody else build the scratch algorithm meanwhile",
    ),
    2015: RightsAdvice(
        "the platform refused the build request",
        "the repository has no buildable commit on its default branch, or another build is "
        "under way",
        "build the algorithm once by hand in the platform's web pages, then run again",
    ),
    4001: _LANGUAGE,
    4002: _LANGUAGE,
    4003: _LANGUAGE,
    4004: _LANGUAGE,
    4008: _SOURCE_LOGIN,
    4009: _SOURCE_GONE,
    4011: RightsAdvice(
        "the source of this algorithm cannot be changed by API",
        "its source is hosted outside the platform",
        "choose a scratch algorithm whose source the platform hosts itself (source host: internal)",
    ),
    4080: _SOURCE_LOGIN,
    4084: _SOURCE_GONE,
    5001: _THEIRS,
    5002: _OURS,
    5003: _OURS,
    5005: RightsAdvice(
        "the platform does not offer this request",
        "the address is not the API's, or the cluster is older than the API that depbisect knows",
        "check --api-address: it is mostly https://api.CLUSTER",
    ),
    6001: _OURS,
    7000: RightsAdvice(
        "the platform does not know that request's id",
        "error entries are kept for 7 days and for at most 200 executions",
        "ask sooner after the call",
    ),
}

BY_STATUS: dict[int | None, RightsAdvice] = {
    None: RightsAdvice(
        "the cluster cannot be reached",
        "the address is wrong, a proxy or VPN is needed, or its certificate is not trusted here",
        "check --api-address (mostly https://api.CLUSTER), HTTPS_PROXY, and REQUESTS_CA_BUNDLE for "
        "a private certificate authority",
    ),
    401: _KEY,
    403: _RIGHT,
    404: _NAME,
    429: RightsAdvice(
        "the platform asks to slow down",
        "the account has used up its requests for the moment",
        "try again later with --resume; what was built is kept",
    ),
}

_PAGE = RightsAdvice(
    "a web page answered instead of the API",
    "the address is that of the web pages or of a proxy, or a gateway has a failure of its own",
    "check --api-address: it is mostly https://api.CLUSTER; else try again later",
)

_SHAPE = RightsAdvice(
    "the answer is not what the API would say",
    "the address is another system's, or the cluster runs another version of the API",
    "check --api-address: it is mostly https://api.CLUSTER; else update depbisect",
)

# Words of git to advice; the first that is found counts.
_GIT: tuple[tuple[str, RightsAdvice], ...] = (
    (
        r"git is not installed",
        RightsAdvice("git is missing", "this machine has no git on its PATH", "install git"),
    ),
    (
        r"Authentication failed|could not read Username|HTTP 401|\b401\b",
        RightsAdvice(
            "the git host does not accept the login",
            "the account name does not belong to the key: for an algorithm of an organisation it "
            "is the member's own name, not the organisation's; a bearer token does not log in",
            "set ALGORITHMIA_GIT_USER to the account's name, and ALGORITHMIA_GIT_PASSWORD where "
            "the password is not the API key",
        ),
    ),
    (
        r"not found|HTTP 404|\b404\b",
        _NAME,
    ),
    (
        r"\b403\b|denied|declined|protected|hook",
        RightsAdvice(
            "the git host refuses the push",
            "the key or the account has read permission only, or the branch is protected",
            "give the account write permission on the algorithm's source, or use a scratch "
            "algorithm of its own",
        ),
    ),
    (r"Could not resolve|Failed to connect|timed out|certificate", BY_STATUS[None]),
)
_GIT_OTHERWISE = RightsAdvice(
    "git failed",
    "the source host has a failure of its own",
    "run `depbisect doctor --builder algorithmia`, or try again later with --resume",
)


def advice_for(error: HttpError) -> RightsAdvice:
    """Return the advice for a refused request: by code, then by kind of reply, then by status."""
    if isinstance(error.code, int) and error.code in BY_CODE:
        return BY_CODE[error.code]
    if error.html:
        return _PAGE
    if error.status == 200:
        return _SHAPE
    if error.status in BY_STATUS:
        return BY_STATUS[error.status]
    if error.status is not None and error.status >= 500:
        return _THEIRS
    return _OURS


def advice_for_git(words: str) -> RightsAdvice:
    """Return the advice for what git printed."""
    for pattern, advice in _GIT:
        if re.search(pattern, words, re.IGNORECASE):
            return advice
    return _GIT_OTHERWISE


def explained(error: HttpError, subject: str) -> BuilderUnavailable:
    """Return the user's error for a refused request about `subject`."""
    return unavailable(advice_for(error), subject, _numbers(error))


def unavailable(advice: RightsAdvice, subject: str, detail: str) -> BuilderUnavailable:
    """Return the user's error: what happened with which words; the reason and the hint as hint."""
    return BuilderUnavailable(
        f"{subject}: {advice.means} ({detail})", hint=f"likely {advice.likely}: {advice.hint}"
    )


def _numbers(error: HttpError) -> str:
    status = "no answer" if error.status is None else f"status {error.status}"
    code = "" if error.code is None else f", code {error.code}"
    return f"{status}{code}: {error.message}"
