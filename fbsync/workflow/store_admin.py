"""Create, move, replace, unlock and inspect a known state in a store, for ``fbsync state``."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from fbsync.model.errors import ExitCode, FbsyncError
from fbsync.state.lockfile import parse_lockfile
from fbsync.stores.document import first_state, parse_state
from fbsync.stores.git import GitRef
from fbsync.stores.lease import held_by, take
from fbsync.stores.probe import check_honesty, probe_key
from fbsync.stores.protocol import Conflict
from fbsync.stores.swap import StateObject
from fbsync.workflow.shared_state import no_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fbsync.stores.document import StoredState
    from fbsync.stores.git import Revision
    from fbsync.stores.holder import Holder
    from fbsync.stores.protocol import Store
    from fbsync.stores.swap import Version


_REMOVAL_SECONDS = 60.0
"""No removal takes longer, because git and object stores have shorter timeouts."""


class OpenedStore:
    """The state of one environment in a store.

    Args:
        key: the environment's key.
        store: returns the object of a key.
        holder: describes this command.
    """

    def __init__(self, key: str, store: Callable[[str], Store], holder: Holder) -> None:
        self._place = store
        self._store = store(key)
        self._object = StateObject(self._store)
        self._holder = holder

    @property
    def name(self) -> str:
        """The state's address, as messages show it."""
        return self._object.name

    def read(self) -> Version:
        """Read the state.

        Raises:
            FbsyncError: there is no state (exit 8), or it cannot be read.
        """
        version = self._object.read()
        if version is None:
            raise no_state(self.name)
        return version

    def create(self, *, lockfile: str | None, journal: Iterable[str]) -> None:
        """Create the state after a probe has shown that the store honours conditions.

        Raises:
            FbsyncError: there already is a state, the store must not be used, or the store refuses.
        """
        if self._object.read() is not None:
            raise self._is_there()
        self.check_honesty()
        try:
            self._object.swap(first_state(self._holder, lockfile=lockfile, journal=journal), None)
        except Conflict as error:
            raise self._is_there() from error

    def check_honesty(self) -> None:
        """Check that the store may be used: see ``fbsync.stores.probe``.

        Raises:
            FbsyncError: the store does not honour conditions, or does not allow writing.
        """
        check_honesty(self._place(probe_key()))

    def put(self, data: bytes, *, tag: str | None) -> None:
        """Replace the state with the state of a document.

        Args:
            data: the document.
            tag: the version to replace, or None for any version, even if a run holds the state.

        Raises:
            InvalidInput: fbsync did not write the document, or the lockfile in it.
            FbsyncError: with a tag, the state has another version or a run holds it (exit 7); or there is no state.
        """
        wanted = parse_state(data, "the document")
        if wanted.lockfile is not None:
            parse_lockfile(wanted.lockfile, path=Path("the document's lockfile"))
        version = self.read()
        if tag is not None:
            if version.tag != tag:
                raise FbsyncError(
                    f"the state in {self.name} was changed: its tag is {version.tag} now",
                    hint="compare it with what `fbsync state pull` prints now, and pass the tag that this prints",
                    exit_code=ExitCode.LOCKED,
                )
            if version.state.claim is not None:
                raise held_by(self.name, version.state.writer, version.state.claim)
        latest = version.state.succeeded(self._holder, claim=None)
        self._object.swap(latest.holding(lockfile=wanted.lockfile, journal=wanted.journal), version.tag)

    def unlock(self, version: Version) -> None:
        """End the lease of the run that wrote a version.

        Raises:
            Conflict: the run has written in the meantime, so it is still active.
        """
        self._object.swap(version.state.succeeded(self._holder, claim=None), version.tag)

    def check_unused(self, version: Version) -> None:
        """Check that a state has nothing that would be lost with it.

        Raises:
            FbsyncError: a run holds it (exit 7), or it has entries or the journal of an unfinished run (exit 8).
        """
        state = version.state
        if state.claim is not None:
            raise held_by(self.name, state.writer, state.claim)
        known = None if state.lockfile is None else parse_lockfile(state.lockfile, path=self.name)
        number = 0 if known is None else len(known.llms)
        left = [f"{number} {'entry' if number == 1 else 'entries'}"] if number else []
        left += ["the journal of a run that did not finish"] if state.journal else []
        if left:
            raise FbsyncError(
                f"the state in {self.name} still has {' and '.join(left)}; nothing was changed",
                hint="run `fbsync destroy` first, or drop the entries with `fbsync state forget`",
                exit_code=ExitCode.GUARD_REFUSED,
            )

    def retire(self, version: Version) -> None:
        """Remove the state if it still has this version. No other run can write while this one holds the lease.

        Raises:
            Conflict: the state has another version, or the lease may end before the removal.
            FbsyncError: the store refuses.
        """
        lease = take(self._object, version, holder=self._holder)
        try:
            if not lease.outlasts(_REMOVAL_SECONDS):
                raise Conflict(self.name)
            self._store.remove()
        except FbsyncError:
            with suppress(FbsyncError):  # The lease ends by itself.
                lease.release(lockfile=version.state.lockfile, journal=version.state.journal)
            raise

    def history(self, *, most: int) -> tuple[Revision, ...]:
        """List the states that finished runs left, newest first.

        Raises:
            FbsyncError: the store keeps no history (exit 64), or cannot be read.
        """
        return self._git().history(most=most)

    def at(self, revision: str, *, most: int) -> StoredState:
        """Return an earlier state.

        Raises:
            FbsyncError: there is no state with this id, or the store keeps no history.
        """
        return parse_state(self._git().at(revision, most=most), f"{self.name} at {revision}")

    def _git(self) -> GitRef:
        if not isinstance(self._store, GitRef):
            raise FbsyncError(
                f"fbsync keeps no history in {self.name}",
                hint="turn on the bucket's versioning, and restore an earlier version with the provider's tools",
                exit_code=ExitCode.USAGE,
            )
        return self._store

    def _is_there(self) -> FbsyncError:
        return FbsyncError(
            f"there is already a state in {self.name}; nothing was changed",
            hint="see it with `fbsync state list`, or replace it with `fbsync state push`",
        )
