"""The schema of `[tool.depbisect]` agrees with what `run` takes from a file."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
import tomlkit

from bisect_deps.cli.run import command
from bisect_deps.cli.settings_schema import schema
from bisect_deps.errors import DepbisectError

TABLES: list[tuple[str, dict[str, Any], bool]] = [
    ("python", {"python": "3.12"}, True),
    ("dashes", {"max-builds": 20}, True),
    ("several", {"check": ["python -c 'import a'"]}, True),
    ("a choice", {"narrow": "full"}, True),
    ("a flag", {"imports": True}, True),
    ("a builder's own", {"build-cmd": "make"}, True),
    ("lint", {"lint": {"profile": "library"}}, True),
    ("unknown", {"nonesuch": 1}, False),
    ("not a choice", {"narrow": "wide"}, False),
    ("too few", {"max-builds": -1}, False),
    ("no time", {"timeout": 0}, False),
]


@pytest.mark.parametrize(("table", "fits"), [row[1:] for row in TABLES], ids=[r[0] for r in TABLES])
def test_what_fits_the_schema_is_what_run_reads(
    table: dict[str, Any], fits: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert jsonschema.Draft202012Validator(schema()).is_valid(table) is fits
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEPBISECT_TRUST", str(tmp_path))
    (tmp_path / "depbisect.toml").write_text(_toml(table))
    refused = (
        contextlib.nullcontext() if fits else pytest.raises((DepbisectError, click.BadParameter))
    )
    with refused:
        command.make_context("run", [])


def _toml(table: dict[str, Any]) -> str:
    return tomlkit.dumps(table)


def test_the_schema_is_one_and_describes_each_setting() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    assert all(field["description"] for field in schema()["properties"].values())
