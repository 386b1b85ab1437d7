"""Each statement of the platform's own pages: the command of docs/algorithmia.md, its words."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from bisect_deps.cli import main
from tests.builders.algorithmia.cluster import KEY, Cluster, served
from tests.support.algorithmia_emulator import Built, Key, Replay
from tests.support.algorithmia_emulator.platform import head
from tests.support.local_index import LocalIndex, Project

PAGE = Path(__file__).parents[3] / "docs" / "algorithmia.md"
ROW = re.compile(r"^\| (?P<says>[^|]+) \| `(?P<command>[^`|]+)` \| `(?P<prints>[^`|]+)` \|$", re.M)
ROWS = [match.groups() for match in ROW.finditer(PAGE.read_text(encoding="utf-8"))]
SHORT = {
    "RUN": "depbisect run requirements.txt --builder algorithmia",
    "DOCTOR": "depbisect doctor --builder algorithmia",
}
# What each algorithm of the rows is asked to build, where it is not the usual file.
FILES = {
    "Broken": "six==1.0\nbroken==1.0\n",
    "Reader": "six==1.0\nbroken==1.0\n",
    "Silent": "six==1.0\nbroken==1.0\n",
    "Pair": "left==1.0\nsix==1.0\nright==1.0\n",
}
SOURCES = {
    "Slow": "import time\n\n\ndef apply(value):\n"
    "    print('Downloading large file took 0.5 seconds.', flush=True)\n    time.sleep(30)\n",
    "Data": "WORDS = 'data://zoe/private/words.txt'\n\n\ndef apply(value):\n    return value\n",
}
LOG = "ERROR: No matching distribution found for broken==1.0\n"
ERRORS = {
    "Table": "error:\nObject of type DataFrame is not JSON serializable\nstacktrace:\nNone",
    "Late": "error:\nalgorithm did not answer within 3000 s\nstacktrace:\nNone",
    "Raises": "error:\nAll I do is throw an error\nstacktrace:\nSome(Traceback (most recent call "
    'last):\n  File "./src/testError.py", line 6, in apply\n'
    '    raise Exception("All I do is throw an error")\nException: All I do is throw an error)',
}
OTHER_KEYS = {
    "Admin": Key("acme", admin=True),
    "Reader": Key("acme", manages=False),
}


def answer(written: str) -> Built:
    text = re.sub(r"^#.*$", "", written, flags=re.MULTILINE)
    if re.search(r"^left==1.*^right==1", text, re.MULTILINE | re.DOTALL):
        return Built(False, "error: the step failed\n")
    return Built(False, LOG) if "broken==1" in text else Built(True, "Successfully built 9b1f\n")


@pytest.fixture(scope="module")
def index_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    names = ("six", "broken", "left", "right")
    projects = [Project(name).release("1.0").release("2.0") for name in names]
    with LocalIndex(tmp_path_factory.mktemp("index"), *projects).serve() as server:
        yield server.url


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with served(tmp_path, Replay(answer)) as running:
        yield running


def prepared(cluster: Cluster, name: str) -> None:
    """Create the algorithm of a row as the row needs it, with a file of ours beside."""
    owner = "zoe" if name == "Hers" else "acme"
    text = FILES.get(name, "six==1.0\n")
    (cluster.folder / "requirements.txt").write_text(text, encoding="utf-8")
    files = {"requirements.txt": text}
    if name in SOURCES:
        files[f"src/{name}.py"] = SOURCES[name]
    settings = {
        "Public": {"algorithm_callability": "public"},
        "Isolated": {"network_access": "isolated"},
        "Alone": {"pipeline_enabled": False},
    }
    algorithm = cluster.platform.create(owner, name, files, settings=settings.get(name))
    if name in ERRORS:
        cluster.platform._remember(algorithm, "0.1.0", "req-1", "x", {"error": ""}, "acme")
        algorithm.errors[0]["error"] = ERRORS[name]
    if name in FILES:
        assert cluster.platform.start_build(algorithm, head(algorithm)).done.wait(10)
    cluster.platform.collections = {"zoe/private": []}
    cluster.platform.keys[KEY] = OTHER_KEYS.get(name, Key("acme"))
    cluster.problems.no_log = name == "Silent"


@pytest.mark.parametrize(("says", "command", "prints"), ROWS, ids=[row[0][:40] for row in ROWS])
def test_the_command_of_a_row_prints_what_the_row_says(
    cluster: Cluster,
    index_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    says: str,
    command: str,
    prints: str,
) -> None:
    found = re.search(r"(?:acme|zoe)/(\w+)", command)
    name = found[1] if found else "Raises"
    prepared(cluster, name)
    if "lint" in command:
        (cluster.folder / "requirements.txt").write_text("six\n", encoding="utf-8")
    monkeypatch.chdir(cluster.folder)
    monkeypatch.setenv("ALGORITHMIA_API_KEY", KEY)
    monkeypatch.setenv("ALGORITHMIA_API", cluster.server.address)
    monkeypatch.setenv("UV_INDEX_URL", index_url)
    for short, long in SHORT.items():
        command = command.replace(short, long)
    algorithm = cluster.platform.algorithms.get(f"acme/{name}")
    if algorithm is not None:
        command = command.replace("UUID", algorithm.uuid).replace("HASH", head(algorithm))
    program, *arguments = shlex.split(command)
    assert program == "depbisect"
    with pytest.raises(SystemExit):
        main(arguments)
    shown = " ".join("".join(capfd.readouterr()).split())
    assert " ".join(prints.split()) in shown, shown


def test_the_page_has_its_rows() -> None:
    assert len(ROWS) >= 30
