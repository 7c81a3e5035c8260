"""A request's body read ahead, and an answer caught before it is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from starlette.types import Message, Receive, Send

_PIECES = 10
"""Into how many pieces at most a body is cut that is sent slowly."""


async def read_body(receive: Receive) -> bytes:
    """Reads a whole body, or as much of it as there is when the client goes away."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def replayed(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that gives the body again, and then what comes after it."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


class CaughtAnswer:
    """An answer of the application, held back."""

    def __init__(self) -> None:
        self._start: MutableMapping[str, Any] = {}
        self.body = b""

    @property
    def status(self) -> int:
        """The HTTP status."""
        status: int = self._start["status"]
        return status

    async def catch(self, message: Message) -> None:
        """Takes a message in place of the connection: a ``send``."""
        if message["type"] == "http.response.start":
            self._start = message
        else:
            self.body += message.get("body", b"")

    async def send(self, send: Send, *, announced: int | None = None, over: float = 0) -> None:
        """Sends the answer.

        Args:
            send: where to.
            announced: the ``Content-Length``, where it is not the body's; a longer one leaves the answer open.
            over: the seconds over which the body is spread.
        """
        length = len(self.body) if announced is None else announced
        headers = [pair for pair in self._start["headers"] if pair[0].lower() != b"content-length"]
        headers.append((b"content-length", str(length).encode()))
        await send({**self._start, "headers": headers})
        size = max(1, -(-len(self.body) // _PIECES)) if over else max(1, len(self.body))
        for at in range(0, len(self.body), size):
            await send({"type": "http.response.body", "body": self.body[at : at + size], "more_body": True})
            await asyncio.sleep(over / _PIECES)
        if length == len(self.body):
            await send({"type": "http.response.body", "body": b"", "more_body": False})


Process = Callable[[], Awaitable[CaughtAnswer]]
"""Runs the application on a request."""
