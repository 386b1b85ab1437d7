from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisect_deps.errors import BuilderUnavailable
from bisect_deps.index import Index, on_platform
from bisect_deps.model import IndexSettings, Interpreter, Release
from bisect_deps.policy import POLICY
from bisect_deps.resolution.uv_resolver import Resolution, Resolver, ResolverOutcome
from tests.support.local_index import HTML_TYPE, Fault, LocalIndex, Project, demo

PYTHON = Interpreter(sys.executable, "3.12.1", "cpython", "linux-x86_64")

PROJECTS = [
    *demo(),
    Project("source").release("1.0", fault=Fault.METADATA),
    Project("over-source").release("1.0", requires=["source", "helper>1"]),
    Project("past").release("1.0", uploaded="2021-01-01").release("2.0", uploaded="2022-01-01"),
    Project("odd").release("1.0", requires=["helper>=2011k"]).release("2.0"),
    Project("fancy").release("1.0", extras={"more": ["helper<2"]}),
]


def folder_resolver(tmp_path: Path, **options: object) -> Resolver:
    index = LocalIndex(tmp_path / "index", *PROJECTS)
    settings = IndexSettings(find_links=(str(index.find_links),), no_index=True)
    return Resolver(PYTHON, settings, cache=tmp_path / "cache", **options)  # type: ignore[arg-type]


def test_a_resolution_names_releases_and_who_asked_for_them(tmp_path: Path) -> None:
    answer = folder_resolver(tmp_path).resolve(["good", "left"])
    assert answer.resolved
    assert answer.releases == {"good": "1.1", "helper": "1.0", "left": "1.0"}
    assert answer.parents["helper"] == ("good", "left")
    assert answer.chain("helper") in {("good", "helper"), ("left", "helper")}
    assert answer.chain("Left") == ("left",)
    assert answer.chain("stranger") == ()


EDGES = st.dictionaries(
    st.sampled_from("abcdef"),
    st.frozensets(st.sampled_from(["", *"abcdef"]), max_size=3),
    min_size=1,
)


@given(EDGES, st.sampled_from("abcdef"), st.sampled_from("abcdef"))
def test_a_chain_is_the_shortest_and_all_that_a_project_requires_is_known(
    edges: dict[str, frozenset[str]], top: str, name: str
) -> None:
    parents = {child: tuple(sorted(above)) for child, above in edges.items()}
    answer = Resolution(ResolverOutcome.RESOLVED, {}, parents)
    # By how many steps each is reached, as a table that is filled until nothing changes.
    steps: dict[tuple[str, str], int] = {}
    for _ in range(8):
        for child, above in edges.items():
            for parent in above:
                steps[parent, child] = 1
                for start in ["", *"abcdef"]:
                    if (start, parent) in steps and parent:
                        way = steps[start, parent] + 1
                        steps[start, child] = min(way, steps.get((start, child), way))
    for chain, first in ((answer.chain(name), ""), (answer.chain_from(top.upper(), name), top)):
        if first == name or (first, name) not in steps:
            assert chain == () or first == name
            continue
        assert len(chain) == steps[first, name] + bool(first)
        assert chain[-1] == name
        assert all(above in edges[below] for above, below in pairwise(chain))
        assert chain[0] == first if first else "" in edges[chain[0]]
    required = {child for above, child in steps if above == top}
    assert answer.brought_by(top.upper()) == required | {top}


def test_a_wheel_from_an_address_is_no_release_of_the_index(tmp_path: Path) -> None:
    resolver = folder_resolver(tmp_path)
    [wheel] = LocalIndex(tmp_path / "index").find_links.glob("left-1.0-*.whl")
    answer = resolver.resolve([f"left @ {wheel.as_uri()}"])
    assert answer.resolved
    assert set(answer.releases) == {"helper"}


def test_a_conflict_is_no_resolution_and_its_names_are_hints(tmp_path: Path) -> None:
    answer = folder_resolver(tmp_path).resolve(["good", "left", "right"])
    assert answer.answered is ResolverOutcome.CONFLICT
    assert {"left", "right"} <= set(answer.blamed)
    assert not answer.infrastructure


def test_nothing_is_ever_built(tmp_path: Path) -> None:
    resolver = folder_resolver(tmp_path)
    answer = resolver.resolve(["over-source", "turns==1.0", "good"])
    assert answer.releases["source"] == "1.0"
    assert answer.needs_build == (Release("turns", "1.0"), Release("source", "1.0"))
    index = LocalIndex(tmp_path / "index")
    assert index.builds("metadata") == {}
    assert index.builds() == {}


def test_a_conflict_beside_a_release_that_needs_a_build_is_seen(tmp_path: Path) -> None:
    answer = folder_resolver(tmp_path).resolve(["over-source", "left"])
    assert answer.answered is ResolverOutcome.CONFLICT


def test_what_is_known_to_need_a_build_is_not_even_fetched(tmp_path: Path) -> None:
    resolver = folder_resolver(tmp_path)
    resolver.assume([Release("source", "1.0")])
    assert resolver.resolve(["over-source"]).needs_build == (Release("source", "1.0"),)
    assert resolver.calls == 1


def test_wheels_only_refuses_what_would_be_compiled(tmp_path: Path) -> None:
    resolver = folder_resolver(tmp_path)
    assert resolver.resolve(["turns<2", "good"]).resolved
    assert not resolver.resolve(["turns<2", "good"], wheels_only=True).resolved
    assert not resolver.resolve(["turns<2", "good"], wheels_only=["turns"]).resolved
    assert resolver.resolve(["turns<2", "good"], wheels_only=["good"]).resolved


def test_preferences_are_kept_where_they_fit(tmp_path: Path) -> None:
    resolver = folder_resolver(tmp_path)
    kept = resolver.resolve(["good"], preferences={"helper": "1.0", "good": "1.0"})
    assert kept.releases == {"good": "1.0", "helper": "1.0"}
    moved = resolver.resolve(["good", "right"], preferences={"helper": "1.0"})
    assert moved.releases["helper"] == "2.0"


def test_constraints_overrides_and_extras_count(tmp_path: Path) -> None:
    resolver = folder_resolver(tmp_path)
    assert resolver.resolve(["good"], constraints=["helper<2"]).releases["helper"] == "1.0"
    assert resolver.resolve(["left"], overrides=["helper==2.0"]).releases["helper"] == "2.0"
    assert resolver.resolve(["fancy[more]"]).chain("helper") == ("fancy", "helper")


def test_the_index_as_of_a_day_holds_for_all_or_for_one(tmp_path: Path) -> None:
    with LocalIndex(tmp_path, *PROJECTS).serve() as server:
        old = IndexSettings(index_url=server.url, exclude_newer="2021-06-01")
        resolver = Resolver(PYTHON, old, cache=tmp_path / "cache")
        assert resolver.resolve(["past"]).releases == {"past": "1.0"}
        now = Resolver(PYTHON, IndexSettings(index_url=server.url), cache=tmp_path / "cache")
        assert now.resolve(["past"]).releases == {"past": "2.0"}
        one = now.resolve(["past"], exclude_newer_package={"past": "2021-06-01"})
        assert one.releases == {"past": "1.0"}


def test_the_same_question_is_asked_once(tmp_path: Path) -> None:
    resolver = folder_resolver(tmp_path)
    first = resolver.resolve(["good", "left"])
    assert resolver.resolve(["left", "good"]) is first
    assert resolver.calls == 1


def test_a_release_whose_metadata_cannot_be_read_is_fetched_for_one_question(
    tmp_path: Path,
) -> None:
    resolver = folder_resolver(tmp_path)
    alone = resolver.resolve(["odd==1.0"])
    assert alone.conflicting
    before = resolver.calls
    assert resolver.resolve(["odd==1.0", "good"]).log == alone.log
    assert resolver.resolve(["good", "odd==1.0"], constraints=["good<2"]).conflicting
    assert resolver.calls == before
    assert resolver.resolve(["odd", "good"]).releases["odd"] == "2.0"


def test_a_conflict_of_one_line_is_none_of_what_may_be_read(tmp_path: Path) -> None:
    resolver = folder_resolver(tmp_path)
    assert resolver.resolve(["absent==1.0"]).conflicting
    before = resolver.calls
    assert resolver.resolve(["absent==1.0", "good"]).conflicting
    assert resolver.calls == before + 1, "only what uv fetches anew is spared"


def test_what_is_asked_ahead_is_asked_once_and_by_all_threads_together(tmp_path: Path) -> None:
    resolver = folder_resolver(tmp_path)
    questions = [(["good"], []), (["left"], ["helper<2"]), (["good", "right"], [])]
    resolver.ask_ahead(questions)
    found = [resolver.resolve(lines, constraints=limits) for lines, limits in questions]
    assert [answer.resolved for answer in found] == [True, True, True]
    assert resolver.calls == 3


def test_a_look_before_each_question_may_refuse_it_and_keeps_no_answer_from_others(
    tmp_path: Path,
) -> None:
    def refuse() -> None:
        raise TimeoutError

    resolver = folder_resolver(tmp_path)
    known = resolver.resolve(["good"])
    with pytest.raises(TimeoutError):
        resolver.guarded(refuse).resolve(["left"])
    assert resolver.guarded(lambda: None).resolve(["good"]) is known
    assert resolver.resolve(["left"]).resolved


def test_an_invalid_line_is_no_conflict(tmp_path: Path) -> None:
    answer = folder_resolver(tmp_path).resolve(["good ==== 1"])
    assert answer.answered is ResolverOutcome.INVALID


def test_an_index_that_is_down_is_infrastructure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with LocalIndex(tmp_path, *PROJECTS).serve() as server:
        server.outage = True
        resolver = Resolver(PYTHON, IndexSettings(index_url=server.url), cache=tmp_path / "cache")
        answer = resolver.resolve(["good"])
    assert answer.infrastructure


def test_credentials_reach_the_index_and_no_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INDEX_PASSWORD", "hunter2")
    served = LocalIndex(tmp_path, *PROJECTS).serve(auth=("me", "hunter2"), formats=(HTML_TYPE,))
    with served as server:
        settings = IndexSettings(index_url=server.url_with("me", "${INDEX_PASSWORD}"))
        resolver = Resolver(PYTHON, settings, cache=tmp_path / "cache")
        assert resolver.resolve(["good"]).resolved
        answer = resolver.resolve(["good==7"])
    assert answer.answered is ResolverOutcome.CONFLICT
    assert "hunter2" not in answer.log


def test_a_relative_folder_counts_from_where_the_user_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    LocalIndex(tmp_path / "index", *PROJECTS)
    monkeypatch.chdir(tmp_path)
    settings = IndexSettings(find_links=("index/files",), no_index=True)
    assert Resolver(PYTHON, settings, cache=tmp_path / "cache").resolve(["good"]).resolved


@pytest.mark.parametrize("variable", ["UV_NO_CONFIG", "UV_CONFIG_FILE"])
def test_the_users_way_of_configuring_uv_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    index = LocalIndex(tmp_path / "index", *PROJECTS)
    config = tmp_path / "mine.toml"
    config.write_text(f'find-links = ["{index.find_links}"]\nno-index = true\n')
    monkeypatch.delenv("UV_NO_CONFIG", raising=False)
    monkeypatch.setenv(variable, str(config) if variable == "UV_CONFIG_FILE" else "1")
    given = IndexSettings(find_links=(str(index.find_links),), no_index=True)
    settings = IndexSettings() if variable == "UV_CONFIG_FILE" else given
    answer = Resolver(PYTHON, settings, cache=tmp_path / "cache").resolve(["over-source"])
    assert answer.resolved, answer.log


def test_what_the_user_tells_uv_of_its_output_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    (config / "uv").mkdir(parents=True)
    (config / "uv" / "uv.toml").write_text(
        "[pip]\nuniversal = true\ngenerate-hashes = true\nno-annotate = true\n"
        'no-strip-extras = true\nannotation-style = "split"\noutput-file = "elsewhere.txt"\n'
        'resolution = "lowest"\n'
    )
    monkeypatch.setenv("XDG_CONFIG_HOME", str(config))
    monkeypatch.delenv("UV_NO_CONFIG", raising=False)
    answer = folder_resolver(tmp_path).resolve(["good", "fancy[more]"])
    assert answer.resolved, answer.log
    assert answer.releases == {"good": "1.1", "helper": "1.0", "fancy": "1.0"}
    assert answer.chain("helper") in {("good", "helper"), ("fancy", "helper")}


PLATFORMS = ["linux-x86_64", "linux-aarch64", "windows-amd64", "macos-arm64", "macos-x86_64"]


@pytest.mark.parametrize("platform", [*PLATFORMS, "windows"])
def test_every_platform_takes_its_own_wheels(tmp_path: Path, platform: str) -> None:
    tags = {
        "linux-x86_64": "manylinux2014_x86_64",
        "linux-aarch64": "manylinux2014_aarch64",
        "windows-amd64": "win_amd64",
        "macos-arm64": "macosx_11_0_arm64",
        "macos-x86_64": "macosx_10_9_x86_64",
    }
    world = Project("far")
    for number, name in enumerate(PLATFORMS):
        world = world.release(f"{number}", wheel=f"py3-none-{tags[name]}")
    index = LocalIndex(tmp_path / "index", world)
    settings = IndexSettings(find_links=(str(index.find_links),), no_index=True)
    there = Resolver(PYTHON, settings, cache=tmp_path / "cache", platform=platform)
    wanted = PLATFORMS.index("windows-amd64" if platform == "windows" else platform)
    assert there.resolve(["far"]).releases == {"far": str(wanted)}
    with Index(settings, on_platform(PYTHON, platform), cache=tmp_path / "pages") as facts:
        usable = [release.version for release in facts.releases("far") if release.usable_wheel]
    assert usable == [str(wanted)]


def test_pages_of_an_index_that_is_silent_on_their_age_can_be_kept(tmp_path: Path) -> None:
    with LocalIndex(tmp_path, *PROJECTS).serve(auth=("me", "secret"), silent=True) as server:
        settings = IndexSettings(index_url=server.url_with("me", "secret"))
        with Index(settings, PYTHON, cache=tmp_path / "pages") as index:
            assert index.exists("good")
            assert index.silent_on_age
        for keeps, pages in ((False, 2), (True, 1)):
            resolver = Resolver(PYTHON, settings, cache=tmp_path / f"cache-{keeps}")
            if keeps:
                resolver.keep_pages()
            before = server.pages().count("good")
            for lines in (["good"], ["good==1.0"]):
                assert resolver.resolve(lines).resolved
            assert server.pages().count("good") - before == pages


def test_uv_that_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uv", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuilderUnavailable, match="uv is not installed"):
        folder_resolver(tmp_path).resolve(["good"])


def test_questions_that_hang_end_with_the_run(tmp_path: Path) -> None:
    started, hangs = tmp_path / "started", tmp_path / "uv"
    os.mkfifo(started)
    hangs.write_text(f"#!/bin/sh\necho > {started}\nexec sleep 600\n")
    hangs.chmod(0o755)
    resolver = folder_resolver(tmp_path, uv=str(hangs))
    resolver.ask_ahead([(["good"], []), (["good==1.0"], []), (["good<2"], [])])
    started.read_text()
    resolver.end()
    resolver._ahead.shutdown(wait=True)
    resolver.ask_ahead([(["good"], [])])
    assert resolver.calls <= 2


def test_uv_that_was_killed_says_nothing_of_the_lines(tmp_path: Path) -> None:
    killed = tmp_path / "uv"
    killed.write_text("#!/bin/sh\nkill -9 $$\n")
    killed.chmod(0o755)
    with pytest.raises(BuilderUnavailable, match="uv was ended by SIGKILL"):
        folder_resolver(tmp_path, uv=str(killed)).resolve(["good"])


def test_uv_that_answers_too_late_is_the_networks_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path / "uv"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    hurried = replace(POLICY, resolver_timeout=0.1)
    monkeypatch.setattr("bisect_deps.resolution.uv_resolver.POLICY", hurried)
    answer = folder_resolver(tmp_path, uv=str(slow)).resolve(["good"])
    assert answer.infrastructure
    assert "timed out" in answer.log


@pytest.mark.parametrize(
    ("merged", "keeps", "told", "own"),
    [
        (
            False,
            False,
            {
                "UV_DEFAULT_INDEX": "https://me:secret@main.example/simple",
                "UV_INDEX": "https://other.example/simple",
                "UV_FIND_LINKS": "https://me:secret@files.example/",
            },
            [],
        ),
        (True, False, {"UV_INDEX_STRATEGY": "unsafe-best-match", "UV_CONFIG_FILE": "uv.toml"}, []),
        (
            False,
            True,
            {"UV_INDEX_INDEX1_USERNAME": "me", "UV_INDEX_INDEX1_PASSWORD": "secret"},
            ['name = "index0"', "default = false", 'name = "index1"', "default = true"],
        ),
    ],
    ids=["as uv does", "as pip does", "pages are kept"],
)
def test_uv_is_told_of_all_indexes_and_credentials_in_its_environment_alone(
    tmp_path: Path, merged: bool, keeps: bool, told: dict[str, str], own: list[str]
) -> None:
    spy = tmp_path / "uv"
    spy.write_text(
        f"#!/bin/sh\nenv > {tmp_path}/told\necho $* >> {tmp_path}/told\n"
        f"cat uv.toml > {tmp_path}/own\nexit 2\n"
    )
    spy.chmod(0o755)
    settings = IndexSettings(
        index_url="https://me:secret@main.example/simple",
        extra_index_urls=("https://other.example/simple",),
        find_links=("https://me:secret@files.example/", "here"),
    )
    resolver = Resolver(
        PYTHON, settings, uv=str(spy), cache=tmp_path / "cache", merged=merged, environ={}
    )
    if keeps:
        resolver.keep_pages()
    resolver.resolve(["good"])
    *environment, arguments = (tmp_path / "told").read_text().splitlines()
    kept = (tmp_path / "own").read_text().splitlines()
    assert set(environment) >= {f"{name}={value}" for name, value in told.items()}
    assert f"--find-links {os.path.abspath('here')}" in arguments
    assert [line for line in kept if line.startswith(("name", "default"))] == own
    assert "secret" not in arguments + "".join(kept)


def saying(tmp_path: Path, code: int, log: str, resolved: str = "", **options: object) -> Resolver:
    """Return a resolver whose uv ends with this code, having said and written this."""
    (tmp_path / "said").write_text(log)
    (tmp_path / "wrote").write_text(resolved)
    uv = tmp_path / "uv"
    uv.write_text(
        '#!/bin/sh\nwhile [ $# -gt 0 ]; do [ "$1" = --output-file ] && output=$2; shift; done\n'
        f"cat {tmp_path}/said; cat {tmp_path}/wrote > $output; exit {code}\n"
    )
    uv.chmod(0o755)
    return folder_resolver(tmp_path, uv=str(uv), **options)


ANSWERS: dict[str, tuple[int, str, ResolverOutcome, tuple[str, ...], str]] = {
    "no solution": (
        1,
        "  x No solution found when resolving dependencies:\n  ╰─▶ Because left==1.0 depends on\n"
        "      helper<2 and you require right and left, we can conclude that they clash.\n",
        ResolverOutcome.CONFLICT,
        ("right", "left", "helper"),
        "",
    ),
    "no solution, three required": (
        1,
        "No solution found: Because you require a[x]>=1, b==2 and c.d-e, it fails.",
        ResolverOutcome.CONFLICT,
        ("a", "b", "c"),
        "",
    ),
    "an index that does not answer": (
        2,
        "error: Failed to fetch: `https://me:****@index.example:8443/simple/good/`\n"
        "  No solution found",
        ResolverOutcome.INFRASTRUCTURE,
        (),
        "index.example:8443",
    ),
    "an index that does not answer, named before": (
        2,
        "at https://one.example/ we ask\nerror: operation timed out",
        ResolverOutcome.INFRASTRUCTURE,
        (),
        "",
    ),
    "a build that lacks the network": (
        1,
        "Failed to download and build `a==1`\n  dns error: https://files.example/a.tar.gz",
        ResolverOutcome.INFRASTRUCTURE,
        (),
        "files.example",
    ),
    "anything else": (2, "error: it broke", ResolverOutcome.INVALID, (), ""),
}


@pytest.mark.parametrize(
    ("code", "log", "answered", "blamed", "host"), ANSWERS.values(), ids=ANSWERS
)
def test_what_uv_says_is_read(
    tmp_path: Path,
    code: int,
    log: str,
    answered: ResolverOutcome,
    blamed: tuple[str, ...],
    host: str,
) -> None:
    answer = saying(tmp_path, code, log).resolve(["good"])
    assert (answer.answered, answer.blamed, answer.unreachable) == (answered, blamed, host)


def test_what_uv_resolves_to_is_read_with_who_asked(tmp_path: Path) -> None:
    text = (
        "# a comment\n-e ./here\nB_c[x]==2.0  # via D (v1), d[more], -r requirements.in\n"
        "alone==1\n  indented==3\nlast==1  # via zed, mid, gamma, beta, alpha\n"
    )
    answer = saying(tmp_path, 0, "", text).resolve(["b-c"])
    assert answer.releases == {"b-c": "2.0", "alone": "1", "last": "1"}
    assert answer.parents == {
        "b-c": ("", "d"),
        "alone": (),
        "last": ("alpha", "beta", "gamma", "mid", "zed"),
    }


class Kept(dict[str, str]):
    """Answers by their digests, in memory."""

    def put(self, key: str, text: str) -> None:
        self[key] = text


@pytest.mark.parametrize(
    ("code", "log", "as_of", "calls"),
    [
        (0, "", True, 1),
        (1, "No solution found", True, 1),
        (1, "Failed to fetch", True, 2),
        (2, "error: it broke", True, 2),
        (0, "", False, 2),
    ],
    ids=["resolved", "a conflict", "no network", "a failure", "of no instant"],
)
def test_an_answer_that_no_later_day_changes_is_asked_for_in_one_run(
    tmp_path: Path, code: int, log: str, as_of: bool, calls: int
) -> None:
    memory = Kept()
    asked = saying(tmp_path, code, log, "good==1.0\n", memory=memory)
    settings = replace(asked.settings, exclude_newer="2026-01-01T00:00:00Z" if as_of else None)
    runs = [
        Resolver(PYTHON, settings, uv=asked.program, cache=tmp_path / "cache", memory=memory)
        for _ in range(2)
    ]
    first, second = (run.resolve(["good"]) for run in runs)
    assert replace(first, seconds=0) == replace(second, seconds=0)
    assert sum(run.calls for run in runs) == calls
    for key in memory:
        memory[key] = "[1]"
    again = Resolver(PYTHON, settings, uv=asked.program, cache=tmp_path / "cache", memory=memory)
    assert replace(again.resolve(["good"]), seconds=0) == replace(first, seconds=0)
    assert again.calls == 1, "what cannot be read is asked anew"


DIFFERENT: dict[str, tuple[Mapping[str, object], Mapping[str, object]]] = {
    "other limits": ({}, {"constraints": ["helper<2"]}),
    "other overrides": ({}, {"overrides": ["helper<2"]}),
    "wheels alone": ({}, {"wheels_only": True}),
    "wheels of one": ({}, {"wheels_only": ["good"]}),
    "the lowest": ({}, {"resolution": "lowest"}),
    "other preferences": ({}, {"preferences": {"good": "1.0"}}),
    "another day for one": ({}, {"exclude_newer_package": {"good": "2020-01-01"}}),
    "all indexes together": ({"merged": True}, {}),
    "another platform": ({"platform": "linux-aarch64"}, {}),
    "another variable of uv": ({"environ": {"UV_PRERELEASE": "allow"}}, {}),
}


@pytest.mark.parametrize(("of_all", "of_one"), DIFFERENT.values(), ids=DIFFERENT)
def test_a_question_that_differs_is_another(
    tmp_path: Path, of_all: Mapping[str, object], of_one: Mapping[str, object]
) -> None:
    memory = Kept()
    uv = saying(tmp_path, 0, "", "good==1.0\n").program
    settings = IndexSettings(no_index=True, exclude_newer="2026-01-01T00:00:00Z")
    calls = []
    for options, question in ((of_all, of_one), ({}, {}), (of_all, of_one)):
        given = {"environ": {}, **options}
        resolver = Resolver(
            PYTHON,
            settings,
            uv=uv,
            cache=tmp_path / "cache",
            memory=memory,
            **given,  # type: ignore[arg-type]
        )
        resolver.resolve(["good"], **question)  # type: ignore[arg-type]
        calls.append(resolver.calls)
    assert calls == [1, 1, 0]


def test_the_order_of_what_is_asked_makes_no_other_question(tmp_path: Path) -> None:
    memory = Kept()
    uv = saying(tmp_path, 0, "", "good==1.0\n").program
    settings = IndexSettings(no_index=True, exclude_newer="2026-01-01T00:00:00Z")
    names = ["zed", "mid", "gamma", "beta", "alpha"]
    calls = []
    for asked in (names, names[::-1]):
        environ = {f"UV_{name.upper()}": "1" for name in asked}
        resolver = Resolver(
            PYTHON, settings, uv=uv, cache=tmp_path / "cache", memory=memory, environ=environ
        )
        resolver.assume(Release(name, "1") for name in asked)
        for these in (asked, asked[::-1]):
            resolver.resolve(
                these,
                constraints=these,
                overrides=these,
                wheels_only=these,
                preferences=dict.fromkeys(these, "1"),
                exclude_newer_package=dict.fromkeys(these, "2020-01-01"),
            )
        calls.append(resolver.calls)
    assert calls == [1, 0]
