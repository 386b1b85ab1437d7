from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests
import uv

from tests.support.local_index import (
    HTML_TYPE,
    JSON_TYPE,
    Fault,
    LocalIndex,
    Project,
    breaks_beside,
    broken_import,
    demo,
    flaky_import,
    load,
)


def compile_with_uv(lines: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [uv.find_uv_bin(), "pip", "compile", "-", "--no-header", "--no-annotate", *options]
    return subprocess.run(command, input=lines, capture_output=True, text=True, check=False)


def build_with_uv(tmp_path: Path, name: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [uv.find_uv_bin(), "pip", "install", "--python", sys.executable, *options]
    command += ["--target", str(tmp_path / "target"), name]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("formats", [(JSON_TYPE,), (HTML_TYPE,)], ids=["json", "html"])
def test_uv_installs_from_the_served_index(tmp_path: Path, formats: tuple[str, ...]) -> None:
    index = LocalIndex(tmp_path, *demo())
    with index.serve(formats=formats) as server:
        done = build_with_uv(tmp_path, "good", "--index-url", server.url)
    assert done.returncode == 0, done.stderr
    assert "good==1.1" in done.stderr
    assert index.builds() == {}


def test_uv_installs_from_the_folder_and_from_the_links_page(tmp_path: Path) -> None:
    index = LocalIndex(tmp_path, *demo())
    with index.serve() as server:
        for place in (str(index.find_links), server.links_url):
            done = compile_with_uv("left", "--no-index", "--find-links", place)
            assert done.stdout.split() == ["helper==1.0", "left==1.0"], done.stderr


def test_pip_builds_a_source_distribution_from_the_folder(tmp_path: Path) -> None:
    index = LocalIndex(tmp_path, Project("plain").release("1.0", sdist=True))
    command = [sys.executable, "-m", "pip", "wheel", "plain", "--no-index", "--no-cache-dir"]
    command += ["--find-links", str(index.find_links), "--wheel-dir", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert index.builds() == {"plain-1.0": 1}
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["plain-1.0-py3-none-any.whl"]


@pytest.mark.parametrize("fault", list(Fault), ids=lambda fault: fault.value)
def test_every_fault_fails_on_cue(tmp_path: Path, fault: Fault) -> None:
    index = LocalIndex(tmp_path, Project("sick").release("1.0", fault=fault))
    done = build_with_uv(tmp_path, "sick", "--no-index", "--find-links", str(index.find_links))
    assert done.returncode == 1
    phase = "metadata" if fault is Fault.METADATA else "build"
    assert index.builds(phase) == {"sick-1.0": 1}


def test_a_flaky_build_fails_every_second_time(tmp_path: Path) -> None:
    index = LocalIndex(tmp_path, Project("flaky").release("1.0", fault=Fault.NETWORK, every=2))
    codes = []
    for _ in range(4):
        place = ["--no-index", "--find-links", str(index.find_links), "--no-cache", "--reinstall"]
        codes.append(build_with_uv(tmp_path, "flaky", *place).returncode)
    assert codes == [0, 1, 0, 1]


def test_a_share_of_the_builds_fails_and_the_seed_says_which(tmp_path: Path) -> None:
    drawn = []
    for seed in (1, 1, 2):
        flaky = Project("flaky").release("1.0", fault=Fault.COMPILE, share=0.5, seed=seed)
        index = LocalIndex(tmp_path / str(len(drawn)), flaky)
        place = ["--no-index", "--find-links", str(index.find_links), "--no-cache", "--reinstall"]
        builds = [build_with_uv(tmp_path, "flaky", *place).returncode for _ in range(10)]
        drawn.append(builds)
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]
    assert all(2 <= sum(builds) <= 8 for builds in drawn)


def test_a_share_of_the_imports_fails_as_often_as_it_says(tmp_path: Path) -> None:
    (tmp_path / "flaky.py").write_text(flaky_import(tmp_path / "imports", 0.2, seed=3))
    imports = (
        "import importlib\n"
        "for _ in range(500):\n"
        "    try:\n"
        "        importlib.import_module('flaky'); del __import__('sys').modules['flaky']\n"
        "    except RuntimeError:\n"
        "        print('failed')\n"
    )
    command = [sys.executable, "-c", imports]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert 75 <= done.stdout.count("failed") <= 125
    assert (tmp_path / "imports").read_text().count("\n") == 500


def test_a_build_tool_that_is_too_new_breaks_the_build(tmp_path: Path) -> None:
    index = LocalIndex(tmp_path, *demo())
    constraints = tmp_path / "build-constraints.txt"
    constraints.write_text("tool<2\n")
    place = ["--no-index", "--find-links", str(index.find_links)]
    assert build_with_uv(tmp_path, "old-tool", *place).returncode == 1
    place += ["--build-constraints", str(constraints)]
    assert build_with_uv(tmp_path, "old-tool", *place).returncode == 0


@pytest.mark.parametrize(("newest", "fails"), [("1.0", False), ("2.0", True)])
def test_a_pair_breaks_at_import_only_beside_each_other(
    tmp_path: Path, newest: str, fails: bool
) -> None:
    index = LocalIndex(
        tmp_path,
        Project("shy").release("1.0", code=breaks_beside({"other": "2"})),
        Project("other").release(newest),
    )
    place = ["--no-index", "--find-links", str(index.find_links)]
    for name in ("shy", "other"):
        assert build_with_uv(tmp_path, name, *place).returncode == 0
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "target")}
    done = subprocess.run(
        [sys.executable, "-c", "import shy"], env=env, check=False, capture_output=True
    )
    assert (done.returncode != 0) is fails


def test_upload_times_move_what_the_resolver_sees(tmp_path: Path) -> None:
    project = Project("moved").release("1.0", uploaded="2021-01-01")
    index = LocalIndex(
        tmp_path, project.release("2.0", uploaded="2022-01-01", code=broken_import())
    )
    with index.serve() as server:
        before = compile_with_uv(
            "moved", "--index-url", server.url, "--exclude-newer", "2021-06-01"
        )
        after = compile_with_uv("moved", "--index-url", server.url)
    assert (before.stdout.strip(), after.stdout.strip()) == ("moved==1.0", "moved==2.0")


def test_yanked_and_too_modern_releases_are_passed_over(tmp_path: Path) -> None:
    index = LocalIndex(tmp_path, *demo())
    with index.serve() as server:
        done = compile_with_uv("modern\nwithdrawn", "--index-url", server.url)
    assert done.stdout.split() == ["modern==1.0", "withdrawn==1.0"]


def test_the_server_asks_for_credentials_revalidates_and_breaks_on_demand(tmp_path: Path) -> None:
    index = LocalIndex(tmp_path, *demo())
    with index.serve(auth=("me", "secret")) as server:
        assert requests.get(server.url, timeout=5).status_code == 401
        page = requests.get(server.url + "good/", auth=("me", "secret"), timeout=5)
        assert page.status_code == 200
        again = {"If-None-Match": page.headers["ETag"]}
        same = requests.get(server.url + "good/", auth=("me", "secret"), headers=again, timeout=5)
        assert same.status_code == 304
        server.outage = True
        assert requests.get(server.url, timeout=5).status_code == 503
        server.drop = True
        with pytest.raises(requests.ConnectionError):
            requests.get(server.url, timeout=5)
        assert [hit.status for hit in server.hits] == [401, 200, 304, 503, 0]


def test_projects_are_read_from_toml(tmp_path: Path) -> None:
    path = tmp_path / "projects.toml"
    path.write_text('[[alpha]]\nversion = "1.0"\nrequires = ["beta"]\n[[beta]]\nversion = "2"\n')
    index = LocalIndex(tmp_path / "index", *load(path))
    done = compile_with_uv("alpha", "--no-index", "--find-links", str(index.find_links))
    assert done.stdout.split() == ["alpha==1.0", "beta==2"]
