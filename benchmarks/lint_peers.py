"""Who finds what about pinning in 30 files: ours beside pinlint, hadolint, deptry, pip-audit, uv.

    python -m benchmarks.lint_peers --tools VENV/bin

The folder holds the programs `pinlint`, `hadolint`, `deptry`, `pip-audit` and `uv`; what is absent
is left out. Twenty Dockerfiles are the cases of hadolint's own rule DL3013, written anew; ten are
requirements files and projects. A row for each file says what each names; a file in which another
finds something about pinning and ours nothing is `MISSED`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMIT = "1f0c3b8a5f7d2e4c6b8a9d0e1f2a3b4c5d6e7f80"
HASH = "--hash=sha256:" + "0" * 64
RUNS = {
    "old name": "RUN pip2 install MySQL_python",
    "bare name": "RUN pip3 install MySQL_python",
    "pin: fine": "RUN pip3 install MySQL_python==1.2.2",
    "file: fine": "RUN pip install --requirement /build/requirements.txt",
    "file, short: fine": "RUN pip3 install -r requirements.txt --no-cache-dir",
    "folder: fine": "RUN pip install . && pip install /opt/app",
    "branch": "RUN pip install git+https://git.example/a/b@main",
    "commit: fine": f"RUN pip install git+https://git.example/a/b@{COMMIT}",
    "wheel: fine": "RUN pip install --no-cache-dir ./dist/x-1.0-py3-none-any.whl",
    "upgrade": "RUN pip install --no-cache-dir --upgrade pip setuptools",
    "range": 'RUN pip install "alabaster>=0.7,<1"',
    "index option": "RUN pip install --index-url https://index.example/simple foo",
    "module": "RUN python3 -m pip install --user yamllint",
    "constraints: fine": "RUN pip install -c constraints.txt pykafka",
    "extra": "RUN pip install 'bandit[toml]' black==24.4.2",
    "exec form": 'RUN ["pip", "install", "gunicorn"]',
    "several lines": "RUN true \\\n # words\n && pip install \\\n   six==1.16.0 \\\n   wheel",
    "here-document": "RUN <<EOF\nset -e\npip install invoke\nEOF",
    "onbuild": "ONBUILD RUN pip install invoke",
    "variable: fine": "ARG V=1\nRUN pip install foo==${V} && pip --version",
}
FILES = {
    "pins: fine": ("requirements.txt", "flask==3.0.3\nclick==8.1.7\n"),
    "bare and range": ("requirements.txt", "flask\nrequests>=2.0\nnumpy==1.*\n"),
    "hashed: fine": ("requirements.txt", f"six==1.16.0 {HASH}\n"),
    "half hashed": ("requirements.txt", f"six==1.16.0 {HASH}\nidna==3.7\n"),
    "links": ("requirements.txt", "a @ git+https://git.example/a@main\nhttps://f.example/b.zip\n"),
    "twice": ("requirements.txt", "six==1.16.0\nsix==1.15.0\n"),
    "unreadable": ("requirements.txt", "flask=3.0\n"),
    "old and known": ("requirements.txt", "jinja2==2.4.1\ndjango==1.8\n"),
    "project": ("pyproject.toml", '[project]\nname = "x"\nversion = "1"\ndependencies = ["six"]\n'),
    "poetry": (
        "pyproject.toml",
        '[tool.poetry]\nname = "x"\nversion = "1"\ndescription = ""\n'
        'authors = []\n[tool.poetry.dependencies]\npython = "^3.10"\nsix = "*"\n',
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tools", type=Path, required=True, help="the folder of the programs")
    options = parser.parse_args()
    peers = {name: own for name, own in PEERS.items() if (options.tools / name).exists()}
    print(f"{'file':20}{'ours':26}" + "".join(f"{name:22}" for name in peers))
    missed = 0
    cases = {title: ("Dockerfile", f"FROM python:3.12\n{run}\n") for title, run in RUNS.items()}
    for title, (name, text) in (cases | FILES).items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, name)
            path.write_text(text)
            own = found_by_ours(path)
            others = {peer: find(options.tools / peer, path) for peer, find in peers.items()}
        # Only what concerns pinning counts: a resolver and a database answer other questions.
        is_missed = not own and any(
            others.get(peer, "-") != "-" for peer in ("pinlint", "hadolint")
        )
        missed += is_missed
        cells = "".join(f"{others[peer][:20]:22}" for peer in peers)
        print(f"{title:20}{own or '-':26}{cells}{'MISSED' if is_missed else ''}")
    print(f"{missed} of {len(cases | FILES)} files in which another finds more about pinning")
    sys.exit(bool(missed))


def found_by_ours(path: Path) -> str:
    command = [sys.executable, "-m", "bisect_deps", "lint", path.name, "--isolated"]
    answer = _run([*command, "--output-format", "json"], path.parent)
    codes = [own["code"] for own in json.loads(answer.stdout)["findings"]]
    return " ".join(dict.fromkeys(code for code in codes if code != "DB900"))


def _pinlint(program: Path, path: Path) -> str:
    if path.suffix != ".txt":
        return "-"
    answer = _run([str(program), "--no-hashes", "--format", "json", path.name], path.parent)
    try:
        found = [own.get("finding", own)["code"] for own in json.loads(answer.stdout)]
    except ValueError:
        return "crash"
    return " ".join(dict.fromkeys(found)) or "-"


def _hadolint(program: Path, path: Path) -> str:
    if path.name != "Dockerfile":
        return "-"
    answer = _run([str(program), "--no-fail", "-f", "json", path.name], path.parent)
    codes = {own["code"] for own in json.loads(answer.stdout or "[]")}
    return "DL3013" if "DL3013" in codes else "-"


def _deptry(program: Path, path: Path) -> str:
    if path.name == "Dockerfile":
        return "-"
    answer = _run([str(program), "."], path.parent)
    codes = re.findall(r"DEP\d+", answer.stderr + answer.stdout)
    return " ".join(dict.fromkeys(codes)) or "-"


def _pip_audit(program: Path, path: Path) -> str:
    if path.suffix != ".txt":
        return "-"
    options = ("--no-deps", "--disable-pip", "-f", "json", "--progress-spinner", "off")
    answer = _run([str(program), "-r", path.name, *options], path.parent)
    try:
        found = json.loads(answer.stdout)["dependencies"]
    except ValueError:
        return "refused"
    vulnerable = sum(bool(own.get("vulns")) for own in found)
    return f"{vulnerable} vulnerable" if vulnerable else "-"


def _uv(program: Path, path: Path) -> str:
    if path.name == "Dockerfile":
        return "-"
    answer = _run([str(program), "pip", "compile", "-q", path.name], path.parent)
    return "-" if answer.returncode == 0 else "no solution"


PEERS: dict[str, Callable[[Path, Path], str]] = {
    "pinlint": _pinlint,
    "hadolint": _hadolint,
    "deptry": _deptry,
    "pip-audit": _pip_audit,
    "uv": _uv,
}


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


if __name__ == "__main__":
    main()
