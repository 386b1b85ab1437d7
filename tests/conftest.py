"""What every test stands on: no setting of this machine, no index but the test's own."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.support.local_index import LocalIndex

# The same examples in every run, however busy the machine is; `--hypothesis-profile=explore` looks
# for new ones.
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("steady", settings.get_profile("explore"), derandomize=True)
settings.load_profile("steady")


@pytest.fixture(scope="session", autouse=True)
def no_settings_of_this_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Hide the machine's installer settings, and give uv a cache of its own.

    The default index becomes a port where nothing listens, so no test reaches a public one.
    """
    before = dict(os.environ)
    # The last: the programs that tests start some thousand times would be compiled each time.
    hidden = ("PIP_", "UV_", "DEPBISECT_", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")
    for name in before:
        if name.startswith(hidden):
            del os.environ[name]
    os.environ.update(
        UV_CACHE_DIR=str(tmp_path_factory.mktemp("uv-cache")),
        UV_NO_CONFIG="1",
        UV_INDEX_URL="http://127.0.0.1:9/simple/",
        UV_PYTHON_DOWNLOADS="never",
        PIP_CONFIG_FILE=os.devnull,
        PIP_INDEX_URL="http://127.0.0.1:9/simple/",
        PIP_DISABLE_PIP_VERSION_CHECK="1",
        XDG_CACHE_HOME=str(tmp_path_factory.mktemp("cache")),
        # Test backends speak to their test through files; tests/hostile/ has the sandbox on.
        DEPBISECT_SANDBOX="off",
        XDG_STATE_HOME=str(tmp_path_factory.mktemp("state")),
    )
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session", autouse=True)
def interrupts_reach_children() -> None:
    """Undo what a shell does to its background jobs: their children would ignore Ctrl-C."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Have one worker run a file that makes something for all of its tests: else each makes it."""
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return file if shares(config.rootpath / file) else nodeid

    return Together(config, log)


@cache
def shares(file: Path) -> bool:
    """Say whether tests of a file share what one of them made: a cluster, an index, a reading."""
    text = file.read_text(encoding="utf-8")
    return re.search(r'scope="(?:module|session)"|^@cache$', text, re.MULTILINE) is not None


@pytest.fixture
def local_index(tmp_path: Path) -> LocalIndex:
    """Return an empty local index in the test's folder."""
    return LocalIndex(tmp_path / "index")
