"""What the tests of CI builders build: a small index, orders, and a project with a broken line."""

from __future__ import annotations

import sys
from pathlib import Path

from bisect_deps.builders.base import Order
from bisect_deps.model import IndexSettings
from bisect_deps.system import interpreters
from tests.support.local_index import Fault, LocalIndex, Project, broken_import

HERE = interpreters.find(sys.executable)
PROJECTS = (
    Project("good").release("1.0", requires=["helper"]),
    Project("helper").release("1.0").release("2.0"),
    Project("slow").release("1.0", seconds=300),
    Project("brief").release("1.0", seconds=2),
    Project("header").release("1.0", fault=Fault.HEADER).release("2.0"),
    Project("broken").release("1.0", code=broken_import()).release("2.0"),
    Project("left").release("1.0", requires=["helper<2"]),
    Project("right").release("1.0", requires=["helper>=2"]),
)
FAILING = "good==1.0\nheader==1.0\nhelper==1.0\n"


def index_settings(index: LocalIndex) -> IndexSettings:
    return IndexSettings(no_index=True, find_links=(str(index.find_links),))


def order(*lines: str, digest: str = "", **given: object) -> Order:
    text = "".join(f"{line}\n" for line in lines).encode()
    given.setdefault("timeout", 60.0)
    return Order({"requirements.txt": text}, "requirements.txt", digest or text.hex(), **given)  # type: ignore[arg-type]


def project(folder: Path) -> Path:
    folder.mkdir()
    (folder / "requirements.txt").write_text(FAILING)
    return folder
