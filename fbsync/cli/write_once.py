"""Create files, or add lines to them. Existing text stays byte for byte."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from fbsync.model.errors import FbsyncError
from fbsync.state.atomic_file import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Done(StrEnum):
    """What ``add_to`` did with a file."""

    WRITTEN = "written"
    KEPT = "unchanged"
    ADDED_TO = "lines added"


def add_to(path: Path, complete: Callable[[str], str]) -> Done:
    """Create a file, or add to it.

    Args:
        path: the file. Its folder is created if it is missing.
        complete: returns the new text, given the current text, which is empty if there is no file.

    Raises:
        FbsyncError: the file is not a text file, or cannot be written. It is then unchanged.
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
            f"{path} cannot be written: {error.strerror}", hint="check the permissions of the file and its folder"
        ) from error
    return Done.ADDED_TO if there else Done.WRITTEN
