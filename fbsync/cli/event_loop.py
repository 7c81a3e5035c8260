"""Run coroutines so that a signal ends them safely: cancel them if nothing is at stake, else let them finish."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar

from fbsync.cli import terminal
from fbsync.cli.signals import ENDING, Terminated, unwind_on_signals
from fbsync.model.errors import ExitCode, FbsyncError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

    from fbsync.execution.ports import Stop

_Result = TypeVar("_Result")

if find_spec("sniffio") is None:
    # httpcore loads it several times a request, if it is there. Where it is not, Python would look for it all along the
    # path each time, which takes a quarter of a request; None says once for all that there is nothing to be found
    # (Python Language Reference, 5.3.1, "The module cache"). For this program only: whoever imports fbsync as a
    # library may install what they like.
    sys.modules["sniffio"] = None  # type: ignore[assignment]


def run_unless_signalled(runner: asyncio.Runner, work: Coroutine[Any, Any, _Result]) -> _Result:
    """Run a coroutine to its end, or until SIGTERM or SIGHUP cancels it.

    An exception that a signal handler raises would end the loop in the middle of whatever it was doing.

    Args:
        runner: whose loop; it does the same for SIGINT.
        work: the coroutine.

    Raises:
        Terminated: a signal came.
    """
    came: list[signal.Signals] = []
    watched = _cancelled_by_signals(work, came)
    try:
        return runner.run(watched)
    except asyncio.CancelledError:
        if came:
            raise Terminated(came[0].name) from None
        raise
    finally:
        unwind_on_signals()
        for unfinished in (watched, work):  # Ctrl-C may have come before they were begun
            unfinished.close()


async def _cancelled_by_signals(work: Coroutine[Any, Any, _Result], came: list[signal.Signals]) -> _Result:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None

    def end(number: signal.Signals) -> None:
        came.append(number)
        task.cancel()

    watched = _not_ignored(ENDING)
    for number in watched:
        loop.add_signal_handler(number, end, number)
    try:
        return await work
    finally:
        for number in watched:
            loop.remove_signal_handler(number)


def _not_ignored(numbers: Iterable[signal.Signals]) -> tuple[signal.Signals, ...]:
    """The signals that whoever started fbsync did not have ignored, as ``nohup`` does with SIGHUP."""
    return tuple(number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN)


_CODES = {
    signal.SIGINT: ExitCode.INTERRUPTED,
    signal.SIGTERM: ExitCode.TERMINATED,
    signal.SIGHUP: ExitCode.TERMINATED,
}


class Interrupts:
    """Let signals end a run safely: start nothing new, and let requests under way finish.

    Args:
        stop: what the run heeds.
        hint: what to do after an interruption.
    """

    def __init__(self, stop: Stop, *, hint: str) -> None:
        self._stop = stop
        self._hint = hint
        self._signal: signal.Signals | None = None
        self.is_watching = False

    def watch(self) -> None:
        """Begin, in the event loop of the run. A signal that is ignored (``nohup``) stays so.

        Raises:
            CancelledError: Ctrl-C came in the meantime, and the loop's runner would cancel the run at its next wait.
        """
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        for number in _not_ignored(_CODES):
            loop.add_signal_handler(number, self._interrupt, number)
        if task is not None and task.cancelling():
            raise asyncio.CancelledError
        self.is_watching = True

    @property
    def exit_code(self) -> ExitCode | None:
        """The status of a run that was interrupted, or None."""
        return None if self._signal is None else _CODES[self._signal]

    def _interrupt(self, number: signal.Signals) -> None:
        """Answer at once: the first signal with what is waited for, the second one by ending."""
        if self._signal is not None:
            terminal.end_bar()
            terminal.say(
                f"Stopped; answered requests are recorded. To continue, {self._hint}: it checks unanswered ones first."
            )
            # The loop would wait for requests under way; outcomes are on the disk as soon as they are known.
            os._exit(_CODES[number])
        from fbsync.workflow.carry_out import GRACE_SECONDS

        self._signal = number
        terminal.end_bar()
        terminal.say(
            f"Interrupted by {number.name}: nothing new is started, and requests under way get "
            f"{GRACE_SECONDS:.0f} s to end. Once more ends it now."
        )
        reason = FbsyncError(f"interrupted by {number.name}", hint=self._hint, exit_code=_CODES[number])
        self._stop.request(reason)
