"""Gets an input's bytes from a path and its text from the bytes, and says why where that cannot be."""

from __future__ import annotations

import codecs
import errno
import os
import stat
from typing import TYPE_CHECKING

from fbsync.model.findings import Finding, Position
from fbsync.strict_yaml.source_text import SourceText

if TYPE_CHECKING:
    from pathlib import Path

LARGEST_FILE = 32 * 1024 * 1024
"""In bytes: ten times a manifest of 10,000 entries. What is larger is refused unread."""

_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
"""What files in other encodings start with; the longer marks first, since the shorter start them."""

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)

_MISSING = frozenset({errno.ENOENT, errno.ENOTDIR})


def read_bytes(path: Path, *, shown_as: str) -> bytes | Finding:
    """The content of a regular file of at most ``LARGEST_FILE`` bytes, or why there is none.

    Never waits: pipes and devices are refused before they are opened, and opened without blocking
    should one take the file's place in between.
    """
    try:
        return _refusal(os.stat(path), shown_as) or _opened(path, shown_as)  # noqa: PTH116 - so that one call serves both
    except OSError as error:
        return _explained(error, shown_as)
    except ValueError:
        return _finding("file-missing", shown_as, "no file can have this name", "check the path")


def _opened(path: Path, shown_as: str) -> bytes | Finding:
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123 - a descriptor
        refusal = _refusal(os.fstat(file.fileno()), shown_as)
        if refusal is not None:
            return refusal
        data = file.read(LARGEST_FILE + 1)
    return _too_large(shown_as) if len(data) > LARGEST_FILE else data


def _refusal(status: os.stat_result, shown_as: str) -> Finding | None:
    if not stat.S_ISREG(status.st_mode):
        kind = next((name for test, name in _KINDS if test(status.st_mode)), "no regular file")
        return _finding("not-a-file", shown_as, f"this is {kind}, not a file", "name a YAML file")
    if status.st_size > LARGEST_FILE:
        return _too_large(shown_as)
    return None


def _too_large(shown_as: str) -> Finding:
    return _finding(
        "file-too-large",
        shown_as,
        f"the file is larger than {LARGEST_FILE // 1024**2} MiB, so it was not read",
        "check the path; a manifest of that size can be split, since -f can be given more than once",
    )


def _explained(error: OSError, shown_as: str) -> Finding:
    if error.errno in _MISSING:
        return _finding(
            "file-missing",
            shown_as,
            "there is no such file",
            "check the path, name the manifest with -f, or begin one with `fbsync init`",
        )
    reason = os.strerror(error.errno) if error.errno else "unknown reason"
    return _finding("file-unreadable", shown_as, f"the file cannot be read: {reason}", "check its permissions")


def _finding(rule: str, shown_as: str, message: str, remedy: str) -> Finding:
    return Finding(rule=rule, position=Position(file=shown_as), message=message, remedy=remedy)


def decode(data: bytes, *, file: str) -> tuple[SourceText, Finding | None]:
    """The text of an input, which must be UTF-8, with or without a byte order mark.

    Returns:
        The text and None; or as much of it as excerpts need, and the finding that says what the
        encoding seems to be, or where the first wrong byte is.
    """
    other = _other_encoding(data)
    if other is not None:
        return SourceText(file=file, text=""), _finding(
            "not-utf8",
            file,
            f"the file is in {other}, and manifests are in UTF-8",
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
            f"the byte 0x{data[error.start]:02X} here is not UTF-8, the encoding of manifests",
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
