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
    """Read what is known, and begin to stretch the credentials that it has fingerprints of.

    Raises:
        InvalidInput: a file is wrong, or of another environment, or the fingerprint key is too short.
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
    """Make sure that what is known is of the environment that is asked for: its ids are those of other entries.

    Raises:
        InvalidInput: it is of another one.
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
    """What is known, with fingerprints under the fingerprint key where this machine has no scrypt.

    What the server holds then counts as not known, so that each credential is sent once more.
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
    recovered = rescue.recover_rescued(path, on_disk, state_folder, begun=_begun(path, on_disk))
    left = _journalled(path, recovered)
    return left if left or recovered is None else Replayed(lockfile=recovered)


def _begun(path: Path, on_disk: Lockfile | None) -> Lockfile | None:
    """The lockfile that a journal began where there was none, or None."""
    begun = _journalled(path, None) if on_disk is None else None
    return None if begun is None else begun.lockfile


def _journalled(path: Path, lockfile: Lockfile | None) -> Replayed | None:
    """What a lockfile's journal says; None where there is none, which takes no more than a look."""
    try:
        journal_path(path).lstat()
    except FileNotFoundError:
        return None
    except OSError:
        pass  # reading it says why
    from fbsync.state.replay import read_journal

    return read_journal(journal_path(path), lockfile)
