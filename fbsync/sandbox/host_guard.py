"""Answer only requests to loopback names, so that no web page can reach the sandbox under another name."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_MISDIRECTED = 421


class HostGuard:
    """Refuses requests whose ``Host`` header is not a loopback name or address (DNS rebinding; RFC 9110, 15.5.20)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run a request to a loopback name, and refuse any other."""
        given = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(given) == 1 and is_loopback_authority(given[0]):
            await self._app(scope, receive, send)
            return
        words = "The sandbox answers under loopback names and addresses only, such as localhost and 127.0.0.1"
        response = JSONResponse({"success": False, "message": words}, status_code=_MISDIRECTED)
        await response(scope, receive, send)


def is_loopback_authority(authority: str) -> bool:
    """Whether a host, with or without a port, is ``localhost``, a name below it, or a loopback address."""
    try:
        host = urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return False
    name = host.removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
