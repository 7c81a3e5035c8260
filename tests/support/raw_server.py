"""A server of bytes: it answers each request with what a script yields, then closes the connection."""

import asyncio
import json
from contextlib import asynccontextmanager


def head(status=200, *, length=None, **headers):
    """The first lines of an answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if length is not None:
        named["Content-Length"] = str(length)
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in named.items()), "", ""]
    return "\r\n".join(lines).encode()


def whole(body, status=200, **headers):
    """A whole answer, to write at once."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return head(status, length=len(data), **headers) + data


class RawServer:
    """``script`` gets each request's first line, headers and body, and yields the answer in pieces."""

    def __init__(self, script):
        self.script = script
        self.requests = []
        self._serving = set()

    @property
    def connections(self):
        return len(self._serving)

    async def serve(self, reader, writer):
        self._serving.add(asyncio.current_task())
        try:
            while True:
                await self._answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, reader, writer):
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        request = lines[0], headers, body
        self.requests.append(request)
        async for piece in self.script(*request):
            writer.write(piece)
            await writer.drain()

    async def end(self):
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)


@asynccontextmanager
async def raw_server(script):
    """Serve a script: an asynchronous generator of bytes, given the request."""
    raw = RawServer(script)
    server = await asyncio.start_server(raw.serve, "127.0.0.1", 0)
    raw.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield raw
    finally:
        server.close()
        await raw.end()
