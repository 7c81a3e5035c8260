"""Sockets for httpcore: asyncio's, which cost less than its default (``docs/benchmarks.md``)."""

from __future__ import annotations

import asyncio
import os
import re
import select
from typing import TYPE_CHECKING, Any

from fbsync.client.library import httpcore

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Iterable

_NEXT_ADDRESS_SECONDS = 0.25
"""The delay before the next address of a host is tried in parallel (RFC 8305, 5)."""
_MOST_UNREAD = 256 * 1024
"""How many bytes may wait to be read."""
_ERRNO = re.compile(r"\[Errno (\d+)\]")


class Sockets(httpcore.AsyncNetworkBackend):
    """Connect with asyncio."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
        local_address: str | None = None,  # noqa: ARG002 - likewise
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002 - likewise
    ) -> httpcore.AsyncNetworkStream:
        """Connect to whichever address of a host answers first.

        Raises:
            httpcore.ConnectError, httpcore.ConnectTimeout: there is no connection.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                _, stream = await loop.create_connection(Socket, host, port, happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error
        except OSError as error:
            raise httpcore.ConnectError from _first(error)
        return stream


def _first(error: OSError) -> OSError:
    """The first of the errors that asyncio makes one text of where a host has several addresses."""
    number = _ERRNO.search(str(error)) if error.errno is None else None
    return error if number is None else OSError(int(number[1]), os.strerror(int(number[1])))


class Socket(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """One connection. The caller limits the time of an exchange; reading and writing have no timeout here."""

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._received = bytearray()
        self._unsent = bytearray()
        self._has_ended = False
        self._error: Exception | None = None
        self._news: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As asyncio calls it."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """As asyncio calls it."""
        self._received += data
        if len(self._received) > _MOST_UNREAD:
            self._transport.pause_reading()
        self._tell()

    def eof_received(self) -> None:
        """As asyncio calls it. The transport closes itself then: nobody sends more to a server that has ended."""
        self._has_ended = True
        self._tell()

    def connection_lost(self, exc: Exception | None) -> None:
        """As asyncio calls it."""
        self._has_ended = True
        self._error = exc
        self._tell()

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002, ASYNC109
        """What has come, or comes next; nothing once the server has ended.

        Raises:
            httpcore.ReadError: the connection broke.
        """
        self._flush()
        if not self._received and not self._has_ended:
            self._news = asyncio.get_running_loop().create_future()
            await self._news
        if not self._received and self._error is not None:
            raise httpcore.ReadError from self._error
        was_full = len(self._received) > _MOST_UNREAD
        data = bytes(self._received[:max_bytes])
        del self._received[:max_bytes]
        if was_full and len(self._received) <= _MOST_UNREAD:
            self._transport.resume_reading()
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109
        """Send, together with what is written next: an answer is read after that, which sends what is still there.

        Head and body come to the system as one. What it does not take yet waits: the body is in memory anyhow.

        Raises:
            httpcore.WriteError: the connection is gone.
        """
        if self._transport.is_closing():
            raise httpcore.WriteError from self._error
        self._unsent += buffer

    def _flush(self) -> None:
        if self._unsent:
            unsent, self._unsent = self._unsent, bytearray()
            self._transport.write(unsent)

    async def aclose(self) -> None:
        """Close at once. Nothing is on its way: an exchange has ended, or is given up."""
        self._transport.abort()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
    ) -> httpcore.AsyncNetworkStream:
        """Speak TLS from here on.

        Raises:
            httpcore.ConnectError, httpcore.ConnectTimeout: it is not spoken, or the certificate is not trusted.
        """
        if self._received:  # it would be taken for a part of what comes over TLS
            await self.aclose()
            raise httpcore.ConnectError
        self._flush()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                upgraded = await loop.start_tls(self._transport, self, ssl_context, server_hostname=server_hostname)
        except TimeoutError as error:
            await self.aclose()
            raise httpcore.ConnectTimeout from error
        except OSError as error:
            await self.aclose()
            raise httpcore.ConnectError from error
        if upgraded is None:  # the connection was lost as soon as it was there (asyncio, ``loop.start_tls``)
            raise httpcore.ConnectError from self._error
        self._transport = upgraded
        return self

    def get_extra_info(self, info: str) -> object:
        """What httpcore asks: ``is_readable`` of an idle connection is the sign that it is of no more use."""
        if info == "is_readable":
            return bool(self._received) or self._has_ended or _is_readable(self._transport.get_extra_info("socket"))
        return self._transport.get_extra_info(info)


def _is_readable(connected: socket.socket | None) -> bool:
    """Whether something has come, or the end, that the event loop has not seen yet."""
    if connected is None or (descriptor := connected.fileno()) < 0:
        return True
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(0))
