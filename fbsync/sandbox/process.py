"""A sandbox as a separate process: started on a bound socket, handed out when ready, and stopped afterwards."""

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
        refresh_token: the refresh token that goes with it.
        process: the server.
        port: its port.
        workspace_id: a workspace in which every built-in user has a role.
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
    """Run a sandbox in a process of its own for as long as the context lasts.

    The server ends with this process, however this process ends: it watches a pipe whose other end is
    ours alone. It is in a session of its own, so that a Ctrl-C on the terminal does
    not reach it.

    Args:
        options: how the sandbox is to behave.
        host: a loopback address.
        port: 0 takes a free one.
        popen: starts the server's process, as ``subprocess.Popen`` does.

    Yields:
        The sandbox, when it answers requests.

    Raises:
        FbsyncError: it cannot be started; the message says why.
        InvalidInput: the seed file or the fault script is not as it should be.
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
    """Read the files that can be wrong in many places here, where the findings are known in full."""
    if options.seed is not None:
        from fbsync.sandbox.seeding import read_options_seed

        read_options_seed(options)
    if options.faults is not None:
        from fbsync.sandbox.fault_script import read_fault_script

        read_fault_script(options.faults)


def _pipe(stack: ExitStack) -> tuple[IO[bytes], IO[bytes]]:
    """A pipe's reading and writing end, both closed with the stack at the latest."""
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
        cwd=_ROOT,  # finds the same fbsync, and keeps a current folder's modules from standing in for the library's
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def _first_word(process: subprocess.Popen[bytes], report: IO[bytes]) -> dict[str, Any]:
    """Wait for what the server says when it is ready, or when it cannot be."""
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
    """Let the server end, and make sure that it does."""
    held.close()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
