"""The table of kinds that were once read wrongly: `python -m tests.diagnosis.kinds` writes it anew."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FIXTURES = Path(__file__).parent.parent.parent / "fixtures"
TABLE = FIXTURES / "KINDS.md"
_HEAD = """# Kinds of logs that were once read wrongly

Each with logs of our own making, by other tools or versions; `python -m tests.diagnosis.kinds` makes
this table of `kinds.toml`.

| kind | logs |
| --- | --- |
"""


def loaded(place: str) -> Any:
    """Return what a TOML file of the fixtures holds."""
    return tomllib.loads((FIXTURES / place).read_text(encoding="utf-8"))


KINDS: list[dict[str, Any]] = loaded("kinds.toml")["kind"]


def table() -> str:
    """Return the table as Markdown."""
    rows = (
        f"| {kind['name']} | {', '.join(f'{tool} (`{log}`)' for log, tool in kind['logs'])} |\n"
        for kind in KINDS
    )
    return _HEAD + "".join(rows)


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
