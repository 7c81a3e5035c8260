"""Create, list, change and delete stored provider keys (``flashback-api.md``, 'Stored provider keys')."""

from __future__ import annotations

import sqlite3
import uuid
from typing import TYPE_CHECKING, Any

from fbsync.sandbox.llm_columns import key_columns, secret_columns
from fbsync.sandbox.request_refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fbsync.sandbox.accounts import Caller
    from fbsync.sandbox.clock import ServerClock
    from fbsync.sandbox.database import Database
    from fbsync.sandbox.workspaces import Workspaces

_COLUMNS = {
    "provider": "provider",
    "endpoint": "endpoint",
    "region": "region",
    "tenantId": "tenant_id",
    "subscriptionId": "subscription_id",
    "description": "description",
}
_OPTIONAL = ("endpoint", "region", "tenantId", "subscriptionId", "description")
_VISIBLE = (
    "SELECT api_key.*, (SELECT count(*) FROM llm WHERE api_key_id = api_key.id) AS llms FROM api_key"
    " JOIN membership ON membership.workspace_id = api_key.workspace_id AND membership.user_id = ?"
)
STORAGE, AI, CLOUD = 1, 2, 4
_CAPABILITIES = {
    "OPENAI": AI,
    "ANTHROPIC": AI,
    "OTHER": AI,
    "GOOGLE": STORAGE | AI | CLOUD,
    "AWS": STORAGE | AI | CLOUD,
}


class ApiKeys:
    """The stored keys of a sandbox, as each caller may see and change them."""

    def __init__(self, database: Database, workspaces: Workspaces, clock: ServerClock) -> None:
        self._database = database
        self._workspaces = workspaces
        self._clock = clock

    def create(self, caller: Caller, new: Mapping[str, Any]) -> str:
        """Store a key and return its id.

        Raises:
            RequestRefused: 403 if the caller's role may not write.
        """
        self._workspaces.require_writer(caller, new["workspaceId"])
        api_key_id = str(uuid.uuid4())
        row = {"id": api_key_id, "workspace_id": new["workspaceId"], "created_at": self._clock.now()}
        self._database.insert("api_key", row | api_key_columns(new))
        return api_key_id

    def listed(
        self, caller: Caller, *, workspace_id: str | None, capability: int | None, provider: str | None
    ) -> list[dict[str, Any]]:
        """Return the keys that the caller may see and the filters select, oldest first (the order is ND).

        Raises:
            RequestRefused: 403 if the caller may not see the workspace.
        """
        if workspace_id is not None:
            self._workspaces.require_reader(caller, workspace_id)
        return [
            _listed_key(row)
            for row in self._database.rows(f"{_VISIBLE} ORDER BY number", caller.user_id)
            if workspace_id in {None, row["workspace_id"]}
            and provider in {None, row["provider"]}
            and (capability is None or capability & _capabilities(row["provider"]))
        ]

    def update(self, caller: Caller, api_key_id: str, changes: Mapping[str, Any]) -> None:
        """Change only the given fields.

        Raises:
            RequestRefused: 404, or 403 if the caller's role may not write. The errors are ND.
        """
        row = self._writable(caller, api_key_id)
        if changed := api_key_columns(changes):
            self._database.update("api_key", changed, number=row["number"])

    def delete(self, caller: Caller, api_key_id: str) -> None:
        """Delete a key permanently.

        Raises:
            RequestRefused: 404, or 403 if the caller's role may not write or a configuration uses it. All are ND.
        """
        row = self._writable(caller, api_key_id)
        try:
            self._database.write("DELETE FROM api_key WHERE number = ?", row["number"])
        except sqlite3.IntegrityError:
            raise RequestRefused(403, "The API key is in use by an AI LLM configuration") from None

    def require(self, workspace_id: str, api_key_id: str) -> None:
        """Check that a workspace has a key.

        Raises:
            RequestRefused: 404 (ND) if it does not.
        """
        sql = "SELECT 1 FROM api_key WHERE workspace_id = ? AND id = ?"
        if self._database.row(sql, workspace_id, api_key_id) is None:
            raise RequestRefused(404, "API key not found")

    def is_refused(self, api_key_id: str) -> bool:
        """Whether the provider refuses a key when it is validated."""
        row = self._database.row(
            "SELECT key_refused OR secret_refused AS refused FROM api_key WHERE id = ?", api_key_id
        )
        return row is not None and bool(row["refused"])

    def _writable(self, caller: Caller, api_key_id: str) -> sqlite3.Row:
        row = self._database.row(f"{_VISIBLE} WHERE api_key.id = ?", caller.user_id, api_key_id)
        if row is None:
            raise RequestRefused(404, "API key not found")
        self._workspaces.require_writer(caller, row["workspace_id"])
        return row


def api_key_columns(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given fields (by their names in the API) as columns."""
    row: dict[str, Any] = {column: given[field] for field, column in _COLUMNS.items() if field in given}
    row |= key_columns(given["key"]) if "key" in given else {}
    return row | (secret_columns(given["secret"]) if "secret" in given else {})


def _capabilities(provider: str) -> int:
    """Return the capabilities of a provider's keys, for a filter. Which provider has which is ND."""
    return _CAPABILITIES.get(provider.upper(), STORAGE | CLOUD)


def _listed_key(row: sqlite3.Row) -> dict[str, Any]:
    """Return a key as the list shows it: masked (ND), with the optional fields that it has."""
    optional = {field: row[_COLUMNS[field]] for field in _OPTIONAL if row[_COLUMNS[field]] is not None}
    shown = {"id": row["id"], "key": row["key_mask"], "provider": row["provider"], "createdAt": row["created_at"]}
    return shown | optional | {"bucket_count": 0, "aillm_count": row["llms"]}
