"""A real HTTP server between fbsync and a sandbox: it records every request, and can answer instead of the sandbox."""

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass
class Request:
    method: str
    path: str
    body: dict

    @property
    def writes(self):
        return self.method != "GET" and self.path.startswith("/ai/llm") and not self.path.endswith("/validate")


@dataclass
class Reply:
    """What to answer instead of the sandbox.

    ``processed``: whether the sandbox gets the request, too. ``delay``: seconds before the answer.
    ``drop``: close the connection instead of answering.
    """

    status: int = 200
    body: object = None
    headers: dict = field(default_factory=dict)
    processed: bool = False
    delay: float = 0.0
    drop: bool = False


class _Server(ThreadingHTTPServer):
    request_queue_size = 512  # a run with many requests at once must not get a connection reset


class Recorder:
    """``replies`` is called for each request: it returns a Reply, or None to let the sandbox answer."""

    def __init__(self, upstream):
        self.upstream = urlsplit(upstream)
        self.requests = []
        self.replies = lambda request: None
        self._held = {}
        self.server = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    @property
    def writes(self):
        return [request for request in self.requests if request.writes]

    @contextmanager
    def holding(self, method="POST"):
        """Pass on requests of a method, but hold back their answers until the context ends."""
        self._held[method] = threading.Event()
        try:
            yield
        finally:
            self._held.pop(method).set()

    def wait_while_held(self, request):
        if (released := self._held.get(request.method)) is not None:
            released.wait(60)

    def forward(self, request, headers, data):
        connection = HTTPConnection(self.upstream.hostname, self.upstream.port, timeout=30)
        try:
            connection.request(request.method, request.path, data or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers
        finally:
            connection.close()


def _handler(recorder):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self):
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(self.command, self.path, json.loads(data) if data else {})
            recorder.requests.append(request)
            reply = recorder.replies(request)
            kept = {name: self.headers[name] for name in ("Authorization", "Content-Type") if name in self.headers}
            if reply is None:
                status, body, headers = recorder.forward(request, kept, data)
                recorder.wait_while_held(request)
                self._send(status, body, {"Content-Type": headers["Content-Type"]})
                return
            if reply.processed:
                recorder.forward(request, kept, data)
            time.sleep(reply.delay)
            if reply.drop:
                self.close_connection = True
                return
            body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self._send(reply.status, body, reply.headers)

        def _send(self, status, body, headers):
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except ConnectionError:
                self.close_connection = True

        do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - http.server's names

        def log_message(self, *args):
            """Keep quiet."""

    return Handler


@contextmanager
def recording(upstream):
    recorder = Recorder(upstream)
    thread = threading.Thread(target=recorder.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield recorder
    finally:
        recorder.server.shutdown()
        recorder.server.server_close()
        thread.join()
