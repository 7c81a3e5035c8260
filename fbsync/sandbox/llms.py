"""List, create, change, delete and validate AI LLM configurations (``flashback-api.md``)."""

from __future__ import annotations

import sqlite3
import uuid
from typing import TYPE_CHECKING, Any

from fbsync.sandbox.llm_columns import check_changes, check_new, check_result, llm_columns
from fbsync.sandbox.repositories import grant_wishes
from fbsync.sandbox.request_refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fbsync.sandbox.accounts import Caller
    from fbsync.sandbox.api_keys import ApiKeys
    from fbsync.sandbox.clock import ServerClock
    from fbsync.sandbox.database import Database
    from fbsync.sandbox.workspaces import Workspaces

_COUNTERS = (
    "totalApiCalls",
    "totalTokensIn",
    "totalTokensOut",
    "totalLlmTokensIn",
    "totalLlmTokensOut",
    "totalPolicyViolations",
    "totalAlerts",
    "totalBlocks",
)
_VISIBLE = (
    "SELECT llm.*, org_id FROM llm JOIN workspace ON workspace.id = llm.workspace_id"
    " JOIN membership ON membership.workspace_id = llm.workspace_id AND membership.user_id = ?"
)


class Llms:
    """The configurations of a sandbox, as each caller may see and change them."""

    def __init__(self, database: Database, *, workspaces: Workspaces, api_keys: ApiKeys, clock: ServerClock) -> None:
        self._database = database
        self._workspaces = workspaces
        self._api_keys = api_keys
        self._clock = clock

    def listed(self, caller: Caller, workspace_id: str | None) -> list[dict[str, Any]]:
        """Return the configurations that the caller may see, in one workspace or all, oldest first (the order is ND).

        Raises:
            RequestRefused: 403 if the caller may not see the workspace.
        """
        if workspace_id is None:
            rows = self._database.rows(f"{_VISIBLE} ORDER BY number", caller.user_id)
        else:
            self._workspaces.require_reader(caller, workspace_id)
            sql = f"{_VISIBLE} WHERE llm.workspace_id = ? ORDER BY number"
            rows = self._database.rows(sql, caller.user_id, workspace_id)
        return self._shown(rows)

    def available(self, caller: Caller) -> list[dict[str, Any]]:
        """Return the configurations that the caller may see and the provider has accepted, newest first."""
        rows = self._database.rows(f"{_VISIBLE} WHERE validated ORDER BY number DESC", caller.user_id)
        return self._shown(rows)

    def create(self, caller: Caller, new: Mapping[str, Any]) -> str:
        """Create a configuration and return its id.

        Raises:
            RequestRefused: 403 if the caller's role may not write, 400 if the name is taken or credentials are
                missing, 404 (ND) if the stored key does not exist.
        """
        check_new(new)
        self._workspaces.require_writer(caller, new["workspaceId"])
        llm_id = str(uuid.uuid4())
        row = {
            "id": llm_id,
            "workspace_id": new["workspaceId"],
            "user_id": caller.user_id,
            "created_at": self._clock.now(),
        }
        self._require_stored_key(new["workspaceId"], new)
        with self._database.transaction():
            try:
                self._database.insert("llm", row | llm_columns(new))
            except sqlite3.IntegrityError:
                raise name_taken() from None
            grant_wishes(self._database)
        return llm_id

    def update(self, caller: Caller, llm_id: str, changes: Mapping[str, Any]) -> None:
        """Change only the given fields.

        Raises:
            RequestRefused: 404 (ND), 403 if the caller's role may not write, 400 if the name is taken or credentials
                are missing.
        """
        check_changes(changes)
        row = self._writable(caller, llm_id)
        check_result(row, changes)
        self._require_stored_key(row["workspace_id"], changes)
        changed = llm_columns(changes)
        if changed.keys() - {"name"}:
            # A changed credential, endpoint or type counts as not validated (ND, so this is the strict reading).
            changed["validated"] = 0
        if not changed:
            return
        try:
            self._database.update("llm", changed, number=row["number"])
        except sqlite3.IntegrityError:
            raise name_taken() from None

    def delete(self, caller: Caller, llm_id: str) -> None:
        """Delete a configuration permanently.

        Raises:
            RequestRefused: 404, or 403 if the caller's role may not write or a repository uses it.
        """
        row = self._writable(caller, llm_id)
        try:
            self._database.write("DELETE FROM llm WHERE number = ?", row["number"])
        except sqlite3.IntegrityError:
            raise RequestRefused(403, "The AI LLM configuration is in use by a repository") from None

    def validate(self, caller: Caller, llm_id: str) -> bool:
        """Ask the fake provider, which accepts every credential without ``REFUSED_MARK``.

        Raises:
            RequestRefused: 404, or 403 if the caller's role may not write (the real call may be billed).
        """
        row = self._writable(caller, llm_id)
        refused = row["secret_refused"] or row["key_refused"] or self._api_keys.is_refused(row["api_key_id"])
        counted = {"validated": int(not refused), "validations": row["validations"] + 1}
        self._database.update("llm", counted, number=row["number"])
        return not refused

    def stats(self, caller: Caller, llm_id: str | None) -> list[dict[str, str]]:
        """Return the counters of the configurations that the caller may see, as strings. Only validations are counted.

        Raises:
            RequestRefused: 404 (ND) if the caller cannot see a configuration with this id.
        """
        if llm_id is None:
            rows = self._database.rows(f"{_VISIBLE} ORDER BY number", caller.user_id)
        else:
            rows = [self._seen(caller, llm_id)]
        none = dict.fromkeys(_COUNTERS, "0")
        return [{"aiLlmId": row["id"]} | none | {"totalApiCalls": str(row["validations"])} for row in rows]

    def as_listed(self, llm_id: str) -> dict[str, Any] | None:
        """Return a configuration as lists show it, whatever the caller may see, or None."""
        rows = self._database.rows(
            "SELECT llm.*, org_id FROM llm JOIN workspace ON workspace.id = llm.workspace_id WHERE llm.id = ?", llm_id
        )
        return next(iter(self._shown(rows)), None)

    def _seen(self, caller: Caller, llm_id: str) -> sqlite3.Row:
        row = self._database.row(f"{_VISIBLE} WHERE llm.id = ?", caller.user_id, llm_id)
        if row is None:
            raise RequestRefused(404, "AI LLM configuration not found")
        return row

    def _writable(self, caller: Caller, llm_id: str) -> sqlite3.Row:
        row = self._seen(caller, llm_id)
        self._workspaces.require_writer(caller, row["workspace_id"])
        return row

    def _require_stored_key(self, workspace_id: str, given: Mapping[str, Any]) -> None:
        if "apiKeyUuid" in given:
            self._api_keys.require(workspace_id, given["apiKeyUuid"])

    def _shown(self, rows: list[sqlite3.Row]) -> list[dict[str, Any]]:
        users: dict[str, list[dict[str, str]]] = {}
        for use in self._database.rows(
            "SELECT llm_id, id, name, created_at FROM repository_llm JOIN repository ON id = repository_id"
        ):
            repo = {"id": use["id"], "name": use["name"], "createdAt": use["created_at"]}
            users.setdefault(use["llm_id"], []).append(repo)
        return [_shown(row, users.get(row["id"], [])) for row in rows]


def _shown(row: sqlite3.Row, repos: list[dict[str, str]]) -> dict[str, Any]:
    stored_key = {} if row["api_key_id"] is None else {"apiKeyId": row["api_key_id"]}
    return {
        "id": row["id"],
        "orgId": row["org_id"],
        "workspaceId": row["workspace_id"],
        "userId": row["user_id"],
        "name": row["name"],
        "aiType": row["ai_type"],
        "endpoint": row["endpoint"],
        "key": row["key_mask"],
        **stored_key,
        "createdAt": row["created_at"],
        "repos": repos,
    }


def name_taken() -> RequestRefused:
    """Return the refusal for a name that is already used."""
    # The status is ND, and 400 is the likely one. Names are compared exactly.
    return RequestRefused(400, "An AI LLM configuration with this name already exists in this workspace")
