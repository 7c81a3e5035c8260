"""The rescue file: the known state, put elsewhere when the lockfile's own place cannot be written to."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING

from fbsync.model.errors import FbsyncError
from fbsync.state import lockfile as lockfiles
from fbsync.state.atomic_file import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from fbsync.state.lockfile import Lockfile


def rescue_path(lockfile: Path, state_folder: Path) -> Path:
    """Where a lockfile's rescue file is: in the user's own folder for state, named after the lockfile's path."""
    name = hashlib.sha256(str(lockfile.absolute()).encode()).hexdigest()[:24]
    return state_folder / f"{name}.lock"


def save_rescue(lockfile: Path, known: Lockfile, state_folder: Path) -> Path:
    """Saves the known state; gives the file.

    Raises:
        OSError: it cannot be written there, either.
    """
    path = rescue_path(lockfile, state_folder)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(path, lockfiles.lockfile_text(known))
    return path


def recover_rescued(lockfile: Path, on_disk: Lockfile | None, state_folder: Path) -> Lockfile | None:
    """The known state with what an earlier run had to put elsewhere.

    Args:
        lockfile: the lockfile's path.
        on_disk: what it holds, or None where there is none.
        state_folder: the user's folder for state.

    Returns:
        What the lockfile holds, with the saved entries over it; None where there is neither.

    Raises:
        FbsyncError: the saved file cannot be read or is not what fbsync wrote.
    """
    saved = lockfiles.read_lockfile(rescue_path(lockfile, state_folder))
    if saved is None or on_disk is None:
        return saved or on_disk
    if (saved.api_url, saved.fingerprints) != (on_disk.api_url, on_disk.fingerprints):
        raise FbsyncError(
            f"{rescue_path(lockfile, state_folder)} holds what an earlier run could not write to {lockfile}, "
            "and belongs to another lockfile than the one that is there now",
            hint="move it away and run `fbsync apply --adopt`, which goes by the server's list instead",
        )
    llms = {llm.id: llm for llm in on_disk.llms} | {llm.id: llm for llm in saved.llms}
    return on_disk.with_llms(llms.values())


def discard_rescue(lockfile: Path, state_folder: Path) -> None:
    """Removes the rescue file, once the lockfile holds it all; one that stays is read again, and adds nothing."""
    with suppress(OSError):
        rescue_path(lockfile, state_folder).unlink(missing_ok=True)
