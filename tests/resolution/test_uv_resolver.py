from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from bisect_deps.errors import BuilderUnavailable
from bisect_deps.index import Index, on_platform
from bisect_deps.model import IndexSettings, Interpreter, Release
from bisect_deps.resolution.uv_resolver import Resolver, ResolverOutcome
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
    links = tmp_path / "links"
    links.mkdir()
    os.mkfifo(links / "good-1.0-py3-none-any.whl")
    settings = IndexSettings(find_links=(str(links),), no_index=True)
    resolver = Resolver(PYTHON, settings, cache=tmp_path / "cache")
    resolver.ask_ahead([(["good"], []), (["good==1.0"], []), (["good<2"], [])])
    # What writes into the pipe has uv before it: then uv waits for the rest.
    held = os.open(links / "good-1.0-py3-none-any.whl", os.O_WRONLY)
    resolver.end()
    resolver._ahead.shutdown(wait=True)
    os.close(held)
    resolver.ask_ahead([(["good"], [])])
    assert resolver.calls <= 2


def test_uv_that_was_killed_says_nothing_of_the_lines(tmp_path: Path) -> None:
    killed = tmp_path / "uv"
    killed.write_text("#!/bin/sh\nkill -9 $$\n")
    killed.chmod(0o755)
    with pytest.raises(BuilderUnavailable, match="uv was ended by SIGKILL"):
        folder_resolver(tmp_path, uv=str(killed)).resolve(["good"])
