"""The changes of a plan: one record for each kind, distinguished by ``match``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from fbsync.model.configurations import Credential, Field, Identity, Llm, LockedCredential, LockedLlm, Text
    from fbsync.model.live import LiveLlm


class Cause(StrEnum):
    """Why a field differs from the desired value."""

    MANIFEST = "manifest"
    """The manifest changed it."""
    OUTSIDE = "outside"
    """Somebody changed it on the server."""
    BOTH = "both"


class Changed(StrEnum):
    """Whether a credential differs from the one that was last sent."""

    YES = "true"
    NO = "false"
    UNVERIFIED = "unverified"
    """Its variable is not set here, or the server's value is unknown."""


class KeyDrift(StrEnum):
    """How the listed key differs from the key that was last sent. The server never lists the value."""

    ADDED = "added"
    """The server lists a key, but the known state has none."""
    GONE = "gone"
    """The server lists no key, but the known state has one."""
    CHANGED = "changed"
    """The server lists a different mask than before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field that changes.

    Attributes:
        before: the current value: the live one if the server was asked, else the known one.
        after: the new value.
        known: the value in the lockfile, which differs from ``before`` on drift.
    """

    field: Field
    before: str
    after: Text
    known: str
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialChange:
    """The change of one credential.

    Attributes:
        before: the known credential, or None if there is none.
        after: the declared credential, or None if there is none.
        changed: whether the value differs from the one that was last sent.
        can_be_known: whether the value is available, and so can be recorded after it is sent.
        assumed: whether to assume that the server has the value, although it has no record.
        resent: whether the user asked to send it again.
        drift: how the server's key differs, if somebody changed it outside fbsync.
        gives_way: whether a stored key replaces it: no request ever carries both.
    """

    field: Field
    before: LockedCredential | None
    after: Credential | None
    changed: Changed
    can_be_known: bool = False
    assumed: bool = False
    resent: bool = False
    drift: KeyDrift | None = None
    gives_way: bool = False

    @property
    def is_sent(self) -> bool:
        """Whether an update carries the credential.

        An update carries it if the value changed, here or on the server, if the user asks for it, and if nothing shows
        that the server has it. In that last case, it comes from another variable and cannot be compared, or its value
        is available and the server's is unknown.
        """
        if self.gives_way:
            return False
        if self.resent:
            return True
        match self.changed:
            case Changed.YES:
                return True
            case Changed.NO:
                return False
            case Changed.UNVERIFIED:
                return self._is_another or (self._is_unknown and not self.assumed)

    @property
    def _is_another(self) -> bool:
        return self.before is None or self.after is None or self.before.reference != self.after.reference

    @property
    def _is_unknown(self) -> bool:
        """Whether the value is available, and the server's value was never recorded."""
        return self.can_be_known and self.before is not None and self.before.fingerprint is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """A configuration to create; ``lost`` is its record if it existed before and was deleted outside fbsync."""

    desired: Llm
    lost: LockedLlm | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """A known configuration whose fields change; ``live`` is the listed configuration, if the server was asked.

    Attributes:
        verify_first: whether the provider has to accept the new values on a temporary configuration first.
    """

    desired: Llm
    locked: LockedLlm
    fields: tuple[FieldChange, ...]
    credentials: tuple[CredentialChange, ...]
    live: LiveLlm | None = None
    verify_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopt:
    """A configuration that is already on the server with an unknown id. fbsync sets all its fields.

    Attributes:
        verify_first: whether the provider has to accept the declared values on a temporary configuration first.
    """

    desired: Llm
    live: LiveLlm
    replaced: LockedLlm | None = None
    verify_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """A known configuration to delete since it is no longer declared, even if the server does not list it."""

    locked: LockedLlm


@dataclass(frozen=True, slots=True, kw_only=True)
class Undeclared:
    """A known configuration that is no longer declared but stays without --prune."""

    locked: LockedLlm


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """A configuration that needs no request.

    Attributes:
        credentials: the credentials that could not be compared.
        record: whether to renew the lockfile's record, which differs (a variable's name, the protection).
        live: the listed configuration, if the server was asked.
    """

    desired: Llm
    locked: LockedLlm
    credentials: tuple[CredentialChange, ...] = ()
    record: bool = False
    live: LiveLlm | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """A declared configuration that cannot be changed until somebody fixes the cause.

    Attributes:
        message: why, as a sentence without a full stop at its end.
        hint: what to do.
    """

    desired: Llm
    message: str
    hint: str


Change: TypeAlias = Create | Update | Adopt | Delete | Undeclared | Unchanged | Blocked


def is_verified_first(change: Change) -> bool:
    """Whether a change waits for the provider's verdict on a temporary configuration."""
    return isinstance(change, Update | Adopt) and change.verify_first


def name_of(change: Change) -> str:
    """Return the entry's name: the declared one if there is one, else the known one."""
    match change:
        case Delete() | Undeclared():
            return change.locked.name
        case _:
            return change.desired.name


def identity_of(change: Change) -> Identity:
    """Return the entry's identity: the declared one if there is one, else the known one."""
    match change:
        case Delete() | Undeclared():
            return change.locked.identity
        case _:
            return change.desired.identity


def desired_of(change: Change) -> Llm | None:
    """Return the declared entry, or None if the entry is not declared."""
    match change:
        case Delete() | Undeclared():
            return None
        case _:
            return change.desired


def id_of(change: Change) -> str | None:
    """Return the server's id of the configuration, or None if it has no id yet."""
    match change:
        case Create() | Blocked():
            return None
        case Adopt():
            return change.live.id
        case _:
            return change.locked.id
