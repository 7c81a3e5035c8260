"""A server that answers at once: the documented answers of creating and listing, and nothing behind them.

The sandbox checks tokens, roles and bodies, and keeps what it is given in SQLite; at that it takes longer for a
request than any of the clients that are to be compared here. This one knows no state: every creation succeeds with
an id of its own, and every list is empty.
"""

from __future__ import annotations

import argparse
import asyncio
import sys

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length:"
_EMPTY = b'{"success":true,"aiLlms":[]}'


class Connection(asyncio.Protocol):
    """One connection, kept alive; requests are answered in the order in which they come."""

    created = 0
    seconds = 0.0
    """How long each request waits."""

    def __init__(self) -> None:
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(_END_OF_HEAD)) >= 0:
            head = bytes(self._received[:end])
            size = end + len(_END_OF_HEAD) + _length(head)
            if len(self._received) < size:
                return
            del self._received[:size]
            if self.seconds:
                asyncio.get_running_loop().call_later(self.seconds, self._transport.write, _answer(head))
            else:
                self._transport.write(_answer(head))


def _length(head: bytes) -> int:
    at = head.lower().find(_LENGTH)
    return int(head[at + len(_LENGTH) :].partition(b"\r\n")[0]) if at >= 0 else 0


def _answer(head: bytes) -> bytes:
    if head.startswith(b"POST /ai/llm "):
        Connection.created += 1
        body = b'{"success":true,"aiLlmId":"%08d-0000-4000-8000-000000000000","message":"created"}' % Connection.created
    else:
        body = _EMPTY
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


async def serve() -> None:
    """Serve on a free port of the loopback interface, whose URL it prints, until stdin ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    sys.stdout.write(f"http://{host}:{port}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.instant_server", description=__doc__)
    parser.add_argument("--latency", type=float, default=0, help="how many milliseconds each request waits")
    Connection.seconds = parser.parse_args().latency / 1000
    asyncio.run(serve())


if __name__ == "__main__":
    main()
