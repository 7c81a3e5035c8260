"""Drift: the differences between live and known, and what else the server has (``design.md``, 'Words')."""

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
"""Replaces a missing field."""


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
        in_doubt: whether a request of an unfinished apply may have done this, rather than somebody else.
    """

    locked: LockedLlm
    live: LiveLlm
    fields: tuple[FieldDrift, ...]
    in_doubt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedOutside:
    """A known configuration that the server no longer lists; ``in_doubt`` as above.

    Attributes:
        with_all: whether the server lists nothing of its workspace although several entries are known: an apply then
            refuses to recreate it, since the list may be wrong.
    """

    locked: LockedLlm
    in_doubt: bool = False
    with_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacedOutside:
    """A known configuration that the server lists with other ids; ``in_doubt`` as above.

    Attributes:
        live: what is there now. It is one, unless the server gives a name twice.
        fields: how that one differs.
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
    """The identity under which it is known, or listed where it is not known."""
    match difference:
        case Unadopted() | Unmanaged():
            return difference.live.identity
        case _:
            return difference.locked.identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """The differences between live and known: known configurations in their order, then others by identity.

    Attributes:
        in_step: how many known configurations are on the server as they are known.
        workspaces: those that were compared.
    """

    differences: tuple[Difference, ...]
    in_step: int
    workspaces: frozenset[str]

    def count(self, *kinds: type[Difference]) -> int:
        """The number of differences of these kinds."""
        return sum(isinstance(difference, kinds) for difference in self.differences)

    @property
    def is_found(self) -> bool:
        """Whether live differs from known. What is not known cannot differ from it."""
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
    """Compare what is known with what the server lists.

    Credentials are not compared, since no listing holds them, but for what it shows of a key: that there is one, and
    its mask. A stored provider key is compared by its id. Neither a field that the listing left out is compared, nor a
    workspace that the server would not list. A value in another spelling is the same value.

    Args:
        desired: what is declared.
        known: what the lockfile holds, of distinct identities and ids.
        live: what the server lists.
        only: names, known or listed, to which the comparison is limited; none means no limit.
        in_doubt: ids to which an unfinished apply may have sent a request that nobody knows the outcome of.
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
    """The listed configurations, by canonical identity: each once, unless the server breaks its own rule."""
    found: dict[Identity, list[LiveLlm]] = {}
    for llm in sorted(llms, key=lambda llm: (llm.identity, llm.id)):
        found.setdefault(canonical_identity(llm.identity), []).append(llm)
    return {identity: tuple(alike) for identity, alike in found.items()}


def _both_names(locked: LockedLlm, there: LiveLlm | None) -> set[str]:
    """The names of one configuration, which are two where somebody renamed it."""
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
    """The live side of a known configuration: the one of its id is looked at first, as ids do not change hands."""
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
"""A known key and what the server shows instead, in words, since its value is never listed."""


def _key_drift(locked: LockedLlm, there: LiveLlm, *, keys_masked: bool) -> Iterator[FieldDrift]:
    drift = key_drift(locked, there, keys_masked=keys_masked)
    if drift is not None:
        known, live = _KEYS[drift]
        yield FieldDrift(field=Field.KEY, known=known, live=live)
