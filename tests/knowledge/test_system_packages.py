"""The tables find what a build asks for under any of its names, and one command for all of it."""

from __future__ import annotations

import pytest
from packaging.utils import canonicalize_name

from bisect_deps.knowledge import system_packages
from bisect_deps.knowledge.system_packages import (
    install_commands,
    packages_for,
    packages_for_project,
    wheel_sibling,
)

SYSTEMS = ["Debian and Ubuntu", "Fedora", "Alpine", "macOS"]


@pytest.mark.parametrize(
    ("wanted", "debian"),
    [
        ("pg_config", "libpq-dev"),
        ("mysql_config", "default-libmysqlclient-dev"),
        ("xml2-config", "libxml2-dev"),
        ("openssl/opensslv.h", "libssl-dev"),
        ("/usr/bin/gcc", "build-essential"),
        ("x86_64-linux-gnu-gcc", "build-essential"),
        ("llvm-config-10", "llvm-dev"),
        ("cairo.pc", "libcairo2-dev"),
        ("libGL.so.1", "libgl1"),
        ("libhdf5.so", "libhdf5-dev"),
        ("libpq.so.5", "libpq-dev"),
        ("libmagic.dylib", "libmagic-dev"),
        ("portaudio.h", "portaudio19-dev"),
        ("leveldb/db.h", "libleveldb-dev"),
        ("db.h", "libdb-dev"),
        ("rocksdb/c.h", "librocksdb-dev"),
        ("boost/shared_ptr.hpp", "libboost-all-dev"),
        ("graphviz/no-such.h", "libgraphviz-dev"),
        ("fuse3/fuse.h", "libfuse3-dev"),
        ("GEOS", "libgeos-dev"),
        ("rustc", "cargo"),
    ],
)
def test_package_is_found(wanted: str, debian: str) -> None:
    packages = packages_for(wanted)
    assert debian in packages["Debian and Ubuntu"].split()
    assert list(packages) == [system for system in SYSTEMS if system in packages]


@pytest.mark.parametrize("wanted", ["no-such-thing-at-all", "", "x.h", "src/x.h"])
def test_unknown_thing_gives_no_guess(wanted: str) -> None:
    assert packages_for(wanted) == {}


def test_a_project_has_one_complete_command_for_each_system() -> None:
    assert packages_for_project("mysqlclient") == {
        "Debian and Ubuntu": "apt-get install default-libmysqlclient-dev pkg-config",
        "Fedora": "dnf install mariadb-devel pkgconf-pkg-config",
        "Alpine": "apk add mariadb-dev pkgconf",
        "macOS": "brew install mysql-client pkg-config",
    }
    assert packages_for_project("no-such-project") == {}


def test_what_the_log_names_is_added_once() -> None:
    known = packages_for_project("m2crypto")["Debian and Ubuntu"]
    assert known == "apt-get install libssl-dev swig"
    assert packages_for_project("m2crypto", ["swig"])["Debian and Ubuntu"] == known
    more = packages_for_project("m2crypto", ["gcc", "no-such-thing"])["Debian and Ubuntu"]
    assert more == f"{known} build-essential"


def test_a_system_that_has_no_package_for_it_is_left_out() -> None:
    assert list(packages_for_project("ta-lib")) == ["Fedora", "macOS"]
    assert list(packages_for("asoundlib.h")) == ["Debian and Ubuntu", "Fedora", "Alpine"]


def test_the_compiler_of_a_mac_is_installed_by_its_own_command() -> None:
    assert packages_for("gcc")["macOS"] == "xcode-select --install"
    commands = install_commands("lxml", "gcc")
    assert commands["macOS"] == "xcode-select --install && brew install libxml2 libxslt"


@pytest.mark.parametrize(
    ("project", "missing", "debian"),
    [
        ("psycopg2", "pg_config", "apt-get install libpq-dev"),
        ("psycopg2", None, "apt-get install libpq-dev"),
        ("lxml", "gcc", "apt-get install libxml2-dev libxslt1-dev build-essential"),
        ("no-such-project", "pg_config", "apt-get install libpq-dev"),
        ("no-such-project", "no-such-thing", None),
        ("no-such-project", None, None),
        ("", None, None),
    ],
)
def test_project_and_thing_together_say_what_to_install(
    project: str, missing: str | None, debian: str | None
) -> None:
    assert install_commands(project, missing).get("Debian and Ubuntu") == debian


EXPECTED = """
mysqlclient psycopg2 python-ldap lxml pyodbc uwsgi h5py pycairo pygobject dlib cffi cryptography
pillow pycurl python-snappy pyaudio xmlsec python-magic gdal fiona rasterio shapely pyproj netcdf4
tables mpi4py pygraphviz pymssql psutil netifaces dbus-python llfuse fusepy systemd-python evdev
pybluez rpy2 numpy scipy scikit-sparse cvxopt grpcio pyzmq python-levenshtein pycups gssapi
pykerberos m2crypto pyscard pyenchant leveldb plyvel lmdb pyicu hiredis reportlab weasyprint
cairocffi pyqt5 wxpython kivy matplotlib ta-lib pytesseract
"""


@pytest.mark.parametrize("project", EXPECTED.split())
def test_the_projects_that_are_built_most_are_known(project: str) -> None:
    assert packages_for_project(project)


def test_every_row_is_complete() -> None:
    for text, cells in ((system_packages._TABLE, 5), (system_packages._PROJECT_TABLE, 6)):
        for row in text.strip().splitlines():
            assert len(row.split("|")) == cells, row
            assert all(cell.strip() for cell in row.split("|")), row
            assert "://" not in row


def test_projects_are_normalised_and_stand_once() -> None:
    rows = system_packages._PROJECT_TABLE.strip().splitlines()
    names = [name for row in rows for name in row.split("|")[0].split()]
    assert [name for name in names if name != canonicalize_name(name)] == []
    assert len(names) == len(set(names))
    siblings = system_packages._SIBLINGS
    assert all(name == canonicalize_name(name) for pair in siblings.items() for name in pair)


@pytest.mark.parametrize(
    ("name", "sibling"),
    [("psycopg2", "psycopg2-binary"), ("mysqlclient", None), ("lxml", None), ("uwsgi", "pyuwsgi")],
)
def test_a_sibling_with_wheels_has_the_same_modules(name: str, sibling: str | None) -> None:
    assert wheel_sibling(name) == sibling
