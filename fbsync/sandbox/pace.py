"""The layers that only wait or watch: latency and the access log."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)


class Latency:
    """Delays every request.

    Args:
        app: the application.
        milliseconds: how long to delay each request.
    """

    def __init__(self, app: ASGIApp, *, milliseconds: float) -> None:
        self._app = app
        self._seconds = milliseconds / 1000

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run a request after the delay."""
        await asyncio.sleep(self._seconds)
        await self._app(scope, receive, send)


class AccessLog:
    """Logs the method, path, status and duration of every request, but no query, header or body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run a request and log it."""
        status = 0
        began = time.perf_counter()

        async def noting(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            took = (time.perf_counter() - began) * 1000
            # A path may contain anything that a client sends, so it is quoted.
            logger.info("%s %r %s %.1f ms", scope["method"], scope["path"], status or "no answer", took)
