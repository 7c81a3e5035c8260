"""The rescue file: the known state, saved in another place if the lockfile cannot be written."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from fbsync.model.errors import ExitCode, FbsyncError
from fbsync.state.atomic_file import write_atomically
from fbsync.state.documents import read_regular_file
from fbsync.state.lockfile import LOCKFILE, lockfile_text, parse_lockfile

if TYPE_CHECKING:
    from pathlib import Path

    from fbsync.state.lockfile import Lockfile

_BASE = "rescue of "
"""The start of the first line, which identifies the lockfile's content."""
_NO_LOCKFILE = "no lockfile"
_WITHOUT = "move the file away, and run `fbsync apply --adopt`, which uses the server's list"
_RESCUE_FILE = replace(LOCKFILE, name="rescue file", restore=_WITHOUT, conflict=_WITHOUT, older=_WITHOUT)


def rescue_path(lockfile: Path, state_folder: Path) -> Path:
    """Return a lockfile's rescue file, which is in the user's folder for state and named by the lockfile's path."""
    name = hashlib.sha256(str(lockfile.absolute()).encode("utf-8", "surrogateescape")).hexdigest()[:24]
    return state_folder / f"{name}.lock"


def save_rescue(lockfile: Path, known: Lockfile, state_folder: Path, *, base: Lockfile | None) -> Path:
    """Save the known state.

    Args:
        lockfile: the lockfile's path.
        known: the known state.
        state_folder: the user's folder for state.
        base: the lockfile's content, or None if there is no lockfile.

    Returns:
        The file.

    Raises:
        OSError: it cannot be written there either.
    """
    path = rescue_path(lockfile, state_folder)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(path, f"{json.dumps(_BASE + _digest(base))}\n{lockfile_text(known)}", follow=False)
    return path


def rescued(
    error: FbsyncError,
    lockfile: Path,
    known: Lockfile,
    state_folder: Path,
    *,
    base: Lockfile | None,
    hint: str,
    hint_without: str,
) -> FbsyncError:
    """Save the known state, and return the error that says where it is.

    Args:
        error: why the lockfile cannot be written.
        lockfile: the lockfile's path.
        known: the known state.
        state_folder: the user's folder for state.
        base: the lockfile's content, or None if there is no lockfile.
        hint: what to do if it was saved.
        hint_without: what to do if it cannot be saved either.
    """
    try:
        file = save_rescue(lockfile, known, state_folder, base=base)
    except OSError:
        ids = ", ".join(sorted(llm.id for llm in known.llms))
        return FbsyncError(
            f"{error.message}, and no rescue file can be written either; these are the known ids: {ids}",
            hint=hint_without,
            exit_code=error.exit_code,
        )
    return FbsyncError(f"{error.message}; the known state is in {file} instead", hint=hint, exit_code=error.exit_code)


def recover_rescued(
    lockfile: Path, on_disk: Lockfile | None, state_folder: Path, *, begun: Lockfile | None = None
) -> Lockfile | None:
    """Return the known state, including what an earlier run had to save in another place.

    Args:
        lockfile: the lockfile's path.
        on_disk: the lockfile's content, or None if there is no lockfile.
        state_folder: the user's folder for state.
        begun: the lockfile that the journal started with, if there is a journal but no lockfile. It proves that a file
            that was saved without a lockfile belongs here.

    Returns:
        The saved state, or the lockfile's content if nothing was saved. None if there is neither.

    Raises:
        FbsyncError: the saved file cannot be read, fbsync did not write it, or it belongs to another lockfile. Several
            projects may use the same path one after another, for example in a container.
    """
    path = rescue_path(lockfile, state_folder)
    data = read_regular_file(path, "rescue file")
    if data is None:
        return on_disk
    first, _, text = data.decode("utf-8", "replace").partition("\n")
    saved = parse_lockfile(text, path=path, sort=_RESCUE_FILE)
    if not _fits(first, saved, on_disk, begun):
        raise FbsyncError(
            f"{path} has what an earlier run could not write to {lockfile}, but it belongs to a different lockfile",
            hint="if another project used this folder, move the file away; otherwise restore the lockfile from git, or "
            "move the file away and run `fbsync apply --adopt`, which uses the server's list",
            exit_code=ExitCode.INVALID_INPUT,
        )
    return saved


def _fits(first: str, saved: Lockfile, on_disk: Lockfile | None, begun: Lockfile | None) -> bool:
    if on_disk is not None:
        return on_disk == saved or first == json.dumps(_BASE + _digest(on_disk))
    if begun is None or first != json.dumps(_BASE + _NO_LOCKFILE):
        return False
    return (begun.api_url, begun.environment, begun.fingerprints) == (
        saved.api_url,
        saved.environment,
        saved.fingerprints,
    )


def _digest(lockfile: Lockfile | None) -> str:
    return _NO_LOCKFILE if lockfile is None else hashlib.sha256(lockfile_text(lockfile).encode()).hexdigest()


def discard_rescue(lockfile: Path, state_folder: Path) -> None:
    """Remove the rescue file after its content is in the lockfile. If it stays, it is read again and adds nothing."""
    with suppress(OSError):
        rescue_path(lockfile, state_folder).unlink(missing_ok=True)
