"""The imports check, run by the Python of a built environment (3.6 and later, nothing installed).

Imports the modules of every distribution that was asked for, by name or by an address (its metadata
has `direct_url.json`), found from its installed metadata. Each distribution is tried in a process
of its own, so that one that crashes or half imports spoils no other. Ends with 1 if a module
failed, and prints for each failing module a fence, its traceback, and a closing fence.

Arguments: the fence word, how many processes at once, the names that were asked for.
"""

import faulthandler
import os
import re
import sys
import tempfile
import time
import traceback
from typing import IO

# Top-level names that projects ship beside their own module, by mistake more often than not.
BYSTANDERS = {
    "benchmark", "benchmarks", "bin", "build", "conftest", "data", "demo", "demos", "dist", "doc",
    "docs", "example", "examples", "sample", "samples", "script", "scripts", "setup", "src",
    "test", "testing", "tests", "tools", "util", "utils",
}  # fmt: skip
MODULE = re.compile(r"^([A-Za-z_]\w*)(?:\.py|\.(?:[\w-]+\.)?(?:so|pyd))$")
MOST_MODULES = 12
# From so many seconds on an import is worth a word.
SLOW = 5
# The last that a process says that came to its end: a module may end it before, with code 0, too.
TOLD = "all modules told\n"
# What a module says that wants more than an import: settings, a display, a library of the system.
NEEDS_SETTING = ("ImproperlyConfigured", "AppRegistryNotReady")
NEEDS_LIBRARY = re.compile(
    r"cannot open shared object file|(shared|native|system) library|library not found"
    r"|failed to find lib|Library not loaded",
    re.IGNORECASE,
)
# Pythons are built without these where the system has not what they wrap.
OPTIONAL_MODULES = {
    "_bz2", "_ctypes", "_curses", "_dbm", "_gdbm", "_lzma", "_sqlite3", "_ssl", "_tkinter",
    "readline", "tkinter",
}  # fmt: skip
# What the parts of a pair say that were not built for each other, and no machine can fix.
MISMATCH = re.compile(r"undefined symbol|version `[^']*' not found|source code")
NEEDS_DISPLAY = re.compile(
    r"DISPLAY|X server|Xlib|no display|cannot connect to .*display", re.IGNORECASE
)


class Distribution:
    """One installed project: its name, and the files that it put in place."""

    def __init__(self, folder: str, info: str) -> None:
        self.folder = os.path.join(folder, info)
        self.site = folder
        text = self.read("METADATA")
        named = re.search(r"^Name:\s*(\S+)", text, re.MULTILINE)
        self.name = named.group(1) if named else info.split("-", maxsplit=1)[0]

    def read(self, name: str) -> str:
        try:
            with open(os.path.join(self.folder, name), encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return ""

    def has_address(self) -> bool:
        return os.path.exists(os.path.join(self.folder, "direct_url.json"))

    def paths(self) -> "list[str]":
        found = []
        for line in self.read("RECORD").splitlines():
            path = line[1:].split('"')[0] if line.startswith('"') else line.rsplit(",", 2)[0]
            if path and not path.startswith(("..", "/")):
                found.append(path)
        return found


def modules_of(distribution: Distribution) -> "tuple[list[str], bool]":
    """Return the modules to import, and whether their names show that they are the main ones."""
    paths = distribution.paths()
    packages = {path[: -len("/__init__.py")] for path in paths if path.endswith("/__init__.py")}
    packages |= {
        path.rsplit("/", 1)[0]
        for path in paths
        if re.search(r"/__init__\.[\w.-]+\.(so|pyd)$", path)
    }
    namespaces = set(distribution.read("namespace_packages.txt").split())
    found: set[str] = set()
    for path in paths:
        name = _module_of(path, packages, namespaces)
        if name is not None:
            found.add(name)
    public = sorted(name for name in found if _is_public(name, distribution.name))
    if not public:  # an editable install has its files elsewhere
        listed = distribution.read("top_level.txt").split()
        public = [name for name in listed if name.isidentifier() and name not in BYSTANDERS]
    own = [name for name in public if _flat(name.split(".")[-1]) in _own_names(distribution.name)]
    whole = [name for name in public if _flat(name) in _own_names(distribution.name)]
    main = whole or own
    rest = [name for name in public if name not in main]
    return (main + rest)[:MOST_MODULES], bool(main)


def _module_of(path: str, packages: "set[str]", namespaces: "set[str]") -> "str | None":
    """Return the shallowest importable module that holds the file, or None."""
    parts = path.split("/")
    for depth in range(1, len(parts)):
        folder = "/".join(parts[:depth])
        if not all(part.isidentifier() for part in parts[:depth]):
            return None
        if folder in packages and folder.replace("/", ".") not in namespaces:
            return folder.replace("/", ".")
    matched = MODULE.match(parts[-1])
    if matched is None or matched.group(1) == "__init__":
        return None
    # A module file below folders without __init__ is code only if the folders are a namespace:
    # data folders hold .py files, too, but seldom extension modules.
    is_code = len(parts) == 1 or ".".join(parts[:-1]) in namespaces or not path.endswith(".py")
    return ".".join([*parts[:-1], matched.group(1)]) if is_code else None


def _is_public(name: str, project: str) -> bool:
    top = name.split(".", maxsplit=1)[0]
    if _flat(top) in _own_names(project):
        return True
    is_hidden = any(part.startswith("_") for part in name.split("."))
    return not is_hidden and top.lower() not in BYSTANDERS and "tests" not in name.split(".")


def _flat(name: str) -> str:
    return re.sub(r"[-_.]", "", name).lower()


def _own_names(project: str) -> "set[str]":
    """Return how a project's own module may be called: `python-foo` has `foo`, `pyfoo`."""
    flat = _flat(project)
    names = {flat}
    for prefix in ("python", "py"):
        if flat.startswith(prefix):
            names.add(flat[len(prefix) :])
    for suffix in ("python", "py"):
        if flat.endswith(suffix):
            names.add(flat[: -len(suffix)])
    names.discard("")
    return names


def distributions(asked_for: "set[str]") -> "list[Distribution]":
    found: list[Distribution] = []
    for site in sys.path:
        if os.path.basename(site) in ("site-packages", "dist-packages") and os.path.isdir(site):
            infos = [name for name in sorted(os.listdir(site)) if name.endswith(".dist-info")]
            found.extend(Distribution(site, info) for info in infos)
    return [
        distribution
        for distribution in found
        if _flat(distribution.name) in asked_for or distribution.has_address()
    ]


def try_all(distribution: Distribution, fence: str, out: "IO[str]") -> int:
    """Import a distribution's modules; return how many failed."""
    failed = 0
    modules, has_main = modules_of(distribution)
    for number, module in enumerate(modules):
        try:
            __import__(module)
        except BaseException as error:  # noqa: PERF203
            excuse = _excuse(error, is_extra=has_main and number > 0)
            if excuse is not None:
                out.write(f"skipped {module} of {distribution.name}: {excuse}\n")
                continue
            failed += 1
            # Its first frame is ours.
            trace = error.__traceback__.tb_next if error.__traceback__ else None
            text = "".join(traceback.format_exception(type(error), error, trace))
            out.write(f"{fence} import begin project={distribution.name} module={module}\n{text}")
            out.write(f"{fence} import end rc=1\n")
        else:
            out.write(f"imported {module} of {distribution.name}\n")
    out.write(TOLD)
    return failed


def _excuse(error: BaseException, is_extra: bool) -> "str | None":
    """Return why a failing import says nothing about the requirements, or None."""
    lacking = _lacking(error)
    if lacking is not None:
        return lacking
    if isinstance(error, SystemExit):
        return "it is a program"
    if is_extra and isinstance(error, ImportError):
        return f"it is beside the main module, and needs what nothing asked for ({error})"
    return None


def _lacking(error: BaseException) -> "str | None":
    """Return what the machine or its user has to provide for the import, or None."""
    if type(error).__name__ in NEEDS_SETTING:
        return "it needs settings"
    if isinstance(error, KeyError) and _raised_in(error) == "os":
        return f"it needs the environment variable {error}"
    if not os.environ.get("DISPLAY") and NEEDS_DISPLAY.search(str(error)):
        return "it needs a display"
    if _is_of_the_machine(error):
        return f"it needs what this machine has not ({error})"
    return None


def _is_of_the_machine(error: BaseException) -> bool:
    """Say whether a library of the system, or a file of the user's, is missing."""
    if not isinstance(error, (ImportError, OSError)) or MISMATCH.search(str(error)):
        return False
    if isinstance(error, ImportError):
        return error.name in OPTIONAL_MODULES or NEEDS_LIBRARY.search(str(error)) is not None
    # A file that a project itself should have brought is its own fault.
    return "site-packages" not in str(error.filename)


def _raised_in(error: BaseException) -> str:
    """Return the module whose code raised the error."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else str(trace.tb_frame.f_globals.get("__name__"))


def in_own_process(distribution: Distribution, fence: str) -> "tuple[int, IO[bytes]]":
    """Start trying a distribution; return the process id and the file that it writes to."""
    out = tempfile.TemporaryFile()  # noqa: SIM115
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid, out
    # What modules print goes with the rest, in order.
    os.dup2(out.fileno(), 1)
    os.dup2(out.fileno(), 2)
    # By lines: what was written stays where the process ends early.
    stream = os.fdopen(os.dup(out.fileno()), "w", 1, encoding="utf-8", errors="backslashreplace")
    faulthandler.enable(out)
    code = 1
    try:
        code = 1 if try_all(distribution, fence, stream) else 0
    finally:
        stream.flush()
        os._exit(code)


def main() -> int:
    fence, at_once = sys.argv[1], max(1, int(sys.argv[2]))
    waiting = distributions({_flat(name) for name in sys.argv[3:]})
    # The script's own folder is no place to import from; nor is the current one.
    sys.path[:] = [
        path
        for path in sys.path
        if path and os.path.realpath(path) != os.path.dirname(os.path.realpath(__file__))
    ]
    sys.argv[:] = ["python"]
    codes = tried(waiting, at_once, fence)
    return 1 if any(codes) else 0


def tried(waiting: "list[Distribution]", at_once: int, fence: str) -> "list[int]":
    """Try all, so many at once, and print what they wrote in the order of their names.

    Which one took longest is said at the end where that was long.
    """
    running: dict[int, tuple[int, float, IO[bytes]]] = {}
    ended: dict[int, tuple[int, IO[bytes]]] = {}
    slowest = (0.0, "")
    codes: list[int] = []
    started = 0
    while len(codes) < len(waiting):
        while started < len(waiting) and len(running) < at_once:
            pid, out = in_own_process(waiting[started], fence)
            running[pid] = (started, time.monotonic(), out)
            started += 1
        pid, status = os.wait()
        if pid not in running:
            continue
        at, since, out = running.pop(pid)
        slowest = max(slowest, (time.monotonic() - since, waiting[at].name))
        ended[at] = (status, out)
        while len(codes) in ended:
            at = len(codes)
            codes.append(int(report(waiting[at], *ended.pop(at), fence)))
    if slowest[0] >= SLOW:
        print("the slowest import was {1}: {0:.0f} s".format(*slowest))
    return codes


def report(distribution: Distribution, status: int, out: "IO[bytes]", fence: str) -> bool:
    """Print what a process wrote; say whether it failed."""
    out.seek(0)
    text, told, rest = out.read().decode("utf-8", "replace").rpartition(TOLD)
    text += rest
    out.close()
    if text and not text.endswith("\n"):
        text += "\n"
    if os.WIFSIGNALED(status) or not told:
        place = f"project={distribution.name} module={_untold(distribution, text)}"
        text = f"{fence} import begin {place}\n{text}"
        text += f"{_end_of(status)} while importing\n"
        text += f"{fence} import end rc={_code_of(status) or 1}\n"
    sys.stdout.write(text)
    sys.stdout.flush()
    return status != 0 or not told


def _untold(distribution: Distribution, text: str) -> str:
    """Return the first module of which a process told nothing."""
    told = re.findall(r"^(?:imported|skipped) (\S+) of | module=(\S+)$", text, re.MULTILINE)
    modules = modules_of(distribution)[0]
    return next((name for name in modules if (name, "") not in told and ("", name) not in told), "")


def _end_of(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"killed by signal {os.WTERMSIG(status)}"
    return f"the interpreter ended with {os.WEXITSTATUS(status)}"


def _code_of(status: int) -> int:
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


if __name__ == "__main__":
    sys.exit(main())
