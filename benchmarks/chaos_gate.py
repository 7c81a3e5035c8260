"""The gate: a real HTTP server in front of the sandbox. It counts requests, injects faults, and can kill the run."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from email.utils import formatdate
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from benchmarks.chaos_messages import Reply, Request, envelope
from benchmarks.chaos_troubles import Fault, Moment, Troubles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.chaos_runs import Run

_HTML = b"<html>Bad gateway</html>"
_PAGE = {"Content-Type": "text/html"}


class Gate:
    """The way to the server, with its faults.

    Attributes:
        upstream: the sandbox's URL.
        outrun: a function that creates a configuration first, as somebody else, given its workspace and name; None if
            nobody does.
        verified_first: ids of configurations whose credentials may only be replaced by ones that the provider accepts.
        unverified: those of them that got a credential that the provider refuses.
        requests: how many requests arrived since ``open``.
        lists: how many lists were passed on since ``open``.
        trials: how many creations of temporary configurations were requested, in all.
        writes: how many of them may change something.
        faults: how many faults were injected in all, by kind.
    """

    def __init__(self) -> None:
        self.upstream = ""
        self.outrun: Callable[[str, str], None] | None = None
        self.requests = self.lists = self.writes = self.all_requests = self.trials = 0
        self.verified_first: frozenset[str] = frozenset()
        self.unverified: list[str] = []
        self.faults: Counter[str] = Counter()
        self._troubles = Troubles()
        self._run: Run | None = None
        self._lock = threading.Lock()
        self._drawn: Counter[str] = Counter()
        self._under_way = 0
        self._idle = threading.Condition(self._lock)
        self._dead_tokens: set[str] = set()
        self._late: dict[str, int] = {}
        self._held: list[tuple[int, Request]] = []
        self._runs = 0
        self.server = QuietServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def open(self, troubles: Troubles) -> None:
        """Begin a run: count from zero, with these troubles."""
        with self._lock:
            self.requests = self.lists = self.writes = 0
            self._drawn.clear()
            self._troubles = troubles
            self._run = None
            self._runs += 1
            if not troubles.keeps_late:
                self._late.clear()

    def watch(self, run: Run) -> None:
        """Set the run to kill at the chosen moment."""
        self._run = run

    def deliver(self, *, of_all: bool = False) -> None:
        """Deliver the requests that were held back: those of earlier runs, or all."""
        with self._lock:
            due = [request for run, request in self._held if of_all or run < self._runs]
            self._held = [] if of_all else [(run, request) for run, request in self._held if run >= self._runs]
        for request in due:
            self._forward(request)

    def drain(self) -> None:
        """Wait until no request is on its way to the server."""
        with self._idle:
            self._idle.wait_for(lambda: self._under_way == 0)

    def pass_on(self, request: Request) -> tuple[Reply, int]:
        """The client's answer to a request, with its faults, and the request's number."""
        with self._lock:
            self.requests += 1
            self.all_requests += 1
            self._under_way += 1
            self.writes += request.is_write
            self.trials += request.is_trial
            self._drawn[request.key] += 1
            if request.method == "PUT" and request.is_refused and _id_of(request) in self.verified_first:
                self.unverified.append(_id_of(request))
            nth, number, troubles = self._drawn[request.key], self.requests, self._troubles
        try:
            reply = self._befall(request, troubles, troubles.fault(request.method, request.key, nth), number)
            if request.is_list and reply.is_whole:
                with self._lock:
                    self.lists += 1
            return reply, number
        finally:
            with self._idle:
                self._under_way -= 1
                self._idle.notify_all()

    def _befall(self, request: Request, troubles: Troubles, fault: Fault | None, number: int) -> Reply:
        if request.path.startswith("/user"):
            return self._forward(request)
        if request.headers.get("Authorization", "") in self._dead_tokens:
            return envelope(401)
        if fault is not None:
            with self._lock:
                self.faults[fault.value] += 1
        if troubles.kills(number, Moment.BEFORE) and self._kill() and not troubles.goes_through:
            return Reply()
        reply = self._suffer(request, troubles, fault)
        if troubles.kills(number, Moment.PROCESSED):
            self._kill()
        return reply

    def kill_after(self, number: int) -> None:
        """Kill the run after an answer was sent, if the troubles say so."""
        if self._troubles.kills(number, Moment.ANSWERED):
            self._kill()

    def _kill(self) -> bool:
        return self._run is not None and self._run.send(self._troubles.signal)

    def _suffer(self, request: Request, troubles: Troubles, fault: Fault | None) -> Reply:
        match fault:
            case None:
                return self._forward(request)
            case Fault.REFUSED:
                return Reply()
            case Fault.EXPIRED:
                self._dead_tokens.add(request.headers.get("Authorization", ""))
                return envelope(401)
            case Fault.LATE:
                time.sleep(troubles.late_seconds)
                return self._forward(request)
            case Fault.HELD:
                with self._lock:
                    self._held.append((self._runs, request))
                return Reply()
            case Fault.OUTRUN | Fault.OUTRUN_502:
                return self._outrun(request, fault)
            case _ if (refusal := _refused(fault)) is not None:
                return refusal
            case _:
                return self._spoil(self._forward(request), request, troubles, fault)

    def _spoil(self, reply: Reply, request: Request, troubles: Troubles, fault: Fault) -> Reply:
        """Change the answer to a processed request according to the fault."""
        match fault:
            case Fault.DROPPED:
                return Reply()
            case Fault.ANSWERED_500 | Fault.ANSWERED_502 | Fault.ANSWERED_503 | Fault.ANSWERED_504:
                return Reply(status=int(fault.value[-3:]), body=_HTML)
            case Fault.ANSWERED_HTML:
                return Reply(status=200, body=_HTML)
            case Fault.TORN:
                return Reply(status=reply.status, body=reply.body, kept=len(reply.body) // 2)
            case Fault.CUT:
                return Reply(status=reply.status, body=reply.body[: len(reply.body) // 2])
            case Fault.EMPTY_LIST | Fault.SHORT_LIST if request.is_list and reply.status == 200:
                return self._shortened(reply, empty=fault is Fault.EMPTY_LIST)
            case Fault.SLOW:
                time.sleep(troubles.late_seconds)
            case Fault.LAGGING if request.method == "POST" and request.data and reply.status == 200:
                with self._lock:
                    self._late[json.loads(reply.body)["aiLlmId"]] = 1 + len(request.data) % 3
            case _:
                pass
        return reply

    def _outrun(self, request: Request, fault: Fault) -> Reply:
        """Let somebody else create the configuration first. Only creations can be overtaken."""
        if request.method == "POST" and request.data and not request.is_trial and self.outrun is not None:
            new = json.loads(request.data)
            self.outrun(new["workspaceId"], new["name"])
        reply = self._forward(request)
        return Reply(status=502, body=_HTML, headers=_PAGE) if fault is Fault.OUTRUN_502 else reply

    @staticmethod
    def _shortened(reply: Reply, *, empty: bool) -> Reply:
        listed = json.loads(reply.body)
        rows = [] if empty else listed["aiLlms"][: len(listed["aiLlms"]) // 2]
        return Reply(status=200, body=json.dumps(listed | {"aiLlms": rows}).encode(), headers=reply.headers)

    def _forward(self, request: Request) -> Reply:
        reply = self._passed_on(request)
        if request.is_list:
            # Right after the list, before the run can act on it.
            self.deliver()
        return reply

    def _passed_on(self, request: Request) -> Reply:
        where = urlsplit(self.upstream)
        connection = HTTPConnection(where.hostname or "", where.port, timeout=30)
        try:
            connection.request(request.method, request.path, request.data or None, request.headers)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, HTTPException):
            # A sandbox with a fault script may close connections. The gate then does the same.
            return Reply()
        finally:
            connection.close()
        kept = {name: answer.headers[name] for name in ("Content-Type", "Retry-After") if name in answer.headers}
        if request.is_list and self._late and answer.status == 200:
            body = self._without_late(body)
        return Reply(status=answer.status, body=body, headers=kept)

    def _without_late(self, body: bytes) -> bytes:
        listed = json.loads(body)
        with self._lock:
            hidden = {row["id"] for row in listed["aiLlms"] if row["id"] in self._late}
            for llm_id in hidden:
                self._late[llm_id] -= 1
                if not self._late[llm_id]:
                    del self._late[llm_id]
        return json.dumps(listed | {"aiLlms": [row for row in listed["aiLlms"] if row["id"] not in hidden]}).encode()


def _id_of(request: Request) -> str:
    """The id in a request's path."""
    return request.path.rpartition("/")[2]


def _refused(fault: Fault) -> Reply | None:
    """The answer to a request that is not processed because of a fault."""
    match fault:
        case Fault.STATUS_500 | Fault.STATUS_502:
            return Reply(status=500 if fault is Fault.STATUS_500 else 502, body=_HTML)
        case Fault.THROTTLED_SECONDS:
            return envelope(429, **{"Retry-After": "0"})
        case Fault.THROTTLED_LONG:
            return envelope(429, **{"Retry-After": "1"})
        case Fault.THROTTLED_DATE:
            return envelope(503, **{"Retry-After": formatdate(time.time(), usegmt=True)})
        case Fault.THROTTLED_NONE:
            return envelope(429)
        case Fault.PAGE_404 | Fault.PAGE_403:
            return Reply(status=404 if fault is Fault.PAGE_404 else 403, body=_HTML, headers=_PAGE)
        case _:
            return None


class QuietServer(ThreadingHTTPServer):
    """A server whose clients may be killed."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's signature
        """Ignore broken connections of a killed client."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(gate: Gate) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _pass_on(self) -> None:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kept = {name: self.headers[name] for name in ("Authorization", "Content-Type") if name in self.headers}
            reply, number = gate.pass_on(Request(method=self.command, path=self.path, headers=kept, data=data))
            with suppress(OSError):
                self._send(reply)
            gate.kill_after(number)

        def _send(self, reply: Reply) -> None:
            if reply.status is None:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body[: reply.kept])
            self.close_connection = self.close_connection or reply.kept is not None

        do_GET = do_POST = do_PUT = do_DELETE = _pass_on  # noqa: N815 - http.server's names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - http.server's signature
            """Keep quiet."""

    return Handler


@contextmanager
def gate() -> Iterator[Gate]:
    """Open a gate; a context manager."""
    opened = Gate()
    thread = threading.Thread(target=opened.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield opened
    finally:
        opened.server.shutdown()
        opened.server.server_close()
        thread.join()
