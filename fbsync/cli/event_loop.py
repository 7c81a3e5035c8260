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
    # httpcore imports sniffio several times a request. If it is not installed, Python would search the whole path each
    # time, which takes a quarter of a request. None in the module cache ends the search at once (Python Language
    # Reference, 5.3.1, "The module cache"). This is for the program only: users of the library may install sniffio.
    sys.modules["sniffio"] = None  # type: ignore[assignment]


def run_unless_signalled(runner: asyncio.Runner, work: Coroutine[Any, Any, _Result]) -> _Result:
    """Run a coroutine to its end, or until SIGTERM or SIGHUP cancels it.

    If a signal handler raised an exception instead, the loop would end in the middle of its work.

    Args:
        runner: the runner of the event loop, which itself cancels on SIGINT.
        work: the coroutine.

    Raises:
        Terminated: SIGTERM or SIGHUP arrived.
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
        for unfinished in (watched, work):  # Ctrl-C may have come before they started
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
    """The signals that the parent process did not set to be ignored. ``nohup``, for example, ignores SIGHUP."""
    return tuple(number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN)


_CODES = {
    signal.SIGINT: ExitCode.INTERRUPTED,
    signal.SIGTERM: ExitCode.TERMINATED,
    signal.SIGHUP: ExitCode.TERMINATED,
}


class Interrupts:
    """Let signals end a run safely: start nothing new, and let requests in progress finish.

    Args:
        stop: the object through which to ask the run to stop.
        hint: what to do after an interruption.
    """

    def __init__(self, stop: Stop, *, hint: str) -> None:
        self._stop = stop
        self._hint = hint
        self._signal: signal.Signals | None = None
        self.is_watching = False

    def watch(self) -> None:
        """Begin to handle signals, in the event loop of the run. Signals that are ignored (``nohup``) stay ignored.

        Raises:
            CancelledError: Ctrl-C came before this, so the loop's runner would cancel the run at its next wait.
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
        """Answer a signal at once: stop the run at the first signal, and end the process at the second one."""
        if self._signal is not None:
            terminal.end_bar()
            terminal.say(
                f"Stopped; answered requests are recorded. To continue, {self._hint}: it checks unanswered ones first."
            )
            # The loop would wait for requests in progress. Each known outcome is already on the disk.
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
