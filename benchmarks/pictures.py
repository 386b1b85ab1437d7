"""Makes the pictures of README.md and docs/ from a real run, so that none of them is made up.

`python -m benchmarks.pictures` runs the file of the README here, for minutes on a cold cache, and
writes `docs/pictures/*.svg`, the text in README.md between its marks, and, where a Chromium is
installed, the page as it looks on a desk and on a phone. What is cut is shown as `…`.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DEFAULT_TERMINAL_THEME, SVG_EXPORT_THEME
from rich.text import Text

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"
CHECK = "python -c 'import numpy, pandas, flask, requests'"
BEGIN, END = "<!-- picture: begin -->", "<!-- picture: end -->"
WIDTH = 88
# Builds that the picture shows before it goes on with the verdict.
BUILDS = 3
MORE = "…"
THEMES = {"light": DEFAULT_TERMINAL_THEME, "dark": SVG_EXPORT_THEME}
LOOKS = {"desk": (1200, 1500, "light"), "phone": (360, 1500, "dark")}
SCHEMES = {"dark": 0, "light": 1}
_ESCAPE = re.compile(r"\x1b\[[\d;]*m")
_ENTRY = re.compile(r"\d+\. ")

# As rich draws it, without its fonts from elsewhere: a picture loads nothing.
SVG = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: system-ui, sans-serif; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>
{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g></g></svg>
"""


def main() -> None:
    """Run, and write every picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default="3.12", help="the Python to build for")
    python = parser.parse_args().python
    words = ["run", "requirements.txt", "--python", python, "--check", CHECK]
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(ROOT / "fixtures" / "ready" / "requirements.txt", folder)
        told, verdict = _run(Path(folder), words)
        PICTURES.mkdir(exist_ok=True)
        lines = [f"$ depbisect {_quoted(words)}", *_cut(told, verdict)]
        for theme in THEMES:
            _draw(lines, theme)
        _write_readme([_plain(line) for line in lines])
        _photograph(Path(folder) / "page.html")


def _run(folder: Path, words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the coloured lines of progress and of the verdict."""
    done = subprocess.run(
        [sys.executable, "-m", "bisect_deps", *words, "--color", "always", "--html", "page.html"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": str(WIDTH)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    return done.stderr.splitlines(), done.stdout.splitlines()


def _quoted(words: Sequence[str]) -> str:
    return " ".join(f'"{word}"' if "'" in word else shlex.quote(word) for word in words)


def _plain(line: str) -> str:
    return _ESCAPE.sub("", line).rstrip()


def _cut(told: Sequence[str], verdict: Sequence[str]) -> Iterator[str]:
    """Yield the start of the progress, and of the verdict what a reader has to see."""
    builds = [at for at, line in enumerate(told) if _plain(line).startswith("  build ")]
    yield from (
        _short(line) for line in told[: builds[2 * BUILDS] if builds[2 * BUILDS :] else None]
    )
    yield f"  {MORE}"
    blocks = _blocks(verdict)
    entries = [at for at, block in enumerate(blocks) if _ENTRY.match(_plain(block[0]))]
    middle = range(entries[1], entries[-1]) if len(entries) > 2 else range(0)
    for at, block in enumerate(blocks):
        if at in middle:
            if at not in entries:
                continue
            yield from (*block[:3], f"   {MORE}")
        elif at == 0 and len(block) > 2:
            yield from (*block[:2], MORE)
        else:
            yield from block
        yield ""


def _short(line: str) -> str:
    """Return a line of progress cut to the width, as a terminal shows it."""
    text = Text.from_ansi(line)
    if text.cell_len <= WIDTH:
        return line
    text.truncate(WIDTH - 2)
    return _ansi(text.append(f" {MORE}"))


def _ansi(text: Text) -> str:
    console = Console(width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="standard")
    with console.capture() as captured:
        console.print(text, end="", soft_wrap=True)
    return captured.get()


def _blocks(lines: Sequence[str]) -> list[list[str]]:
    blocks: list[list[str]] = [[]]
    for line in lines:
        if _plain(line):
            blocks[-1].append(line)
        elif blocks[-1]:
            blocks.append([])
    return [block for block in blocks if block]


def _draw(lines: Sequence[str], theme: str) -> None:
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    for line in lines:
        console.print(Text.from_ansi(line), soft_wrap=False)
    svg = console.export_svg(
        title="depbisect run", theme=THEMES[theme], code_format=SVG, unique_id=f"run-{theme}"
    )
    (PICTURES / f"run-{theme}.svg").write_text(svg, encoding="utf-8")


def _write_readme(lines: Sequence[str]) -> None:
    readme = ROOT / "README.md"
    before, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    today = f"{date.today():%-d %B %Y}"
    text = "\n".join(lines).rstrip()
    block = (
        f"{BEGIN}\n```console\n{text}\n```\n\n(A real run of {today}, cut at each `{MORE}`.)\n{END}"
    )
    readme.write_text(f"{before}{block}{after}", encoding="utf-8")


def _photograph(page: Path) -> None:
    for name, (width, height, scheme) in LOOKS.items():
        chromium(page, PICTURES / f"report-{name}.png", (width, height), scheme)


def chromium(page: Path, to: Path, size: tuple[int, int], scheme: str) -> None:
    """Photograph a page, `size` in pixels, `scheme` light or dark; without a Chromium say so."""
    found = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")
    if found is None:
        print(f"no Chromium here: {to} stays as it is", file=sys.stderr)
        return
    subprocess.run(
        [
            *(found, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
            f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}",
            f"--window-size={size[0]},{size[1]}",
            f"--screenshot={to}",
            page.resolve().as_uri(),
        ],
        capture_output=True,
        check=True,
    )


if __name__ == "__main__":
    main()
