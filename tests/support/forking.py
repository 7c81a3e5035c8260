"""The process from which ``fbsync_process`` forks runs. It has fbsync imported, so they start at once.

``python forking.py FD MODULE``: a message on that socket orders a run, with its descriptors; the answer is its number.
"""

import ctypes
import fcntl
import gc
import io
import json
import os
import platform
import runpy
import signal
import socket
import sys
import time

from benchmarks.preloading import preload

_LONGEST = 1_000_000
_MOST_DESCRIPTORS = 16
_STDERR = 2
CLONE = {"x86_64": 56, "aarch64": 220}
"""The number of the system call clone(2), by machine."""
_CLONE_PARENT = 0x8000
_LIBC = ctypes.PyDLL(None, use_errno=True)
"""The C library, called without giving up the interpreter's lock, which ``PyOS_BeforeFork`` counts on."""


def serve(orders):
    """Fork a run for each order. Return the order in each run, and None in this process when there are no more."""
    while True:
        text, descriptors, _, _ = socket.recv_fds(orders, _LONGEST, _MOST_DESCRIPTORS)
        if not text:
            return None
        if (run := _fork_a_sibling()) == 0:
            return json.loads(text) | {"descriptors": descriptors}
        orders.send(b"%d" % run)
        for descriptor in descriptors:
            os.close(descriptor)


def _fork_a_sibling():
    """``os.fork``, but the new process is a child of this process's parent, as ``CLONE_PARENT`` of clone(2) says."""
    ctypes.pythonapi.PyOS_BeforeFork()
    number = _LIBC.syscall(CLONE[platform.machine()], _CLONE_PARENT | signal.SIGCHLD, 0, 0, 0, 0)
    if number == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
        return number
    ctypes.pythonapi.PyOS_AfterFork_Parent()
    if number < 0:
        raise OSError(ctypes.get_errno(), "clone")
    return number


def become(order):
    """Put this fork into the state in which ``python -m MODULE`` begins."""
    _take(order["descriptors"], [0, 1, 2, *order["pass_fds"]])
    if order["start_new_session"]:
        os.setsid()
    if order["process_group"] is not None:
        os.setpgid(0, order["process_group"])
    if order["umask"] >= 0:
        os.umask(order["umask"])
    os.chdir(order["cwd"])
    added = {name: value for name, value in os.environ.items() if name not in order["started_with"]}
    os.environ.clear()
    os.environ.update(added | order["env"])
    time.tzset()
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        setattr(sys, name, _stream(number, getattr(sys, name)))
        setattr(sys, f"__{name}__", getattr(sys, name))
    sys.argv = ["-m", *order["arguments"]]
    sys.path[0] = os.getcwd()  # noqa: PTH109 - as `python -m` does it
    gc.enable()


def _take(descriptors, numbers):
    """Give the descriptors the numbers that they had in the other process, and close all others."""
    above = max(*descriptors, *numbers) + 1
    moved = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, above) for descriptor in descriptors]
    os.closerange(3, above)
    for descriptor, number in zip(moved, numbers, strict=True):
        os.dup2(descriptor, number)
        os.close(descriptor)


def _stream(number, first):
    """A stream like those of the interpreter, for what its descriptor is now."""
    mode = "wb" if number else "rb"
    unbuffered = bool(number and os.environ.get("PYTHONUNBUFFERED"))
    binary = open(number, mode, buffering=0 if unbuffered else -1, closefd=False)  # noqa: SIM115 - as long as the process
    options = {"line_buffering": number == _STDERR, "write_through": unbuffered}
    newline = "\n" if number else None
    return io.TextIOWrapper(binary, first.encoding, first.errors, newline, **options)


if __name__ == "__main__":
    gc.disable()
    channel = socket.socket(fileno=int(sys.argv[1]))
    preload(sandbox=sys.argv[2] == "fbsync.sandbox")
    try:
        ordered = serve(channel)
    except KeyboardInterrupt:
        # Somebody interrupted the tests at their terminal.
        sys.exit(128 + signal.SIGINT)
    if ordered is not None:
        channel.close()
        become(ordered)
        runpy.run_module(ordered["module"], run_name="__main__", alter_sys=True)
