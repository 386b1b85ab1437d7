"""One small HTTP client for every build API: timeouts, retries, and errors that keep their fields.

Knows no API. The key goes to the API's own origin alone, over verified TLS; replies may be JSON,
text or a gateway's HTML; only requests that may safely be repeated are.
"""

from __future__ import annotations

import email.utils
import ipaddress
import json
import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

from bisect_deps import __version__
from bisect_deps.errors import BuilderUnavailable, InputError
from bisect_deps.policy import POLICY
from bisect_deps.secret import Secret, redact
from bisect_deps.text import said

if TYPE_CHECKING:
    import requests

REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE"})
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
MOST_REDIRECTS = 5
_BAD_GATEWAY, _NOT_ASKED = 502, 400
_HINT = "check the address of the build API, and what its status page says; `depbisect doctor` asks"
# What is kept of an answer: logs are the largest.
_ENDS = (48 << 20, 16 << 20)
_KEY = re.compile(r"\w[\w.:-]{0,199}", re.ASCII)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered to `request`, with its address; header names in lower case.

    `is_cut`: its middle was left out, since it was too large.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    request: str = ""
    is_cut: bool = False

    @property
    def text(self) -> str:
        """Return the body as text; bytes that are not UTF-8 are replaced."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the body's value, or None where it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def record(self) -> JsonObject:
        """Return the JSON object that it is. Raises HttpError where it is none."""
        value = self.json()
        if not isinstance(value, dict):
            raise self._unlike(value, "an object")
        return JsonObject(self.request, value)

    def records(self) -> list[JsonObject]:
        """Return the list of JSON objects that it is. Raises HttpError where it is none."""
        value = self.json()
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self._unlike(value, "a list of objects")
        return [JsonObject(self.request, item) for item in value]

    def _unlike(self, value: object, wanted: str) -> HttpError:
        if value is not None or self.body.strip() == b"null":
            return _unlike(self.request, value, wanted)
        if self.is_cut:
            words = f"answered more than {sum(_ENDS) >> 20} MiB where {wanted} was expected"
            return HttpError(self.request, words, status=200)
        # A gateway's page in the place of an answer: it may be gone in a moment.
        message = f"{error_fields(self)[1]}; JSON was expected"
        return HttpError(self.request, message, status=_BAD_GATEWAY, html=is_html(self), reply=self)


@dataclass(frozen=True, slots=True)
class JsonObject:
    """A JSON object of a reply; what is of another kind than it has to be raises HttpError."""

    request: str
    values: Mapping[str, Any]

    def get(self, name: str) -> Any:
        """Return a value of any kind, None where there is none."""
        return self.values.get(name)

    def text(self, name: str) -> str:
        """Return a name or number, which must be there."""
        value = self.values.get(name)
        if isinstance(value, bool) or not isinstance(value, (str, int)) or value == "":
            raise _unlike(self.request, value, "text or a number", name)
        return str(value)

    def key(self, name: str) -> str:
        """Return a name or number that may stand in an address or a file's name."""
        found = self.text(name)
        if _KEY.fullmatch(found) is None:
            raise _unlike(self.request, found, "an id", name)
        return found

    def words(self, name: str) -> str:
        """Return a text, "" where there is none."""
        return "" if self.values.get(name) in (None, "") else self.text(name)

    def number(self, name: str) -> int | None:
        """Return a whole number, None where there is none."""
        value = self.values.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise _unlike(self.request, value, "a number", name)
        return value

    def part(self, name: str) -> JsonObject:
        """Return an object, an empty one where there is none."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, dict):
            raise _unlike(self.request, value, "an object", name)
        return JsonObject(self.request, value or {})

    def listed(self, name: str) -> list[JsonObject]:
        """Return a list of objects, which must be there."""
        value = self.values.get(name)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise _unlike(self.request, value, "a list of objects", name)
        return [JsonObject(self.request, item) for item in value]


class HttpError(BuilderUnavailable):
    """A request that was refused (`status`), or not answered at all (`status` None).

    What no builder explains better is the user's error. `code` is the API's own number for it,
    `message` its words, made safe to show; `retry_after` the seconds that the server asks to wait,
    `reply` the whole answer, which is not safe to show.
    """

    def __init__(
        self,
        request: str,
        message: str,
        *,
        status: int | None = None,
        code: int | str | None = None,
        retry_after: float | None = None,
        html: bool = False,
        reply: Reply | None = None,
    ) -> None:
        super().__init__(message, place=request, hint=_HINT)
        self.request = request
        self.status = status
        self.code = code
        self.retry_after = retry_after
        self.html = html
        self.reply = reply

    @property
    def transient(self) -> bool:
        """Say whether the same request may well succeed later."""
        return self.status is None or self.status in TRANSIENT

    def __str__(self) -> str:
        """Return what was asked and how it was refused."""
        answer = "no answer" if self.status is None else str(self.status)
        return f"{self.request}: {answer}: {self.message}"


class Http:
    """Requests below one address, each with the key where the origin is the address's own.

    `secrets` are what no message may show, beside the headers' values.
    """

    def __init__(
        self,
        root: str,
        *,
        headers: Mapping[str, Secret | str] | None = None,
        secrets: Iterable[Secret] = (),
        timeout: float = POLICY.http_timeout,
        tries: int = POLICY.http_tries,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.root = root.rstrip("/")
        self._headers = dict(headers or {})
        held = (value for value in self._headers.values() if isinstance(value, Secret))
        self._secrets = (*held, *secrets)
        self._timeout = timeout
        self._tries = tries
        self._sleep = sleep
        from bisect_deps.system import answers

        self._session = answers.session(POLICY.answer_time)
        self._session.headers["User-Agent"] = f"depbisect/{__version__}"
        refuse_open_channel(self.root)

    def get(
        self, path: str, query: Mapping[str, str] | None = None, *, patient: bool = True
    ) -> Reply:
        """Return the reply to a GET; `patient` False sends one request and never sleeps."""
        return self.request("GET", path, query=query, patient=patient)

    def post(
        self,
        path: str,
        value: object = None,
        *,
        query: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Reply:
        """Return the reply to a POST of `value` as JSON; it is sent once."""
        return self.request("POST", path, query=query, value=value, timeout=timeout)

    def post_lines(self, path: str, values: Iterable[object]) -> Reply:
        """Return the reply to a POST of values as lines of JSON; it is sent once."""
        body = b"".join(json.dumps(value).encode() + b"\n" for value in values)
        return self.request("POST", path, value=body, kind="application/x-ndjson")

    def post_form(self, path: str, fields: Iterable[tuple[str, str | None, bytes]]) -> Reply:
        """Return the reply to a POST of a form: name, file name (None for none) and content."""
        import requests

        files = [(name, (file, content)) for name, file, content in fields]
        form = requests.Request("POST", self.root, files=files).prepare()
        return self.request("POST", path, value=form.body, kind=form.headers["Content-Type"])

    def events(self, path: str) -> list[str]:
        """Return the data of a stream of server-sent events so far, one request.

        It is read until it ends, or nothing more comes. Raises HttpError.
        """
        from bisect_deps.system import answers

        name = f"GET {path}"
        lines: list[str] = []
        try:
            with self._session.get(
                self.root + path,
                auth=_Headers(self._headers),
                timeout=(POLICY.connect_timeout, POLICY.live_log_quiet),
                allow_redirects=False,
                stream=True,
            ) as response:
                if response.status_code != 200:
                    headers = {key.lower(): text for key, text in response.headers.items()}
                    body, _ = answers.ends(response, *_ENDS)
                    raise self._refusal(name, Reply(response.status_code, body, headers))
                lines.extend(
                    line[5:].strip().decode("utf-8", "replace")
                    for line in _lines(answers.parts(response, sum(_ENDS)))
                    if line.startswith(b"data:")
                )
        except (OSError, answers.Endless) as error:
            # A stream that stays open has told all that there is as yet.
            if not lines:
                raise HttpError(name, said(_reason(error), self._secrets)) from None
        return lines

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        value: object = None,
        patient: bool = True,
        timeout: float | None = None,
        kind: str = "application/json",
    ) -> Reply:
        """Return a reply of status 2xx. Raises HttpError for any other, and for none.

        `value` is sent as JSON, bytes as they are, of the media type `kind`.
        """
        if ".." in unquote(path).split("/"):
            message = "leads out of where requests go: is a name in it wrong?"
            raise HttpError(f"{method} {path}", message, status=_NOT_ASKED)
        pauses = self._tries - 1 if patient and method in REPEATABLE else 0
        limit = timeout or self._timeout
        answer = self._once(method, path, query, value, limit, kind)
        for tried in range(pauses):
            if isinstance(answer, Reply) or not answer.transient:
                break
            asked = answer.retry_after
            self._sleep(POLICY.http_first_pause * 2**tried if asked is None else asked)
            answer = self._once(method, path, query, value, limit, kind)
        if isinstance(answer, HttpError):
            raise answer
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _once(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        value: object,
        timeout: float,
        kind: str,
    ) -> Reply | HttpError:
        name, url = f"{method} {path}", self.root + path
        body = value if isinstance(value, bytes) or value is None else json.dumps(value).encode()
        for _ in range(MOST_REDIRECTS):
            reply = self._send(
                method, url, name=name, query=query, body=body, kind=kind, timeout=timeout
            )
            if isinstance(reply, HttpError) or 200 <= reply.status < 300:
                return reply
            if reply.status not in _REDIRECTS or "location" not in reply.headers:
                return self._refusal(name, reply)
            try:
                url, query = urljoin(url, reply.headers["location"]), None
                place = urlsplit(url)._replace(query="", fragment="").geturl()
                _origin(url)
            except ValueError:
                message = "redirected to what is no address"
                return HttpError(name, message, status=reply.status)
            if method not in ("GET", "HEAD"):
                message = said(f"redirected to {place}, which is not followed", self._secrets)
                return HttpError(name, message, status=reply.status)
        return HttpError(name, "redirected too often", status=reply.status)

    def _send(
        self,
        method: str,
        url: str,
        *,
        name: str,
        query: Mapping[str, str] | None,
        body: bytes | None,
        kind: str,
        timeout: float,
    ) -> Reply | HttpError:
        from bisect_deps.system import answers

        try:
            with self._session.request(
                method,
                url,
                params=query,
                data=body,
                headers={} if body is None else {"Content-Type": kind},
                auth=_Headers(self._headers if same_origin(url, self.root) else {}),
                timeout=(POLICY.connect_timeout, timeout),
                allow_redirects=False,
                stream=True,
            ) as response:
                content, dropped = answers.ends(response, *_ENDS)
        except (OSError, answers.Endless) as error:
            return HttpError(name, said(_reason(error), self._secrets))
        except ValueError:  # requests reads the place of a redirect that it does not follow, too.
            return HttpError(name, "redirected to what is no address", status=302)
        headers = {key.lower(): text for key, text in response.headers.items()}
        place = urlsplit(url)._replace(query="", fragment="").geturl()
        asked = said(f"{method} {place}", self._secrets)
        return Reply(response.status_code, content, headers, asked, is_cut=dropped > 0)

    def _refusal(self, name: str, reply: Reply) -> HttpError:
        code, message = error_fields(reply)
        return HttpError(
            name,
            said(message, self._secrets),
            status=reply.status,
            code=code,
            retry_after=_retry_after(reply.headers.get("retry-after")),
            html=is_html(reply),
            reply=reply,
        )


class _Headers:
    """Sets the key's headers; as an `auth` it also keeps `.netrc` from overriding them."""

    def __init__(self, headers: Mapping[str, Secret | str]) -> None:
        self._headers = headers

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        for name, value in self._headers.items():
            request.headers[name] = value.reveal() if isinstance(value, Secret) else value
        return request


def error_fields(reply: Reply) -> tuple[int | str | None, str]:
    """Return code and message of an error reply: wrapped, bare, plain text or HTML."""
    value = reply.json()
    if isinstance(value, dict):
        inner = value.get("error", value)
        if isinstance(inner, dict):
            code = inner.get("code")
            message = inner.get("message") or inner.get("error_description")
            known = code if isinstance(code, (int, str)) else None
            return known, _words(message) or f"status {reply.status}"
        return None, _words(value.get("message")) or _words(inner)
    if is_html(reply):
        title = re.search(r"<title[^>]*>(.*?)</title>", reply.text, re.DOTALL | re.IGNORECASE)
        return None, f"a web page instead of data: {title[1].strip() if title else 'no title'}"
    first = reply.text.strip().split("\n", 1)[0]
    return None, first or f"status {reply.status} with an empty body"


def _unlike(request: str, value: object, wanted: str, name: str = "") -> HttpError:
    """Return the error for an answer of another shape, which no second try will change."""
    kinds = {dict: "an object", list: "a list", str: "text", bool: "true or false"}
    kind = "nothing" if value is None else kinds.get(type(value), "a number")
    place = f" as {name!r}" if name else ""
    if type(value) in (dict, list) and kind in wanted:
        kind += " of another kind"
    if value == "":
        kind = "empty text"
    message = f"answered {kind}{place} where {wanted} was expected: is this the API's address?"
    return HttpError(request, message, status=200)


def is_html(reply: Reply) -> bool:
    """Say whether a reply is a web page, as gateways and wrong addresses answer."""
    kind = reply.headers.get("content-type", "")
    return "html" in kind or reply.body.lstrip()[:1] == b"<"


def same_origin(url: str, other: str) -> bool:
    """Say whether two URLs share scheme, host and port."""
    return _origin(url) == _origin(other)


def refuse_open_channel(address: str) -> None:
    """Raise InputError for an address that would carry a key in the clear."""
    parts = urlsplit(address)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and is_on_this_machine(address):
        return
    raise InputError(
        f"{redact(address)!r} is not an address of a build API",
        hint="write https://HOST; plain http is for this machine alone (http://127.0.0.1:PORT)",
    )


def is_on_this_machine(url: str) -> bool:
    """Say whether an address names this machine's own loopback interface."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _words(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _retry_after(text: str | None) -> float | None:
    """Return the seconds of a Retry-After header, which holds seconds or a date."""
    if not text:
        return None
    try:
        wait = float(text)
    except ValueError:
        try:
            then = email.utils.parsedate_to_datetime(text)
        except ValueError:
            return None
        if then.tzinfo is None:
            then = then.replace(tzinfo=timezone.utc)
        wait = (then - datetime.now(timezone.utc)).total_seconds()
    return (
        min(max(wait, 0.0), POLICY.longest_retry_after)
        if math.isfinite(wait)
        else POLICY.longest_retry_after
    )


def _lines(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines as soon as they have ended."""
    left = b""
    for part in parts:
        *lines, left = (left + part).split(b"\n")
        yield from lines
    yield left


def _reason(error: Exception) -> str:
    import requests

    from bisect_deps.system.answers import Endless

    text = str(error)
    if isinstance(error, Endless):
        return f"the answer has no end: {text}"
    if isinstance(error, requests.exceptions.SSLError):
        return f"the server's certificate is not trusted: {text}"
    if isinstance(error, requests.Timeout):
        return "the server did not answer in time"
    cause = re.search(r"(?:\[Errno -?\d+\] |: )([A-Z][\w ]+?)['\")]", text)
    return f"cannot connect: {cause[1] if cause else text}"
