"""Runs of fbsync that may be killed at any moment. They are forks of a process that imported it, so they start fast.

``python -m benchmarks.chaos_runs`` is that process: a line on stdin orders a run; its number and its end go to stdout.
"""

from __future__ import annotations

import errno
import json
import os
import select
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from benchmarks.preloading import preload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ROOT = Path(__file__).parents[1]
_LONGEST_SECONDS = 300
HUNG = 1000
"""In place of an exit status: the run had not ended after five minutes, and was killed."""
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Run:
    """One run, which can get signals until it has ended.

    Args:
        forks: the process that forked it.
        pid: its number, which no other process gets until ``wait`` has returned.
    """

    def __init__(self, forks: subprocess.Popen[str], pid: int) -> None:
        self._forks = forks
        self._pid = pid
        self._lock = threading.Lock()
        self._ended = False

    def send(self, number: signal.Signals) -> bool:
        """Send a signal; return whether the run was still there."""
        with self._lock:
            if not self._ended:
                os.kill(self._pid, number)
            return not self._ended

    def wait(self) -> int:
        """Wait for the end; return the exit status, negative for a signal, or ``HUNG``."""
        assert self._forks.stdout is not None
        hangs = not select.select([self._forks.stdout], [], [], _LONGEST_SECONDS)[0]
        if hangs:
            self.send(signal.SIGKILL)
        _heard(self._forks)
        with self._lock:
            self._ended = True
        status = int(_answer(self._forks, "buried"))
        return HUNG if hangs else status


class Forks:
    """Start runs, one at a time.

    Args:
        process: the forking process.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def start(
        self,
        argv: list[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        log: Path,
        die_at: int | None = None,
        disk: tuple[str, int, int] | None = None,
    ) -> Run:
        """Start ``fbsync`` with these arguments.

        Args:
            argv: the arguments.
            folder: where it runs.
            environment: its whole environment.
            log: gets what it prints.
            die_at: the change to files before which it is killed, counted from 1.
            disk: the error of its failing disk, the first call that fails, and the number of calls.
        """
        order = {"argv": argv, "folder": str(folder), "environment": dict(environment), "log": str(log)}
        pid = _answer(self._process, json.dumps(order | {"die_at": die_at, "disk": disk}))
        return Run(self._process, int(pid))


@contextmanager
def forking() -> Iterator[Forks]:
    """Run a forking process; a context manager."""
    command = [sys.executable, "-m", "benchmarks.chaos_runs"]
    process = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    try:
        yield Forks(process)
    finally:
        process.communicate()


def _answer(process: subprocess.Popen[str], line: str) -> str:
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()
    return _heard(process)


def _heard(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def _serve() -> None:
    preload()
    while line := sys.stdin.readline():
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(order)
        _tell(pid)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        _tell("ended")
        # Until the parent has waited for it, the run keeps its number, so a late signal reaches no other process.
        sys.stdin.readline()
        _tell(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def _tell(word: object) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def _become(order: dict[str, Any]) -> NoReturn:
    """Turn this fork into the run."""
    status = 70
    try:
        os.chdir(order["folder"])
        os.environ.clear()
        os.environ.update(order["environment"])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        if order["die_at"] is not None:
            _die_at(order["die_at"])
        if order["disk"] is not None:
            _fail(*order["disk"])
        from fbsync.__main__ import program

        sys.argv = ["fbsync", *order["argv"]]
        program()
    except KeyboardInterrupt:
        status = 130  # the signal came before the program began; Python ends the same way then
    finally:
        os._exit(status)


def _fail(error: str, first: int, calls: int) -> None:
    """Make the calls that change files fail, like a full or broken disk, except for the log."""
    seen = 0

    def failing(name: str) -> None:
        call = getattr(os, name)

        def instead(*args: Any, **options: Any) -> Any:  # noqa: ANN401 - like the call that it replaces
            nonlocal seen
            if args[0] not in (1, 2) and (name != "open" or args[1] & _WRITING):
                seen += 1
                if first <= seen < first + calls:
                    raise OSError(getattr(errno, error), os.strerror(getattr(errno, error)))
            return call(*args, **options)

        setattr(os, name, instead)

    for name in ("write", "fsync", "replace", "rename", "open"):
        failing(name)


def _die_at(last: int) -> None:
    """Kill this process before one of its changes to files: an open for writing, a rename, a removal."""
    seen = 0

    def watch(event: str, args: tuple[Any, ...]) -> None:
        nonlocal seen
        if event in ("os.rename", "os.remove") or (event == "open" and args[2] is not None and args[2] & _WRITING):
            seen += 1
            if seen == last:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


if __name__ == "__main__":
    _serve()
