"""Read a request's body in advance, and hold back an answer before it is sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Message, Receive, Send

_PIECES = 10
"""The minimum number of pieces of a body that is sent slowly."""
_GAP = 0.1
"""The maximum number of seconds between two pieces."""
_FIRST_ERROR = 300


async def read_body(receive: Receive) -> bytes:
    """Read a whole body, or as much as has arrived when the client goes away."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def replayed(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that returns the body again, and then what comes after it."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def gone() -> Message:
    """Act as the ``receive`` of a client that has gone away."""
    return {"type": "http.disconnect"}


class CaughtAnswer:
    """An answer of the application that is held back and can be changed."""

    def __init__(self, *, status: int = 0, json_body: Mapping[str, Any] | None = None) -> None:
        self.status = status
        self.headers: list[tuple[bytes, bytes]] = [(b"content-type", b"application/json")]
        self.body = b""
        if json_body is not None:
            self.put_fields(json_body)

    @property
    def is_success(self) -> bool:
        """Whether the status says success and the body does not contradict it."""
        return HTTPStatus.OK <= self.status < _FIRST_ERROR and self.fields.get("success") is not False

    @property
    def fields(self) -> dict[str, Any]:
        """The body's fields. Empty if it is not a JSON object."""
        try:
            body = json.loads(self.body)
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}

    def put_fields(self, fields: Mapping[str, Any]) -> None:
        """Replace the body with a JSON object."""
        self.body = json.dumps(fields).encode()

    async def catch(self, message: Message) -> None:
        """Keep a message instead of sending it. This is a ``send``."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [pair for pair in message["headers"] if pair[0].lower() != b"content-length"]
        else:
            self.body += message.get("body", b"")

    async def send(self, send: Send, *, announced: int | None = None, over: float = 0) -> None:
        """Send the answer.

        Args:
            send: sends a message to the client.
            announced: the ``Content-Length``, or None for the body's. A longer one leaves the answer open.
            over: the number of seconds over which to spread the body.
        """
        length = len(self.body) if announced is None else announced
        headers = self.headers
        if self.status != HTTPStatus.NO_CONTENT:
            headers = [*headers, (b"content-length", str(length).encode())]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        pieces = max(_PIECES, int(over / _GAP))
        size = max(1, -(-len(self.body) // pieces)) if over else max(1, len(self.body))
        for at in range(0, len(self.body), size):
            await send({"type": "http.response.body", "body": self.body[at : at + size], "more_body": True})
            await asyncio.sleep(over * size / len(self.body))
        if length == len(self.body):
            await send({"type": "http.response.body", "body": b"", "more_body": False})


Process = Callable[[], Awaitable[CaughtAnswer]]
"""Runs the application on a request."""
