"""HTTP answers that end: in bytes, and in time however slowly they trickle.

A socket's own timeout starts anew with each byte that arrives. Here a whole answer, its headers
included, has a limit: then its connection is cut. Must not know who asks, or what.
"""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from requests import Session
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

if TYPE_CHECKING:
    from requests import Response

_AT_ONCE = 1 << 16


class Endless(Exception):
    """An answer of more bytes, or of more time, than any that is meant; the text says which."""


def session(seconds: float) -> Session:
    """Return a session each of whose answers is whole after so long, or raises Endless.

    The time that a request may wait for the first byte comes on top.
    """
    made = Session()
    made.mount("http://", Limited(seconds))
    made.mount("https://", Limited(seconds))
    return made


class Limited(HTTPAdapter):
    """The adapter of such a session; others mix it in."""

    def __init__(self, seconds: float, *arguments: Any, **named: Any) -> None:
        self._pools = _pools(seconds)
        super().__init__(*arguments, **named)

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        """Make the pools of direct connections."""
        super().init_poolmanager(*arguments, **named)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *arguments: Any, **named: Any) -> Any:
        """Make the pools of connections through a proxy."""
        manager = super().proxy_manager_for(*arguments, **named)
        manager.pool_classes_by_scheme = self._pools
        return manager


def parts(response: Response, most: int) -> Iterator[bytes]:
    """Yield the bytes of an answer that was asked for with `stream`. Raises Endless."""
    size = 0
    try:
        for part in response.iter_content(_AT_ONCE):
            size += len(part)
            if size > most:
                raise Endless(f"it has more than {most >> 20} MiB")
            yield part
    finally:
        check(response)


def ends(response: Response, head: int, tail: int) -> tuple[bytes, int]:
    """Return the bytes of an answer, of a flood its ends, and how many are left out between."""
    first, last = bytearray(), deque[bytes]()
    kept = dropped = 0
    for part in parts(response, 1 << 62):
        if len(first) < head:
            first += part
            continue
        last.append(part)
        kept += len(part)
        while kept - len(last[0]) >= tail:
            kept -= len(last[0])
            dropped += len(last.popleft())
    note = f"\n[{dropped / 1e6:.0f} MB are left out here]\n".encode() if dropped else b""
    return b"".join((first, note, *last)), dropped


def check(response: Response) -> None:
    """Raise Endless where the connection of an answer was cut."""
    raw = response.raw
    for read in (raw, getattr(raw, "_original_response", None)):
        alarm = getattr(read, "depbisect_alarm", None)
        if alarm is not None:
            alarm.check()


class _Alarm:
    """Cuts a connection when the time is up, unless it is disarmed before."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._rang = False
        self._seconds = seconds
        self._connection = connection
        self._timer = threading.Timer(seconds, self._ring)
        self._timer.daemon = True
        self._timer.start()

    def disarm(self) -> None:
        self._timer.cancel()

    def check(self) -> None:
        if self._rang:
            raise Endless(f"it was not whole after {self._seconds:g} s")

    def _ring(self) -> None:
        self._rang = True
        with suppress(OSError):
            # Not SSL's own, which takes the connection away from under who reads from it.
            socket.socket.shutdown(self._connection, socket.SHUT_RDWR)


class _Answering:
    """Part of a connection: from the end of the request on, its answer has a limit."""

    seconds: float
    sock: socket.socket
    _alarm: _Alarm | None = None

    def getresponse(self) -> Any:
        self.disarm()
        waits = getattr(self, "timeout", None)
        waits = waits if isinstance(waits, (int, float)) else 0.0
        self._alarm = alarm = _Alarm(self.sock, self.seconds + waits)
        try:
            answer = super().getresponse()  # type: ignore[misc]
        except BaseException:
            alarm.disarm()
            alarm.check()
            raise
        answer.depbisect_alarm = alarm
        return answer

    def disarm(self) -> None:
        if self._alarm is not None:
            self._alarm.disarm()


class _Releasing:
    """Part of a pool: an answer has come to its end where its connection comes back."""

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.disarm()
        super()._put_conn(conn)  # type: ignore[misc]


def _pools(seconds: float) -> dict[str, type[HTTPConnectionPool]]:
    """Return pools by scheme whose connections have that limit."""

    class Connection(_Answering, HTTPConnection):
        pass

    class SafeConnection(_Answering, HTTPSConnection):
        pass

    class Pool(_Releasing, HTTPConnectionPool):
        ConnectionCls = Connection

    class SafePool(_Releasing, HTTPSConnectionPool):
        ConnectionCls = SafeConnection

    Connection.seconds = SafeConnection.seconds = seconds
    return {"http": Pool, "https": SafePool}
