"""Files that are made, or added to, and never overwritten: what was there stays byte for byte."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from fbsync.model.errors import FbsyncError
from fbsync.state.atomic_file import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Done(StrEnum):
    """What became of a file."""

    WRITTEN = "written"
    KEPT = "unchanged"
    ADDED_TO = "lines added"


def add_to(path: Path, complete: Callable[[str], str]) -> Done:
    """Make a file, or completes it.

    Args:
        path: the file; its folder is made where it is not there.
        complete: gives the whole new text for the present one, which is empty where there is no file.

    Raises:
        FbsyncError: it is no text file, or the operating system refuses; it is then as it was.
    """
    try:
        there = path.exists()
        if there and not (path.is_file() or path.is_dir()):
            raise FbsyncError(f"{path} is not a regular file, so it was left alone", hint="name another file")
        existing = path.read_bytes().decode() if there else ""
        text = complete(existing)
        if there and text == existing:
            return Done.KEPT
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text)
    except UnicodeDecodeError as error:
        raise FbsyncError(f"{path} is not UTF-8 text, so it was left alone", hint="name another file") from error
    except OSError as error:
        raise FbsyncError(
            f"{path} cannot be written: {error.strerror}", hint="fix that, or name another file"
        ) from error
    return Done.ADDED_TO if there else Done.WRITTEN
