"""Shows how a run looks while it works, in a real terminal of any width, light and dark.

`python -m benchmarks.terminals OUT` runs the file of the README in tmux, keeps the screen as it is
in the middle of the run and at its end, and draws each as a picture to be looked at. Needs tmux;
pictures are SVG, and PNG where a Chromium is installed.
"""

from __future__ import annotations

import argparse
import io
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from rich.ansi import AnsiDecoder
from rich.console import Console

from benchmarks.pictures import CHECK, ROOT, SVG, THEMES, chromium

WIDTHS = (80, 140)
ROWS = 50
BETWEEN_LOOKS = 0.5
LONGEST = 600
DONE = "depbisect ended with"


def main() -> None:
    """Run once for each width, and draw what was on the screen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="the folder for the pictures")
    parser.add_argument("--python", default="3.12", help="the Python to build for")
    parser.add_argument("--width", type=int, action="append", help="columns; repeatable")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for width in given.width or WIDTHS:
        screens = list(_screens(width, given.python))
        working = [screen for screen in screens if " so far" in screen]
        middle = working[len(working) // 2] if working else screens[0]
        for name, screen in (("works", middle), ("ends", screens[-1])):
            for theme in THEMES:
                _draw(screen, width, theme, given.out / f"{name}-{width}-{theme}")


def _screens(width: int, python: str) -> Iterator[str]:
    """Yield the screen with its colours, look by look, the last one at the end."""
    words = [sys.executable, "-m", "bisect_deps", "run", "--python", python, "--check", CHECK]
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(ROOT / "fixtures" / "ready" / "requirements.txt", folder)
        socket = str(Path(folder) / "tmux")
        shell = f"{shlex.join(words)}; echo {DONE} $?; sleep {LONGEST}"
        _tmux(
            *(socket, "-f", os.devnull, "new-session", "-d", "-x", str(width), "-y", str(ROWS)),
            *("-c", folder, "-e", f"PYTHONPATH={ROOT}", shell),
        )
        try:
            for _ in range(int(LONGEST / BETWEEN_LOOKS)):
                screen = _tmux(socket, "capture-pane", "-e", "-p")
                yield screen
                if DONE in screen:
                    return
                time.sleep(BETWEEN_LOOKS)
        finally:
            _tmux(socket, "kill-server")


def _tmux(socket: str, *words: str) -> str:
    return subprocess.run(
        ["tmux", "-S", socket, *words], capture_output=True, text=True, encoding="utf-8", check=True
    ).stdout


def _draw(screen: str, width: int, theme: str, path: Path) -> None:
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True)
    for line in AnsiDecoder().decode(screen):  # A colour goes on in the next line.
        console.print(line, soft_wrap=True)
    svg = console.export_svg(
        title=f"{width} columns", theme=THEMES[theme], code_format=SVG, unique_id="screen"
    )
    picture = path.with_suffix(".svg")
    picture.write_text(svg, encoding="utf-8")
    chromium(picture, path.with_suffix(".png"), (width * 13, ROWS * 26), theme)


if __name__ == "__main__":
    main()
