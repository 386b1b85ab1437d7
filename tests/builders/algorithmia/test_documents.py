"""Each statement of the platform's own pages: the command of docs/algorithmia.md, its words."""

from __future__ import annotations

import json
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
from tests.support.real_client import RealClient

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


@pytest.fixture
def ready(cluster: Cluster, index_url: str, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """Return the cluster, with all settings by which our commands find it."""
    monkeypatch.chdir(cluster.folder)
    monkeypatch.setenv("ALGORITHMIA_API_KEY", KEY)
    monkeypatch.setenv("ALGORITHMIA_API", cluster.server.address)
    monkeypatch.setenv("UV_INDEX_URL", index_url)
    return cluster


def of_row(command: str) -> str:
    """Return the name of the row's algorithm."""
    found = re.search(r"(?:acme|zoe)/(\w+)", command)
    return found[1] if found else "Raises"


def call(cluster: Cluster, command: str) -> None:
    """Run the command of a row."""
    for short, long in SHORT.items():
        command = command.replace(short, long)
    algorithm = cluster.platform.algorithms.get(f"acme/{of_row(command)}")
    if algorithm is not None:
        command = command.replace("UUID", algorithm.uuid).replace("HASH", head(algorithm))
    program, *arguments = shlex.split(command)
    assert program == "depbisect"
    with pytest.raises(SystemExit):
        main(arguments)


@pytest.mark.parametrize(("says", "command", "prints"), ROWS, ids=[row[0][:40] for row in ROWS])
def test_the_command_of_a_row_prints_what_the_row_says(
    ready: Cluster, capfd: pytest.CaptureFixture[str], says: str, command: str, prints: str
) -> None:
    prepared(ready, of_row(command))
    if "lint" in command:
        (ready.folder / "requirements.txt").write_text("six\n", encoding="utf-8")
    call(ready, command)
    shown = " ".join("".join(capfd.readouterr()).split())
    assert " ".join(prints.split()) in shown, shown


# What the published client is asked for a row, on the same cluster, and what it tells.
REFUSED = r"403|not authorized"
ERRORS_CALL = "client.get_algorithm_errors('{owner}/{name}')"
CALLED = "client.algo('acme/{name}/{hash}').pipe('x').result"
SETTINGS = {
    "2.0.5": "client.getHelper('/v1/algorithms/acme/{name}').json()",
    "1.17.0": "algo.info().settings",
}
BUILDS = {"2.0.5": "algo.get_builds()", "1.17.0": "algo.build_logs()"}
CLIENT_ROWS = {
    "Output must be JSON-serialisable": (ERRORS_CALL, "is not JSON serializable"),
    "Input must be JSON": (CALLED.replace("'x'", "set()"), "set is not JSON serializable"),
    "A call ends after 300 s unless asked": (
        "client.algo('acme/Slow/{hash}').set_options(timeout=1).pipe(1).result",
        "AlgorithmException",
    ),
    "3000 s is the most": (
        "client.algo('acme/Good/{hash}').set_options(timeout=3001).pipe(1).result",
        "400",
    ),
    "Not within 50 min: look at the errors": (ERRORS_CALL, "did not answer within 3000 s"),
    "Standard key or admin key": ("{builds}", REFUSED),
    "Key of an organisation's member or not": ("client.algo('zoe/Hers').compile()", REFUSED),
    "Is the key management-capable": ("algo.compile()", REFUSED),
    "What the key may do besides": (CALLED, '"value": "Hello x"'),
    "Data source and key permissions match": (
        "client.getHelper('/v1/connector/data/zoe/private?acl=true').status_code",
        "403",
    ),
    "A private algorithm: its owner, members of its organisation": (CALLED, '"value": "Hello x"'),
    "A public one: any account": (CALLED, '"value": "Hello x"'),
    "Internet access enabled": ("{settings}", "isolated"),
    "Pipelining enabled": ("{settings}", "(?i)pipeline_enabled.: false"),
    "First look at the build log": ("{log}", "broken==1.0"),
    '"Logs unavailable": contact support': ("{log}", "error"),
    "The log names the package": ("{builds}", "failed.*succeeded.*failed"),
    "Comment out, add back, see where it breaks": ("{builds}", "failed.*succeeded.*failed"),
    "Combinations of packages": ("{builds}", "failed.*succeeded.*failed"),
    "Then change its version until one builds": ("{builds}", "failed.*succeeded.*failed"),
    "By owner and name": (ERRORS_CALL, "All I do is throw an error"),
    "7 days": (ERRORS_CALL, r'"value": \[\]'),
    "A managing standard key, or a token of a member": (ERRORS_CALL, REFUSED),
    "The entry's fields": (ERRORS_CALL, '"worker": "172.41.7.115"'),
    "Builds by commit": ("{builds}", "{hash}"),
    "Any standard key of the owner reads them": ("{log}", "broken==1.0"),
}
# What no call of the client is about: advice, and what asks no platform.
NO_CLIENT = {
    "The way around: files in the data API, and their data URI",
    "Print durations to find where the time goes",
    "Always pin",
    "By UUID",
}


@pytest.fixture(scope="module", params=["2.0.5", "1.17.0"])
def client(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealClient]:
    real = RealClient(tmp_path_factory.mktemp("clients"), request.param)
    yield real
    real.close()


@pytest.mark.parametrize("says", CLIENT_ROWS)
def test_the_real_client_is_told_the_same(ready: Cluster, client: RealClient, says: str) -> None:
    [command] = [row[1] for row in ROWS if row[0] == says]
    name, owner = of_row(command), "zoe" if "zoe/" in command else "acme"
    asked, told = CLIENT_ROWS[says]
    prepared(ready, name)
    if says.startswith("A public one"):
        ready.platform.keys[KEY] = Key("zoe")
    if asked == "{builds}" and command.startswith("RUN"):
        call(ready, command)
    algorithm = ready.platform.algorithms[f"{owner}/{name}"]
    if not algorithm.builds:
        ready.platform.start_build(algorithm, head(algorithm))
    assert algorithm.builds[0].done.wait(10)
    asked = asked.replace("{settings}", SETTINGS[client.version])
    asked = asked.format(
        owner=owner,
        name=name,
        hash=head(algorithm),
        builds=BUILDS[client.version],
        log=f"algo.get_build_logs('{algorithm.builds[0].build_id}')",
    )
    reply = client.ask(asked, address=ready.server.address, key=KEY, algorithm=f"acme/{name}")
    assert re.search(told.replace("{hash}", head(algorithm)), json.dumps(reply)), reply


def test_the_page_has_its_rows() -> None:
    assert len(ROWS) >= 30
    assert {row[0] for row in ROWS} == NO_CLIENT | set(CLIENT_ROWS)
