"""Signals that ask a command to end. They unwind the command as Ctrl-C does, unless it handles them itself."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from fbsync.model.errors import ExitCode, causes_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


ENDING = (signal.SIGTERM, signal.SIGHUP)
"""The signals that ask for an end, apart from SIGINT, which Python turns into KeyboardInterrupt."""
EXIT_CODES = {signal.SIGINT: ExitCode.INTERRUPTED, **dict.fromkeys(ENDING, ExitCode.TERMINATED)}
"""The exit codes of commands that these signals end."""


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP arrived. It propagates like Ctrl-C.

    Args:
        name: the signal's name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def unwind_on_signals() -> None:
    """Let SIGTERM and SIGHUP raise ``Terminated``, and a second one end the process. Ignored signals stay ignored."""
    for number in ENDING:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _unwind)
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _unraisable


@contextmanager
def held_signals() -> Iterator[None]:
    """Let signals wait until the context ends.

    In the middle of what ``threading`` does, an exception could leave a lock taken that the program waits for later.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, EXIT_CODES)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def forgive_what_is_unfinished() -> None:
    """Keep Python from complaining of what a signal left half done, such as a coroutine that never began."""
    warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
    if "asyncio" in sys.modules:
        import logging

        logging.getLogger("asyncio").disabled = True  # It logs the tasks that never ended.
    if sys.unraisablehook is _unraisable:
        sys.unraisablehook = _ignore


def exception_for(number: signal.Signals) -> KeyboardInterrupt:
    """Return the exception that unwinds a command after a signal."""
    return KeyboardInterrupt() if number is signal.SIGINT else Terminated(number.name)


def interruption_behind(error: BaseException) -> KeyboardInterrupt | None:
    """Return the interruption during whose handling an error was raised, or None.

    What a signal interrupts may fail in turn, for example when it releases a lock that it does not hold yet.
    """
    return next((cause for cause in causes_of(error) if isinstance(cause, KeyboardInterrupt)), None)


def exit_code_of(interruption: BaseException) -> ExitCode:
    """Return the exit code of a command that a signal ended, from the exception that it ended with."""
    return ExitCode.TERMINATED if isinstance(interruption_behind(interruption), Terminated) else ExitCode.INTERRUPTED


def _unwind(number: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(number, signal.SIG_DFL)
    raise exception_for(signal.Signals(number))


def _unraisable(unraisable: sys.UnraisableHookArgs) -> None:
    """End the process after a signal that came in a finalizer. Python drops an exception there and would go on."""
    if not isinstance(unraisable.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)
        return
    sys.stderr.write("error: interrupted\n")
    sys.stderr.flush()
    os._exit(exit_code_of(unraisable.exc_value))


def _ignore(_unraisable: sys.UnraisableHookArgs) -> None:
    """Ignore what a finalizer failed with."""
