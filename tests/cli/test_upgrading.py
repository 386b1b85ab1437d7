"""The page on what changed since 0.1.0, held to the commands as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from bisect_deps.cli import COMMANDS, group
from bisect_deps.reports.json import schema

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "upgrading.md").read_text(encoding="utf-8")
# Each command of 0.1.0 with its options, as its own code names them.
OLD: dict[str, list[str]] = json.loads((ROOT / "fixtures" / "interface-0.1.0.json").read_bytes())
# The fields of its report, by its schema.
OLD_FIELDS: frozenset[str] = frozenset(
    json.loads((ROOT / "fixtures" / "report-0.1.0.json").read_bytes())
)
COMMON = {"--color", "-q", "--quiet", "-v", "--verbose"}


def fields(node: Any, path: str = "") -> Iterator[str]:
    """Yield the paths of all fields of a JSON Schema, those of its definitions too."""
    for name, inner in node.get("properties", {}).items():
        yield f"{path}{name}"
        yield from fields(inner, f"{path}{name}.")
    yield from fields(node["items"], path) if isinstance(node.get("items"), dict) else ()
    for name, inner in node.get("$defs", {}).items():
        yield from fields(inner, f"{name}.")


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


def test_every_new_field_of_the_report_is_on_the_page() -> None:
    said = {part for word in re.findall(r"`([^`]+)`", PAGE) for part in word.split(".")}
    new = {field for field in fields(schema()) if field not in OLD_FIELDS}
    inner = {field for field in new if field.startswith("python_for.")}  # Named as a whole.
    assert {field for field in new - inner if field.split(".")[-1] not in said} == set()
    assert not OLD_FIELDS - set(fields(schema())), "no field went"
