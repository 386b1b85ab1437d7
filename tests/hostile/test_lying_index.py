"""An index that lies is infrastructure: exit code 4, its address, nothing written or accused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.lying_index import (
    Fault,
    all_missing,
    corrupt,
    lying,
    portal,
    refusing,
    truncated,
    wrong_hash,
)
from tests.support import local_index
from tests.support.local_index import LocalIndex, Project

ROOT = Path(__file__).resolve().parents[2]
TEXT = "plain==1.0\nbroken==1.0\n"
# Name to the fault, and how many answers are honest before it.
FAULTS: dict[str, tuple[Fault, int]] = {
    "a sign-in page in place of all": (portal, 0),
    "hashes that are not those of the files": (wrong_hash, 0),
    "archives cut off": (truncated, 0),
    "archives of rubbish": (corrupt, 0),
    "everything missing at once": (all_missing, 0),
    "401": (refusing(401), 0),
    "403": (refusing(403), 0),
    "429": (refusing(429), 0),
    "503 amid the run": (refusing(503), 6),
}


@pytest.fixture(scope="module")
def true_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    index = LocalIndex(
        tmp_path_factory.mktemp("index"),
        Project("plain").release("1.0"),
        Project("broken").release("1.0", fault=local_index.Fault.COMPILE).release("1.1"),
    )
    with index.serve() as server:
        yield server.url


PIP = ("--installer", "pip")
WAYS: dict[str, tuple[str, ...]] = {
    "shown": (),
    "--write": ("--write",),
    "--no-evidence": ("--write", "--no-evidence"),
    "pip": ("--write", *PIP),
    "pip --no-evidence": ("--write", "--no-evidence", *PIP),
}
# The rest of these ways takes long.
SHORT = {
    *(("--no-evidence", name) for name in ("everything missing at once", "403")),
    ("pip --no-evidence", "401"),
    *((way, name) for way in ("shown", "--write") for name in FAULTS),
}


@pytest.mark.parametrize(
    ("way", "name"),
    [
        pytest.param(way, name, marks=() if (way, name) in SHORT else pytest.mark.slow)
        for way in WAYS
        for name in FAULTS
    ],
)
def test_an_index_that_lies_is_infrastructure(
    tmp_path: Path, true_url: str, name: str, way: str
) -> None:
    fault, honest = FAULTS[name]
    (tmp_path / "requirements.txt").write_text(TEXT)
    with lying(true_url, fault, honest=honest) as url:
        secret = url.replace("//", "//user:hunter2hunter2@")
        done = subprocess.run(
            [
                *(sys.executable, "-m", "bisect_deps", "run", "--no-progress"),
                *("--json", "report.json", "--index-url", secret, "--retries", "0"),
                *WAYS[way],
            ],
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "UV_CACHE_DIR": str(tmp_path / "uv"),
                "XDG_CACHE_HOME": str(tmp_path / "cache"),
                "UV_HTTP_RETRIES": "0",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout + done.stderr
        address = url.removeprefix("http://").partition("/")[0]
    assert done.returncode == 4, said
    assert address in said
    assert "hunter2" not in said
    assert (tmp_path / "requirements.txt").read_text() == TEXT
    report = tmp_path / "report.json"
    if report.exists():
        content = json.loads(report.read_text())
        assert content["culprits"] == []
        assert content["fix"] is None
