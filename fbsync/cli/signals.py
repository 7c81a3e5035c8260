"""Signals that ask a command to end. They unwind the command as Ctrl-C does, unless it handles them itself."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from types import FrameType


ENDING = (signal.SIGTERM, signal.SIGHUP)
"""The signals that ask for an end, apart from SIGINT, which Python turns into KeyboardInterrupt."""


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


def _unwind(number: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(number, signal.SIG_DFL)
    raise Terminated(signal.Signals(number).name)
