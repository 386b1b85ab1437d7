from __future__ import annotations

import copy
import json
import pickle
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisect_deps.secret import (
    MASK,
    Secret,
    looks_secret,
    names_secret,
    redact,
    secrets_of,
    split_credentials,
)

PLANTED = "hunter2-very-secret"


@pytest.mark.parametrize("show", [str, repr, "{}".format, "{:>30}".format, "%s".__mod__])
def test_a_printed_secret_is_masked(show: object) -> None:
    assert PLANTED not in show(Secret(PLANTED))  # type: ignore[operator]
    assert PLANTED not in show([Secret(PLANTED)]) if show in (str, repr) else True  # type: ignore[operator]


@pytest.mark.parametrize("serialise", [pickle.dumps, json.dumps, copy.deepcopy])
def test_a_secret_is_never_serialised(serialise: object) -> None:
    with pytest.raises(TypeError):
        serialise(Secret(PLANTED))  # type: ignore[operator]


def test_a_secret_is_revealed_on_request_and_compares_by_value() -> None:
    assert Secret(PLANTED).reveal() == PLANTED
    assert Secret(PLANTED) == Secret(PLANTED) != Secret("another")
    assert Secret(PLANTED) != PLANTED


@given(st.text(min_size=8).filter(lambda text: text not in MASK), st.text(), st.text())
def test_redaction_leaves_no_given_secret(secret: str, before: str, after: str) -> None:
    assert secret not in redact(f"{before}{secret}{after}", [Secret(secret)])


@given(
    st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=6, max_size=30),
    st.sampled_from(["https", "http", "git+https", "ftp"]),
)
def test_redaction_leaves_no_password_of_a_url(password: str, scheme: str) -> None:
    shown = redact(f"fetch {scheme}://user:{password}!@index.example/simple/ now")
    assert shown == f"fetch {scheme}://{MASK}@index.example/simple/ now"


@pytest.mark.parametrize(
    "text",
    [
        f"https://{PLANTED}@index.example/simple",
        f"https://u:{PLANTED}@p@index.example/simple",
        f"https://index.example/f.whl?token={PLANTED}&x=1",
        f"https://index.example/f.whl?X-Amz-Signature={PLANTED}",
        f"Authorization: Bearer {PLANTED}",
        f"{{'authorization': 'Basic {PLANTED}'}}",
    ],
)
def test_redaction_finds_credentials_by_their_place(text: str) -> None:
    assert PLANTED not in redact(text)


def test_redaction_finds_other_spellings_of_a_secret() -> None:
    odd = "pa ss/w:ord"
    assert "ord" not in redact(f"at {quote(odd)} and {quote(odd, safe='')}", [Secret(odd)])
    assert "cGE" not in redact("Basic cGEgc3MvdzpvcmQ=", [Secret(odd)])


@pytest.mark.parametrize(
    "text",
    [
        "git+ssh://git@host.example/o/r.git",
        "numpy==1.19.5 @ https://index.example/x.whl",
        "see https://docs.example/page and mail me@mail.example",
        "AttributeError: module 'token' has no attribute 'EXACT_TOKEN_TYPES'",
    ],
)
def test_redaction_keeps_what_is_no_secret(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "name",
    [
        "GITHUB_TOKEN",
        "CI_JOB_TOKEN",
        "SYSTEM_ACCESSTOKEN",
        "OPENAI_API_KEY",
        "DB_PASSWORD",
        "MYSQL_PWD",
        "AWS_ACCESS_KEY_ID",
        "AWS_SESSION_TOKEN",
        "ALGORITHMIA_API_KEY",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "npm_config__authToken",
        "TWINE_PASSWORD",
        "SENTRY_DSN",
        "UV_INDEX_PRIVATE_PASSWORD",
        "GIT_CONFIG_VALUE_0",
        "SESSION_COOKIE",
    ],
)
def test_a_secret_is_known_by_its_variable(name: str) -> None:
    assert names_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "PATH",
        "HOME",
        "LANG",
        "TMPDIR",
        "CC",
        "CFLAGS",
        "SSL_CERT_FILE",
        "AWS_CA_BUNDLE",
        "PIP_KEYRING_PROVIDER",
        "UV_CACHE_DIR",
        "TOKENIZERS_PARALLELISM",
        "GIT_AUTHOR_NAME",
        "SSH_AUTH_SOCK",
        "PWD",
        "HTTPS_PROXY",
        "XKB_KEYMAP",
    ],
)
def test_what_builds_need_is_no_secret(name: str) -> None:
    assert not names_secret(name)


@pytest.mark.parametrize(
    "value",
    [
        "postgres://app:pw@db.example/app",
        "ghp_" + "a" * 36,
        "-----BEGIN OPENSSH PRIVATE KEY-----\nabc",
        "Authorization: Basic abc",
    ],
)
def test_a_secret_is_known_by_its_value(value: str) -> None:
    assert looks_secret(value)


def test_credentials_are_split_off_urls() -> None:
    text = "https://me:p%40ss@index.example/simple https://open.example/simple"
    bare, found = split_credentials(text)
    assert bare == "https://index.example/simple https://open.example/simple"
    assert [(login.host, login.user, login.password.reveal()) for login in found] == [
        ("index.example", "me", "p@ss")
    ]


def test_an_environment_tells_its_secrets() -> None:
    environment = {"A_TOKEN": PLANTED, "URL": "https://u:other-one@index.example", "LANG": "C"}
    assert {secret.reveal() for secret in secrets_of(environment)} == {PLANTED, "other-one"}
