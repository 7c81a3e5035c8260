"""Run coroutines so that a signal ends them safely: cancel them if nothing is at stake, else let them finish."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar

from fbsync.cli import terminal
from fbsync.cli.signals import EXIT_CODES, exception_for
from fbsync.model.errors import FbsyncError
from fbsync.workflow.run_protocol import run_plainly

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from types import FrameType

    from fbsync.execution.ports import Stop
    from fbsync.model.errors import ExitCode

_Result = TypeVar("_Result")

if find_spec("sniffio") is None:
    # httpcore imports sniffio several times a request. If it is not installed, Python would search the whole path each
    # time, which takes a quarter of a request. None in the module cache ends the search at once (Python Language
    # Reference, 5.3.1, "The module cache"). This is for the program only: users of the library may install sniffio.
    sys.modules["sniffio"] = None  # type: ignore[assignment]


def run_unless_signalled(runner: asyncio.Runner, work: Coroutine[Any, Any, _Result]) -> _Result:
    """Run a coroutine to its end, or until a signal cancels it.

    Args:
        runner: the runner of the event loop.
        work: the coroutine.

    Raises:
        KeyboardInterrupt: SIGINT arrived; ``Terminated`` if it was SIGTERM or SIGHUP.
    """
    came: list[signal.Signals] = []
    task: asyncio.Task[Any] | None = None

    async def entered() -> _Result:
        nonlocal task
        task = asyncio.current_task()
        if came:
            raise asyncio.CancelledError
        return await work

    def end(number: signal.Signals) -> None:
        came.append(number)
        if task is not None:
            task.cancel()

    with _signals_passed_to(end, runner.get_loop()):
        try:
            result = run_plainly(runner, entered())
        except asyncio.CancelledError:
            if not came:
                raise
        finally:
            work.close()  # A signal may have come before it started.
    if came:
        raise exception_for(came[0])
    return result


@contextmanager
def _signals_passed_to(heard: Callable[[signal.Signals], None], loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Have a function called in an event loop for each signal that asks for an end, or at the end of the context.

    As long as this lasts, no signal raises an exception. In the middle of the loop's own work, that could make the loop
    forget a callback, and whoever closes the loop would wait forever for a task that nothing continues. Ignored signals
    stay ignored.

    Args:
        heard: the function.
        loop: the event loop. It may run only as long as this lasts.
    """
    unheard: list[signal.Signals] = []

    def note(number: int, _frame: FrameType | None) -> None:
        unheard.append(signal.Signals(number))
        loop.call_soon_threadsafe(pass_on)

    def pass_on() -> None:
        while unheard:
            heard(unheard.pop(0))

    with ExitStack() as stack:
        stack.callback(pass_on)
        for number in EXIT_CODES:
            if signal.getsignal(number) is not signal.SIG_IGN:
                stack.callback(signal.signal, number, signal.signal(number, note))
        yield


class Interrupts:
    """Let signals end a run safely: start nothing new, and let requests in progress finish.

    Args:
        stop: the object through which to ask the run to stop.
        hint: what to do after an interruption.

    Attributes:
        has_begun: whether ``run`` was called, so that signals no longer end the command at once.
    """

    def __init__(self, stop: Stop, *, hint: str) -> None:
        self._stop = stop
        self._hint = hint
        self._signal: signal.Signals | None = None
        self.has_begun = False

    def run(self, runner: asyncio.Runner, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Run a coroutine that starts nothing new once a stop is requested."""
        with _signals_passed_to(self._interrupt, runner.get_loop()):
            self.has_begun = True
            return run_plainly(runner, work)

    @property
    def exit_code(self) -> ExitCode | None:
        """The status of a run that was interrupted, or None."""
        return None if self._signal is None else EXIT_CODES[self._signal]

    def _interrupt(self, number: signal.Signals) -> None:
        """Answer a signal at once: stop the run at the first signal, and end the process at the second one."""
        if self._signal is not None:
            terminal.end_bar()
            terminal.say(
                f"Stopped; answered requests are recorded. To continue, {self._hint}: it checks unanswered ones first."
            )
            # The loop would wait for requests in progress. Each known outcome is already on the disk.
            os._exit(EXIT_CODES[number])
        from fbsync.workflow.carry_out import GRACE_SECONDS

        self._signal = number
        terminal.end_bar()
        terminal.say(
            f"Interrupted by {number.name}: nothing new is started, and requests under way get "
            f"{GRACE_SECONDS:.0f} s to end. Once more ends it now."
        )
        reason = FbsyncError(f"interrupted by {number.name}", hint=self._hint, exit_code=EXIT_CODES[number])
        self._stop.request(reason)
