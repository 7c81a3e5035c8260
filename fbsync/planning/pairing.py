"""Find the known configuration of each declared entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.model.configurations import Identity, Llm, LockedLlm, name_ahead
from fbsync.model.spelling import canonical_identity, canonical_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fbsync.model.live import Live


def pair(desired: Sequence[Llm], known: Sequence[LockedLlm]) -> list[tuple[Llm, LockedLlm | None]]:
    """Find the record of every declared entry, by its identity or by its previous name.

    A previous name counts if the entry has no record yet, and also if its own record is claimed by another
    entry's previous name (chains and swaps). It no longer counts once the entry's own record has it, too.
    """
    records = _Records((locked.name, locked) for locked in known)
    on_their_way = _Records((ahead, locked) for locked in known if (ahead := name_ahead(locked)) is not None)

    def find_former(llm: Llm, own: LockedLlm | None) -> LockedLlm | None:
        if (stopped := on_their_way.find(llm, llm.name)) is not None:
            return stopped
        if llm.previous_name is None or (own is not None and own.previous_name == llm.previous_name):
            return None
        return records.find(llm, llm.previous_name)

    own = [records.find(llm, llm.name) for llm in desired]
    former = [find_former(llm, record) for llm, record in zip(desired, own, strict=True)]
    claimed = {record.id for record in former if record is not None}
    pairs = [
        (llm, before if before is not None and (record is None or record.id in claimed) else record)
        for llm, record, before in zip(desired, own, former, strict=True)
    ]
    return _without_double_claims(pairs)


class _Records:
    """Known records by workspace and name. If a workspace's variable is not set, its template is used instead.

    If no name matches exactly, a name in another spelling is found.
    """

    def __init__(self, named: Iterable[tuple[str, LockedLlm]]) -> None:
        named = tuple(named)
        self._by_identity = {Identity(workspace_id=at.workspace_id, name=name): at for name, at in named}
        self._by_canonical: dict[Identity, LockedLlm] | None = None
        self._by_template = {(at.workspace_template, canonical_name(name)): at for name, at in named}

    def find(self, llm: Llm, name: str) -> LockedLlm | None:
        """Return the record with this name in the entry's workspace, or None."""
        if llm.workspace_id.value is None:
            return self._by_template.get((llm.workspace_id.template, canonical_name(name)))
        identity = Identity(workspace_id=llm.workspace_id.value, name=name)
        return self._by_identity.get(identity) or self._in_another_spelling(identity)

    def _in_another_spelling(self, identity: Identity) -> LockedLlm | None:
        if self._by_canonical is None:
            self._by_canonical = {canonical_identity(other): at for other, at in self._by_identity.items()}
        return self._by_canonical.get(canonical_identity(identity))


def found_again(
    pairs: list[tuple[Llm, LockedLlm | None]], known: Sequence[LockedLlm], live: Live | None
) -> list[tuple[Llm, LockedLlm | None]]:
    """Give an entry the unclaimed record that has the entry's identity on the server, unless its own record has it.

    Such a known configuration was renamed outside, or by a run that could not record the rename. While it has the
    name, no other configuration can get that name.
    """
    if live is None:
        return pairs
    identities = {llm.id: canonical_identity(llm.identity) for llm in live.llms}
    wanted = [canonical_identity(llm.identity) for llm, _ in pairs]
    while True:
        claimed = {record.id for _, record in pairs if record is not None}
        bearers = {identities[at.id]: at for at in known if at.id in identities and at.id not in claimed}
        again = [
            (llm, at if at and identities.get(at.id) == identity else bearers.get(identity, at))
            for (llm, at), identity in zip(pairs, wanted, strict=True)
        ]
        # A record that an entry gives up may have another entry's identity. A found record stays, so the loop ends.
        if again == pairs:
            return pairs
        pairs = again


def _without_double_claims(pairs: list[tuple[Llm, LockedLlm | None]]) -> list[tuple[Llm, LockedLlm | None]]:
    """Give a record that two entries claim to one of them: to the renamed entry, else to the one spelled the same."""
    renamed = {at.id for llm, at in pairs if at is not None and not _is_named(at, llm)}
    spelled = {at.id for llm, at in pairs if at is not None and at.name == llm.name}

    def keeps(llm: Llm, at: LockedLlm) -> bool:
        if _is_named(at, llm):
            return at.id not in renamed and (at.name == llm.name or at.id not in spelled)
        return True

    return [(llm, at if at is not None and keeps(llm, at) else None) for llm, at in pairs]


def _is_named(record: LockedLlm, llm: Llm) -> bool:
    return canonical_name(record.name) == canonical_name(llm.name)
