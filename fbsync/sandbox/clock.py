"""The server's clock, which may differ from the client's."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import formatdate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class ServerClock:
    """The server's time.

    Args:
        skew: how many seconds it is ahead of the machine's clock. Negative if it is behind.
    """

    def __init__(self, *, skew: float = 0) -> None:
        self._skew = skew

    def seconds(self) -> float:
        """The time in seconds since the epoch."""
        return time.time() + self._skew

    def now(self) -> str:
        """The time as the API writes it: ISO 8601 in UTC, with milliseconds."""
        return iso(self.seconds())


class Dates:
    """Adds the date of the server's clock to every answer."""

    def __init__(self, app: ASGIApp, *, clock: ServerClock) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run a request and add the header ``Date`` to its answer."""

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = formatdate(self._clock.seconds(), usegmt=True).encode()
                message["headers"] = [*message["headers"], (b"date", date)]
            await send(message)

        await self._app(scope, receive, dated)


def iso(seconds: float) -> str:
    """Write a time in seconds since the epoch as the API does."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
