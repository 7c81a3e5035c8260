"""Running a coroutine so that a signal ends it in order: cancelled, with everything closed, and said so."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Any, TypeVar

from fbsync.cli.signals import ENDING, Terminated, unwind_on_signals

if TYPE_CHECKING:
    from collections.abc import Coroutine

_Result = TypeVar("_Result")


def run(runner: asyncio.Runner, work: Coroutine[Any, Any, _Result]) -> _Result:
    """Runs a coroutine to its end, or until SIGTERM or SIGHUP cancels it.

    An exception that a signal handler raises would end the loop in the middle of whatever it was doing.

    Args:
        runner: whose loop; it does the same for SIGINT.
        work: the coroutine.

    Raises:
        Terminated: a signal came.
    """
    came: list[signal.Signals] = []
    try:
        return runner.run(_cancelled_by_signals(work, came))
    except asyncio.CancelledError:
        if came:
            raise Terminated(came[0].name) from None
        raise
    finally:
        unwind_on_signals()


async def _cancelled_by_signals(work: Coroutine[Any, Any, _Result], came: list[signal.Signals]) -> _Result:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None

    def end(number: signal.Signals) -> None:
        came.append(number)
        task.cancel()

    watched = [number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    for number in watched:
        loop.add_signal_handler(number, end, number)
    try:
        return await work
    finally:
        for number in watched:
            loop.remove_signal_handler(number)
