"""The state object of one environment: checked strictly when read, and written with a nonce that identifies it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.stores.document import parse_state, render_state
from fbsync.stores.protocol import Conflict, Denied, Unavailable, UnknownOutcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from fbsync.model.errors import FbsyncError
    from fbsync.stores.document import StoredState
    from fbsync.stores.protocol import Store

_HINT = "run `fbsync doctor`: it checks whether the store honours conditional writes"
_PAUSES = (0.2, 1.0, 3.0)
"""Seconds between the attempts of one swap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A state that was read or written, with the tag of its version."""

    state: StoredState
    tag: str


class StateObject:
    """A store's object that has a state.

    Args:
        store: the object.
        sleep: waits between attempts.
    """

    def __init__(self, store: Store, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._store = store
        self._sleep = sleep

    @property
    def name(self) -> str:
        """The object's address, as messages show it."""
        return self._store.name

    def read(self) -> Version | None:
        """Read the state.

        Returns:
            The state, or None if the store says that there is no object.

        Raises:
            InvalidInput: fbsync did not write the object, or it has another format version.
            Denied: the store refuses.
            Unavailable: the store cannot be reached.
        """
        snapshot = self._store.read()
        return None if snapshot is None else Version(state=parse_state(snapshot.data, self.name), tag=snapshot.tag)

    def swap(self, state: StoredState, tag: str | None) -> Version:
        """Replace the version that was read with a state.

        After a refusal or an unknown outcome, the object is read again. If it has our nonce, the write succeeded. If
        the old version is still there, the same bytes are sent again; at most one of the attempts can take effect.

        Args:
            state: what to write, with a new nonce.
            tag: the version to replace, or None if there must be no object.

        Returns:
            The version that is there now.

        Raises:
            Conflict: another version is there.
            UnknownOutcome: it is unknown whether one of the attempts succeeded.
            Denied: the store refuses.
            Unavailable: the store could not be reached, and nothing was written.
        """
        data = render_state(state)
        unknown: UnknownOutcome | None = None
        for pause in (*_PAUSES, None):
            try:
                return self._attempt(state, data, tag)
            except UnknownOutcome as error:
                unknown = error
                trouble: FbsyncError = error
            except Unavailable as error:
                trouble = error
            except Denied as error:
                raise unknown or error from error
            if pause is None:
                raise unknown or trouble
            self._sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def _attempt(self, state: StoredState, data: bytes, tag: str | None) -> Version:
        """Write once. After a conflict or an unknown outcome, check whose write is there."""
        try:
            return Version(state=state, tag=self._store.write(data, tag))
        except (Conflict, UnknownOutcome) as error:
            try:
                if (written := self._written(state, tag)) is not None:
                    return written
            except (Denied, Unavailable) as unread:
                raise UnknownOutcome(self.name, unread.message) from unread
            if isinstance(error, UnknownOutcome):
                raise
            refuses = "it refuses the write although nothing changed"
            raise Unavailable(self.name, refuses, hint=_HINT) from error

    def _written(self, state: StoredState, tag: str | None) -> Version | None:
        """Return the current version if we wrote it, or None if the old version is still there.

        Raises:
            Conflict: another run wrote it.
        """
        found = self.read()
        if found is not None and found.state.nonce == state.nonce:
            return found
        if (None if found is None else found.tag) != tag:
            raise Conflict(self.name)
        return None
