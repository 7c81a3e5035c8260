"""The live state for a plan, by id or identity. It distinguishes 'absent' from 'not asked'."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.model.spelling import canonical_identity, loose_name

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from fbsync.model.configurations import Identity, LockedLlm
    from fbsync.model.live import Live, LiveLlm


class View:
    """The live state.

    By identity, it finds only configurations that belong to no declared entry. If a declared entry's own
    configuration still has a name that another entry wants, it is about to give up that name.

    Args:
        live: what the server lists, or None if it was not asked.
        taken: the ids of the declared entries' own records.
        in_doubt: identities that an earlier run may have created with an unknown outcome.
    """

    def __init__(self, live: Live | None, taken: Container[str], in_doubt: Container[Identity]) -> None:
        llms = live.llms if live else ()
        self._in_doubt = in_doubt
        self._workspaces = live.workspaces if live else frozenset()
        self._by_id = {llm.id: llm for llm in llms}
        self._by_identity: dict[Identity, list[LiveLlm]] = {}
        self._loosely: dict[tuple[str, str], LiveLlm] | None = None
        for llm in llms:
            if llm.id not in taken:
                self._by_identity.setdefault(canonical_identity(llm.identity), []).append(llm)

    def covers(self, workspace_id: str | None) -> bool:
        """Whether the server listed this workspace."""
        return workspace_id in self._workspaces

    def own(self, locked: LockedLlm) -> LiveLlm | None:
        """Return a record's configuration as the server lists it in the record's workspace, or None."""
        live = self._by_id.get(locked.id)
        return live if live is not None and live.workspace_id == locked.workspace_id else None

    def moved(self, locked: LockedLlm) -> LiveLlm | None:
        """Return the listed configuration that has a record's id in another workspace, or None."""
        live = self._by_id.get(locked.id)
        return live if live is not None and live.workspace_id != locked.workspace_id else None

    def is_absent(self, locked: LockedLlm) -> bool:
        """Whether the server listed the record's workspace, but not the record's configuration in it."""
        return self.covers(locked.workspace_id) and self.own(locked) is None

    def others(self, identity: Identity) -> Sequence[LiveLlm]:
        """Return the listed configurations that have an identity and belong to no declared entry.

        If no spelling matches exactly, other spellings of the name count.
        """
        found = self._by_identity.get(canonical_identity(identity), [])
        return [llm for llm in found if llm.name == identity.name] or found

    def unclaimed(self) -> Iterator[tuple[Identity, LiveLlm]]:
        """Return the listed configurations that belong to no declared entry, with their canonical identities."""
        return ((identity, llm) for identity, llms in self._by_identity.items() for llm in llms)

    def nearly(self, identity: Identity) -> LiveLlm | None:
        """Return a configuration whose name differs only by case or whitespace, if none has the name itself."""
        if self.others(identity):
            return None
        if self._loosely is None:
            found = (llm for _, llm in self.unclaimed())
            self._loosely = {(llm.workspace_id, loose_name(llm.name)): llm for llm in found}
        return self._loosely.get((identity.workspace_id, loose_name(identity.name)))

    def is_in_doubt(self, identity: Identity) -> bool:
        """Whether an earlier run may have created this, and the server was not asked about it."""
        return identity in self._in_doubt and not self.covers(identity.workspace_id)
