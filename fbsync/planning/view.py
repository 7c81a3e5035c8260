"""The live state for a plan: by id or identity, with 'absent' and 'not asked' kept apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.model.spelling import canonical_identity, loose_name

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from fbsync.model.configurations import Identity, LockedLlm
    from fbsync.model.live import Live, LiveLlm


class View:
    """The live state.

    By identity, only those are found that are no declared entry's own: a name that one of those still
    bears is a name that it is about to give up.

    Args:
        live: what the server lists, or None where it was not asked.
        taken: the ids of the declared entries' own records.
        in_doubt: identities that an earlier run may have created without anybody knowing.
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
        """Whether the server listed what a workspace has."""
        return workspace_id in self._workspaces

    def own(self, locked: LockedLlm) -> LiveLlm | None:
        """The known configuration as the server lists it: one of its id in another workspace is another one."""
        live = self._by_id.get(locked.id)
        return live if live is not None and live.workspace_id == locked.workspace_id else None

    def moved(self, locked: LockedLlm) -> LiveLlm | None:
        """The listed configuration with a record's id in another workspace."""
        live = self._by_id.get(locked.id)
        return live if live is not None and live.workspace_id != locked.workspace_id else None

    def is_absent(self, locked: LockedLlm) -> bool:
        """Whether the server listed the record's workspace, and no longer lists the record there."""
        return self.covers(locked.workspace_id) and self.own(locked) is None

    def others(self, identity: Identity) -> Sequence[LiveLlm]:
        """Listed configurations with an identity and no declared entry, in another spelling if none matches exactly."""
        found = self._by_identity.get(canonical_identity(identity), [])
        return [llm for llm in found if llm.name == identity.name] or found

    def unclaimed(self) -> Iterator[tuple[Identity, LiveLlm]]:
        """Listed configurations that belong to no declared entry, with their canonical identity."""
        return ((identity, llm) for identity, llms in self._by_identity.items() for llm in llms)

    def nearly(self, identity: Identity) -> LiveLlm | None:
        """A configuration whose name differs only by case or whitespace, if none has the exact name."""
        if self.others(identity):
            return None
        if self._loosely is None:
            found = (llm for _, llm in self.unclaimed())
            self._loosely = {(llm.workspace_id, loose_name(llm.name)): llm for llm in found}
        return self._loosely.get((identity.workspace_id, loose_name(identity.name)))

    def is_in_doubt(self, identity: Identity) -> bool:
        """Whether an earlier run may have created this, and the server was not asked about it."""
        return identity in self._in_doubt and not self.covers(identity.workspace_id)
