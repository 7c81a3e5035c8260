"""The server: the application on uvicorn, on a bound socket."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

import uvicorn

from fbsync.sandbox.app import LoggedErrors, new_app
from fbsync.sandbox.builtin import ADMIN
from fbsync.sandbox.clock import Dates, ServerClock
from fbsync.sandbox.database import Database
from fbsync.sandbox.fault_script import read_fault_script
from fbsync.sandbox.faults import FaultLayer
from fbsync.sandbox.host_guard import HostGuard
from fbsync.sandbox.http_connections import HttpConnections
from fbsync.sandbox.pace import AccessLog, Latency
from fbsync.sandbox.seeding import plant, read_options_seed, user_id
from fbsync.sandbox.state import State, new_state

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from starlette.types import ASGIApp

    from fbsync.sandbox.options import SandboxOptions
    from fbsync.sandbox.sessions import Tokens

_GRACE = 1
"""How many seconds requests in progress get when the server stops."""
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def log_to_stderr() -> None:
    """Send the sandbox's own log to stderr, and silence the framework's log."""
    logging.basicConfig(level=logging.INFO, format="sandbox: %(message)s", stream=sys.stderr)
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL + 1)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL + 1)


class _Server(uvicorn.Server):
    """uvicorn's server, extended to report when it has started."""

    on_ready: Callable[[], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.on_ready()


class SandboxServer:
    """A sandbox that is ready to serve.

    Args:
        options: the sandbox's options.

    Raises:
        FbsyncError: the database cannot be used.
        InvalidInput: the seed file or the fault script is not valid.
    """

    def __init__(self, options: SandboxOptions) -> None:
        seed = read_options_seed(options)
        self._script = None if options.faults is None else read_fault_script(options.faults)
        self._options = options
        self._database = Database(options.db)
        clock = ServerClock(skew=options.clock_skew)
        plant(self._database, seed, workspaces=options.workspaces, clock=clock)
        self._state = new_state(self._database, token_lifetime=options.token_lifetime, mfa=options.mfa, clock=clock)
        self._server = _Server(self._config())

    def admin_tokens(self) -> Tokens:
        """Return a new pair of tokens of the built-in administrator, as a login does."""
        return self._state.accounts.issue(user_id(self._database, ADMIN.email))

    def serve(self, listener: socket.socket, *, on_ready: Callable[[], None]) -> None:
        """Serve until SIGINT, SIGTERM, SIGHUP or ``stop``, and then close the database.

        Args:
            listener: a bound socket. It is closed at the end.
            on_ready: called once, when the server answers requests.
        """
        self._server.on_ready = on_ready
        for number in _STOPPING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                # uvicorn raises signals again at its end. This handler also keeps that from killing the process.
                signal.signal(number, lambda *_: self.stop())
        try:
            self._server.run(sockets=[listener])
        finally:
            self._database.close()

    def stop(self) -> None:
        """End ``serve`` soon. This may be called from a signal handler or another thread."""
        self._server.should_exit = True

    def stop_at_end_of(self, descriptor: int) -> None:
        """End ``serve``, and if necessary the process, when the other end of a pipe is closed.

        The kernel closes that end however its process ends, including by SIGKILL.
        """
        threading.Thread(target=self._watch, args=(descriptor,), daemon=True).start()

    def _watch(self, descriptor: int) -> None:
        os.read(descriptor, 1)
        self._server.force_exit = True
        self.stop()
        time.sleep(2 * _GRACE)
        os._exit(1)

    def _config(self) -> uvicorn.Config:
        connections = HttpConnections()
        return uvicorn.Config(
            self._layers(self._state, connections),
            http=connections.protocol(),
            loop="asyncio",  # Others hide the socket, and a reset has to set its options.
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=75,  # A client that pauses between two requests must not find its connection closing.
            timeout_graceful_shutdown=_GRACE,
        )

    def _layers(self, state: State, connections: HttpConnections) -> ASGIApp:
        app: ASGIApp = LoggedErrors(new_app(state))
        if self._script is not None:
            app = FaultLayer(app, script=self._script, state=state, connections=connections)
        if self._options.latency:
            app = Latency(app, milliseconds=self._options.latency)
        app = Dates(HostGuard(app), clock=self._state.clock)
        return AccessLog(app) if self._options.access_log else app
