"""Short logs, each of a situation that no log of the fixtures shows: requirements, log, exit status.

What each is read as stands in `fixtures/readings.json`; what is right of it, here.
"""

from __future__ import annotations

from typing import NamedTuple

SITE = "/app/.venv/lib/python3.11/site-packages"


class Short(NamedTuple):
    """A log, with the cause and the user's own lines that are at fault."""

    requirements: tuple[str, ...]
    log: str
    cause: str
    suspects: tuple[str, ...] = ()
    exit_status: int = 1


def installed(*frames: tuple[str, str, str], error: str) -> str:
    """Return the log of a check that ends with a traceback through installed files."""
    lines = [
        line
        for path, function, source in frames
        for line in (f'  File "{_place(path)}", line 3, in {function}', f"    {source}")
    ]
    text = "\n".join(("Traceback (most recent call last):", *lines, error))
    return (
        "::depbisect install begin\nInstalled 3 packages in 3ms\n::depbisect install end rc=0\n"
        f"::depbisect check begin\n{text}\n::depbisect check end rc=1\n"
    )


def _place(path: str) -> str:
    return path if path.startswith("/") else f"{SITE}/{path}"


_RETRY = (
    "  WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) "
    "after connection broken by 'NewConnectionError('<pip._vendor.urllib3.connection."
    "HTTPSConnection object at 0x7f>: Failed to establish a new connection: [Errno -2] Name or "
    "service not known')': /simple/numpy/\n"
)
EGG_INFO = (
    "  error: subprocess-exited-with-error\n"
    "  × python setup.py egg_info did not run successfully.\n"
    "  │ exit code: 1\n"
    "  ╰─> [1 lines of output]\n"
    "      RuntimeError: no\n"
    "ERROR: metadata-generation-failed\n"
)


def _no_version(wanted: str, seen: str, before: str = "") -> str:
    return (
        f"Collecting {wanted}\n{before}ERROR: Could not find a version that satisfies the "
        f"requirement {wanted} (from versions: {seen})\n"
        f"ERROR: No matching distribution found for {wanted}\n"
    )


def _left_out(first: str, second: str) -> str:
    return (
        "ERROR: Ignored the following versions that require a different python version: "
        f"{first} Requires-Python >=3.9; {second} Requires-Python >=3.12\n"
    )


_HIDDEN = (
    "  Downloading thing-2.0.tar.gz (1 kB)\n"
    "  Preparing metadata (setup.py): started\n"
    "  Preparing metadata (setup.py): finished with status 'error'\n"
    "  error: subprocess-exited-with-error\n  \n"
    "  × python setup.py egg_info did not run successfully.\n"
    "  │ exit code: 1\n"
    "  ╰─> [4 lines of output]\n"
    "      Traceback (most recent call last):\n"
    '        File "setup.py", line 1, in <module>\n'
    "          import numpy\n"
    "      ModuleNotFoundError: No module named 'numpy'\n"
    "      [end of output]\n  \n"
    "  note: This error originates from a subprocess, and is likely not a problem with pip.\n"
    "Discarding https://h.example/thing-2.0.tar.gz: Command errored out\n"
)
_VAGUE = _HIDDEN.replace("import numpy", "check()").replace(
    "ModuleNotFoundError: No module named 'numpy'", "RuntimeError: not here"
)
_ELSEWHERE = (
    "  × No solution found when resolving dependencies:\n"
    "  ╰─▶ Because thing==1.0 has no wheels with a matching platform tag (e.g., "
    "`manylinux_2_36_x86_64`) and you require thing==1.0, we can conclude that your requirements "
    "are unsatisfiable.\n\n"
    "      hint: Wheels are available for `thing` (v1.0) on the following platforms: "
    "`win_amd64`, `macosx_11_0_arm64`\n"
)
_WARNED = (
    "Collecting a==1\nInstalling collected packages: a, b\n"
    "ERROR: pip's dependency resolver does not currently take into account all the packages that "
    "are installed. This behaviour is the source of the following dependency conflicts.\n"
    "a 1 requires b<2, but you have b 2 which is incompatible.\n"
)
_CONDA = (
    "Could not solve for environment specs\nThe following packages are incompatible\n"
    "├─ a 1.0** is installable and it requires\n"
    "│  └─ b >=2 , which can be installed;\n"
    "└─ b 1.0** is not installable because it conflicts with any installable versions "
    "previously reported.\n"
)
_UV_BACKEND = (
    "error: Failed to prepare distributions\n"
    "  Caused by: Build backend failed to determine metadata through "
    "`prepare_metadata_for_build_wheel` (exit status: 1)\n"
    "      ModuleNotFoundError: No module named 'distutils'\n"
)
_UNREADABLE = (
    "error: Couldn't parse requirement in `requirements.txt` at position 0\n"
    '  Caused by: no such comparison operator "= =", must be one of ~= == != <= >= < > ===\n'
    "thing = = 1\n      ^^^^^\n"
)
_POETRY = (
    "Note: This error originates from the build backend, and is likely not a problem with poetry "
    "but with thing (1.0) not supporting PEP 517 builds. You can verify this by running "
    "'pip wheel --no-cache-dir --use-pep517 \"thing (==1.0)\"'.\n"
)
_DEEP = (
    "Collecting top==1 (from -r r.txt (line 1))\n  Downloading top-1.tar.gz\n"
    "Collecting mid (from top==1->-r r.txt (line 1))\n  Downloading mid-3.tar.gz\n"
    "Collecting low (from mid)\n  Downloading low-4.tar.gz\n" + EGG_INFO
)
_FAR = (
    "Collecting low==4 (from mid->top==1->-r r.txt (line 1))\n  Downloading low-4.tar.gz\n"
    + EGG_INFO
)
_OLDER = (
    "Collecting thing\n  Downloading thing-2.tar.gz (1 kB)\n"
    "  Preparing metadata (setup.py): started\n"
    "  Preparing metadata (setup.py): finished with status 'done'\n"
    "Collecting other\n  Downloading other-1-py3-none-any.whl (1 kB)\n"
    "  Using cached thing-1.tar.gz (1 kB)\n" + EGG_INFO
)
_SUMMED = (
    "Collecting one==1\n  Downloading one-1.tar.gz\nCollecting two==2\n  Downloading two-2.tar.gz\n"
    "Collecting three==3\n  Downloading three-3-py3-none-any.whl\n"
    "Building wheels for collected packages: one, two\nFailed to build {}\n"
    "ERROR: Failed to build installable wheels for some pyproject.toml based projects\n"
)
_WRONG = "TypeError: make() got an unexpected keyword argument 'wrong'"
_HTTPX = "TypeError: Client.__init__() got an unexpected keyword argument 'proxies'"
_GONE = "ImportError: cannot import name 'gone'"
_USER, _USED = ("client/a.py", "make", "return other.make(wrong=1)"), ("client==1", "other==1")

_AMID = "      running egg_info\n      RuntimeError: no\n      [end of output]\n\n{}{}"
_CLOSED = "error: metadata-generation-failed\n"
_FAILED = "  ERROR: Failed building wheel for other\n"
_HEADLINE = "  × Getting requirements to build wheel did not run successfully.\n"
_REQUIRES = "  × pip subprocess to install build dependencies did not run successfully.\n"
_IGNORED = (
    "Collecting thing\nERROR: Ignored the following versions that require a different python "
    "version: {0}\nERROR: Could not find a version that satisfies the requirement thing{1} (from "
    "versions: none)\nERROR: No matching distribution found for thing{1}\n"
)
_INNER = (
    "Collecting thing==1\n  Downloading thing-1.tar.gz\n"
    "  Installing build dependencies: started\n    Collecting setuptools\n"
    "    Collecting numpy==9\n"
    "    ERROR: Could not find a version that satisfies the requirement numpy==9 (from versions: 1)\n"
    "    ERROR: No matching distribution found for numpy==9\n"
    "  Installing build dependencies: finished with status 'error'\n"
)
SHORT: dict[str, Short] = {
    "an address with its name behind it": Short(
        ("numpy==1.0", "thing==2"),
        "Processing https://h.example/a.zip#egg=numpy&subdirectory=x\n" + EGG_INFO,
        "setup-script-error",
        ("numpy==1.0",),
    ),
    "a network that hides all versions": Short(
        ("numpy==1.0",), _no_version("numpy==1.0", "none", _RETRY), "network"
    ),
    "a build that pip gave up before it says that nothing matches": Short(
        ("thing",), _no_version("thing", "2.0", _HIDDEN), "build-dep-missing", ("thing",)
    ),
    "a build that pip gave up before it says so, without a known reason": Short(
        ("thing",), _no_version("thing", "2.0", _VAGUE), "setup-script-error", ("thing",)
    ),
    "wheels for other systems alone": Short(
        ("thing==1.0",), _ELSEWHERE, "no-compatible-wheel", ("thing==1.0",)
    ),
    "the version is left out for this Python": Short(
        ("thing==2.0",),
        _no_version("thing==2.0", "0.9", _left_out("1.0", "2.0")),
        "requires-python",
        ("thing==2.0",),
    ),
    "other versions are left out for this Python": Short(
        ("thing==3.0",),
        _no_version("thing==3.0", "0.9", _left_out("1.0", "2.0")),
        "no-matching-version",
        ("thing==3.0",),
    ),
    "a version that no one can read is left out, too": Short(
        ("thing==2.0",),
        _no_version("thing==2.0", "0.9", _left_out("2.x-y", "2.0")),
        "requires-python",
        ("thing==2.0",),
    ),
    "an installer warns of a conflict and fails": Short(
        ("a==1", "b==2"), _WARNED, "resolver-conflict", ("a==1", "b==2")
    ),
    "an installer warns of a conflict and passes": Short(
        ("a==1", "b==2"), _WARNED, "none", exit_status=0
    ),
    "uv's build backend without a project": Short(
        ("thing==1.0",), _UV_BACKEND, "build-api-removed", ("thing==1.0",)
    ),
    "conda's tree": Short(("a", "b"), _CONDA, "resolver-conflict", ("a", "b")),
    "a line that uv cannot read": Short(
        ("thing = = 1",), _UNREADABLE, "invalid-requirement", ("thing = = 1",), 2
    ),
    "poetry's note alone": Short(("thing==1.0",), _POETRY, "compile-error", ("thing==1.0",)),
    "a chain two levels deep": Short(("top==1",), _DEEP, "setup-script-error", ("top==1",)),
    "a chain that one line tells": Short(("top==1",), _FAR, "setup-script-error", ("top==1",)),
    "pip's summary alone says which build failed": Short(
        ("one==1", "two==2", "three==3"),
        _SUMMED.format("two"),
        "compile-error",
        ("two==2",),
    ),
    "pip's summary names what nobody collected": Short(
        ("one==1", "two==2", "three==3"), _SUMMED.format("one other"), "compile-error"
    ),
    "an older release that pip takes after another project's": Short(
        ("thing", "other"), _OLDER, "setup-script-error", ("thing",)
    ),
    "an argument of a known function": Short(
        ("client==1", "httpx==1"),
        installed(("client/a.py", "make", "self.http = httpx.Client(proxies=p)"), error=_HTTPX),
        "import-error",
        ("httpx==1", "client==1"),
    ),
    "an argument of a function that the line names": Short(
        _USED, installed(_USER, error=_WRONG), "import-error", ("other==1", "client==1")
    ),
    "an argument of the project's own function": Short(
        _USED,
        installed(
            ("outer/a.py", "call", "return other.make(wrong=1)"),
            ("client/a.py", "make", "return make(wrong=1)"),
            error=_WRONG,
        ),
        "import-error",
        ("client==1",),
    ),
    "a name of the project's own module": Short(
        ("client==1",),
        installed(("client/a.py", "<module>", "from .b import gone"), error=_GONE),
        "import-error",
        ("client==1",),
    ),
    "a name of another project's module": Short(
        ("client==1", "other"),
        installed(("client/a.py", "<module>", "from other.b import gone"), error=_GONE),
        "import-error",
        ("other", "client==1"),
    ),
    "an argument, by the nearest of two lines that name another project": Short(
        (*_USED, "third==1"),
        installed(
            ("client/a.py", "call", "return other.make(1)"),
            ("client/a.py", "make", "return third.make(wrong=1)"),
            error=_WRONG,
        ),
        "import-error",
        ("third==1", "client==1"),
    ),
    "an argument, by no line before that of another project": Short(
        _USED,
        installed(
            ("client/a.py", "call", "return other.make(1)"),
            ("outer/a.py", "call", "return make(1)"),
            ("client/a.py", "make", "return make(wrong=1)"),
            error=_WRONG,
        ),
        "import-error",
        ("client==1",),
    ),
    "what a project raises on purpose while it is imported": Short(
        ("client==1",),
        installed(
            ("/app/check.py", "<module>", "import client"),
            ("client/__init__.py", "<module>", "make()"),
            ("client/a.py", "make", "raise RuntimeError(WHY)"),
            error="RuntimeError: not here",
        ),
        "import-error",
        ("client==1",),
    ),
    "what a project raises on purpose when it is called": Short(
        ("client==1",),
        installed(
            ("/app/check.py", "<module>", "client.make()"),
            ("client/a.py", "make", "raise RuntimeError(WHY)"),
            error="RuntimeError: not here",
        ),
        "runtime-error",
    ),
    "the last lines of a build, and two that say whose": Short(
        ("thing==1", "other==1"),
        _AMID.format(_CLOSED, _FAILED),
        "setup-script-error",
        ("other==1",),
    ),
    "the last lines of a build, and the same two the other way round": Short(
        ("thing==1", "other==1"),
        _AMID.format(_FAILED, _CLOSED),
        "setup-script-error",
        ("other==1",),
    ),
    "the last lines of a build, and two headlines": Short(
        ("thing==1", "other==1"), _AMID.format(_HEADLINE, _REQUIRES), "setup-script-error"
    ),
    "a class that is named after a project of which no frame is shown": Short(
        ("celery==4", "click"),
        installed(
            error="TypeError: CeleryTask.bind_to() takes 1 positional argument but 2 were given"
        ),
        "import-error",
        ("celery==4",),
    ),
    "any version, and all are for other Pythons": Short(
        ("thing",), _IGNORED.format("1.0 Requires-Python >=3.99", ""), "requires-python", ("thing",)
    ),
    "a version, and others are for other Pythons": Short(
        ("thing==2",),
        _IGNORED.format("1.0 Requires-Python >=3.99; odd Requires-Python >=3.99", "==2"),
        "no-matching-version",
        ("thing==2",),
    ),
    "a build requirement that is collected further in": Short(
        ("thing==1", "numpy==1"), _INNER, "build-dep-failed", ("thing==1",)
    ),
}
