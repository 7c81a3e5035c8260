"""The known state, read from its files: lockfile, journal and rescue files."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fbsync.model.errors import FbsyncError, InvalidInput
from fbsync.model.findings import Finding, Position
from fbsync.settings import find_state_folder
from fbsync.state import fingerprint, lockfile, rescue
from fbsync.state.fingerprint import Fingerprinter, Method
from fbsync.state.lockfile import journal_path
from fbsync.state.replayed import Replayed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from fbsync.model.configurations import LockedLlm
    from fbsync.model.secret import Secret
    from fbsync.state.lockfile import Lockfile
    from fbsync.variables import Variables
    from fbsync.workflow.target import Where


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownState:
    """The known state in the files.

    Attributes:
        state_folder: the user's folder for state.
        on_disk: the lockfile's content, or None if there is no lockfile yet.
        left: the lockfile's content and what an unfinished apply left, or None if there is neither.
        key: the fingerprint key, or None.
        fingerprints: makes the fingerprints of the known state, or None if nothing is known.
    """

    state_folder: Path
    on_disk: Lockfile | None
    left: Replayed | None
    key: Secret | None
    fingerprints: Fingerprinter | None


def read_state(where: Where, environment: Mapping[str, str], variables: Variables) -> KnownState:
    """Read the known state, and start to stretch the credentials that it has fingerprints of.

    Raises:
        InvalidInput: a file is not valid or belongs to another environment, or the fingerprint key is too short.
        FbsyncError: a file cannot be read.
    """
    key = variables.secret(fingerprint.KEY_VARIABLE)
    fingerprint.check_key(key)
    on_disk = lockfile.read_lockfile(where.lock_path)
    state_folder = find_state_folder(environment)
    left = read_known(where.lock_path, on_disk, state_folder)
    _check_environment(where, left)
    left = _with_usable_fingerprints(left, key)
    fingerprints = None
    if left is not None:
        fingerprints = Fingerprinter(left.lockfile.fingerprints, key=key)
        fingerprints.prepare(recorded_secrets(left.lockfile, variables))
    return KnownState(state_folder=state_folder, on_disk=on_disk, left=left, key=key, fingerprints=fingerprints)


def _check_environment(where: Where, left: Replayed | None) -> None:
    """Check that the known state belongs to this run's environment. Another environment has other ids.

    Raises:
        InvalidInput: it belongs to another environment.
    """
    if left is None or left.lockfile.environment == where.environment:
        return
    finding = Finding(
        rule="other-environment",
        position=Position(file=where.known_in),
        message=f"the lockfile belongs to {_environment(left.lockfile.environment)}, but this run is for "
        f"{_environment(where.environment)}",
        remedy="a lockfile cannot be copied to another environment: move it away, pass the -e of the apply that "
        "wrote it, or use another lockfile with --lock-file",
    )
    raise InvalidInput([finding])


def _environment(name: str | None) -> str:
    return "no environment" if name is None else f"the environment {name!r}"


def _with_usable_fingerprints(left: Replayed | None, key: Secret | None) -> Replayed | None:
    """Switch the known state to the fingerprint key if this machine has no scrypt.

    The credentials on the server then count as unknown, so that each is sent once more.
    """
    if left is None or key is None or left.lockfile.fingerprints.method is not Method.SCRYPT:
        return left
    try:
        Fingerprinter(left.lockfile.fingerprints, key=key).check_available()
    except FbsyncError:
        llms = tuple(_without_fingerprints(llm) for llm in left.lockfile.llms)
        known = replace(left.lockfile, fingerprints=fingerprint.new_parameters(key), llms=llms)
        return Replayed(lockfile=known, open=left.open)
    return left


def _without_fingerprints(llm: LockedLlm) -> LockedLlm:
    key = None if llm.key is None else replace(llm.key, fingerprint=None)
    secret = None if llm.secret is None else replace(llm.secret, fingerprint=None)
    return replace(llm, secret=secret, key=key)


def recorded_secrets(known: Lockfile, variables: Variables) -> Iterable[Secret]:
    """Yield the values of the variables that a lockfile names, as far as they are set and valid."""
    references = {
        credential.reference: None
        for llm in known.llms
        for credential in (llm.secret, llm.key)
        if credential is not None
    }
    for name in references:
        # A variable that no declared entry needs may have any value.
        with suppress(FbsyncError):
            if (secret := variables.secret(name)) is not None:
                yield secret


def read_known(path: Path, on_disk: Lockfile | None, state_folder: Path) -> Replayed | None:
    """Read the known state: the lockfile's content, and what an interrupted apply left in other files.

    Args:
        path: the lockfile.
        on_disk: the lockfile's content, or None if there is no lockfile.
        state_folder: the user's folder for state, which may have a rescue file.

    Returns:
        The known state and the requests that are still open, or None if there is no state at all.

    Raises:
        FbsyncError: the rescue file or the journal is not valid, or cannot be read.
    """
    recovered = rescue.recover_rescued(path, on_disk, state_folder, begun=_begun(path, on_disk))
    left = _journalled(path, recovered)
    return left if left or recovered is None else Replayed(lockfile=recovered)


def _begun(path: Path, on_disk: Lockfile | None) -> Lockfile | None:
    """Return the lockfile that a journal started with if there is no lockfile, or None."""
    begun = _journalled(path, None) if on_disk is None else None
    return None if begun is None else begun.lockfile


def _journalled(path: Path, lockfile: Lockfile | None) -> Replayed | None:
    """Read a lockfile's journal, or return None if it does not exist. A cheap check for that comes first."""
    try:
        journal_path(path).lstat()
    except FileNotFoundError:
        return None
    except OSError:
        pass  # Reading it says why.
    from fbsync.state.replay import read_journal

    return read_journal(journal_path(path), lockfile)
