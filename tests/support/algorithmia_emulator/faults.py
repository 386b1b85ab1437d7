"""What may go wrong on a platform, as switches: set before a run, or turned while it goes on."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass
class Faults:
    """Every switch is off by default; numbers count down to 0 as the failure happens."""

    late_log: int = 0  # polls of a finished build's log that still answer 404
    no_log: bool = False  # logs answer 404 for ever
    no_compilation: bool = False  # the version's own copy of the log is missing too
    failed_versions: bool = False  # versions know failed builds, too, which nothing documents
    compiled_versions: bool = False  # versions list what was compiled, not only what is published
    late_listing: int = 0  # listings in which a new build is not shown yet
    no_webhook: int = 0  # pushes that start no build
    compile_error: int = 0  # compiles that start the build and answer 500
    compile_accepted: int = 0  # compiles that start the build and answer 202 with an empty body
    compile_refused: int = 0  # compiles that start nothing and answer 400
    throttle: int = 0  # requests answered 429
    retry_after: str = "1"  # the Retry-After of those
    server_error: int = 0  # requests answered 500 with a JSON error
    gateway: int = 0  # requests answered 502 with a gateway's HTML
    git_gateway: int = 0  # requests to the git host answered 502 with a gateway's HTML
    git_status: int = 502  # the status of those
    push_gateway: int = 0  # pushes that are taken and answered 502 with a gateway's HTML
    call_gateway: int = 0  # calls answered 502 with a gateway's HTML
    bare_call_errors: bool = False  # a call's error alone, without metadata and request id
    stuck: int = 0  # builds that stay in progress for ever
    twins: int = 0  # pushes that start two builds of one commit
    strange_status: int = 0  # builds that end in a status that nothing documents
    page_size: int = 100  # the most that a page holds
    bare_errors: bool = False  # the error object without its wrapper
    plain_missing: bool = False  # {"error": "No such algorithm"} for a missing algorithm
    null_finished: bool = False  # finished_at is null, not absent, while in progress
    push_refused: bool = False  # the git host takes no push
    isolated: bool = False  # runs answer that the network is out of reach
    redirect_to: str = ""  # every REST request is sent elsewhere
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def strikes(self, name: str) -> bool:
        """Say whether the counted failure happens now, and count it."""
        with self._lock:
            left: int = getattr(self, name)
            if left <= 0:
                return False
            setattr(self, name, left - 1)
            return True
