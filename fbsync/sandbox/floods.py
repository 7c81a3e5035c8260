"""Bodies that are far too large: endless JSON, plain or compressed by a factor of a thousand."""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING

from starlette.responses import StreamingResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from starlette.responses import Response

    from fbsync.sandbox.fault_actions import Flood

_HEAD = b'{"success": true, "message": "'
_MEGABYTE = b"0" * 2**20
_TAIL = b'"}'
_GZIP = zlib.MAX_WBITS | 16


def flood(action: Flood) -> Response:
    """Return the answer. It ends early if the client goes away."""
    pieces = _compressed(action.megabytes) if action.type == "gzip-bomb" else _plain_flood(action.megabytes)
    headers = {"Content-Encoding": "gzip"} if action.type == "gzip-bomb" else {}
    return StreamingResponse(
        _yielding(pieces), status_code=action.status, media_type="application/json", headers=headers
    )


async def _yielding(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
        await asyncio.sleep(0)  # Lets the server notice the end of the connection.


def _plain_flood(megabytes: int) -> Iterator[bytes]:
    yield _HEAD
    for _ in range(megabytes):
        yield _MEGABYTE
    yield _TAIL


def _compressed(megabytes: int) -> Iterator[bytes]:
    """Compress piece by piece, so that only one piece is in memory at a time."""
    compressor = zlib.compressobj(wbits=_GZIP)
    for piece in _plain_flood(megabytes):
        yield compressor.compress(piece)
    yield compressor.flush()
