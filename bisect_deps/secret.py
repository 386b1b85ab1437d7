"""Secrets that print as `***`, and text and environments freed from them.

Knows what a secret looks like: by the name of its variable, by the shape of its value, or as the
user part of a URL. Knows nothing of builds, logs or files.
"""

from __future__ import annotations

import binascii
import itertools
import os
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import NamedTuple, NoReturn
from urllib.parse import quote, unquote, urlsplit

MASK = "***"

# Words in a variable's name that tell of a secret, wherever they stand in it.
_TELLING = (
    "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "PASSCOMMAND", "SSHPASS", "CREDENTIAL", "COOKIE",
    "PRIVATE", "APIKEY", "BEARER", "JWT", "WEBHOOK",
)  # fmt: skip
# Words that tell only as a whole, or as an end: KEYRING, TOKENIZERS or AUTHOR are no secrets.
_TELLING_WORDS = frozenset({"AUTH", "PASS", "PAT", "PWD", "DSN", "SAS"})
_TELLING_ENDS = ("TOKEN", "TOKENS", "KEY", "KEYS")
_TELLING_PREFIXES = ("AWS_", "ALGORITHMIA_", "GIT_CONFIG_")
# Harmless in spite of their names. The agent's socket answers, but gives no key away, and
# `git+ssh` requirements need it.
_HARMLESS = frozenset(
    {
        "AWS_CA_BUNDLE",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_CONFIG_SYSTEM",
        "OLDPWD",
        "PWD",
        "SSH_AUTH_SOCK",
    }
)
# All patterns below are compiled when a text has what they begin with: few have.
# Values that are secrets whatever they are called: tokens with a known prefix, web tokens, keys.
_TOKEN = (
    r"(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeoprs]-[\w-]{10,}"
    r"|(?:AKIA|ASIA)[A-Z0-9]{16}|pypi-[\w-]{40,}|hf_\w{30,}|sk-[\w-]{20,}"
    r"|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)"
)
_KNOWN_TOKEN = rf"(?<![\w-]){_TOKEN}"
# What every known token holds one of: a text without them need not be searched.
_TOKEN_STARTS = (
    "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "AKIA", "ASIA", "pypi-",
    "hf_", "sk-", "eyJ",
)  # fmt: skip
_KEY_BLOCK = r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
_HEADER = (
    r"(?i)(?P<name>(?:proxy-)?authorization['\"]?\s*[:=]\s*['\"]?(?:\w+\s+)?)(?P<value>[^\s'\",]+)"
)
# The user part of a URL. Greedy up to the last `@` before the path: passwords may hold one.
_USER_PART = r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,40}://)(?P<user>[^\s/?#'\"<>]+)@"
_PARAMETER = (
    r"(?i)(?P<name>[?&](?:[\w-]*(?:token|secret|password|signature|apikey)|(?:api|access)[_-]?key"
    r"|x-amz-[\w-]+|sig)=)(?P<value>[^\s&#'\"<>]+)"
)
_SHORTEST = 4
_LONGEST_HOST = 2_000
# Names whose values look drawn by lot and are no secrets, by their last word: identities of
# commits, runs and hosts. SHA with its number is one, too.
_PUBLIC = frozenset(
    {"COMMIT", "REVISION", "REF", "DIGEST", "HASH", "HASHSEED", "ID", "IDS", "UUID", "HOST",
     "HOSTNAME", "TAG", "BRANCH", "VERSION", "IMAGE", "PATH", "DIR", "HOME", "ROOT", "TMPDIR",
     "PREFIX", "FILE", "COLOR", "COLORS", "FLAGS", "DATE", "NAME"}
)  # fmt: skip
_WORD_PART = r"[A-Za-z0-9+/=_-]{16,}"
_SHORTEST_DRAWN = 16
# Letters and digits drawn by lot change their kind (upper, lower, digit) at 4 to 6 of 10 places,
# words and versions at 1 to 2 of 10.
_CHANGES = 0.3


class Secret:
    """A string that only `reveal` gives away: printed it is `***`, and it cannot be serialised."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return MASK

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is never serialised")


class Credential(NamedTuple):
    """Who a URL's host is to be asked as."""

    host: str
    user: str
    password: Secret

    @property
    def secret(self) -> Secret:
        """Return what must not be shown: the password, or a token that stands as the user."""
        return self.password or Secret(self.user)


def redact(text: str, secrets: Iterable[Secret | str] = ()) -> str:
    """Return `text` with the secrets, and whatever looks like one, replaced by `***`.

    A secret is also found percent-encoded and in base64. Without `secrets`: user parts of URLs,
    telling URL parameters, authorization headers, tokens of known shape.
    """
    for value in sorted(_spellings(secrets), key=len, reverse=True):
        text = text.replace(value, MASK)
    if "@" in text and "://" in text:
        text = _compiled(_USER_PART).sub(_mask_user, text)
    if "=" in text and ("?" in text or "&" in text):
        text = _compiled(_PARAMETER).sub(rf"\g<name>{MASK}", text)
    if "authorization" in text.lower():
        text = _compiled(_HEADER).sub(rf"\g<name>{MASK}", text)
    # To look for one letter takes a twentieth of a pass, and few texts have all of any start.
    if any(all(map(text.__contains__, start)) and start in text for start in _TOKEN_STARTS):
        text = _compiled(_KNOWN_TOKEN).sub(MASK, text)
    return text


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def names_secret(variable: str) -> bool:
    """Say whether an environment variable's name tells of a secret."""
    if variable in _HARMLESS:
        return False
    upper = variable.upper()
    if variable.startswith(_TELLING_PREFIXES) or any(word in upper for word in _TELLING):
        return True
    if not (any(word in upper for word in _TELLING_WORDS) or "TOKEN" in upper or "KEY" in upper):
        return False
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", variable).upper()
    return any(
        word in _TELLING_WORDS or word.endswith(_TELLING_ENDS)
        for word in re.split(r"[^A-Z0-9]+", words)
    )


def looks_secret(value: str) -> bool:
    """Say whether a value holds a secret: a URL's user part, a token, a private key."""
    return bool(_compiled(_KEY_BLOCK).search(value)) or redact(value) != value


def split_credentials(text: str) -> tuple[str, tuple[Credential, ...]]:
    """Return `text` without the user parts of its URLs, and the credentials that stood there.

    Addresses of version control (`git+https://...`) stay: git is asked for no other credentials.
    """
    found: list[Credential] = []

    def take(match: re.Match[str]) -> str:
        if _is_account_name(match) or "+" in match["scheme"]:
            return match[0]
        user, _, password = match["user"].partition(":")
        after = text[match.end() : match.end() + _LONGEST_HOST].split(maxsplit=1)
        host = _host(match["scheme"] + (after[0] if after else ""))
        found.append(Credential(host, unquote(user), Secret(unquote(password))))
        return match["scheme"]

    if "://" in text and "@" in text:
        text = _compiled(_USER_PART).sub(take, text)
    return text, tuple(found)


def _host(address: str) -> str:
    """Return an address's host, "" where it has none that could be asked."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def secrets_of(environment: Mapping[str, str]) -> tuple[Secret, ...]:
    """Return the secrets that an environment holds, for redaction."""
    found = [Secret(value) for name, value in environment.items() if names_secret(name)]
    for name, value in environment.items():
        if not _is_public(name):
            found.extend(map(Secret, drawn_parts(value)))
    for value in environment.values():
        found.extend(credential.secret for credential in split_credentials(value)[1])
    return tuple(word for word in found if len(word.reveal()) >= _SHORTEST)


def _is_public(name: str) -> bool:
    last = name.rpartition("_")[2].upper()
    return last in _PUBLIC or last.rstrip("0123456789") == "SHA"


def drawn_parts(value: str) -> list[str]:
    """Return the parts of a value that look drawn by lot, as keys and the ends of webhooks do.

    Paths are left alone: their folders may be named by digests.
    """
    if value.startswith(("/", "~", "./")) or ":/" in value.replace("://", ""):
        return []
    parts = re.split(r"[/?&=#,;]", value) if "://" in value else [value]
    words = (word for part in parts for word in _compiled(_WORD_PART).findall(part))
    return [word for word in words if _is_drawn(word)]


def masked(text: str, secrets: Iterable[Secret | str] = ()) -> str:
    """Return `text` freed of these secrets, and of those of this process's environment."""
    return redact(text, (*secrets_of(os.environ), *secrets))


def _is_drawn(text: str) -> bool:
    core = re.sub(r"[^A-Za-z0-9]", "", text)
    if len(core) < _SHORTEST_DRAWN or core.isalpha() or core.isdigit():
        return False
    kinds = [0 if char.isdigit() else 1 if char.islower() else 2 for char in core]
    changes = sum(kind != other for kind, other in itertools.pairwise(kinds))
    return changes / (len(core) - 1) >= _CHANGES and len(set(core)) >= _SHORTEST_DRAWN // 2


def _spellings(secrets: Iterable[Secret | str]) -> set[str]:
    spellings: set[str] = set()
    for secret in secrets:
        value = secret.reveal() if isinstance(secret, Secret) else secret
        if not value:
            continue
        encoded = binascii.b2a_base64(value.encode(), newline=False).decode()
        spellings |= {value, quote(value), quote(value, safe=""), encoded, encoded.rstrip("=")}
        if not value.isalnum():
            import html
            import json

            # As JSON and HTML write it.
            spellings |= {json.dumps(value)[1:-1], html.escape(value)}
    return spellings


def _mask_user(match: re.Match[str]) -> str:
    return match[0] if _is_account_name(match) else f"{match['scheme']}{MASK}@"


def _is_account_name(match: re.Match[str]) -> bool:
    """Say whether it is the account of an SSH address (`git@`), which is no secret."""
    return "ssh" in match["scheme"].lower() and ":" not in match["user"]
