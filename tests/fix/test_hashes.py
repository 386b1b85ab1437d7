"""A pin with hashes gets those of its new release, in every way that a fix is found."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bisect_deps.model import Edit, EditAction, IndexSettings, Outcome, Verdict, VerdictKind
from bisect_deps.progress import Silent
from bisect_deps.resolution.pins import hashes_of, repinned
from bisect_deps.run.running import run
from bisect_deps.run.settings import RunSettings
from tests.support.local_index import Fault, LocalIndex, Project, broken_import


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LocalIndex:
    return LocalIndex(
        tmp_path_factory.mktemp("index"),
        Project("plain").release("1.0"),
        Project("turns").release("1.0", fault=Fault.COMPILE).release("2.0"),
        Project("grows")
        .release("1.0", fault=Fault.COMPILE)
        .release("2.0", requires=["plain", "fresh>=1"]),
        Project("fresh").release("1.0").release("1.1"),
        Project("drift")
        .release("1.0", code=broken_import())
        .release("2.0", code=broken_import())
        .release("3.0")
        .release("4.0"),
    )


@pytest.fixture(scope="module")
def served(index: LocalIndex) -> Iterator[str]:
    with index.serve() as server:
        yield server.url


def pin(index: LocalIndex, name: str, version: str) -> str:
    found = sorted(
        file.sha256 for file in index.files(name) or [] if file.release.version == version
    )
    return f"{name}=={version}" + "".join(f" --hash=sha256:{digest}" for digest in found)


def bisect(folder: Path, served: str, *lines: str, check: str = "") -> Verdict:
    file = folder / "requirements.txt"
    file.write_text("".join(f"{line}\n" for line in lines))
    settings = RunSettings(
        file=file,
        python=sys.executable,
        index=IndexSettings(index_url=served),
        checks=(check,) if check else (),
    )
    return run(settings, Silent()).verdict


def fixed(verdict: Verdict) -> list[str]:
    assert verdict.kind is VerdictKind.FIXED
    assert verdict.fix is not None
    proof = next(probe for probe in verdict.probes if probe.number == verdict.fix.probe)
    assert proof.outcome is Outcome.PASS
    written = verdict.fix.files["requirements.txt"].decode()
    return written.replace(" \\\n   ", "").splitlines()


def test_a_bump_writes_the_hashes_of_the_new_release(
    tmp_path: Path, index: LocalIndex, served: str
) -> None:
    verdict = bisect(tmp_path, served, pin(index, "turns", "1.0"), pin(index, "plain", "1.0"))
    assert fixed(verdict) == [pin(index, "turns", "2.0"), pin(index, "plain", "1.0")]


def test_what_a_bump_brings_along_is_listed_with_its_hashes(
    tmp_path: Path, index: LocalIndex, served: str
) -> None:
    verdict = bisect(tmp_path, served, pin(index, "grows", "1.0"), pin(index, "plain", "1.0"))
    lines = [pin(index, "grows", "2.0"), pin(index, "plain", "1.0"), pin(index, "fresh", "1.1")]
    assert fixed(verdict) == lines


def test_each_version_that_narrowing_tries_has_its_own_hashes(
    tmp_path: Path, index: LocalIndex, served: str
) -> None:
    lines = [pin(index, "plain", "1.0"), pin(index, "drift", "1.0")]
    verdict = bisect(tmp_path, served, *lines, check="python -c 'import drift, plain'")
    assert fixed(verdict) == [lines[0], pin(index, "drift", "3.0")]
    [narrowing] = verdict.culprits[0].narrowings
    assert (narrowing.first_passing, narrowing.last_failing) == ("3.0", "2.0")


def test_without_an_index_no_hash_is_made_up() -> None:
    assert hashes_of(None, "plain", "1.0") == ()


def test_a_pin_without_hashes_gets_none(index: LocalIndex) -> None:
    from bisect_deps.model import Requirement

    own = Requirement(0, "plain", "==1.0", "plain==1.0", "requirements.txt", 1)
    assert repinned(own, "2.0", None) == Edit(EditAction.REPIN, "plain", 0, "==2.0")
