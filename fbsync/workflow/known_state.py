"""What is known, read from its files: the lockfile, the journal, and what had to be saved elsewhere."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.model.errors import FbsyncError
from fbsync.settings import find_state_folder
from fbsync.state import fingerprint, lockfile, rescue
from fbsync.state.fingerprint import Fingerprinter
from fbsync.state.journal import Replayed, journal_path, replay

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from fbsync.model.secret import Secret
    from fbsync.state.lockfile import Lockfile
    from fbsync.variables import Variables
    from fbsync.workflow.target import Where


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownState:
    """What is known, by the files.

    Attributes:
        on_disk: what the lockfile holds, or None where there is none yet.
        left: that, and what an unfinished apply left; None where there is neither.
        fingerprints: makes the fingerprints of what is known; None where nothing is.
    """

    state_folder: Path
    on_disk: Lockfile | None
    left: Replayed | None
    key: Secret | None
    fingerprints: Fingerprinter | None


def read_state(where: Where, environment: Mapping[str, str], variables: Variables) -> KnownState:
    """Reads what is known, and begins to stretch the credentials that it has fingerprints of."""
    key = variables.secret(fingerprint.KEY_VARIABLE)
    on_disk = lockfile.read_lockfile(where.lock_path)
    state_folder = find_state_folder(environment)
    left = read_known(where.lock_path, on_disk, state_folder)
    fingerprints = None
    if left is not None:
        fingerprints = Fingerprinter(left.lockfile.fingerprints, key=key)
        fingerprints.prepare(recorded_secrets(left.lockfile, variables))
    return KnownState(state_folder=state_folder, on_disk=on_disk, left=left, key=key, fingerprints=fingerprints)


def recorded_secrets(known: Lockfile, variables: Variables) -> Iterable[Secret]:
    """The values of the variables that a lockfile names, as far as they can be used."""
    references = {
        credential.reference: None
        for llm in known.llms
        for credential in (llm.secret, llm.key)
        if credential is not None
    }
    for name in references:
        # A variable that no declared entry needs may hold anything.
        with suppress(FbsyncError):
            if (secret := variables.secret(name)) is not None:
                yield secret


def read_known(path: Path, on_disk: Lockfile | None, state_folder: Path) -> Replayed | None:
    """What is known: what the lockfile holds, and what an apply that did not end as it should left elsewhere.

    Args:
        path: the lockfile.
        on_disk: what it holds, or None where there is none.
        state_folder: the user's folder for state, where a rescue file may be.

    Returns:
        The known state and the requests that are still open, or None where there is nothing of all that.

    Raises:
        FbsyncError: the rescue file or the journal is wrong, or cannot be read.
    """
    recovered = rescue.recover_rescued(path, on_disk, state_folder)
    left = replay(journal_path(path), recovered)
    return left if left or recovered is None else Replayed(lockfile=recovered, open=())
