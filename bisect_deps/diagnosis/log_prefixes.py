"""Takes off what a CI system, a container or a terminal puts around each line of a log.

Per line and without state: colours, carriage returns and back spaces as a terminal would show
them, then known prefixes, exactly and no more, since indentation carries meaning. A prefix that
names one of several parallel streams gives the line its channel. Knows no tool and no cause.
"""

from __future__ import annotations

import re

from bisect_deps.diagnosis.remembered import remembered

LONGEST = 16_384

_ANSI = re.compile(
    r"\x1b\[[0-?]{0,40}[ -/]{0,8}[@-~]"  # CSI: colours, cursor, erase
    r"|\x1b\][^\x07\x1b]{0,2000}(?:\x07|\x1b\\)"  # OSC: titles, links
    r"|\x1b_[^\x07\x1b]{0,200}(?:\x07|\x1b\\)"  # APC: time stamps of a CI agent
    r"|\x1b[@-Z\\^_=>()78c][0-9AB]?"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_STAMP = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
# First characters that a prefix may begin with, then the prefixes. The group `channel` names a
# stream of its own. One optional blank belongs to the prefix; more are the line's own.
_PREFIXES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (first, re.compile(pattern))
    for first, pattern in (
        (
            "0123456789",
            rf"{_STAMP} (?:std(?:out|err) [FP](?: |$)|\d\d[OE](?:\+|[ ]|$))?(?:[a-z]+\[[\w.-]{{1,40}}\]: ?)?",
        ),
        ("0123456789", r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})? (?:\[[A-Z]{3,8}\] )?"),
        (
            "0123456789",
            r"\d{1,2}:\d\d:\d\d(?: [AP]M:|[.,]\d{1,6})? (?:\[(?:DEBUG|INFO|WARN|ERROR)\] |\|(?: |$))?(?=\S| |$)",
        ),
        (
            "JFMASOND",  # a web page's or a system log's date
            r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) {1,2}\d{1,2},? (?:\d{4},? )?\d{1,2}:\d\d:\d\d(?:\.\d{1,9})?(?: [AP]M)?(?: [\w.-]{1,60} [\w./-]{1,40}(?:\[\d{1,9}\])?:(?= ))?(?: {1,2}|$)",
        ),
        ("0123456789", r"\d{1,4}\.\d{2,3} (?=\S| )"),  # BuildKit's closing excerpt
        ("[", rf"\[{_STAMP}\](?: \[[A-Z]{{1,20}}/\d{{1,3}}\] (?:OUT|ERR))?(?: |$)"),
        ("[", r"\[\d\d:\d\d:\d\d(?:[.,]\d{1,6}|[+-]\d{4})?\](?:[WEFi]?:?\s?\[[^\]]{1,80}\])? ?"),
        (
            "[",
            r"\[(?:builder|detector|analyzer|exporter|INFO|ERROR|WARNING|WARN|DEBUG|stdout|stderr)\] (?=\S| )",
        ),
        ("[", r"\[[^\]\n]{1,100}\] {1,6}\| ?"),  # a workflow run by act
        ("IEWD", r"(?:INFO|ERROR|WARN|DEBU)\[\d{4,6}\] "),  # Kaniko, Docker's own tools
        ("[", r"\[(?:pipenv\.exceptions\.\w{1,40}|ResolutionFailure|InstallError)\]: ?"),
        ("[", r"\[Container\] \d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})? "),
        ("#", r"#(?P<channel>\d{1,4}) (?:\d{1,6}\.\d{1,3}(?: |$)|(?=CACHED|DONE|ERROR|\[))"),
        ("<>", r"[<>] (?=\S|  )"),  # `python -m build`, output and commands
        ("r", r"remote:(?: {8}| ?$| (?=[-!> \[]))"),
        ("s", r"std(?:out|err): (?=\S| )"),  # a program that shows what another one wrote
        ("=", r"==> [\w.-]{1,60}: (?=\S| )"),  # Packer and Vagrant
        ("│┃", r"[│┃] (?=\S| )"),
        ("S", r'Step #(?P<channel>\d{1,3})(?: - "[^"]{1,80}")?: ?'),
        (
            "abcdefghijklmnopqrstuvwxyz0123456789",
            r"(?P<channel>[a-z0-9][\w.-]{0,60}(?:[-_]\d{1,3}| {2})) {0,24}(?<= )\| ?",
        ),
        (
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
            rf"(?P<channel>[^\t]{{1,80}}\t[^\t]{{1,120}})\t\ufeff?{_STAMP} ",
        ),
        ("{", r'\{.{0,400}?"(?:log|message|msg|line|text)" ?: ?"'),
    )
)
_JSON_LINE = re.compile(r'\{.{0,400}?"(?:log|message|msg|line|text)" ?: ?"((?:[^"\\]|\\.)*)"')
_ESCAPES = {"n": "", "r": "", "t": "\t", '"': '"', "\\": "\\", "/": "/", "b": "", "f": ""}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")


@remembered
def plain(raw: bytes) -> str:
    """Return one physical line as a terminal would end up showing it, prefix included.

    Undecodable bytes become the replacement character; control characters go.
    """
    text = raw.decode("utf-8", "replace").rstrip("\r\n")
    if "\r" in text:
        text = next((part for part in reversed(text.split("\r")) if _shows(part)), "")
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    if "\x08" in text:
        text = _overtyped(text)
    return _CONTROL.sub("", text)[:LONGEST] if not text.isprintable() else text[:LONGEST]


def _overtyped(text: str) -> str:
    """Return what is left where each back space takes the character before it."""
    shown: list[str] = []
    for character in text:
        if character != "\x08":
            shown.append(character)
        elif shown:
            shown.pop()
    return "".join(shown)


@remembered
def strip_prefixes(text: str) -> tuple[str, str]:
    """Return the line without its prefixes, and the channel that they name ("" for none)."""
    channel = ""
    for _ in range(3):
        stripped = _strip_one(text)
        if stripped is None:
            return text, channel
        text, found = stripped
        channel = found or channel
    return text, channel


def unescape(text: str) -> str:
    """Return a JSON string's content; line ends inside it become real ones."""
    return _ESCAPE.sub(_unescaped, text)


def _shows(part: str) -> bool:
    return bool(_ANSI.sub("", part).strip())


def _strip_one(text: str) -> tuple[str, str] | None:
    first = text[:1]
    if not first or first == " ":
        return None
    for starts, pattern in _PREFIXES:
        if first in starts and (match := pattern.match(text)):
            if first == "{":
                line = _JSON_LINE.match(text)
                return (unescape(line.group(1)).rstrip("\n"), "") if line else None
            return text[match.end() :], match.groupdict().get("channel") or ""
    return None


def _unescaped(match: re.Match[str]) -> str:
    code = match.group(1)
    if code[0] == "u" and len(code) == 5:
        return chr(int(code[1:], 16))
    return "\n" if code == "n" else _ESCAPES.get(code, code)
