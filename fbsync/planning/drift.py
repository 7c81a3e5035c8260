"""Drift: the differences between live and known, and unmanaged configurations (``design.md``, 'Words')."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from fbsync.model.changes import KeyDrift
from fbsync.model.configurations import Field, Identity, LockedLlm
from fbsync.model.spelling import canonical_identity, same
from fbsync.planning.credentials import key_drift
from fbsync.planning.emptied import emptied_workspaces

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from fbsync.model.configurations import Llm
    from fbsync.model.live import Live, LiveLlm


NONE = "none"
"""The word for a missing value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDrift:
    """One field that somebody changed on the server."""

    field: Field
    known: str
    live: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedOutside:
    """A known configuration with different fields on the server.

    Attributes:
        in_doubt: whether a request of an unfinished apply may have made this change, rather than somebody else.
    """

    locked: LockedLlm
    live: LiveLlm
    fields: tuple[FieldDrift, ...]
    in_doubt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedOutside:
    """A known configuration that the server no longer lists. ``in_doubt`` is as in ``ChangedOutside``.

    Attributes:
        with_all: whether the server lists nothing in its workspace although several entries are known. An apply then
            refuses to recreate it, because the list may be wrong.
    """

    locked: LockedLlm
    in_doubt: bool = False
    with_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacedOutside:
    """A known configuration that the server lists with other ids. ``in_doubt`` is as in ``ChangedOutside``.

    Attributes:
        live: the configurations that have its identity now: one, unless the server has the name twice.
        fields: how that configuration differs. Empty if there are several.
    """

    locked: LockedLlm
    live: tuple[LiveLlm, ...]
    fields: tuple[FieldDrift, ...] = ()
    in_doubt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unadopted:
    """A declared configuration on the server that is not in the lockfile. An apply would have to adopt it."""

    live: LiveLlm


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmanaged:
    """A configuration on the server that is neither declared nor in the lockfile. fbsync leaves it alone."""

    live: LiveLlm


Difference: TypeAlias = ChangedOutside | DeletedOutside | ReplacedOutside | Unadopted | Unmanaged


def identity_of_difference(difference: Difference) -> Identity:
    """Return the identity in the known state, or the listed identity if the configuration is not known."""
    match difference:
        case Unadopted() | Unmanaged():
            return difference.live.identity
        case _:
            return difference.locked.identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """The differences between live and known: known configurations in their order, then the others by identity.

    Attributes:
        differences: the differences.
        in_step: how many known configurations are unchanged on the server.
        workspaces: the workspaces that were compared.
    """

    differences: tuple[Difference, ...]
    in_step: int
    workspaces: frozenset[str]

    def count(self, *kinds: type[Difference]) -> int:
        """Return the number of differences of these kinds."""
        return sum(isinstance(difference, kinds) for difference in self.differences)

    @property
    def is_found(self) -> bool:
        """Whether a known configuration differs on the server. Configurations that are not known do not count."""
        return bool(self.count(ChangedOutside, DeletedOutside, ReplacedOutside))


def find_drift(
    desired: Sequence[Llm],
    known: Sequence[LockedLlm],
    live: Live,
    *,
    only: Collection[str] = (),
    in_doubt: Collection[str] = (),
    keys_masked: bool = False,
) -> Drift:
    """Compare the known configurations with what the server lists.

    Credentials are not compared, because no listing has them. Only a key's presence and mask are. A stored provider key
    is compared by its id; if the listing leaves it out, there is none. Other fields that the listing leaves out and
    workspaces that the server would not list are not compared. Values that differ only in spelling are equal.

    Args:
        desired: the declared configurations.
        known: the lockfile's configurations. Their identities and their ids are distinct.
        live: what the server lists.
        only: the names, known or listed, to which the comparison is limited. Empty for no limit.
        in_doubt: the ids for which an unfinished apply may have sent a request with an unknown outcome.
        keys_masked: whether this server was seen to list a masked key.

    Returns:
        The differences. They are the same for the same arguments.
    """
    by_id = {llm.id: llm for llm in live.llms}
    ids = {locked.id for locked in known}
    masked = keys_masked or any(llm.has_key for llm in live.llms)
    emptied = emptied_workspaces(known, live)
    beside = _by_identity(llm for llm in live.llms if llm.id not in ids)
    found = [
        _difference(
            locked,
            there,
            beside.get(canonical_identity(locked.identity), ()),
            in_doubt=locked.id in in_doubt,
            keys_masked=masked,
            with_all=locked.workspace_id in emptied,
        )
        for locked in known
        for there in (by_id.get(locked.id),)
        if locked.workspace_id in live.workspaces and (not only or _both_names(locked, there) & set(only))
    ]
    gone = {canonical_identity(locked.identity) for locked in known if locked.id not in by_id}
    declared = {canonical_identity(llm.identity) for llm in desired}
    others: list[Difference] = [
        Unadopted(live=llm) if identity in declared else Unmanaged(live=llm)
        for identity in sorted(beside.keys() - gone)
        for llm in beside[identity]
        if not only or llm.name in only
    ]
    return Drift(
        differences=(*(difference for difference in found if difference is not None), *others),
        in_step=found.count(None),
        workspaces=live.workspaces,
    )


def _by_identity(llms: Iterable[LiveLlm]) -> Mapping[Identity, tuple[LiveLlm, ...]]:
    """Group listed configurations by canonical identity. Each group has one, unless the server breaks its own rule."""
    found: dict[Identity, list[LiveLlm]] = {}
    for llm in sorted(llms, key=lambda llm: (llm.identity, llm.id)):
        found.setdefault(canonical_identity(llm.identity), []).append(llm)
    return {identity: tuple(alike) for identity, alike in found.items()}


def _both_names(locked: LockedLlm, there: LiveLlm | None) -> set[str]:
    """Return the names of a configuration: two if somebody renamed it outside."""
    return {locked.name} if there is None else {locked.name, there.name}


def _difference(
    locked: LockedLlm,
    there: LiveLlm | None,
    instead: tuple[LiveLlm, ...],
    *,
    in_doubt: bool,
    keys_masked: bool,
    with_all: bool,
) -> ChangedOutside | DeletedOutside | ReplacedOutside | None:
    """Compare a known configuration with the live one that has its id, or else with those that have its identity.

    The id comes first, because an id never passes to another configuration.
    """
    if there is not None:
        fields = (*_field_drift(locked, there), *_key_drift(locked, there, keys_masked=keys_masked))
        return ChangedOutside(locked=locked, live=there, fields=fields, in_doubt=in_doubt) if fields else None
    if instead:
        fields = tuple(_field_drift(locked, instead[0])) if len(instead) == 1 else ()
        return ReplacedOutside(locked=locked, live=instead, fields=fields, in_doubt=in_doubt)
    return DeletedOutside(locked=locked, in_doubt=in_doubt, with_all=with_all)


def _field_drift(locked: LockedLlm, there: LiveLlm) -> Iterator[FieldDrift]:
    rows = (
        (Field.WORKSPACE_ID, locked.workspace_id, there.workspace_id),
        (Field.NAME, locked.name, there.name),
        (Field.AI_TYPE, locked.ai_type, there.ai_type),
        (Field.ENDPOINT, locked.endpoint, there.endpoint),
        (Field.API_KEY, locked.api_key or "", there.api_key_id or ""),
    )
    for field, known, live in rows:
        if live is not None and not same(field, live, known):
            yield FieldDrift(field=field, known=known or NONE, live=live or NONE)


_KEYS = {
    KeyDrift.ADDED: ("none", "a key"),
    KeyDrift.GONE: ("a key", "none"),
    KeyDrift.CHANGED: ("a key", "another key"),
}
"""Words for the known key and for what the server shows instead. A key's value is never listed."""


def _key_drift(locked: LockedLlm, there: LiveLlm, *, keys_masked: bool) -> Iterator[FieldDrift]:
    drift = key_drift(locked, there, keys_masked=keys_masked)
    if drift is not None:
        known, live = _KEYS[drift]
        yield FieldDrift(field=Field.KEY, known=known, live=live)
