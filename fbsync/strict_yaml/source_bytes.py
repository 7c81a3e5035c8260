"""Read an input's bytes from a path and decode them, or say why that fails."""

from __future__ import annotations

import codecs
import errno
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from fbsync.model.findings import Finding, Position
from fbsync.strict_yaml.source_text import SourceText

STANDARD_INPUT = Path("-")
"""The path for standard input."""

STDIN_NAME = "<stdin>"
"""The name of standard input in messages."""

LARGEST_FILE = 32 * 1024 * 1024
"""In bytes: ten times a manifest of 10,000 entries. Larger files are refused without reading them."""

_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
"""The byte order marks of other encodings. Longer marks come first, because they start with the shorter ones."""

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)

_MISSING = frozenset({errno.ENOENT, errno.ENOTDIR})

_PIPE_PATIENCE = 60.0
"""How long a pipe may stay silent, in seconds: a password manager may have to ask its user."""

_DESCRIPTORS = ("/dev/fd", "/proc/self/fd")
"""Where shells put the pipe of a process substitution, ``<(…)``."""

_drained: dict[tuple[int, int], bytes] = {}
"""The contents of pipes of process substitutions. A pipe can be read only once, but a run may read a file twice."""


def read_bytes(
    path: Path, *, shown_as: str, largest: int = LARGEST_FILE, patience: float = _PIPE_PATIENCE
) -> bytes | Finding:
    """Read a regular file or a pipe, or say why it cannot be read.

    The kind and the size are checked before the file is opened. The call never waits for a file or a device, and
    waits for a pipe only as long as ``patience`` says.

    Args:
        path: the file or the pipe.
        shown_as: the name that the finding shows.
        largest: how many bytes it may have.
        patience: how many seconds a pipe may stay silent.

    Returns:
        The content, or a finding.
    """
    try:
        status = os.stat(path)  # noqa: PTH116 - one call for both
        return _refusal(status, shown_as, largest) or _opened(path, shown_as, largest, patience)
    except OSError as error:
        return _explained(error, shown_as)
    except ValueError:
        return _file_finding("file-missing", shown_as, "this is not a valid file name", "check the path")


def can_be_read_again(path: Path) -> bool:
    """Whether ``read_bytes`` returns the same content again. For a named pipe it does not: its writer writes once."""
    try:
        is_pipe = stat.S_ISFIFO(os.stat(path).st_mode)  # noqa: PTH116 - as in ``read_bytes``
    except (OSError, ValueError):
        return True
    return not is_pipe or os.path.dirname(path) in _DESCRIPTORS  # noqa: PTH120 - a name


def _opened(path: Path, shown_as: str, largest: int, patience: float) -> bytes | Finding:
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123 - a descriptor
        status = os.fstat(file.fileno())
        refusal = _refusal(status, shown_as, largest)
        if refusal is not None:
            return refusal
        if not stat.S_ISFIFO(status.st_mode):
            data = file.read(largest + 1)
        elif os.path.dirname(path) not in _DESCRIPTORS:  # noqa: PTH120 - a name
            data = drain_pipe(file.fileno(), largest=largest, patience=patience)
        else:
            key = (status.st_dev, status.st_ino)
            if key not in _drained:
                _drained[key] = drain_pipe(file.fileno(), largest=largest, patience=patience)
            data = _drained[key]
    return _too_large(shown_as, largest) if len(data) > largest else data


def drain_pipe(descriptor: int, *, largest: int, patience: float) -> bytes:
    """Read a pipe to its end, or until more than ``largest`` bytes have come.

    Args:
        descriptor: the pipe, opened for reading without blocking.
        largest: how many bytes it may have.
        patience: how many seconds it may stay silent.

    Raises:
        TimeoutError: the pipe was silent for longer.
    """
    import select

    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN | select.POLLHUP)
    data = bytearray()
    while len(data) <= largest:
        if not waiting.poll(patience * 1_000):
            raise TimeoutError(errno.ETIMEDOUT, f"nothing was written to the pipe for {patience:g} seconds")
        with suppress(BlockingIOError):
            chunk = os.read(descriptor, 65_536)
            if not chunk:
                break
            data += chunk
    return bytes(data)


def read_standard_input() -> bytes | Finding:
    """Read standard input to its end. The content is kept, because it comes only once and a run may need it again."""
    stream = getattr(sys.stdin, "buffer", None)
    if stream is None:
        return _file_finding("file-missing", STDIN_NAME, "standard input is closed", "pipe the manifest into fbsync")
    if _standard_input and _standard_input[0] is sys.stdin:
        data = _standard_input[1]
    else:
        try:
            data = stream.read(LARGEST_FILE + 1)
        except OSError as error:
            return _explained(error, STDIN_NAME)
        _standard_input[:] = [sys.stdin, data]
    return _too_large(STDIN_NAME, LARGEST_FILE) if len(data) > LARGEST_FILE else data


_standard_input: list[Any] = []
"""The stream that was read, and its content."""


def _refusal(status: os.stat_result, shown_as: str, largest: int) -> Finding | None:
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISFIFO(status.st_mode)):
        kind = next((name for test, name in _KINDS if test(status.st_mode)), "no regular file")
        return _file_finding("not-a-file", shown_as, f"this is {kind}, not a file", "name a file")
    if status.st_size > largest:
        return _too_large(shown_as, largest)
    return None


def _too_large(shown_as: str, largest: int) -> Finding:
    return _file_finding(
        "file-too-large",
        shown_as,
        f"the file is larger than {largest / 1024**2:.3g} MiB, so it was not read",
        "check the path, or split the manifest into several files and pass -f once for each",
    )


def _explained(error: OSError, shown_as: str) -> Finding:
    if error.errno in _MISSING:
        return _file_finding(
            "file-missing",
            shown_as,
            "there is no such file",
            "check the path, name the manifest with -f, or create one with `fbsync init`",
        )
    if isinstance(error, TimeoutError) and error.strerror:
        return _file_finding("file-unreadable", shown_as, error.strerror, "check who should write to it")
    reason = os.strerror(error.errno) if error.errno else "unknown reason"
    return _file_finding("file-unreadable", shown_as, f"the file cannot be read: {reason}", "check its permissions")


def _file_finding(rule: str, shown_as: str, message: str, remedy: str) -> Finding:
    return Finding(rule=rule, position=Position(file=shown_as), message=message, remedy=remedy)


def decode(data: bytes, *, file: str) -> tuple[SourceText, Finding | None]:
    """Decode an input, which must be UTF-8, with or without a byte order mark.

    Returns:
        The text and None. If the input is not UTF-8: as much text as excerpts need, and a finding that names
        the probable encoding or the place of the first wrong byte.
    """
    other = _other_encoding(data)
    if other is not None:
        return SourceText(file=file, text=""), _file_finding(
            "not-utf8",
            file,
            f"the file is in {other}; manifests must be UTF-8",
            f"save it as UTF-8, or convert it: iconv -f {other} -t UTF-8",
        )
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return SourceText(file=file, text=data.decode()), None
    except UnicodeDecodeError as error:
        source = SourceText(file=file, text=data.decode(errors="replace"))
        return source, source.finding(
            "not-utf8",
            len(data[: error.start].decode()),
            f"the byte 0x{data[error.start]:02X} is not valid UTF-8; manifests must be UTF-8",
            "save the file as UTF-8, or convert it: iconv -f LATIN1 -t UTF-8 if it is Latin-1",
        )


def _other_encoding(data: bytes) -> str | None:
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    start = data[:4]
    if len(start) == 4 and 0 < start.count(0) < 4:  # noqa: PLR2004 - the widest unit's bytes
        return "UTF-32" if start.count(0) == 3 else "UTF-16"  # noqa: PLR2004 - all but one are zero
    return None
