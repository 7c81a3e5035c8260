"""The known configurations during a run, by id and quickly found by identity."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fbsync.model.configurations import Identity, LockedLlm


class Records:
    """Records by id.

    Args:
        llms: the records at the start.
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
        """Add a record, or replace the record with its id.

        Another record with the same identity can no longer have that name on the server, because the server allows a
        name only once. It gets a temporary name and keeps its id. The next list from the server shows its new name.
        """
        for llm_id in self._bearers.get(entry.identity, set()) - {entry.id}:
            from fbsync.model.configurations import aside_name

            other = self._by_id[llm_id]
            self.replace(replace(other, name=aside_name(other.name, other.id)))
        self.replace(entry)

    def replace(self, entry: LockedLlm) -> None:
        """Add a record, or replace the record with its id, whatever its name. Other records stay."""
        self.drop(entry.id)
        self._by_id[entry.id] = entry
        self._bearers.setdefault(entry.identity, set()).add(entry.id)

    def drop(self, llm_id: str) -> None:
        """Remove the record with this id, if there is one."""
        gone = self._by_id.pop(llm_id, None)
        if gone is not None:
            self._bearers[gone.identity].discard(llm_id)
