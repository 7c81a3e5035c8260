"""A server with a certificate of a private authority, and a proxy in front of it, for tests."""

import base64
import select
import socket
import ssl
import threading
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

HOST = "backend.fbsync.test"
"""A name that only the proxy can resolve."""


@contextmanager
def serving(server):
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def behind_tls(upstream, certificate):
    """Pass requests on to an http URL; return the port."""
    where = urlsplit(upstream)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)

    class Handler(BaseHTTPRequestHandler):
        def _pass_on(self):
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kept = {name: self.headers[name] for name in ("Authorization", "Content-Type") if name in self.headers}
            connection = HTTPConnection(where.hostname, where.port, timeout=30)
            connection.request(self.command, self.path, data or None, kept)
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = _pass_on  # noqa: N815 - http.server's names

        def log_message(self, *args):
            """Keep quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request, client_address):
            """Expect the client to hang up, since it does not trust the certificate."""

    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with serving(server):
        yield server.server_port


@contextmanager
def proxy(port, *, credentials=None):
    """A CONNECT proxy that connects every name to a local port; yields its own port and the requested names."""
    asked = []
    wanted = credentials and "Basic " + base64.b64encode(credentials.encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        def do_CONNECT(self):
            asked.append(self.path)
            if wanted and self.headers.get("Proxy-Authorization") != wanted:
                self.send_response(407)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            with socket.create_connection(("127.0.0.1", port)) as onward:
                self.send_response(200)
                self.end_headers()
                self._pump(onward)
            self.close_connection = True

        def _pump(self, onward):
            pairs = {self.connection: onward, onward: self.connection}
            while True:
                ready, _, _ = select.select(list(pairs), [], [], 10)
                for end in ready:
                    data = end.recv(65536)
                    if not data:
                        return
                    pairs[end].sendall(data)
                if not ready:
                    return

        def log_message(self, *args):
            """Keep quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request, client_address):
            """Ignore it: either end may hang up."""

    with serving(Server(("127.0.0.1", 0), Handler)) as server:
        yield server.server_port, asked
