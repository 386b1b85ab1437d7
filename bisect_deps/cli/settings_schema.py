"""The JSON Schema of `[tool.depbisect]` and `depbisect.toml`, made from the options of `run`.

`python -m bisect_deps.cli.settings_schema > depbisect.schema.json` writes it, for editors.
"""

from __future__ import annotations

import json
from typing import Any

import click

SCHEMA = "https://json-schema.org/draft/2020-12/schema"
# Of one call, not of a project.
_LEFT_OUT = {"help", "verbose", "quiet", "version"}
# click's names of types to those of JSON.
_JSON_TYPES = {"boolean": "boolean", "integer": "integer", "float": "number"}


def schema() -> dict[str, Any]:
    """Return the schema of the table: each option of `run` by its name, and the table of `lint`."""
    from bisect_deps.cli.run import command

    properties = {
        (param.name or "").replace("_", "-"): _property(param)
        for param in command.params
        if param.name not in _LEFT_OUT
    }
    lint = {"type": "object", "description": "The settings of depbisect lint: docs/lint.md."}
    return {
        "$schema": SCHEMA,
        "$id": "urn:depbisect:settings:1",
        "title": "depbisect settings",
        "description": "[tool.depbisect] of pyproject.toml, or the whole of depbisect.toml.",
        "type": "object",
        "properties": {**properties, "lint": lint},
        "additionalProperties": False,
    }


def _property(param: click.Parameter) -> dict[str, Any]:
    one = _one(param)
    if param.multiple or param.nargs == -1:
        one = {"type": "array", "items": one}
    help_text = param.help if isinstance(param, click.Option) else "The requirements file."
    return {**one, "description": help_text or ""}


def _one(param: click.Parameter) -> dict[str, Any]:
    kind = param.type
    if isinstance(kind, click.Choice):
        return {"enum": [str(choice) for choice in kind.choices]}
    limits = _limits(kind) if isinstance(kind, (click.IntRange, click.FloatRange)) else {}
    return {"type": _JSON_TYPES.get(kind.name.removesuffix(" range"), "string"), **limits}


def _limits(kind: click.IntRange | click.FloatRange) -> dict[str, Any]:
    least = {"exclusiveMinimum" if kind.min_open else "minimum": kind.min}
    most = {"exclusiveMaximum" if kind.max_open else "maximum": kind.max}
    return {name: limit for name, limit in (least | most).items() if limit is not None}


if __name__ == "__main__":
    click.echo(json.dumps(schema(), indent=2))
