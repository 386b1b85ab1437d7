"""The page on what changed since 0.1.0, held to the commands as they are."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click

from bisect_deps.cli import COMMANDS, group

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "upgrading.md").read_text(encoding="utf-8")
# Each command of 0.1.0 with its options, as its own code names them.
OLD: dict[str, list[str]] = json.loads((ROOT / "fixtures" / "interface-0.1.0.json").read_bytes())
COMMON = {"--color", "-q", "--quiet", "-v", "--verbose"}


def new_options(name: str) -> list[set[str]]:
    command = group.get_command(click.Context(group), name)
    assert command is not None
    options = (p for p in command.params if isinstance(p, click.Option))
    return [flags for p in options if not (flags := {*p.opts, *p.secondary_opts}) & COMMON]


def named(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", text))


def test_no_command_and_no_option_of_0_1_0_is_gone() -> None:
    for name, flags in OLD.items():
        here = set().union(*new_options(name), COMMON)
        assert not set(flags) - here, name


def test_every_new_command_and_option_is_on_the_page() -> None:
    commands = re.search(r"^\| new commands \| (.*) \|$", PAGE, re.MULTILINE)
    assert commands is not None
    assert set(re.findall(r"`([\w-]+)`", commands[1])) == set(COMMANDS) - set(OLD)
    # Options of builders stand below the table, once for all commands.
    everywhere = named(PAGE.partition("`--builder` also takes")[2].partition("## ")[0])
    for name, old in OLD.items():
        row = re.search(rf"^\| .*`{name}`.* \| (.*) \|$", PAGE.partition("## Commands")[2], re.M)
        said = named(row[1]) | everywhere if row is not None else set()
        for flags in new_options(name):
            if not flags & set(old):
                whole = "all builders" in (row[1] if row else "")
                assert whole or flags & said, f"{name}: {sorted(flags)}"
