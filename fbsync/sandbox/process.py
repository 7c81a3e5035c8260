"""Run a sandbox as a separate process: start it on a bound socket, wait until it is ready, and stop it afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from fbsync.model.errors import ExitCode, FbsyncError
from fbsync.sandbox.builtin import ADMIN, WORKSPACE
from fbsync.sandbox.listener import bind, url_of
from fbsync.sandbox.options import SandboxOptions, require_framework

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from fbsync.sandbox.builtin import BuiltInUser

_STOP_SECONDS = 3
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """A running sandbox.

    Attributes:
        url: its base URL.
        token: an access token of the built-in administrator.
        refresh_token: the refresh token that belongs to it.
        process: the server's process.
        port: its port.
        workspace_id: the id of a workspace in which every built-in user has a role.
        admin: the built-in administrator.
    """

    url: str
    token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    process: subprocess.Popen[bytes]
    port: int
    workspace_id: str = WORKSPACE
    admin: BuiltInUser = ADMIN


@contextmanager
def running(
    options: SandboxOptions | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    popen: Callable[..., subprocess.Popen[bytes]] = subprocess.Popen,
) -> Iterator[Sandbox]:
    """Run a sandbox in a separate process for as long as the context lasts.

    The server ends with this process, however this process ends: it watches a pipe whose other end only this
    process has. It is in a separate session, so that Ctrl-C on the terminal does not reach it.

    Args:
        options: the sandbox's options.
        host: a loopback address.
        port: the port, or 0 for any free port.
        popen: starts the server's process, as ``subprocess.Popen`` does.

    Yields:
        The sandbox, when it answers requests.

    Raises:
        FbsyncError: it cannot be started. The message says why.
        InvalidInput: the seed file or the fault script is not valid.
    """
    options = options or SandboxOptions()
    require_framework()
    _check_files(options)
    with ExitStack() as stack:
        lifeline, held = _pipe(stack)
        report, told = _pipe(stack)
        with bind(host, port) as listener:
            url = url_of(listener)
            bound: int = listener.getsockname()[1]
            process = _start(popen, options, listener, lifeline, told)
        stack.callback(_see_off, process, held)
        lifeline.close()
        told.close()
        word = _first_word(process, report)
        yield Sandbox(
            url=url, token=word["accessToken"], refresh_token=word["refreshToken"], process=process, port=bound
        )


def _check_files(options: SandboxOptions) -> None:
    """Check the files that may have many mistakes in this process, which can report all findings."""
    if options.seed is not None:
        from fbsync.sandbox.seeding import read_options_seed

        read_options_seed(options)
    if options.faults is not None:
        from fbsync.sandbox.fault_script import read_fault_script

        read_fault_script(options.faults)


def _pipe(stack: ExitStack) -> tuple[IO[bytes], IO[bytes]]:
    """Return a pipe's reading and writing ends. Both are closed with the stack at the latest."""
    reading, writing = os.pipe()
    return stack.enter_context(os.fdopen(reading, "rb")), stack.enter_context(os.fdopen(writing, "wb"))


def _start(
    popen: Callable[..., subprocess.Popen[bytes]],
    options: SandboxOptions,
    listener: socket.socket,
    lifeline: IO[bytes],
    told: IO[bytes],
) -> subprocess.Popen[bytes]:
    descriptors = (listener.fileno(), lifeline.fileno(), told.fileno())
    return popen(
        [sys.executable, "-m", "fbsync.sandbox", options.to_json(), *map(str, descriptors)],
        pass_fds=descriptors,
        cwd=_ROOT,  # Finds the same fbsync, and no modules in the current folder can replace the library's.
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def _first_word(process: subprocess.Popen[bytes], report: IO[bytes]) -> dict[str, Any]:
    """Wait for the server's first report, which says that it is ready or why it cannot start."""
    text = report.read()
    if not text:
        raise FbsyncError(
            f"the sandbox's server ended with status {process.wait()} before it was ready",
            hint="its own messages are above, on stderr",
        )
    word: dict[str, Any] = json.loads(text)
    if "error" in word:
        raise FbsyncError(word["error"], hint=word["hint"], exit_code=ExitCode(word["exitCode"]))
    return word


def _see_off(process: subprocess.Popen[bytes], held: IO[bytes]) -> None:
    """Let the server end, and kill it if it does not."""
    held.close()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
