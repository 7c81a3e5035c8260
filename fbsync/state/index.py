"""The known configurations during a run, by id, with a quick search by identity."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fbsync.model.configurations import Identity, LockedLlm


class Records:
    """Records by id.

    Args:
        llms: those that there are.
    """

    def __init__(self, llms: Iterable[LockedLlm]) -> None:
        self._by_id: dict[str, LockedLlm] = {}
        self._bearers: dict[Identity, set[str]] = {}
        for llm in llms:
            self.replace(llm)

    def __contains__(self, llm_id: object) -> bool:
        return llm_id in self._by_id

    def __getitem__(self, llm_id: str) -> LockedLlm:
        return self._by_id[llm_id]

    def __iter__(self) -> Iterator[LockedLlm]:
        return iter(self._by_id.values())

    def put(self, entry: LockedLlm) -> None:
        """Put a record to the others.

        Another one that is known by the same identity cannot bear that name any more, since the server takes a name
        once: it stays known by its id, and the next list from the server shows what happened to it.
        """
        for llm_id in self._bearers.get(entry.identity, set()) - {entry.id}:
            from fbsync.model.configurations import aside_name

            other = self._by_id[llm_id]
            self.replace(replace(other, name=aside_name(other.name, other.id)))
        self.replace(entry)

    def replace(self, entry: LockedLlm) -> None:
        """Put a record in the place of the one of its id, whatever it is named."""
        self.drop(entry.id)
        self._by_id[entry.id] = entry
        self._bearers.setdefault(entry.identity, set()).add(entry.id)

    def drop(self, llm_id: str) -> None:
        """Take a record out, if there is one of this id."""
        gone = self._by_id.pop(llm_id, None)
        if gone is not None:
            self._bearers[gone.identity].discard(llm_id)
