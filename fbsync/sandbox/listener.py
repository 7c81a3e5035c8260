"""The listening socket. It is bound before the server starts, so that no other program takes the port."""

from __future__ import annotations

import os
import socket

from fbsync.model.errors import FbsyncError

_BACKLOG = 2048


def bind(host: str, port: int) -> socket.socket:
    """Bind a listening socket. Port 0 means any free port.

    Raises:
        FbsyncError: the address is not available.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise FbsyncError(
            f"the sandbox cannot listen on {host} port {port}: {os.strerror(error.errno or 0)}",
            hint="--port 0 uses a free port",
        ) from None


def url_of(listener: socket.socket) -> str:
    """Return the base URL of a server on a socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
