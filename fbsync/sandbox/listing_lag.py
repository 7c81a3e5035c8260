"""The lag of a listing that does not show new configurations at once: one of the faults."""

from __future__ import annotations

from typing import Any


class ListingLag:
    """Keeps configurations out of the next few listings."""

    def __init__(self) -> None:
        self._calls_left: dict[str, int] = {}

    def hide(self, llm_id: str, *, calls: int) -> None:
        """Leaves a configuration out of the next so many listings."""
        self._calls_left[llm_id] = calls

    def seen(self, listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What one listing shows of what there is. A listing counts where the configuration would be in it."""
        return [llm for llm in listed if not self._is_late(llm["id"])]

    def _is_late(self, llm_id: str) -> bool:
        left = self._calls_left.get(llm_id)
        if left is None:
            return False
        if left <= 1:
            del self._calls_left[llm_id]
        else:
            self._calls_left[llm_id] = left - 1
        return True
