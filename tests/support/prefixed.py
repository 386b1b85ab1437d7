"""Puts around a log what CI systems, containers and terminals put around it."""

from __future__ import annotations

import json
from collections.abc import Callable

STAMP = "2024-05-14T09:12:{:02d}.1234567Z"


def _each(prefix: Callable[[int], str], lines: list[str], end: str = "\n") -> str:
    return "".join(f"{prefix(number)}{line}{end}" for number, line in enumerate(lines))


def github(text: str) -> str:
    """GitHub Actions: a time stamp before each line, the step in a group."""
    head = ["##[group]Run pip install -r requirements.txt", "##[endgroup]"]
    return _each(lambda n: STAMP.format(n % 60) + " ", [*head, *text.split("\n")])


def gitlab(text: str) -> str:
    """GitLab: sections opened by escapes on the line before the text."""
    head = "section_start:1692900075:step_script\r\x1b[0K\x1b[0K\x1b[36;1mExecuting\x1b[0;m\n"
    return head + text + "\nsection_end:1692900161:step_script\r\x1b[0K\n"


def jenkins(text: str) -> str:
    """Jenkins with its timestamper."""
    return _each(lambda n: f"[2023-01-16T18:20:{n % 60:02d}.966Z] ", text.split("\n"))


def buildkit(text: str) -> str:
    """BuildKit's plain progress: step number and seconds."""
    head = "#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n\n"
    body = _each(lambda n: f"#9 {0.5 + n / 10:.3f} ", text.split("\n"))
    return head + "#9 [5/5] RUN pip install -r requirements.txt\n" + body


def interleaved(text: str) -> str:
    """Two services built at once under compose: a green one between the lines of the other."""
    other = (
        "Collecting idna==3.3",
        "  Downloading idna-3.3-py3-none-any.whl (61 kB)",
        "Successfully installed idna-3.3",
    )
    mixed = []
    for number, line in enumerate(text.split("\n")):
        mixed.append(f"builder-1  | {line}\n")
        if number % 3 == 0:
            mixed.append(f"web-1      | {other[number // 3 % 3]}\n")
    return "".join(mixed)


def kubernetes(text: str) -> str:
    """A container runtime's log."""
    return _each(lambda n: f"2023-07-21T20:26:{n % 60:02d}.107697429Z stdout F ", text.split("\n"))


def windows(text: str) -> str:
    """A terminal with colours, progress overwritten in place, and CRLF."""
    coloured = [
        f"10%|#   |\r100%|####|\r\x1b[2K\x1b[31m{line}\x1b[0m" if line.strip() else line
        for line in text.split("\n")
    ]
    return "\r\n".join(coloured)


def platform_json(text: str) -> str:
    """A platform's error document: the log in a string, lines escaped."""
    return json.dumps([{"request_id": "req-1", "error": f"error:\n{text}\nstacktrace:\nSome()"}])


def json_lines(text: str) -> str:
    """A container runtime's JSON file: one object a line."""
    rows = ({"log": f"{line}\n", "stream": "stdout"} for line in text.split("\n"))
    return "\n".join(json.dumps(row, separators=(",", ":")) for row in rows)


def margin(text: str) -> str:
    """A web page: blanks before every line."""
    return _each(lambda n: " " * 7, text.split("\n"))


def numbered(text: str) -> str:
    """A web page with the number of each line."""
    return _each(lambda n: f"{n + 1:4} ", text.split("\n"))


def quoted(text: str) -> str:
    """A mail or an issue that quotes a log."""
    return _each(lambda n: "> ", text.split("\n"))


def doubled(text: str) -> str:
    """A page that shows each line as a paragraph."""
    return "\n\n".join(line for line in text.split("\n") if line.strip())


def oryx(text: str) -> str:
    """Azure's builder: the time and its zone in brackets."""
    return _each(lambda n: f"[13:59:{n % 60:02d}+0000] ", text.split("\n"))


def buildpack(text: str) -> str:
    """Google's buildpacks under Cloud Build."""
    return _each(lambda n: 'Step #1 - "build": [builder] ', text.split("\n"))


def act(text: str) -> str:
    """A workflow run on a desk by act."""
    return _each(lambda n: "[CI/build]   | ", text.split("\n"))


def render(text: str) -> str:
    """A platform's page: date and time of the day, two blanks."""
    return _each(lambda n: f"Dec 11 09:41:{n % 60:02d} PM  ", text.split("\n"))


def gitlab_stamped(text: str) -> str:
    """GitLab with time stamps: the stream's number and kind, and `+` where a line goes on."""
    return _each(lambda n: f"2024-05-14T09:12:{n % 60:02d}.123456Z 01O ", text.split("\n"))


PREFIXES: dict[str, Callable[[str], str]] = {
    "github": github,
    "gitlab": gitlab,
    "jenkins": jenkins,
    "buildkit": buildkit,
    "interleaved": interleaved,
    "kubernetes": kubernetes,
    "windows": windows,
    "json": platform_json,
    "json lines": json_lines,
    "margin": margin,
    "numbered": numbered,
    "quoted": quoted,
    "doubled": doubled,
    "oryx": oryx,
    "buildpack": buildpack,
    "act": act,
    "render": render,
    "gitlab stamped": gitlab_stamped,
}
