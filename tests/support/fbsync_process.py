"""Run ``python -m fbsync`` in a process, with the options of ``subprocess``. Most are forks, which start fast.

A fork is a child of the tests' process like any other: tests signal it, wait for it and kill it by its number. A run
gets a real start if it depends on how an interpreter starts: with other variables for Python or the locale than the
tests have, at a terminal, with measured coverage, or with options that ``subprocess`` applies between fork and exec.
"""

import atexit
import json
import os
import platform
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import forking

ROOT = Path(__file__).parents[2]
_SERVER = Path(forking.__file__)
_STREAMS = ("stdin", "stdout", "stderr")
_FORKABLE = {
    *_STREAMS,
    *("cwd", "env", "text", "encoding", "errors", "bufsize"),
    *("start_new_session", "process_group", "umask", "pass_fds"),
}
_AT_START = ("PYTHON", "LC_", "LANG", "COVERAGE_", "LD_", "MALLOC_")
"""An interpreter reads variables with these prefixes when it starts."""


def start(*arguments, **options):
    """Start fbsync, as ``subprocess.Popen`` starts a program."""
    return popen([sys.executable, "-m", "fbsync", *map(os.fspath, arguments)], **options)


def popen(command, **options):
    """``subprocess.Popen`` for ``python -m`` and a module of fbsync."""
    return (_Fork if _can_fork(options) else subprocess.Popen)(command, **options)


def run(*arguments, text=True, timeout=120, input=None, **options):  # noqa: A002 - subprocess's name
    """Run fbsync to its end. By default, keep what it prints."""
    given = subprocess.DEVNULL if input is None else subprocess.PIPE
    piped = {"stdin": given, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with start(*arguments, text=text, **{**piped, **options}) as process:
        try:
            stdout, stderr = process.communicate(input, timeout=timeout)
        except BaseException:
            process.kill()
            raise
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def _can_fork(options):
    environment = os.environ if options.get("env") is None else options["env"]
    return (
        sys.platform == "linux"
        and platform.machine() in forking.CLONE
        and not set(options) - _FORKABLE
        and not any(name.startswith("COVERAGE_") for name in environment)
        and _at_start(environment) in ({}, _at_start(os.environ))
        and not any(_is_terminal(options.get(name), number) for number, name in enumerate(_STREAMS))
    )


def _at_start(environment):
    found = {name: value for name, value in environment.items() if name.startswith(_AT_START)}
    if found.get("PYTHONPATH") == str(ROOT):
        del found["PYTHONPATH"]
    return found


def _is_terminal(stream, number):
    if isinstance(stream, int) and stream < 0:
        return False  # a pipe, or nothing
    if stream is None:
        stream = number
    try:
        return os.isatty(stream if isinstance(stream, int) else stream.fileno())
    except OSError:
        return True  # closed, which a fork cannot have


class _Fork(subprocess.Popen):
    """A process that was forked from one with fbsync imported."""

    def _execute_child(self, args, executable, preexec_fn, close_fds, pass_fds, cwd, env, *more):
        (_, _, _, *ends, _, _, _, _, umask, start_new_session, process_group) = more
        p2cread, _, _, c2pwrite, _, errwrite = ends
        streams = [number if end == -1 else end for number, end in enumerate((p2cread, c2pwrite, errwrite))]
        environment = dict(os.environ if env is None else env)
        order = {
            "module": args[2],
            "arguments": args[3:],
            "pass_fds": list(pass_fds),
            "cwd": os.fspath(cwd or Path.cwd()),
            "env": environment,
            "umask": umask,
            "start_new_session": start_new_session,
            "process_group": None if process_group == -1 else process_group,
        }
        try:
            self.pid = _server(args[2], _at_start(environment)).fork(order, [*streams, *pass_fds])
        finally:
            self._close_pipe_fds(*ends)
        self._child_created = True


class _Server:
    """The process that forks, for as long as the tests run.

    Args:
        module: the module that the forks run.
        variables: the environment that it starts with.
    """

    def __init__(self, module, variables):
        self._variables = {"PYTHONPATH": str(ROOT), **variables}
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, _SERVER, str(theirs.fileno()), module]
            self._process = subprocess.Popen(
                command, env=self._variables, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
            )
        self._one_at_a_time = threading.Lock()
        atexit.register(self._end)

    def fork(self, order, descriptors):
        order["started_with"] = self._variables
        with self._one_at_a_time:
            socket.send_fds(self._orders, [json.dumps(order).encode()], descriptors)
            return int(self._orders.recv(100))

    def _end(self):
        self._orders.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(10)


_servers = {}
_starting = threading.Lock()


def _server(module, variables):
    with _starting:
        key = (module, *sorted(variables.items()))
        if key not in _servers:
            _servers[key] = _Server(module, variables)
        return _servers[key]
