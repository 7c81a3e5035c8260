"""The changes that a plan is made of, one record a kind, told apart by ``match``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from fbsync.model.configurations import Credential, Field, Identity, LiveLlm, Llm, LockedCredential, LockedLlm, Text


class Cause(StrEnum):
    """Why a field differs from what is to be."""

    MANIFEST = "manifest"
    """The manifest changed it."""
    OUTSIDE = "outside"
    """Somebody changed it on the server."""
    BOTH = "both"


class Changed(StrEnum):
    """Whether a credential is another one than the server was last given."""

    YES = "true"
    NO = "false"
    UNVERIFIED = "unverified"
    """Its variable is not set here, or what the server holds is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field that is to change.

    Attributes:
        before: the value that it has: the live one where the server was asked, else the known one.
        after: the value that it is to have.
        known: the value in the lockfile, which differs from ``before`` on drift.
    """

    field: Field
    before: str
    after: Text
    known: str
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialChange:
    """What is to happen to one credential; None on a side where there is none.

    Attributes:
        can_be_known: whether the value is here and can be recorded once it was sent.
        assumed: whether the value is taken for the one that the server holds, of which nothing is known.
    """

    field: Field
    before: LockedCredential | None
    after: Credential | None
    changed: Changed
    can_be_known: bool = False
    assumed: bool = False

    @property
    def is_sent(self) -> bool:
        """Whether an update carries it.

        That is so when its value changed, and when nothing says that the server has it: it comes from another
        variable whose value cannot be compared, or it is here and what the server holds is not known.
        """
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
        """Whether the value is here, and what the server holds was never recorded."""
        return self.can_be_known and self.before is not None and self.before.fingerprint is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """A configuration that is to be made; ``lost`` is its record if it was there before and was deleted outside."""

    desired: Llm
    lost: LockedLlm | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """A known configuration of which some fields are to change."""

    desired: Llm
    locked: LockedLlm
    fields: tuple[FieldChange, ...]
    credentials: tuple[CredentialChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopt:
    """A configuration that is on the server already under another id than a known one: it is taken over whole."""

    desired: Llm
    live: LiveLlm
    replaced: LockedLlm | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """A known configuration that is no longer declared and is to go."""

    locked: LockedLlm


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget:
    """A known configuration that is neither declared nor on the server: only its record goes."""

    locked: LockedLlm


@dataclass(frozen=True, slots=True, kw_only=True)
class Undeclared:
    """A known configuration that is no longer declared and stays, since nobody asked to prune."""

    locked: LockedLlm


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """A configuration that needs no request.

    Attributes:
        credentials: those that could not be verified.
        record: whether the lockfile's record differs (a variable's name, the protection) and is to be renewed.
    """

    desired: Llm
    locked: LockedLlm
    credentials: tuple[CredentialChange, ...] = ()
    record: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """A declared configuration for which nothing may be done until somebody looks into it.

    Attributes:
        message: why, as a sentence without a full stop at its end.
        hint: what to do.
    """

    desired: Llm
    message: str
    hint: str


Change: TypeAlias = Create | Update | Adopt | Delete | Forget | Undeclared | Unchanged | Blocked


def name_of(change: Change) -> str:
    """The entry's name: the declared one where it is declared."""
    match change:
        case Delete() | Forget() | Undeclared():
            return change.locked.name
        case _:
            return change.desired.name


def identity_of(change: Change) -> Identity:
    """The entry's identity: the declared one where it is declared."""
    match change:
        case Delete() | Forget() | Undeclared():
            return change.locked.identity
        case _:
            return change.desired.identity


def id_of(change: Change) -> str | None:
    """The server's id of the entry, where it has one already."""
    match change:
        case Create() | Blocked():
            return None
        case Adopt():
            return change.live.id
        case _:
            return change.locked.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that a reviewer should know about an entry, and that stops nothing."""

    identity: Identity
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done, in the manifest's order, then what is known but not declared.

    Attributes:
        refreshed: whether the server was asked; otherwise the lockfile alone was compared.
        warnings: what a reviewer should know.
    """

    changes: tuple[Change, ...]
    refreshed: bool
    warnings: tuple[Notice, ...] = ()

    def count(self, *kinds: type[Change]) -> int:
        """How many changes are of these kinds."""
        return sum(isinstance(change, kinds) for change in self.changes)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be done on the server or to the lockfile's list of entries."""
        return not self.count(Create, Update, Adopt, Delete, Forget, Blocked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One reason why a plan must not be carried out as it is.

    Attributes:
        identity: the entry that it is about, or None for the plan as a whole.
        message: what is wrong.
        hint: what to do.
    """

    identity: Identity | None
    message: str
    hint: str
