"""The program: start and end the process of ``fbsync`` and ``python -m fbsync``."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from typing import NoReturn

_OBJECTS_BETWEEN_COLLECTIONS = 500_000
"""The threshold of the garbage collector. 10,000 entries need fewer objects, and leave 25 MB of garbage at most."""


def program() -> NoReturn:
    """Run the command line, then end the process with its exit status."""
    # What fbsync loads and builds lives to the end. Do not search it for garbage after every 700 new objects.
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    try:
        from fbsync.cli import main

        _leave(main())
    except KeyboardInterrupt as ended:
        # The signal came before the command line was loaded or after its end, so report it here.
        from fbsync.model.errors import ExitCode

        sys.stderr.write("error: interrupted\n")
        signals = sys.modules.get("fbsync.cli.signals")  # Without it, only Ctrl-C raises an exception.
        _leave(ExitCode.INTERRUPTED if signals is None else signals.exit_code_of(ended))


def _leave(status: int) -> NoReturn:
    """Flush everything that was printed, and end the process.

    The interpreter would first free all that it has loaded and built, which takes up to a fifth of a command's time.
    That has no effect: whoever opens a file closes it, and nothing depends on a thread that still runs.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # no reader is left for a message
            stream.flush()
    os._exit(status)


if __name__ == "__main__":
    program()
