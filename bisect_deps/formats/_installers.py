"""Which installer a command runs, and which of its words name what is installed.

A table of the programs with their verbs and the options that take a value. What stands before an
installer (`sudo`, `poetry run`, `docker run IMAGE`) is passed over, unless it prints its words.
Source: the command references of pip, uv, pipx, Poetry, PDM, Pipenv, rye, conda, micromamba and
pixi.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import NamedTuple

from bisect_deps.formats._words import SHELLS, Word, commands


class Grammar(Enum):
    """How an installer reads its words.

    TOOL: the first names a project, the rest are its own. OPTIONS: only options name any.
    """

    PIP = "pip"
    CONDA = "conda"
    POETRY = "poetry"
    TOOL = "tool"
    OPTIONS = "options"

    @property
    def reader(self) -> str:
        """Return who reads them, for messages."""
        return self.value if self in (Grammar.CONDA, Grammar.POETRY) else "pip"


class InstallCommand(NamedTuple):
    """A program with one of its verbs.

    `takes_value` are the options that take the next word. Of these, `files` name a list of
    requirements (True: of constraints), `named` a requirement itself. `skipped` first words are
    none.
    """

    grammar: Grammar
    takes_value: frozenset[str]
    files: dict[str, bool]
    named: frozenset[str] = frozenset()
    skipped: int = 0


class Install(NamedTuple):
    """An installer and the words behind its verb."""

    installer: InstallCommand
    words: Sequence[Word]


def installs(words: Sequence[Word]) -> Iterator[Install]:
    """Yield what a command installs: nothing for most, several where a shell is given a text."""
    if not words or _only_prints(words[0].text):
        return
    for at, word in enumerate(words):
        if _is_text_for_a_shell(words, at):
            for command in commands(word.code):
                yield from installs(command.words)
            continue
        found = _installer(words, at)
        if found is not None:
            yield found
            if found.installer.grammar is not Grammar.OPTIONS:
                return


def _is_text_for_a_shell(words: Sequence[Word], at: int) -> bool:
    if at == 0 or " " not in words[at].text:
        return False
    before = [_program(word.text) for word in words[:at]]
    if before[0] in ("eval", "ssh"):
        return True
    is_command = re.fullmatch(r"-[a-z]*c|/[cC]|-Command", words[at - 1].text) is not None
    return is_command and not SHELLS.isdisjoint(before)


def _installer(words: Sequence[Word], at: int) -> Install | None:
    """Return the installer whose name stands at a place, if one of its verbs follows."""
    for verbs, installer in _INSTALLERS.get(_program(words[at].text), ()):
        behind: Sequence[Word] | None = words[at + 1 :]
        for verb in verbs:
            behind = _after(behind, verb, installer.takes_value)
        if behind is not None:
            takes_projects = installer is _PIXI and "--pypi" in [word.text for word in behind]
            return Install(
                PIP_INSTALL if takes_projects else installer, behind[installer.skipped :]
            )
    return None


def _after(
    words: Sequence[Word] | None, verb: str, takes_value: frozenset[str]
) -> Sequence[Word] | None:
    """Return the words behind the verb, which global options may stand before."""
    at = 0
    while words is not None and at < len(words) and words[at].text.startswith("-"):
        at += 2 if words[at].text in takes_value else 1
    is_verb = words is not None and at < len(words) and words[at].text == verb
    return words[at + 1 :] if words is not None and is_verb else None


def _program(text: str) -> str:
    """Return the name of a program, also of one by its path, or by a variable of its name."""
    variable = re.fullmatch(r"\$\{?(\w+?)(?:_EXE|_BIN|_CMD)?\}?", text)
    name = variable[1].lower() if variable else re.split(r"[/\\]", text)[-1]
    name = name.removesuffix(".exe").removesuffix(".bat").removeprefix("-m")
    return re.sub(r"(?<=^pip)\d?(?:\.\d+)?$", "", name)


# What only says its words, or looks for them: functions that are called so, and programs.
_PRINTING = re.compile(
    r"echo|print|log|msg|message|warn|error|info|die|fail|usage|help|say|grep", re.IGNORECASE
)
_PROGRAMS = re.compile(
    r"write-\w+|cat|sed|awk|rg|git|test|\[\[?|which|type|alias|export|set|read|return|:|for|case",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w*")


def _only_prints(name: str) -> bool:
    is_word = _WORD.fullmatch(name) is not None
    return _PROGRAMS.fullmatch(name) is not None or (is_word and bool(_PRINTING.search(name)))


# Those of pip, and of uv, pipx, PDM, Pipenv and rye, where they have others.
_OF_PIP = """
-r --requirement --requirements -c --constraint --constraints -e --editable -t --target -i
--index-url --extra-index-url -f --find-links --prefix --root --src --platform --python-version
--implementation --abi --no-binary --only-binary --progress-bar --upgrade-strategy -P
--upgrade-package --trusted-host --timeout --retries --resume-retries --cache-dir --proxy --cert
--client-cert --log -p --python -C --config-setting --config-settings --report --exists-action
--build-constraint --use-feature --use-deprecated --build-option --global-option --group
--install-option --keyring-provider -b --build --index --default-index --override --overrides
--resolution --prerelease --link-mode --exclude-newer --index-strategy --extra --torch-backend
--pip-args --suffix --with --with-editable --index-name --refresh-package --reinstall-package
--no-build-package --no-binary-package --allow-insecure-host --directory --project --config-file
--color --python-platform --uploaded-prior-to --all-releases --only-final --python-preference
--config-settings-package --exclude-newer-package --excludes --fork-strategy --no-editable-package
--no-build-isolation-package --no-sources-package --output-format --prerelease-package
--upgrade-group --build-constraints --root-user-action --requirements-from-script
"""
_OF_PROJECTS = """
--optional -m --marker --branch --tag --rev --script --package --bounds --from --with-requirements
-G -L --lockfile --venv --config --categories --extra-pip-args --pypi-mirror --features --path --git
--spec --env-file --module -w --directory --index-strategy --with-executables-from --no-extra
--no-group --only-group --no-install-package
"""
_OF_POETRY = """
-G --group -E --extras --optional-group --platform --python --markers --source -P --project -C
--directory
"""
_OF_CONDA = """
-n --name -p --prefix -c --channel --file -f --solver --subdir --platform --revision --clone
--repodata-fn --experimental -r --root-prefix --rc-file --category --feature --manifest-path -H
--host --environment
"""
_PROJECT_VALUES = frozenset((_OF_PIP + _OF_PROJECTS).split())
_LISTS = {"-r": False, "--requirement": False, "--requirements": False} | dict.fromkeys(
    ("-c", "--constraint", "--constraints"), True
)
PIP_INSTALL = InstallCommand(Grammar.PIP, frozenset(_OF_PIP.split()), _LISTS)
_PROJECT = InstallCommand(Grammar.PIP, _PROJECT_VALUES, _LISTS | {"-c": True})
_POETRY = InstallCommand(Grammar.POETRY, frozenset(_OF_POETRY.split()), {})
CONDA_INSTALL = InstallCommand(
    Grammar.CONDA, frozenset(_OF_CONDA.split()), {"--file": False, "-f": False}
)
_PIXI = CONDA_INSTALL._replace(files={})
_WITH = InstallCommand(
    Grammar.OPTIONS, _PROJECT_VALUES, {"--with-requirements": False}, frozenset({"--with", "-w"})
)
_TOOL = _WITH._replace(grammar=Grammar.TOOL, named=frozenset({"--with", "-w", "--from", "--spec"}))
_INTO_FOLDER = PIP_INSTALL._replace(
    takes_value=PIP_INSTALL.takes_value | {"-d", "--dest", "-w", "--wheel-dir"}
)
_PIP_VERBS = (
    (("install",), PIP_INSTALL),
    (("download",), _INTO_FOLDER),
    (("wheel",), _INTO_FOLDER),
)
_OF_ENVIRONMENT = CONDA_INSTALL._replace(grammar=Grammar.OPTIONS)
_CONDA_VERBS = (
    (("install",), CONDA_INSTALL),
    (("create",), CONDA_INSTALL),
    (("env", "create"), _OF_ENVIRONMENT),
    (("env", "update"), _OF_ENVIRONMENT),
)
# A program to its verbs, each with how it reads what follows.
_INSTALLERS: dict[str, tuple[tuple[tuple[str, ...], InstallCommand], ...]] = {
    "pip": _PIP_VERBS,
    "uv": (
        (("pip", "install"), PIP_INSTALL),
        (("tool", "install"), _PROJECT),
        (("add",), _PROJECT),
        (("tool", "run"), _TOOL),
        (("run",), _WITH),
    ),
    "uvx": (((), _TOOL),),
    "pipx": (
        (("install",), _PROJECT),
        (("inject",), _PROJECT._replace(skipped=1)),
        (("run",), _TOOL),
    ),
    "poetry": ((("add",), _POETRY), (("self", "add"), _POETRY)),
    "pdm": ((("add",), _PROJECT),),
    "pipenv": ((("install",), _PROJECT),),
    "rye": ((("add",), _PROJECT), (("install",), _PROJECT)),
    "pixi": ((("add",), _PIXI),),
    "conda": _CONDA_VERBS,
    "mamba": _CONDA_VERBS,
    "micromamba": _CONDA_VERBS,
    "easy_install": (((), PIP_INSTALL),),
}
