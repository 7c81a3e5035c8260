"""The server's open connections, so that a fault can end one as a network failure would."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, cast

from uvicorn.protocols.http.auto import AutoHTTPProtocol

if TYPE_CHECKING:
    import asyncio

    from starlette.types import Scope

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""The value of SO_LINGER that is on, with a time of zero: closing then sends a reset."""


class HttpConnections:
    """The transports of the open connections, by the client's address and port."""

    def __init__(self) -> None:
        self._transports: dict[object, asyncio.Transport] = {}

    def protocol(self) -> type[asyncio.Protocol]:
        """Return uvicorn's protocol class, extended to note every connection here."""
        transports = self._transports

        class NotedProtocol(AutoHTTPProtocol):  # type: ignore[valid-type,misc] # chosen when uvicorn is imported
            """uvicorn's protocol, extended to note its connection."""

            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                self.noted = _address(transport.get_extra_info("peername"))
                transports[self.noted] = cast("asyncio.Transport", transport)
                super().connection_made(transport)

            def connection_lost(self, exc: Exception | None) -> None:
                transports.pop(self.noted, None)
                super().connection_lost(exc)

        return NotedProtocol

    def reset(self, scope: Scope) -> None:
        """End a request's connection at once with a reset. Data that is not sent yet is dropped."""
        transport = self._transport(scope)
        if transport is not None:
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            transport.abort()

    def close(self, scope: Scope) -> None:
        """End a request's connection after the data that was sent."""
        transport = self._transport(scope)
        if transport is not None:
            transport.close()

    def _transport(self, scope: Scope) -> asyncio.Transport | None:
        return self._transports.get(_address(scope["client"]))


def _address(peer: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(peer[:2])
