"""The run lock: one apply at a time for each lockfile. It ends with its process."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import stat
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from fbsync.model.errors import ExitCode, FbsyncError
from fbsync.state.atomic_file import is_mounted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_POLL_SECONDS = 0.1
_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)


def run_lock_path(lockfile: Path) -> Path:
    """Return the path of a lockfile's run lock. It is next to the lockfile, and exists only while a run holds it."""
    return lockfile.with_name(lockfile.name + ".run")


@contextmanager
def run_lock(lockfile: Path, *, timeout: float) -> Iterator[None]:
    """Hold the run lock of a lockfile for as long as the context lasts.

    It is a lock of the operating system (flock), which ends with the process that holds it, however that process
    ends. The file's content only says which process that is.

    Args:
        lockfile: the lockfile.
        timeout: how many seconds to wait for another run to end.

    Raises:
        FbsyncError: another run holds it (exit 7), the folder cannot be written to, or the lockfile is a mount point,
            so that it cannot be replaced.
    """
    if is_mounted(lockfile):
        raise FbsyncError(
            f"the lockfile {lockfile} cannot be replaced: it is a mount point",
            hint="mount its folder instead: fbsync keeps its journal next to the lockfile",
        )
    path = run_lock_path(lockfile)
    deadline = time.monotonic() + timeout
    while (descriptor := _try(path)) is None:
        if time.monotonic() >= deadline:
            raise _busy(path)
        time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        # Removed while the lock is held: a process that has opened the file sees that it is no longer at the path.
        path.unlink(missing_ok=True)
        os.close(descriptor)


def _try(path: Path) -> int | None:
    """Take the lock if it is free. Return the open file, or None if another run holds the lock."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise _cannot_lock(
            path,
            "it is a symbolic link" if error.errno == errno.ELOOP else str(error.strerror),
            "make the lockfile's folder writable, or use a lockfile elsewhere with --lock-file",
        ) from error
    try:
        _check_file(path, descriptor)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_at(path, descriptor):
            _say_who(descriptor)
            return descriptor
    except BlockingIOError:
        pass
    except OSError as error:
        os.close(descriptor)
        hint = "use a lockfile on a local disk with --lock-file or --state file:FOLDER"
        reason = "its file system does not support locks" if error.errno in _NO_LOCKS else str(error.strerror)
        raise _cannot_lock(path, reason, hint) from error
    except FbsyncError:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _check_file(path: Path, descriptor: int) -> None:
    """Check that a run lock is a regular file without other hard links: writing to it must not change another file.

    Raises:
        FbsyncError: it is not such a file.
    """
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        reason = "it is not a regular file" if status.st_nlink == 1 else "it is a hard link to another file"
        raise _cannot_lock(path, reason, "remove it, if fbsync is not running")


def _cannot_lock(path: Path, reason: str, hint: str) -> FbsyncError:
    return FbsyncError(f"the lock cannot be taken with {path}: {reason}", hint=hint)


def _say_who(descriptor: int) -> None:
    """Write to the file who holds the lock. A full disk does not stop the run."""
    holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": int(time.time())}
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps(holder).encode())


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether an open file is still the file at the path: an earlier holder may have removed it in the meantime."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _busy(path: Path) -> FbsyncError:
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        age = max(0, int(time.time()) - int(holder["since"]))
        who = f"process {int(holder['pid'])} on {holder['host']}, for {age} s"
    except (OSError, ValueError, KeyError, TypeError):
        who = "an unknown process"
    return FbsyncError(
        f"another run has locked {path.with_suffix('')}: {who}",
        hint="wait until it ends, or have this run wait with --lock-timeout SECONDS",
        exit_code=ExitCode.LOCKED,
    )
