"""Write files atomically: after a crash, a file has the complete old text or the complete new text."""

from __future__ import annotations

import errno
import os
import re
import stat
from contextlib import suppress
from pathlib import Path

_MOUNT_POINT = 4
"""The index of the mount point in a line's fields."""
MOUNTED = "It is a mount point and cannot be replaced; mount its folder instead"


def write_atomically(path: Path, text: str, *, follow: bool = True) -> None:
    """Replace a file's text: write a temporary file in the same folder, fsync, rename, and fsync the folder.

    A device or a pipe is never replaced. Otherwise, root could replace /dev/null.

    Args:
        path: the file.
        text: the new text.
        follow: whether to keep a symbolic link and replace its target. Files of the known state, plans and results
            are not written through links: a link in a pull request could point anywhere.

    Raises:
        OSError: the operating system refuses, or the path is not a regular file. Nothing has changed.
    """
    import tempfile

    if path.is_symlink():
        if not follow:
            raise OSError(errno.ELOOP, "It is a symbolic link", str(path))
        path = path.resolve()
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise OSError(errno.EINVAL, "Not a regular file", str(path))
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fchmod(stream.fileno(), _mode(path))
            os.fsync(stream.fileno())
        _rename(Path(name), path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
    sync_folder(path.parent)


def is_mounted(path: Path, mounts: Path = Path("/proc/self/mountinfo")) -> bool:
    """Whether a file is a mount point, as in a container. It cannot be replaced then.

    Args:
        path: the file.
        mounts: the list of mounts (Linux, proc_pid_mountinfo(5)). If it cannot be read, the answer is False.
    """
    try:
        lines = os.fsdecode(mounts.read_bytes()).splitlines()
    except OSError:
        return False
    there = str(path.parent.resolve() / path.name)
    return any(_unescaped(line.split(" ", 5)[4]) == there for line in lines if line.count(" ") >= _MOUNT_POINT)


def _unescaped(field: str) -> str:
    """Decode a field of the list, which has spaces, line breaks and backslashes as octal escapes."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)


def _rename(temporary: Path, path: Path) -> None:
    """Replace the old file with the new one. If the old one is a mount point, say so in the error."""
    try:
        temporary.replace(path)
    except OSError as error:
        if error.errno not in (errno.EBUSY, errno.EXDEV):
            raise
        raise OSError(error.errno, MOUNTED, str(path)) from error


def _mode(path: Path) -> int:
    """Return a file's permissions. A new file is readable by all, because it contains no secret."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return 0o644


def sync_folder(folder: Path) -> None:
    """Make a rename or a removal in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
