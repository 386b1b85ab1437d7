"""What `doctor` says of a cluster: each thing that can be wrong has its line and its hint."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import replace
from typing import Any

import pytest

from bisect_deps.builders._http import HttpError
from bisect_deps.builders.algorithmia.api import Algorithm, Api
from bisect_deps.builders.algorithmia.checks import look
from bisect_deps.builders.algorithmia.repository import Login
from bisect_deps.builders.algorithmia.rights import BY_CODE, advice_for, advice_for_git, explained
from bisect_deps.builders.algorithmia.source import source_of
from bisect_deps.builders.base import Check
from bisect_deps.policy import POLICY
from bisect_deps.secret import Secret
from tests.builders.algorithmia.cluster import KEY, Cluster, order
from tests.builders.test__http import Scripted
from tests.support.algorithmia_emulator import Key

# Every code that the platform's reference documents.
DOCUMENTED = (
    *(1001, 1002, 1003, 1004, 1007, 1008, 1009, 2001, 2002, 2012, 2015),
    *(4001, 4002, 4003, 4004, 4008, 4009, 4011, 4080, 4084),
    *(5001, 5002, 5003, 5005, 6001, 7000),
)


def checks(cluster: Cluster, **how: Any) -> list[Check]:
    return list(look(cluster.settings(**how)))


def failed(found: list[Check]) -> Check:
    [one] = [check for check in found if not check.ok]
    return one


def test_a_ready_cluster_passes_one_by_one(cluster: Cluster) -> None:
    found = checks(cluster, check_input='"x"')
    assert all(check.ok for check in found), found
    assert [check.name.split(" acme")[0] for check in found] == [
        "address",
        "key",
        "algorithm",
        "builds of",
        "right to build",
        "scopes of the key",
        "callers of",
        "network access of",
        "pipelining of",
        "source host of",
        "git login for",
        "right to push to",
        "requirements of",
        "sample input",
    ]
    assert cluster.history() == ["first version"]
    assert cluster.server.pushes == []


def test_an_unknown_key_ends_the_list(cluster: Cluster) -> None:
    found = checks(cluster, key="nobody")
    assert failed(found).name == "key"
    assert "ALGORITHMIA_API_KEY" in failed(found).hint
    assert len(found) == 2


def test_a_private_algorithm_of_somebody_else_is_not_found(cluster: Cluster) -> None:
    cluster.platform.keys["zoes"] = Key("zoe")
    broken = failed(checks(cluster, key="zoes"))
    assert broken.name == "algorithm acme/Hello"
    assert "private" in broken.hint
    assert "--algorithm" in broken.hint


def test_a_key_that_may_not_manage_lacks_the_right_to_build(cluster: Cluster) -> None:
    """It reads builds and logs, as documented: that it may not build is found without a build."""
    cluster.platform.keys["weak"] = Key("acme", manages=False)
    found = checks(cluster, key="weak")
    assert failed(found).name == "right to build acme/Hello"
    assert "management" in failed(found).hint
    assert cluster.hello.builds == []


def test_an_admin_key_is_refused_where_standard_keys_are_asked_for(cluster: Cluster) -> None:
    cluster.platform.keys["root"] = Key("acme", admin=True)
    broken = failed(checks(cluster, key="root"))
    assert broken.name == "algorithm acme/Hello"
    assert "standard API key" in broken.hint


@pytest.mark.parametrize(("setting", "who"), [("public", "any account"), ("private", "members")])
def test_who_may_call_is_told(cluster: Cluster, setting: str, who: str) -> None:
    cluster.hello.settings["algorithm_callability"] = setting
    [callers] = [check for check in checks(cluster) if check.name.startswith("callers")]
    assert who in callers.detail


SOURCE = """
MODEL = "data://.my/models/model.pkl"
EXTRA = client.file('data://zoe/shared/words.txt')
BUCKET = "s3+team://bucket/folder"
"""


@pytest.mark.parametrize(
    ("key", "collections", "broken", "telling"),
    [
        ("write", {"acme/models": [], "zoe/shared": ["user://*"]}, [], ""),
        ("write", {"acme/models": [], "zoe/shared": []}, ["data://zoe/shared"], "Read Only"),
        ("write", {"acme/models": []}, ["data://zoe/shared"], "create the collection"),
        ("none", {"acme/models": [], "zoe/shared": ["user://*"]}, ["data://.my/models"], "Data"),
    ],
    ids=["readable", "private of somebody else", "absent", "a key without data access"],
)
def test_data_sources_of_the_source_are_held_against_the_key(
    cluster: Cluster, key: str, collections: dict[str, list[str]], broken: list[str], telling: str
) -> None:
    cluster.platform.create("acme", "Data", {"src/Data.py": SOURCE})
    cluster.platform.collections = collections
    cluster.platform.keys[KEY] = Key("acme", data=key)
    found = checks(cluster, algorithms=("acme/Data",))
    failing = [check for check in found if not check.ok]
    assert [check.name.split(" of ")[0] for check in failing][: len(broken)] == broken
    assert all(telling in check.hint for check in failing)
    assert any("s3+team://bucket: not asked" in check.detail for check in found)


def test_a_page_of_the_web_is_a_wrong_address(cluster: Cluster) -> None:
    cluster.problems.gateway = 100
    settings = cluster.settings()
    broken = failed(list(_impatient(settings)))
    assert broken.name == "address"
    assert "--api-address" in broken.hint


def test_nobody_there_is_a_wrong_address(cluster: Cluster) -> None:
    settings = cluster.settings(address="http://127.0.0.1:9")
    broken = failed(list(_impatient(settings)))
    assert broken.name == "address"
    assert "Connection refused" in broken.detail


def test_isolation_and_disabled_pipelines_are_seen(cluster: Cluster) -> None:
    cluster.hello.settings.update(network_access="isolated", pipeline_enabled=False)
    broken = [check for check in checks(cluster, check_input="1") if not check.ok]
    assert [check.name for check in broken] == [
        "network access of acme/Hello",
        "pipelining of acme/Hello",
    ]
    assert all(check.hint for check in broken)
    assert cluster.builder().preflight() == [], "builds need neither"


def test_a_login_of_another_name_is_seen(cluster: Cluster) -> None:
    broken = failed(checks(cluster, git_user="zoe"))
    assert broken.name == "git login for acme/Hello"
    assert "ALGORITHMIA_GIT_USER" in broken.hint


def test_a_refused_push_is_seen_without_pushing(cluster: Cluster) -> None:
    cluster.problems.push_refused = True
    broken = failed(checks(cluster))
    assert broken.name == "right to push to acme/Hello"
    assert "write permission" in broken.hint


def test_what_a_crashed_run_left_is_seen(cluster: Cluster) -> None:
    cluster.builder().start(order("six\n", "d1"))
    assert "earlier run" in failed(checks(cluster)).detail
    assert cluster.builder().preflight() == [], "the next run is what fixes it"


def test_source_hosted_elsewhere_needs_a_login_of_its_own(cluster: Cluster) -> None:
    cluster.hello.provider = "bitbucket_server"
    assert "internal" in failed(checks(cluster)).hint


def test_source_at_another_host_never_sees_the_platforms_key(cluster: Cluster) -> None:
    source = {
        "scm": {"id": "github", "name": "github", "provider": "github"},
        "repository_https_url": "https://git.example/acme/hello.git",
    }
    reply = json.dumps({"id": "4a1b7a2a", "name": "Hello", "source": source}).encode()
    server = Scripted((200, {}, reply), (200, {}, reply))
    api = Api(server.address, key=Secret(KEY))
    try:
        hello = Algorithm("acme", "Hello")
        url, login = source_of(api, cluster.settings(), hello)
        assert (url, login) == ("https://git.example/acme/hello.git", None)
        known = cluster.settings(git_user="ann", git_password=Secret("hers"))
        assert source_of(api, known, hello)[1] == Login("ann", Secret("hers"))
    finally:
        api.close()
        server.close()


@pytest.mark.parametrize(("age", "ok"), [(-60, False), (3600, True)])
def test_an_expired_token_is_seen_before_it_is_sent(cluster: Cluster, age: int, ok: bool) -> None:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": time.time() + age}).encode())
    token = f"e30.{claims.decode().rstrip('=')}.sig"
    cluster.platform.tokens[token] = Key("acme")
    cluster.platform.passwords["acme"] = "pw-of-acme"
    found = checks(cluster, key="", token=Secret(token), git_password=Secret("pw-of-acme"))
    assert found[0].name == "token"
    assert found[0].ok is ok


def test_no_check_shows_a_secret(cluster: Cluster) -> None:
    cluster.hello.provider = "github"
    assert KEY not in repr(checks(cluster))
    assert "webhook-secret" not in repr(checks(cluster))


@pytest.mark.parametrize("code", DOCUMENTED)
def test_every_documented_error_names_reason_and_setting(code: int) -> None:
    error = explained(HttpError("GET /x", "as sent", status=400, code=code), "acme/Hello")
    assert f"code {code}" in str(error)
    assert "as sent" in str(error)
    assert BY_CODE[code].likely in (error.hint or "")
    assert BY_CODE[code].hint in (error.hint or "")


@pytest.mark.parametrize("status", [None, 401, 403, 404, 418, 429, 500, 502, 503])
def test_every_status_without_a_code_has_advice(status: int | None) -> None:
    advice = advice_for(HttpError("GET /x", "words", status=status))
    assert advice.means
    assert advice.hint


@pytest.mark.parametrize(
    ("words", "telling"),
    [
        ("git is not installed", "install git"),
        ("fatal: Authentication failed for 'https://git.c.example/'", "ALGORITHMIA_GIT_USER"),
        ("fatal: repository 'https://git.c.example/x' not found", "--algorithm"),
        ("error: RPC failed; HTTP 403", "write permission"),
        ("fatal: unable to access: Could not resolve host", "--api-address"),
        ("fatal: something else", "doctor"),
    ],
)
def test_gits_words_have_advice(words: str, telling: str) -> None:
    assert telling in advice_for_git(words).hint


def _impatient(settings: Any) -> Any:
    """Look without the pauses between repeated requests."""
    from unittest.mock import patch

    with patch("bisect_deps.builders._http.POLICY", replace(POLICY, http_first_pause=0.0)):
        yield from look(settings)
