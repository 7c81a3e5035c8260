"""Run a command of fbsync many times, each in a fork that gets a signal at another call of a function.

``python signal_points.py SIGNAL FIRST STEP COMMAND…``: print a line of JSON for each run, until one ends before its
signal: the number of the call, the exit status (None: it had to be killed), and what the run printed. Each run has a
copy of the working folder, and by turns one of the workspaces in ``FLASHBACK_WORKSPACE_ID`` (separated by commas).
"""

import json
import os
import shutil
import signal
import sys
import tempfile
import time
from itertools import count, cycle

from benchmarks.preloading import preload

_LONGEST_SECONDS = 30


class Arm:
    """Raise a signal in this process at its n-th event of a profiler: a call of a function, or the return from one."""

    def __init__(self, number, at, on_fire):
        self._number = number
        self._left = at
        self._on_fire = on_fire

    def __enter__(self):
        sys.setprofile(self._hear)

    def __exit__(self, *_):
        sys.setprofile(None)

    def _hear(self, _frame, _event, _argument):
        self._left -= 1
        if self._left == 0:
            sys.setprofile(None)
            self._on_fire()
            signal.raise_signal(self._number)


def main(number, first, step, command):
    preload()
    workspaces = os.environ["FLASHBACK_WORKSPACE_ID"].split(",")
    for at, workspace in zip(count(first, step), cycle(workspaces), strict=False):
        with (
            tempfile.TemporaryDirectory() as folder,
            tempfile.TemporaryFile() as output,
            tempfile.TemporaryFile() as fired,
        ):
            shutil.copytree(".", folder, dirs_exist_ok=True)
            if (run := os.fork()) == 0:
                os.environ["FLASHBACK_WORKSPACE_ID"] = workspace
                os.chdir(folder)
                _become(number, at, command, output, fired)
            status = _ended(run)
            output.seek(0)
            fired.seek(0)
            print(json.dumps([at, status, output.read().decode()]), flush=True)
            if status is not None and not fired.read():
                return


def _become(number, at, command, output, fired):
    from fbsync.__main__ import program

    os.dup2(output.fileno(), 1)
    os.dup2(output.fileno(), 2)
    sys.argv = ["fbsync", *command]
    with Arm(number, at, lambda: os.write(fired.fileno(), b"yes")):
        program()


def _ended(run):
    end = time.monotonic() + _LONGEST_SECONDS
    while time.monotonic() < end:
        found, status = os.waitpid(run, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(run, signal.SIGKILL)
    os.waitpid(run, 0)
    return None


if __name__ == "__main__":
    main(signal.Signals[sys.argv[1]], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
