"""What a real log says is missing becomes commands that install it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bisect_deps.diagnosis import diagnose, missing_here
from bisect_deps.diagnosis.missing import named_in
from bisect_deps.model import Cause, Evidence, Mention, Suspect
from tests.diagnosis.labelled import FOLDER

DEBIAN = "Debian and Ubuntu"

FOUND = {
    "uv0.13-mysqlclient": ("", "default-libmysqlclient-dev pkg-config"),
    "uv0.13-dlib-cmake": ("CMake", "cmake build-essential"),
    "uv0.13-m2crypto-swig": ("swig", "libssl-dev swig"),
    "uv0.13-pyproj": ("proj", "libproj-dev proj-bin"),
    "uv0.13-rpy2": ("R", "r-base-dev"),
    "uv0.13-pygobject-pycairo": ("cairo", "libcairo2-dev pkg-config"),
    "pip22.0-py39-psycopg2": ("pg_config", "libpq-dev"),
    "pip21.1-py38-lxml": ("", "libxml2-dev libxslt1-dev"),
    "pip19.3-py36-pyaudio": ("portaudio.h", "portaudio19-dev"),
    "pip10-py36-mysqlclient": ("mysql_config", "default-libmysqlclient-dev pkg-config"),
    "uv0.6-psycopg2": ("pg_config", "libpq-dev"),
}


@pytest.mark.parametrize("name", FOUND)
def test_a_real_log_says_what_to_install(name: str) -> None:
    thing, packages = FOUND[name]
    suspect = diagnose((FOLDER / f"{name}.log").read_bytes(), exit_status=1).suspects[0]
    assert named_in(suspect) == thing
    assert missing_here(suspect)[DEBIAN] == f"apt-get install {packages}"
    assert next(iter(missing_here(suspect))) == DEBIAN


def suspect(cause: Cause, text: str = "", failing: str = "no-such-project==1") -> Suspect:
    evidence = (Evidence(1, text),) if text else ()
    return Suspect("its-user", failing=Mention.parse(failing), cause=cause, evidence=evidence)


HEADER = "src/x.c:1:10: fatal error: portaudio.h: No such file or directory"


def test_another_cause_installs_nothing() -> None:
    for cause in set(Cause) - {Cause.SYSTEM_DEP_MISSING, Cause.BUILD_DEP_FAILED}:
        assert missing_here(suspect(cause, HEADER, "pyaudio==1")) == {}


def test_a_build_requirement_counts_where_its_log_names_what_is_missing() -> None:
    assert missing_here(suspect(Cause.BUILD_DEP_FAILED, failing="pycairo==1")) == {}
    assert DEBIAN in missing_here(suspect(Cause.BUILD_DEP_FAILED, HEADER))


def test_the_release_that_broke_counts_before_the_requirement() -> None:
    broken = suspect(Cause.SYSTEM_DEP_MISSING, failing="Psycopg2==2.9.9")
    assert missing_here(broken)[DEBIAN] == "apt-get install libpq-dev"
    own = replace(broken, name="lxml", failing=None)
    assert missing_here(own)[DEBIAN] == "apt-get install libxml2-dev libxslt1-dev"


def test_what_nobody_knows_installs_nothing() -> None:
    assert missing_here(suspect(Cause.SYSTEM_DEP_MISSING, "fatal error: own/x.h: No such")) == {}
