"""The program: starts and ends the process of ``fbsync`` and ``python -m fbsync``."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from typing import NoReturn

_OBJECTS_BETWEEN_COLLECTIONS = 500_000
"""More objects than 10,000 entries need. The garbage of such an apply takes 25 MB until then."""


def program() -> NoReturn:
    """Run the command line, and end the process with its exit status."""
    # What is loaded and built lives to the end: it need not be searched for garbage each time that 700 objects are new.
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    try:
        from fbsync.cli import main

        status = main()
    except KeyboardInterrupt:
        # It came before there was a command line to say so.
        from fbsync.model.errors import ExitCode

        sys.stderr.write("error: interrupted\n")
        status = ExitCode.INTERRUPTED
    _leave(status)


def _leave(status: int) -> NoReturn:
    """End the process, with everything that was printed.

    The interpreter would first take apart all that it has loaded and built, which takes up to a fifth of a command's
    time and has no effect: who opens a file here closes it, and no thread is left that anything depends on.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # nobody is left to read a message
            stream.flush()
    os._exit(status)


if __name__ == "__main__":
    program()
