"""How long an API wants us to wait: `Retry-After`, and headers that count what remains.

Must not know who asks.
"""

from __future__ import annotations

from collections.abc import Mapping

from bisect_deps.builders._http import HttpError, Reply


def wait_of(error: HttpError, now: float) -> float | None:
    """Return the seconds to wait where a request came too early or too often, None elsewhere.

    Source: "Rate limits for the REST API" of GitHub (403 or 429, `retry-after`, else
    `x-ratelimit-reset` once nothing remains, else a minute for secondary limits).
    """
    if error.retry_after is not None and (error.status == 403 or error.transient):
        return error.retry_after
    if error.status not in (403, 429):
        return None
    headers = error.reply.headers if error.reply is not None else {}
    if _header(headers, "remaining") == 0:
        reset = _header(headers, "reset")
        return max(1.0, (reset or now) - now)
    if error.status == 429 or "rate limit" in error.message.lower():
        return 60.0
    return None


def slower(reply: Reply, now: float) -> float:
    """Return the least pause between requests that what remains of the limit allows; 0 mostly."""
    remaining, reset = _header(reply.headers, "remaining"), _header(reply.headers, "reset")
    if remaining is None or reset is None or remaining > 200:
        return 0.0
    return max(0.0, reset - now) / max(1.0, remaining)


def _header(headers: Mapping[str, str], name: str) -> float | None:
    text = headers.get(f"x-ratelimit-{name}") or headers.get(f"ratelimit-{name}")
    try:
        return float(text) if text else None
    except ValueError:
        return None
