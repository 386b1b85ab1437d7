"""Turns a log of any size into the few lines worth reading, with their numbers.

Reads blocks of bytes and has `sifting` look for literal triggers; only lines that hold one, and
the lines that follow an alarming one, are decoded and undressed. Where nearly all are alarming, a
block that only repeats what stands around it is passed over. Memory is a few blocks. Knows no
tool: the triggers are given.
"""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from bisect_deps.diagnosis.log_prefixes import plain, strip_prefixes, unescape
from bisect_deps.diagnosis.margins import SAMPLE, Margin, learn
from bisect_deps.diagnosis.repeats import Around, Meanings, New, Repeats
from bisect_deps.diagnosis.sifting import sieve_of

BLOCK = 1 << 15
LONGEST_LINE = 1 << 22
WINDOW = 80
# What is read before a new line amid others that repeat, a traceback's frames, and from it on.
AROUND = {Around.ALL: (40, WINDOW), Around.NEAR: (2, 6), Around.NOTHING: (0, 1)}
# A log of ordinary size is read whole; the triggers are for what comes after.
WHOLE = 10_000
TAIL = 40
# So many announcements before a new line are read once more.
STEPS_BEFORE = 4
# So many announcements of a log that repeats itself are read, and so many are remembered, 1 MB.
MOST_MARKS, MOST_REPEATED_MARKS = 30_000, 4_096
# Where more of a block's lines than this are read, the next are asked whether they only repeat: to
# read a line costs twenty times as much as to look for literals in it.
MOST_READ = 0.2
# Where fewer lines than this mean anything, each is read again with what stands around it.
FEWEST_ALARMING = 0.005

# A bracket alone may be a time stamp's, and old pip's commands have `\n` in them.
_JSON_START = re.compile(rb'\s{0,40}(?:\[\s{0,9}[\[{"]|\{\s{0,9}"|"[^"\\]{1,60}"\s{0,4}:)')
# A runtime's JSON line that holds one line of the log, its end included.
_ONE_MESSAGE = re.compile(rb'\{"log":"(?:[^"\\]|\\[^n])*(?:\\n)?"')
_JSON_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_BOMS = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its prefixes: its number in the log, and the stream that it belongs to.

    `alarming` is False for a line that only announces a step.
    """

    number: int
    text: str
    channel: str = ""
    alarming: bool = True


class Reader:
    """Yields the lines worth reading, and keeps the last lines of the log in `tail`.

    `alarms` are lower-case literals that make a line and those after it worth reading, `marks` literals that
    make just the line itself (and its successor) so. `meanings` tell lines apart, in a long log of
    which much would be read; without any each is.
    """

    def __init__(
        self,
        alarms: Sequence[bytes],
        marks: Sequence[bytes],
        meanings: Callable[[], Meanings] = lambda: Meanings(()),
    ) -> None:
        self._marks = tuple((literal, 1) for literal in marks)
        self._literals = (*self._marks, *((literal, WINDOW) for literal in alarms))
        self._repeats = Repeats(meanings)
        self._repeated_marks: set[tuple[bytes, ...]] = set()
        self._announcements = 0
        self._tail: deque[tuple[int, bytes]] = deque(maxlen=TAIL)
        self._margin = Margin()
        # How many more lines are read whatever they hold, and how many of these as alarming.
        self._window = self._hot = WHOLE
        self.count = 0

    def read(self, log: Iterable[bytes] | bytes | str) -> Iterator[Line]:
        """Yield the lines of `log` worth reading, in order."""
        for block, new in self._repeats.judged(_blocks(log)):
            if not self.count:
                self._margin = learn([plain(raw) for raw in block.split(b"\n", SAMPLE)[:SAMPLE]])
            yield from self._worth(block) if new is None else self._around(block, new)
            self._keep_tail(block)

    def _worth(self, block: bytes) -> Iterator[Line]:
        """Yield the lines that hold an alarm or a mark, and those in the windows after them."""
        most = block.count(b"\n") + WINDOW
        # Where all of it is read as alarming, nothing has to be looked for.
        known = min(self._window, self._hot) >= most
        hits = [] if known else sieve_of(self._literals).hits(block)
        self._repeats.dense = False
        if not hits and self._window <= 0:
            return
        lines = block.split(b"\n")[:-1]
        at = read = 0
        for start, farthest in [*hits, (len(lines), 0)]:
            until = min(at + max(self._window, 0), start)
            read += until - at
            for index in range(at, until):
                self._hot -= 1
                yield from self._lines(self.count + index + 1, lines[index], self._hot >= 0)
            self._window -= until - at
            if start < len(lines):
                self._window, self._hot = self._window - 1, self._hot - 1
                opens = self._hot >= 0 or farthest == 1 or self._repeats.means(lines[start])
                reach = farthest if opens else 1
                alarming = self._hot >= 0 or reach > 1
                yield from self._lines(self.count + start + 1, lines[start], alarming)
                until = start + 1
                self._window = max(self._window, reach)
                self._hot = max(self._hot, reach if reach > 1 else 0)
            at = until
        self._repeats.dense = self.count > WHOLE and read + len(hits) > MOST_READ * len(lines)
        self._repeated_marks.clear()

    def _around(self, block: bytes, new: Sequence[New]) -> Iterator[Line]:
        """Yield what stands around the new lines, and what the rest announces, each once: versions differ there."""
        lines = block.split(b"\n")[:-1]
        hot = set(range(min(self._window, len(lines)))) if self._hot > 0 else set()
        left = self._window - len(lines) if self._hot > 0 else 0
        for line in new:
            before, after = AROUND[line.around]
            hot.update(range(max(line.at - before, 0), min(line.at + after, len(lines))))
            left = max(left, line.at + after - len(lines))
        starts = [start for start, _ in sieve_of(self._marks).hits(block)]
        worth = hot | self._announced(lines, starts)
        announcing = len(starts) > MOST_READ * len(lines)
        self._repeats.dense = announcing or self._repeats.alarming > FEWEST_ALARMING
        for at in [*(line.at for line in new), len(lines)]:
            # Whose line it is, and whose the next block's first: read before and passed over now.
            before = bisect_right(starts, at)
            worth.update(starts[max(before - STEPS_BEFORE, 0) : before])
        for at in sorted(worth):
            yield from self._lines(self.count + at + 1, lines[at], at in hot)
        self._hot = max(left, 0)
        self._window = max(left, 1 if starts and starts[-1] == len(lines) - 1 else 0)

    def _announced(self, lines: Sequence[bytes], starts: Sequence[int]) -> set[int]:
        """Return the lines with marks and those after them, as far as they were not read before."""
        # What comes first may go with the last line of the block before.
        before = [-1] if self._window > 0 else []
        found: set[int] = set()
        for start in [*before, *starts]:
            places = range(max(start, 0), min(start + 2, len(lines)))
            pair = tuple(lines[at] for at in places)
            if pair in self._repeated_marks or self._announcements >= MOST_MARKS:
                continue
            found.update(places)
            self._announcements += 1
            if len(self._repeated_marks) < MOST_REPEATED_MARKS:
                self._repeated_marks.add(pair)
        return found

    def tail(self) -> list[Line]:
        """Return the last lines of what was read, blank ones left out."""
        lines = (line for number, raw in self._tail for line in self._lines(number, raw))
        return [line for line in lines if line.text.strip()]

    def _lines(self, number: int, raw: bytes, alarming: bool = True) -> Iterator[Line]:
        """Yield the one line, or the lines inside the strings of a JSON document's line."""
        if b"\\n" in raw and _JSON_START.match(raw) and not _ONE_MESSAGE.match(raw):
            for string in _JSON_STRING.findall(raw.decode("utf-8", "replace")):
                for part in unescape(string).split("\n"):
                    text, channel = strip_prefixes(plain(part.encode("utf-8", "replace")))
                    yield Line(number, text, channel, alarming)
            return
        shown = plain(raw)
        if not self._margin:
            yield Line(number, *strip_prefixes(shown), alarming)
            return
        if self._margin.doubled and not shown.strip():
            return
        text, channel = strip_prefixes(self._margin.outside(shown))
        yield Line(number, self._margin.inside(text), channel, alarming)

    def _keep_tail(self, block: bytes) -> None:
        total = block.count(b"\n")
        last = block.rsplit(b"\n", TAIL + 1)[:-1][-TAIL:]
        first = self.count + total - len(last) + 1
        self._tail.extend((first + index, raw[:8192]) for index, raw in enumerate(last))
        self.count += total


def _blocks(log: Iterable[bytes] | bytes | str) -> Iterator[bytes]:
    """Yield blocks that end with a line end; a line beyond all measure loses its middle."""
    pending: list[bytes] = []
    size = 0
    for piece in _utf8(_pieces(log)):
        pending.append(piece)
        size += len(piece)
        if size < BLOCK:
            continue
        data = b"".join(pending)
        cut = data.rfind(b"\n") + 1
        if cut:
            yield data[:cut]
            data = data[cut:]
        elif size > LONGEST_LINE:
            data = data[: LONGEST_LINE // 4] + data[-LONGEST_LINE // 4 :]
        pending, size = [data], len(data)
    data = b"".join(pending)
    if data:
        yield data if data.endswith(b"\n") else data + b"\n"


def _pieces(log: Iterable[bytes] | bytes | str) -> Iterator[bytes]:
    if isinstance(log, str):
        log = log.encode("utf-8", "surrogateescape")
    for piece in (log,) if isinstance(log, bytes) else log:
        if len(piece) <= BLOCK:
            yield piece
        else:
            view = memoryview(piece)
            for start in range(0, len(piece), BLOCK):
                yield bytes(view[start : start + BLOCK])


def _utf8(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Recode UTF-16, which a Windows shell's redirection writes; leave everything else alone."""
    first = next(pieces, b"")
    encoding = next((name for bom, name in _BOMS if first.startswith(bom)), None)
    if encoding is None:
        yield first.removeprefix(codecs.BOM_UTF8)
        yield from pieces
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    yield decoder.decode(first[2:]).encode("utf-8", "replace")
    for piece in pieces:
        yield decoder.decode(piece).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")
