"""What faults remember about lists: late rows, deleted rows, and stale lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fbsync.sandbox.fault_effects import StaleList
    from fbsync.sandbox.seen_request import SeenRequest


class ListMemory:
    """The differences between lists and the database."""

    def __init__(self) -> None:
        self._calls_left: dict[str, int] = {}
        self._gone: list[dict[str, Any]] = []
        self._stale: dict[tuple[int, str, bytes], bytes] = {}

    def hide(self, llm_id: str, *, calls: int) -> None:
        """Leave a configuration out of the next lists.

        Args:
            llm_id: the configuration's id.
            calls: the number of lists.
        """
        self._calls_left[llm_id] = calls

    def bury(self, row: Mapping[str, Any], *, deleted_at: str) -> None:
        """Keep the row of a deleted configuration for later lists."""
        self._gone.append({**row, "deletedAt": deleted_at})

    def shown(self, rows: list[dict[str, Any]], *, workspace_id: str | None) -> list[dict[str, Any]]:
        """Return the rows that a list shows. A list counts for a late row only if it would have that row."""
        gone = [row for row in self._gone if workspace_id in {None, row["workspaceId"]}]
        return [row for row in rows if not self._is_late(row["id"])] + gone

    def stale(self, effect: StaleList, request: SeenRequest, body: bytes) -> bytes:
        """Return the body that this list had when the effect first acted on it."""
        key = (id(effect), request.path, request.scope["query_string"])
        return self._stale.setdefault(key, body)

    def _is_late(self, llm_id: str) -> bool:
        left = self._calls_left.get(llm_id)
        if left is None:
            return False
        if left <= 1:
            del self._calls_left[llm_id]
        else:
            self._calls_left[llm_id] = left - 1
        return True
