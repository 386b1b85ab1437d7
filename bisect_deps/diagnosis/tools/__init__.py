"""One follower a tool: what the lines of its log announce, name and end.

To add one: a file with `ANNOUNCES`, handlers by the first word of a line, and a line in TOOLS. A
handler changes the `Steps` at hand, or passes over what is another tool's.
"""

from __future__ import annotations

from bisect_deps.diagnosis.announcements import BLOCK, SUCCESS
from bisect_deps.diagnosis.lines import Line
from bisect_deps.diagnosis.steps import Handler, Steps
from bisect_deps.diagnosis.tools import conda, pdm, pip, poetry, uv

TOOLS = (pip, uv, poetry, pdm, conda)

_BY_WORD: dict[str, tuple[Handler, ...]] = {
    word: tuple(tool.ANNOUNCES[word] for tool in TOOLS if word in tool.ANNOUNCES)
    for word in {word for tool in TOOLS for word in tool.ANNOUNCES}
}


def follow(steps: Steps, line: Line, text: str, bare: str) -> None:
    """Take one line that announces, names or ends a step."""
    uv.follow_output(steps, text)
    if steps.block is not None and pip.in_block(steps, line, text, bare):
        return
    if " output" in text and (block := BLOCK.match(text)):
        pip.open_block(steps, line.number, len(block["indent"]))
        return
    for handler in _BY_WORD.get(bare.partition(" ")[0], ()):
        handler(steps, line, text, bare)
    if SUCCESS.match(bare):
        steps.take_success(line, bare)
    if line.alarming:
        uv.explain(steps, line, text, bare)
        pip.explain(steps, line, text, bare)
