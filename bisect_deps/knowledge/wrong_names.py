"""Names that lead astray: another project is meant, nothing is needed here, another system is.

Three tables of normalised names (PEP 503), each group with its reason and its source. All of them
were compared with the index's list of projects of November 2026. A name without an entry gives no
advice rather than a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple


class AdviceKind(str, Enum):
    """What is wrong with a name. NOTHING_HERE: leaving the line out changes nothing."""

    ANOTHER_PROJECT = "another-project"
    NOTHING_HERE = "nothing-here"
    OTHER_SYSTEM = "other-system"


class Advice(NamedTuple):
    """What to write in place of a name.

    `name` is the right project, normalised, "" where none is needed. `marker` (PEP 508) is what
    makes the line right everywhere, "" where nothing does. `reason` goes on after the name.
    """

    kind: AdviceKind
    reason: str
    name: str = ""
    marker: str = ""


def advice_on(name: str, python: str, system: str) -> Advice | None:
    """Return what to do about a project's name, None where nothing is known against it.

    `name` is normalised, `python` a version (`3.12`), `system` a `sys_platform` (`linux`), "" where
    it is not known.
    """
    meant = _ANOTHER_PROJECT.get(name)
    if meant is not None:
        right, reason, marker = meant
        return Advice(AdviceKind.ANOTHER_PROJECT, reason, right, marker)
    return _nothing_here(name, _minor(python)) or _other_system(name, system)


def made_for(name: str) -> tuple[str, str] | None:
    """Return the marker of the systems that a project is made for, and why; None for all of them."""
    for pattern, systems, reason in _SYSTEMS:
        if re.fullmatch(pattern, name):
            return marker_for(systems), reason
    return None


def meant_by(name: str) -> str | None:
    """Return the project that a misleading name stands for, normalised; None for none."""
    meant = _ANOTHER_PROJECT.get(name)
    return meant[0] if meant is not None else None


def _nothing_here(name: str, python: tuple[int, int]) -> Advice | None:
    if name in _NEVER_NEEDED:
        return Advice(AdviceKind.NOTHING_HERE, _NEVER_NEEDED[name])
    if name in _GONE_MODULES:
        gone, right = _GONE_MODULES[name]
        if python < _minor(gone):
            return Advice(AdviceKind.NOTHING_HERE, _IS_MODULE)
        reason = f"was taken out of Python {gone}"
        return Advice(AdviceKind.ANOTHER_PROJECT, reason, right) if right else None
    if name in _AFTERWARDS and python < _minor(_AFTERWARDS[name]):
        first = _AFTERWARDS[name]
        reason = f"stands in for a module that Python has itself until {first}"
        return Advice(AdviceKind.NOTHING_HERE, reason, marker=f'python_version >= "{first}"')
    if name in _BACKPORTS:
        since, reason = _BACKPORTS[name]
        if python >= _minor(since):
            marker = f'python_version < "{since}"'
            return Advice(AdviceKind.NOTHING_HERE, reason, marker=marker)
    return None


def _other_system(name: str, system: str) -> Advice | None:
    for pattern, systems, reason in _SYSTEMS:
        if system and system not in systems and re.fullmatch(pattern, name):
            marker = marker_for(systems)
            return Advice(AdviceKind.OTHER_SYSTEM, reason, name, marker)
    return None


def marker_for(systems: frozenset[str]) -> str:
    """Return the marker that holds on these systems alone, "" where that is all of them."""
    others = _KNOWN_SYSTEMS - systems
    if not others:
        return ""
    if len(systems) > len(others):
        return " and ".join(f'sys_platform != "{system}"' for system in sorted(others))
    return " or ".join(f'sys_platform == "{system}"' for system in sorted(systems))


def _minor(python: str) -> tuple[int, int]:
    major, _, rest = python.partition(".")
    return int(major), int(rest.partition(".")[0] or 0)


def _rows(text: str) -> Iterator[list[str]]:
    return (row.split() for row in text.strip().splitlines())


_KNOWN_SYSTEMS = frozenset({"linux", "darwin", "win32"})
_WINDOWS, _MACOS, _LINUX = frozenset({"win32"}), frozenset({"darwin"}), frozenset({"linux"})

# Each row: a name, and the project that is meant.

# Source: the projects' own list of top-level modules; the index has no project of these names.
_IMPORTS = """
cv2 opencv-python
pil pillow
yaml pyyaml
dateutil python-dateutil
openssl pyopenssl
git gitpython
magic python-magic
pptx python-pptx
nacl pynacl
dns dnspython
wx wxpython
opengl pyopengl
umap umap-learn
googleapiclient google-api-python-client
mysqldb mysqlclient
skopt scikit-optimize
sksurv scikit-survival
mpl-toolkits matplotlib
pylab matplotlib
corsheaders django-cors-headers
crispy-forms django-crispy-forms
storages django-storages
allauth django-allauth
bluetooth pybluez
rest-framework djangorestframework
"""
# Source: the projects' own index pages: empty, a mirror, or a release that refuses to install.
_PLACEHOLDERS = """
sklearn scikit-learn
skimage scikit-image
bs4 beautifulsoup4
zmq pyzmq
ldap python-ldap
fitz pymupdf
telegram python-telegram-bot
dotenv python-dotenv
pytorch torch
airflow apache-airflow
discord discord-py
django-rest-framework djangorestframework
imblearn imbalanced-learn
"""
# Source: the projects' own index pages: abandoned, of Python 2, or with another purpose.
_OTHERS = """
crypto pycryptodome
docx python-docx
jose python-jose
serial pyserial
usb pyusb
websocket websocket-client
faiss faiss-cpu
"""
# Source: conda-forge's name mapping (the graph of its bot, and grayskull's table); where conda has
# a name of its own for what the index calls otherwise.
_CONDA = """
pytables tables
msgpack-python msgpack
opencv opencv-python
py-opencv opencv-python
libopencv opencv-python
py-xgboost xgboost
libxgboost xgboost
docker-py docker
redis-py redis
python-graphviz graphviz
pysoundfile soundfile
python-sounddevice sounddevice
python-annoy annoy
python-kubernetes kubernetes
matplotlib-base matplotlib
dask-core dask
python-fastjsonschema fastjsonschema
python-flatbuffers flatbuffers
python-xxhash xxhash
python-tzdata tzdata
python-lmdb lmdb
python-duckdb duckdb
python-blosc blosc
brotli-python brotli
pyqt pyqt5
python-confluent-kafka confluent-kafka
neo4j-python-driver neo4j
ortools-python ortools
trino-python-client trino
python-kaleido kaleido
python-installer installer
pytorch-geometric torch-geometric
pytorch-cpu torch
pytorch-gpu torch
torchvision-cpu torchvision
tensorflow-base tensorflow
tensorflow-mkl tensorflow
tensorflow-eigen tensorflow
keras-base keras
pyarrow-core pyarrow
ray-core ray
ray-default ray
ray-tune ray
python-libarchive-c libarchive-c
"""
# Source: none of these is on the index; the right-hand side is what their words name.
_GUESSED = """
python-opencv opencv-python
opencv-python3 opencv-python
python3-opencv opencv-python
opencv2 opencv-python
opencv-headless opencv-python-headless
python-opencv-headless opencv-python-headless
opencv-contrib opencv-contrib-python
python-yaml pyyaml
pyyaml3 pyyaml
python-requests requests
python-numpy numpy
python-pandas pandas
python-pil pillow
beautiful-soup beautifulsoup4
bs-4 beautifulsoup4
scikitlearn scikit-learn
sci-kit-learn scikit-learn
scikitimage scikit-image
tensorflow2 tensorflow
torch-gpu torch
python-openssl pyopenssl
mysqlclient-python mysqlclient
psycopg2-bin psycopg2-binary
psycopg3 psycopg
djangorest djangorestframework
django-corsheaders django-cors-headers
flask-restfull flask-restful
speech-recognition speechrecognition
openai-python openai
supabase-py supabase
python-serial pyserial
wx-python wxpython
websockets-client websocket-client
python-pyqt5 pyqt5
"""
# Source: the projects' own index pages and release notes.
_REASONED = {
    "mysql-python": ("mysqlclient", "was never made for Python 3"),
    "pycrypto": (
        "pycryptodome",
        "is abandoned since 2013 and does not build on today's Python",
    ),
    "pyldap": ("python-ldap", "was merged into python-ldap and is closed since 2018"),
    "nose": ("pytest", "is abandoned and does not import on Python 3.10 and later"),
    "tensorflow-gpu": ("tensorflow", "is removed: tensorflow has the GPU support"),
    "tf-nightly-gpu": ("tf-nightly", "is removed: tf-nightly has the GPU support"),
    "beautifulsoup": ("beautifulsoup4", "is the third version, made for Python 2"),
    "pyttsx": ("pyttsx3", "was never made for Python 3"),
    "kafka": (
        "kafka-python",
        "is kafka-python under an older name and does not import on Python 3.7 and later",
    ),
}
# Modules of pywin32, of which the index has no project or one that is long abandoned.
_OF_PYWIN32 = (
    "win32api",
    "win32clipboard",
    "win32com",
    "win32con",
    "win32core",
    "win32file",
    "win32gui",
    "win32process",
    "pythoncom",
    "pythonwin",
)


def _another_project() -> dict[str, tuple[str, str, str]]:
    groups = (
        (_IMPORTS, "is a module's name; the index has no such project"),
        (_PLACEHOLDERS, "is a placeholder, kept for its name"),
        (_OTHERS, "is another project than the one that is imported by that name"),
        (_CONDA, "is conda's name for it"),
        (_GUESSED, "is no project on the index"),
    )
    found = {name: (right, reason, "") for text, reason in groups for name, right in _rows(text)}
    for name, (right, reason) in _REASONED.items():
        found[name] = (right, reason, "")
    for name in _OF_PYWIN32:
        found[name] = ("pywin32", "is a module of pywin32", marker_for(_WINDOWS))
    return found


_ANOTHER_PROJECT = _another_project()

_IS_MODULE = "is a module of Python itself: no project installs it"

# Modules of Python that the index has no project for, all in Python 3.6 to 3.14.
# Source: the library reference of Python 3.6 and of 3.14.
_MODULES = """
abc array atexit base64 binascii bisect builtins bz2 calendar cmath cmd code codecs collections
colorsys concurrent contextlib copy cprofile csv ctypes curses dbm decimal difflib doctest errno
fcntl fileinput fnmatch fractions ftplib gc getopt getpass gettext glob grp gzip hashlib heapq
imaplib inspect io itertools json keyword linecache locale lzma marshal math mimetypes mmap netrc
numbers operator optparse os pdb pickle pickletools pkgutil platform plistlib poplib posix pprint
profile pstats pty pwd py-compile queue quopri random re sched select shelve shlex shutil signal
site smtplib socket socketserver sqlite3 stat string struct subprocess symtable sys sysconfig syslog
tarfile tempfile termios textwrap threading time timeit tokenize trace traceback tracemalloc tty
turtle types unicodedata unittest urllib venv warnings weakref webbrowser xml xmlrpc zipapp zipfile
zipimport zlib
"""
# Modules of Python 2 that have another name since Python 3. Source: PEP 3108.
_OLD_MODULES = """
urllib2 urlparse xmlrpclib httplib commands stringio cstringio cpickle tkmessagebox elementtree
celementtree
"""
# Source: the library reference: "Availability: Windows".
_WINDOWS_MODULES = "msvcrt winreg winsound"
# Lines that `pip freeze` writes for the Python of Debian and Ubuntu: parts of the system, which no
# index has. Source: Debian's package list; pip issue 4022 for pkg-resources.
_OF_THE_SYSTEM = """
python-apt ubuntu-advantage-tools ubuntu-pro-client command-not-found ufw language-selector
unattended-upgrades cloud-init ubuntu-drivers-common xkit usb-creator apturl software-properties
"""
# Source: Anaconda's package list; the index has no project of these names.
_OF_CONDA = """
conda conda-build conda-verify conda-content-trust conda-libmamba-solver libmambapy
anaconda-navigator anaconda-project anaconda-anon-usage navigator-updater menuinst
console-shortcut powershell-shortcut pytorch-mutex pytorch-cuda pywin32-on-windows
"""
# What conda installs beside Python, as lists of conda environments have it. Source: as above.
_LIBRARIES = """
python sqlite xz zlib libffi ncurses ca-certificates cudatoolkit cudnn nccl blas openblas
libopenblas libblas libgcc-ng libstdcxx-ng ld-impl-linux-64 llvm-openmp jpeg openjpeg libpng giflib
libwebp lz4-c zeromq hdf5 lcms2 bzip2 libcurl libssh2 libuv libxml2 libxslt libprotobuf arrow-cpp
libarrow gstreamer pcre dbus openjdk vs2015-runtime m2w64-gcc-libs msys2-conda-epoch python-abi
libyaml libgdal
"""


def _never_needed() -> dict[str, str]:
    groups = (
        (_MODULES, _IS_MODULE),
        (_OLD_MODULES, "is a module of Python 2 under an older name: no project installs it"),
        (_WINDOWS_MODULES, "is a module of Python on Windows: no project installs it"),
        (_OF_THE_SYSTEM, "is a part of the system, which its pip freeze lists and no index has"),
        (_OF_CONDA, "is a part of conda, which no index has"),
        (_LIBRARIES, "is no Python project: conda installs it beside Python"),
    )
    found = {name: reason for text, reason in groups for name in text.split()}
    found["tkinter"] = "is a module of Python itself: no project installs it, the system's Tk does"
    found["pkg-resources"] = (
        "is a line that the pip freeze of Debian and Ubuntu invents: nothing installs it"
    )
    return found


_NEVER_NEEDED = _never_needed()

# Modules that left Python: the first version without, and the project that has them since. Source:
# PEP 594 and PEP 632; the index pages of the projects on the right.
_GONE_MODULES = {
    "distutils": ("3.12", "setuptools"),
    "asyncore": ("3.12", "pyasyncore"),
    "asynchat": ("3.12", "pyasynchat"),
    "smtpd": ("3.12", "standard-smtpd"),
    "imp": ("3.12", ""),
    "cgi": ("3.13", "legacy-cgi"),
    "imghdr": ("3.13", "standard-imghdr"),
    "telnetlib": ("3.13", "standard-telnetlib"),
    "sunau": ("3.13", "standard-sunau"),
}

# Projects that bring a module back to the Pythons that lost it, and the first of those. Source: the
# projects' own index pages (PEP 594 lists the modules).
_AFTERWARDS = {
    name: first
    for first, names in {
        "3.12": "pyasyncore pyasynchat standard-smtpd standard-asyncore standard-asynchat "
        "standard-imp zombie-imp",
        "3.13": "audioop-lts legacy-cgi standard-aifc standard-cgi standard-cgitb standard-chunk "
        "standard-crypt standard-imghdr standard-mailcap standard-nntplib standard-pipes "
        "standard-sndhdr standard-sunau standard-telnetlib standard-uu standard-xdrlib legacy-crypt",
    }.items()
    for name in names.split()
}

_IN_LIBRARY = "is part of the standard library since Python {since}"
# Backports under the module's own name: the library's copy is imported before them. Each row: the
# first Python that has it in its own library, then names. Source: the projects' own index pages.
_SAME_NAME = """
3.2 argparse importlib
3.3 ipaddress
3.4 enum enum34 pathlib asyncio statistics
3.5 typing
3.7 dataclasses contextvars
"""
# What Python 3 always had: such a project refuses it, or its module is never the one imported.
# Source: the same pages; pysqlite, functools32 and futures were seen to refuse Python 3.11.
_PYTHON_2_ONLY = """
futures concurrent-futures functools32 pysqlite ordereddict htmlparser uuid ssl hmac email
multiprocessing processing logging wsgiref
"""


def _backports() -> dict[str, tuple[str, str]]:
    found = {}
    for since, *names in _rows(_SAME_NAME):
        for name in names:
            found[name] = (since, _IN_LIBRARY.format(since=since))
    for name in _PYTHON_2_ONLY.split():
        found[name] = ("3.0", "is for Python 2: Python 3 has all of it in its own library")
    # Both have a module name of their own, which no code can use there: seen on Python 3.11.
    found["backports-zoneinfo"] = ("3.9", f"{_IN_LIBRARY.format(since='3.9')}, as zoneinfo")
    found["unittest2"] = ("3.10", "does not import on Python 3.10 and later: unittest has it all")
    return found


_BACKPORTS = _backports()

_FOR_WINDOWS = "has files for Windows alone"
_FOR_MACOS = "has files for macOS alone"
_FOR_LINUX = "has files for Linux alone"
# Patterns of names, the systems that they are for. Source: the file lists of the projects' releases
# on the index. Not here, since they install everywhere: pywin32-ctypes, appnope, pyreadline3,
# comtypes, wincertstore, win-inet-pton, colorama. Compiled when a system is asked about: the linter
# asks about none.
_SYSTEMS = (
    (
        r"pywin32|pywinpty|windows-curses|winrt|winrt-.+|tensorflow-intel",
        _WINDOWS,
        _FOR_WINDOWS,
    ),
    (r"triton-windows|pycocotools-windows", _WINDOWS, _FOR_WINDOWS),
    (r"pypiwin32|win10toast", _WINDOWS, "needs pywin32, which is for Windows alone"),
    (r"wmi|winshell|pyreadline", _WINDOWS, "installs anywhere and imports on Windows alone"),
    (r"pyobjc|pyobjc-core|pyobjc-framework-.+", _MACOS, _FOR_MACOS),
    (r"tensorflow-macos|tensorflow-metal", _MACOS, _FOR_MACOS),
    (r"triton|faiss-gpu|nvidia-(?:nccl|nvshmem|cufile)-cu\d+", _LINUX, _FOR_LINUX),
    (r"nvidia-\w+-cu\d+", _LINUX | _WINDOWS, "has files for Linux and Windows alone"),
    (r"python-magic-bin", _MACOS | _WINDOWS, "has files for macOS and Windows alone"),
    (r"uvloop", _LINUX | _MACOS, "refuses to build on Windows"),
    (r"pyinotify|evdev|python-prctl|systemd-python", _LINUX, "builds on Linux alone"),
    (r"rpi-gpio|spidev|smbus", _LINUX, "builds on Linux alone"),
)
