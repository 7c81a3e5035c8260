"""A server that answers at once, with the documented answers of creating and listing.

The sandbox checks tokens, roles and bodies, and stores everything in SQLite, so it takes longer for a
request than any of the clients to compare. This server accepts everything: every creation succeeds with
its own id. With ``--keep`` it lists what was created; without it, every list is empty.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from urllib.parse import unquote_plus

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length:"
_EMPTY = b'{"success":true,"aiLlms":[]}'
_FILTER = b"workspaceId="


class Kept:
    """The created configurations, by workspace and id, as the list shows them."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, bytes]] = {}
        self._workspaces: dict[str, str] = {}

    def create(self, llm_id: str, body: bytes) -> None:
        fields = json.loads(body)
        row = {
            "id": llm_id,
            "workspaceId": fields["workspaceId"],
            "userId": "user-1",
            "name": fields["name"],
            "aiType": fields["aiType"],
            "endpoint": fields["endpoint"],
            "key": "****" if fields.get("key") else None,
            "createdAt": "2026-01-01T00:00:00.000Z",
            "repos": [],
        }
        self._workspaces[llm_id] = fields["workspaceId"]
        self._rows.setdefault(fields["workspaceId"], {})[llm_id] = json.dumps(row).encode()

    def change(self, llm_id: str, body: bytes) -> None:
        rows = self._rows[self._workspaces[llm_id]]
        rows[llm_id] = json.dumps({**json.loads(rows[llm_id]), **json.loads(body), "secret": None}).encode()

    def delete(self, llm_id: str) -> None:
        del self._rows[self._workspaces.pop(llm_id)][llm_id]

    def list(self, workspace: str | None) -> bytes:
        chosen = self._rows.values() if workspace is None else [self._rows.get(workspace, {})]
        return b'{"success":true,"aiLlms":[%s]}' % b",".join(row for rows in chosen for row in rows.values())


class Connection(asyncio.Protocol):
    """One persistent connection. Requests are answered in order."""

    created = 0
    kept: Kept | None = None
    by_workspace = False
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
            answer = _answer(head, bytes(self._received[end + len(_END_OF_HEAD) : size]))
            del self._received[:size]
            if self.seconds:
                asyncio.get_running_loop().call_later(self.seconds, self._transport.write, answer)
            else:
                self._transport.write(answer)


def _length(head: bytes) -> int:
    at = head.lower().find(_LENGTH)
    return int(head[at + len(_LENGTH) :].partition(b"\r\n")[0]) if at >= 0 else 0


def _answer(head: bytes, sent: bytes) -> bytes:
    method, path, _ = head.split(b" ", 2)
    status = b"200 OK"
    if method == b"POST" and path == b"/ai/llm":
        Connection.created += 1
        body = b'{"success":true,"aiLlmId":"%08d-0000-4000-8000-000000000000","message":"created"}' % Connection.created
        if Connection.kept is not None:
            Connection.kept.create(f"{Connection.created:08}-0000-4000-8000-000000000000", sent)
    elif Connection.by_workspace and path == b"/ai/llm":
        status, body = b"403 Forbidden", b'{"success":false,"message":"a workspace is required"}'
    elif Connection.kept is None:
        body = _EMPTY
    else:
        body = _kept(Connection.kept, method, path, sent)
    head = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
    return head + body


def _kept(kept: Kept, method: bytes, path: bytes, sent: bytes) -> bytes:
    where, _, query = path.partition(b"?")
    llm_id = where.removeprefix(b"/ai/llm/").decode()
    if method == b"PUT":
        kept.change(llm_id, sent)
    elif method == b"DELETE":
        kept.delete(llm_id)
    elif where == b"/ai/llm":
        return kept.list(unquote_plus(query.removeprefix(_FILTER).decode()) if query else None)
    elif where == b"/ai/llm/stats":
        return b'{"success":true,"stats":[]}'
    return b'{"success":true,"message":"done"}'


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
    parser.add_argument("--keep", action="store_true", help="list what was created")
    parser.add_argument("--by-workspace", action="store_true", help="refuse to list all workspaces at once")
    options = parser.parse_args()
    Connection.seconds = options.latency / 1000
    Connection.kept = Kept() if options.keep else None
    Connection.by_workspace = options.by_workspace
    asyncio.run(serve())


if __name__ == "__main__":
    main()
