"""The server's process, started by ``fbsync.sandbox.process`` with open file descriptors."""

from __future__ import annotations

import json
import os
import socket
import sys
from typing import TYPE_CHECKING

from fbsync.model.errors import FbsyncError
from fbsync.sandbox.options import SandboxOptions
from fbsync.sandbox.server import SandboxServer, log_to_stderr

if TYPE_CHECKING:
    from collections.abc import Mapping


def main(arguments: list[str]) -> int:
    """Serve until asked to stop.

    Args:
        arguments: the options as JSON, and three file descriptors: the listening socket, the pipe that ends the
            server when it is closed, and the pipe for the first report (tokens or an error).

    Returns:
        The exit code.
    """
    options, (listener, lifeline, report) = arguments[0], map(int, arguments[1:])
    log_to_stderr()
    try:
        server = SandboxServer(SandboxOptions.from_json(options))
        tokens = server.admin_tokens()
    except FbsyncError as error:
        _tell(report, {"error": error.message, "hint": error.hint, "exitCode": int(error.exit_code)})
        return error.exit_code
    server.stop_at_end_of(lifeline)
    word = {"accessToken": tokens.access, "refreshToken": tokens.refresh}
    server.serve(socket.socket(fileno=listener), on_ready=lambda: _tell(report, word))
    return 0


def _tell(descriptor: int, word: Mapping[str, object]) -> None:
    with os.fdopen(descriptor, "w", encoding="utf-8") as pipe:
        json.dump(word, pipe)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
