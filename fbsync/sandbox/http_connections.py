"""The open connections of the server, so that a fault can end one as a failing network would."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, cast

from uvicorn.protocols.http.auto import AutoHTTPProtocol

if TYPE_CHECKING:
    import asyncio

    from starlette.types import Scope

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""The option SO_LINGER, on and with no time: closing sends a reset."""


class HttpConnections:
    """The transports of the open connections, by the client's address and port."""

    def __init__(self) -> None:
        self._transports: dict[object, asyncio.Transport] = {}

    def protocol(self) -> type[asyncio.Protocol]:
        """The class of uvicorn's protocol, with every connection noted here."""
        transports = self._transports

        class NotedProtocol(AutoHTTPProtocol):  # type: ignore[valid-type,misc] # chosen when uvicorn is imported
            """uvicorn's protocol, which notes its connection."""

            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                self.noted = _address(transport.get_extra_info("peername"))
                transports[self.noted] = cast("asyncio.Transport", transport)
                super().connection_made(transport)

            def connection_lost(self, exc: Exception | None) -> None:
                transports.pop(self.noted, None)
                super().connection_lost(exc)

        return NotedProtocol

    def reset(self, scope: Scope) -> None:
        """End a request's connection at once, with a reset and without what was not sent yet."""
        transport = self._transport(scope)
        if transport is not None:
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            transport.abort()

    def close(self, scope: Scope) -> None:
        """End a request's connection after what was sent."""
        transport = self._transport(scope)
        if transport is not None:
            transport.close()

    def _transport(self, scope: Scope) -> asyncio.Transport | None:
        return self._transports.get(_address(scope["client"]))


def _address(peer: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(peer[:2])
