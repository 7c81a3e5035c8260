"""Look up configurations for faults, whatever the caller may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fbsync.sandbox.database import Database


class LlmLookup:
    """Looks up configurations in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def name_of(self, llm_id: str) -> str | None:
        """Return the name of a configuration, or None."""
        row = self._database.row("SELECT name FROM llm WHERE id = ?", llm_id)
        return None if row is None else row["name"]

    def workspace_of(self, llm_id: str) -> str | None:
        """Return the workspace of a configuration, or None."""
        row = self._database.row("SELECT workspace_id FROM llm WHERE id = ?", llm_id)
        return None if row is None else row["workspace_id"]

    def number_of(self, llm_id: str) -> int | None:
        """Return the unique number of a configuration, or None."""
        row = self._database.row("SELECT number FROM llm WHERE id = ?", llm_id)
        return None if row is None else row["number"]

    def id_of(self, number: str) -> str | None:
        """Return the id of the configuration with this number, or None."""
        row = self._database.row("SELECT id FROM llm WHERE CAST(number AS TEXT) = ?", number)
        return None if row is None else row["id"]

    def names(self, workspace_id: str, *, but: str) -> list[str]:
        """Return the names in a workspace, except that of one configuration.

        Args:
            workspace_id: the workspace.
            but: the id of the configuration to leave out.
        """
        rows = self._database.rows("SELECT name FROM llm WHERE workspace_id = ? AND id <> ?", workspace_id, but)
        return [row["name"] for row in rows]

    def lower_type(self, llm_id: str) -> None:
        """Store a configuration's type in lower case."""
        self._database.write("UPDATE llm SET ai_type = lower(ai_type) WHERE id = ?", llm_id)
