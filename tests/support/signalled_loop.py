"""Give an event loop a signal at each of its events.

``python signalled_loop.py SIGNAL HOW`` prints for each run the number of the event and how the run ended.
"""

import asyncio
import signal
import sys
import warnings
from functools import partial
from itertools import count

from signal_points import Arm

from fbsync.cli.event_loop import Interrupts, run_unless_signalled
from fbsync.cli.signals import unwind_on_signals
from fbsync.execution.ports import Stop


async def work():
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(asyncio.sleep(0.0001))
        group.create_task(asyncio.to_thread(int))
    return "done"


def attempt(how, arm):
    stop = Stop()
    run = run_unless_signalled if how == "cancelled" else Interrupts(stop, hint="run it again").run
    dropped = []  # A program ends where Python drops an interruption; see `fbsync.cli.signals`.
    sys.unraisablehook = lambda unraisable: dropped.append(unraisable.exc_value)
    try:
        with asyncio.Runner() as runner, arm:
            done = run(runner, work())
    except KeyboardInterrupt as interruption:
        return type(interruption).__name__
    if dropped:
        return type(dropped[0]).__name__
    return f"{done}, {stop.reason}"


def main(number, how):
    warnings.simplefilter("ignore", RuntimeWarning)  # of coroutines that never began
    for at in count(1):
        unwind_on_signals()
        fired = []
        print(at, end=" ", flush=True)
        print(attempt(how, Arm(number, at, partial(fired.append, at))), flush=True)
        if not fired:
            return


if __name__ == "__main__":
    main(signal.Signals[sys.argv[1]], sys.argv[2])
