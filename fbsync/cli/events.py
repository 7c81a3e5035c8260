"""Write the files of ``apply --events`` and ``--result``: JSON lines as things happen, and the result document."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any, Self, TextIO

from fbsync.model.errors import FbsyncError
from fbsync.render.document import dump, dump_line, failure_document, outcome_entry, removal_entry
from fbsync.state.atomic_file import write_atomically

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from fbsync.model.outcomes import Outcome
    from fbsync.model.temporary import Removal


class Events:
    """A file of JSON lines, one for each event, written as soon as it happens; a context manager.

    Args:
        path: the file, which is replaced; None for no events.

    Raises:
        FbsyncError: the file cannot be opened.
    """

    def __init__(self, path: Path | None) -> None:
        try:
            self._stream = None if path is None else _opened(path)
        except OSError as error:
            raise FbsyncError(
                f"the events file {path} cannot be opened: {error.strerror}", hint="name a writable file"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            self._stream.close()

    def emit(self, event: str, **details: object) -> None:
        """Write one event. If the file fails, write no more events: the run must not stop because of it."""
        if self._stream is None:
            return
        try:
            self._stream.write(dump_line({"event": event, **details}))
        except OSError:
            self._stream = None

    def outcome(self, outcome: Outcome) -> None:
        """Write the result of an entry."""
        if self._stream is not None:
            self.emit("outcome", entry=outcome_entry(outcome))

    def removal(self, removal: Removal) -> None:
        """Write whether a temporary configuration, which an earlier run had left, was removed."""
        self.emit("temporary", entry=removal_entry(removal))


def _opened(path: Path) -> TextIO:
    """Open and empty the events file. Refuse a link outside /dev and /proc: one in a pull request may point anywhere.

    Raises:
        OSError: the path is such a link, or the operating system refused.
    """
    if path.is_symlink() and path.absolute().parts[1:2] not in (("dev",), ("proc",)):
        raise OSError(errno.ELOOP, "It is a symbolic link", str(path))
    return path.open("w", encoding="utf-8", buffering=1)


class ResultFile:
    """The file that ``--result`` names. It gets a document even if the command fails; a context manager.

    Args:
        command: the command's name.
        path: the file, or None to write no file.
        environment: the command's environment, or None.
    """

    def __init__(self, command: str, path: Path | None, environment: str | None) -> None:
        self.environment = environment
        self._command = command
        self._path = path

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._path is not None and isinstance(error, FbsyncError):
            document = failure_document(self._command, error) | {"environment": self.environment}
            write_result(self._path, document)


def write_result(path: Path, document: dict[str, Any]) -> None:
    """Write a result document atomically.

    Raises:
        FbsyncError: the operating system refused.
    """
    try:
        write_atomically(path, dump(document), follow=False)
    except OSError as error:
        raise FbsyncError(
            f"the result file {path} cannot be written: {error.strerror}", hint="name a writable file"
        ) from error
