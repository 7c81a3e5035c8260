"""Report an unexpected failure: the places in the code that it passed, without any values."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from fbsync.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType, TracebackType

_MOST_ERRORS = 8
_MOST_FRAMES = 60


def report_of(error: BaseException) -> str:
    """List the frames of an error and of its causes: file, line and function of each.

    The report has no exception texts, arguments, local variables or source lines, since they may contain credentials.
    """
    python = ".".join(map(str, sys.version_info[:3]))
    lines = [f"fbsync {__version__}, Python {python}, {sys.platform}"]
    for number, cause in enumerate(_chain(error)):
        lines.append(f"{'because of ' if number else ''}{_kind(cause)}")
        places = [f"  {_file(frame)}:{line} in {frame.f_code.co_name}" for frame, line in _frames(cause.__traceback__)]
        lines += places[-_MOST_FRAMES:]
    return "\n".join(lines) + "\n"


def innermost_place(error: BaseException) -> str:
    """Return the innermost place in fbsync's own code that an error passed: ``fbsync.planning.decide, line 7``."""
    found = "an unknown place"
    for frame, line in _frames(error.__traceback__):
        if (module := _module(frame)).split(".")[0] == "fbsync":
            found = f"{module}, line {line}"
    return found


def innermost_module(error: BaseException) -> str:
    """Return the name of the module that raised an error."""
    return next(iter([_module(frame) for frame, _ in _frames(error.__traceback__)][-1:]), "")


def keep(error: BaseException) -> Path | None:
    """Write the report into the user's state folder. The same failure always goes into the same file.

    Returns:
        The file, or None if it cannot be written.
    """
    from fbsync.settings import find_state_folder
    from fbsync.state.atomic_file import write_atomically

    text = report_of(error)
    try:
        path = find_state_folder(os.environ) / f"failure-{hashlib.sha256(text.encode()).hexdigest()[:12]}.txt"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(path, text)
    except (OSError, RuntimeError):
        return None
    return path


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and its causes. The cause of a group is the group's first error."""
    cause: BaseException | None = error
    for _ in range(_MOST_ERRORS):
        if cause is None:
            return
        yield cause
        if isinstance(cause, BaseExceptionGroup):
            cause = cause.exceptions[0]
        else:
            cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)


def _frames(trace: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    while trace is not None:
        yield trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next


def _kind(error: BaseException) -> str:
    module = type(error).__module__
    return type(error).__qualname__ if module == "builtins" else f"{module}.{type(error).__qualname__}"


def _module(frame: FrameType) -> str:
    name = frame.f_globals.get("__name__")
    return name if isinstance(name, str) else ""


def _file(frame: FrameType) -> str:
    """A frame's file, from its package on. The folders above would show details of the machine."""
    parts = PurePath(frame.f_code.co_filename).parts
    package = _module(frame).split(".")[0]
    start = len(parts) - 1 - parts[::-1].index(package) if package in parts[:-1] else len(parts) - 1
    return "/".join(parts[max(start, 0) :])
