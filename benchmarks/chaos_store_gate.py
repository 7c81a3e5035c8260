"""The store's gate: an HTTP server between fbsync and an object store. It loses answers and refuses requests."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from enum import StrEnum
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from benchmarks.chaos_gate import QuietServer
from benchmarks.chaos_messages import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "expect"})
_CONDITIONS = frozenset({"if-match", "if-none-match"})
_SLOW_SECONDS = 0.3


class StoreFault(StrEnum):
    """The fault of one request to the store."""

    LOST = "store-processed-then-dropped"
    LOST_503 = "store-processed-then-503"
    REFUSED = "store-refused"
    STATUS_503 = "store-not-processed-503"
    SLOW_BEFORE = "store-slow-to-process"
    SLOW_AFTER = "store-slow-to-answer"
    DENIED = "store-denied"


_TROUBLES = tuple(fault for fault in StoreFault if fault is not StoreFault.DENIED)
_DENIAL = b"<Error><Code>AccessDenied</Code><Message>you may not do this</Message></Error>"


class StoreGate:
    """The way to the store.

    Args:
        upstream: the store's URL.
        honest: whether conditions are passed on. Without them, every write succeeds.

    Attributes:
        url: the URL for clients.
        chance: the chance of a fault, for each request.
        kinds: the possible faults.
        spares_reads: whether only writes get faults.
        faults: how many faults were injected, by kind.
        delay_seconds: how long each answer is held back.
    """

    def __init__(self, upstream: str, *, honest: bool = True) -> None:
        self.chance = 0.0
        self.kinds: Sequence[StoreFault] = _TROUBLES
        self.spares_reads = False
        self.delay_seconds = 0.0
        self.faults: Counter[str] = Counter()
        self._upstream = urlsplit(upstream)
        self._dropped = _HOP if honest else _HOP | _CONDITIONS
        self._random = random.Random()
        self._lock = threading.Lock()
        self.server = QuietServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def seed(self, seed: int) -> None:
        """Draw all further faults from a seed."""
        self._random.seed(seed)

    def pass_on(self, method: str, path: str, headers: list[tuple[str, str]], data: bytes) -> Reply:
        """The client's answer to a request."""
        fault = None if self.spares_reads and method == "GET" else self._drawn()
        match fault:
            case StoreFault.REFUSED:
                return Reply()
            case StoreFault.DENIED:
                return Reply(status=403, body=_DENIAL, headers={"Content-Type": "application/xml"})
            case StoreFault.STATUS_503:
                return Reply(status=503)
            case StoreFault.SLOW_BEFORE:
                time.sleep(_SLOW_SECONDS)
            case _:
                pass
        reply = self._forward(method, path, headers, data)
        time.sleep(self.delay_seconds)
        match fault:
            case StoreFault.LOST:
                return Reply()
            case StoreFault.LOST_503:
                return Reply(status=503)
            case StoreFault.SLOW_AFTER:
                time.sleep(_SLOW_SECONDS)
            case _:
                pass
        return reply

    def _drawn(self) -> StoreFault | None:
        with self._lock:
            if self._random.random() >= self.chance:
                return None
            fault = self._random.choice(self.kinds)
            self.faults[fault.value] += 1
            return fault

    def _forward(self, method: str, path: str, headers: list[tuple[str, str]], data: bytes) -> Reply:
        connection = HTTPConnection(self._upstream.hostname or "", self._upstream.port, timeout=30)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers:
                if name.lower() not in self._dropped:
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(data)))
            connection.endheaders(data)
            answer = connection.getresponse()
            kept = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP}
            return Reply(status=answer.status, body=answer.read(), headers=kept)
        except (OSError, HTTPException):
            return Reply()
        finally:
            connection.close()


def _handler(gate: StoreGate) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _pass_on(self) -> None:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            reply = gate.pass_on(self.command, self.path, list(self.headers.items()), data)
            with suppress(OSError):
                self._send(reply)

        def _send(self, reply: Reply) -> None:
            if reply.status is None:
                self.close_connection = True
                return
            self.send_response_only(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_PUT = do_DELETE = do_HEAD = do_POST = _pass_on  # noqa: N815 - http.server's names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - http.server's signature
            """Keep quiet."""

    return Handler


@contextmanager
def store_gate(upstream: str, *, honest: bool = True) -> Iterator[StoreGate]:
    """Put a gate in front of a store; a context manager."""
    opened = StoreGate(upstream, honest=honest)
    thread = threading.Thread(target=opened.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield opened
    finally:
        opened.server.shutdown()
        opened.server.server_close()
        thread.join()
