"""The protocol of a store: one object, written only if it is still the one that was read.

FbsyncError
├── Conflict        the object has changed; the change may be our own write (exit 7)
├── UnknownOutcome  it is unknown whether the write arrived; it may still arrive (exit 4)
├── Denied          the store does not allow it (exit 4)
└── Unavailable     the store cannot be reached, and nothing was written (exit 4)

All calls block, so that a plan needs no event loop. A run makes them in a separate thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fbsync.model.errors import ExitCode, FbsyncError


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """An object as it was read.

    Attributes:
        data: the content.
        tag: the name of this version. Versions with different content never have the same tag.
    """

    data: bytes
    tag: str


class Store(Protocol):
    """One object of a store."""

    @property
    def name(self) -> str:
        """The object's address, as messages show it."""

    def read(self) -> Snapshot | None:
        """Read the object.

        Returns:
            The object, or None if the store says that it does not exist.

        Raises:
            Denied: the store refuses.
            Unavailable: the store cannot be reached, or its answer cannot be understood.
        """

    def write(self, data: bytes, tag: str | None) -> str:
        """Replace the version that was read.

        Args:
            data: the content. It is different in each write: see ``fbsync.stores.document``.
            tag: the version that must be there now, or None if there must be no object.

        Returns:
            The new version's tag.

        Raises:
            Conflict: the object has another version, exists although ``tag`` is None, or no longer exists.
            UnknownOutcome: the request may have arrived.
            Denied: the store refuses.
            Unavailable: the request was certainly not carried out.
        """

    def remove(self) -> None:
        """Remove the object, whatever its version. Only the holder of its lease may do that, or the probe that made it.

        Raises:
            Denied: the store refuses.
            Unavailable: the store cannot be reached.
        """


class Conflict(FbsyncError):  # noqa: N818 - reads well at the raise
    """The object is not the one that was read."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"another run changed the state in {name}",
            hint="run the command again: it reads the new state",
            exit_code=ExitCode.LOCKED,
        )


class UnknownOutcome(FbsyncError):  # noqa: N818 - reads well at the raise
    """A write that may or may not have arrived."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"the state in {name} may or may not have been written: {reason}",
            hint="check the connection to the store, then run the command again",
            exit_code=ExitCode.NOT_ALLOWED,
        )


class Denied(FbsyncError):  # noqa: N818 - reads well at the raise
    """The store does not allow reading or writing."""

    def __init__(self, name: str, reason: str, *, hint: str) -> None:
        super().__init__(
            f"the store does not allow this for {name}: {reason}", hint=hint, exit_code=ExitCode.NOT_ALLOWED
        )


class Unavailable(FbsyncError):  # noqa: N818 - reads well at the raise
    """The store cannot be reached."""

    def __init__(self, name: str, reason: str, *, hint: str) -> None:
        super().__init__(f"the state in {name} cannot be reached: {reason}", hint=hint, exit_code=ExitCode.NOT_ALLOWED)
