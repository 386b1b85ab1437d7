"""Each kind that was once read wrongly has three logs of other tools or versions, which tests read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnosis.kinds import FIXTURES, KINDS, TABLE, loaded, table


def is_labelled(log: str) -> bool:
    """Say whether a log is there with what is right of it."""
    folder, _, name = log.partition("/")
    if name.startswith("refused.toml "):
        found = loaded("logs/refused.toml")["log"]
        return any(label["name"] == name.partition(" ")[2] for label in found)
    labels = loaded(f"{folder}/labels.toml")
    listed = next(value for value in labels.values() if isinstance(value, list))
    return (FIXTURES / f"{log}.log").is_file() and any(
        label["file"] == f"{name}.log" for label in listed
    )


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["name"])
def test_kind_has_three_labelled_logs_of_other_tools_or_versions(kind: dict[str, Any]) -> None:
    assert len({tool for _, tool in kind["logs"]}) >= 3
    assert [log for log, _ in kind["logs"] if not is_labelled(log)] == []


def test_table_is_made_of_the_kinds() -> None:
    assert TABLE.read_text(encoding="utf-8") == table()
