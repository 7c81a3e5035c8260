"""The AI LLM configurations: listed, created, changed, deleted, validated (``flashback-api.md``)."""

from __future__ import annotations

import sqlite3
import uuid
from typing import TYPE_CHECKING, Any

from fbsync.sandbox.hashing import masked, salted_hash
from fbsync.sandbox.request_refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fbsync.sandbox.accounts import Caller
    from fbsync.sandbox.clock import Clock
    from fbsync.sandbox.database import Database
    from fbsync.sandbox.workspaces import Workspaces

REFUSED_MARK = "invalid"
"""A credential with this word in it, in any case, is one that the provider refuses at ``validate``."""

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
_COLUMNS = {"name": "name", "aiType": "ai_type", "endpoint": "endpoint"}
_VISIBLE = (
    "SELECT llm.*, org_id FROM llm JOIN workspace ON workspace.id = llm.workspace_id"
    " JOIN membership ON membership.workspace_id = llm.workspace_id AND membership.user_id = ?"
)


class Llms:
    """The configurations of a sandbox, as each caller may see and change them."""

    def __init__(self, database: Database, workspaces: Workspaces, clock: Clock) -> None:
        self._database = database
        self._workspaces = workspaces
        self._clock = clock

    def listed(self, caller: Caller, workspace_id: str | None) -> list[dict[str, Any]]:
        """What the caller may see, in one workspace or in all; oldest first, though the order is ND.

        Raises:
            RequestRefused: 403, the caller may not see the workspace.
        """
        if workspace_id is None:
            rows = self._database.rows(f"{_VISIBLE} ORDER BY number", caller.user_id)
        else:
            self._workspaces.require_reader(caller, workspace_id)
            sql = f"{_VISIBLE} WHERE llm.workspace_id = ? ORDER BY number"
            rows = self._database.rows(sql, caller.user_id, workspace_id)
        return self._shown(rows)

    def available(self, caller: Caller) -> list[dict[str, Any]]:
        """What the caller may see and the provider has accepted, newest first."""
        rows = self._database.rows(f"{_VISIBLE} WHERE validated ORDER BY number DESC", caller.user_id)
        return self._shown(rows)

    def create(self, caller: Caller, new: Mapping[str, Any]) -> str:
        """Creates a configuration and returns its id.

        Raises:
            RequestRefused: 403 without a writing role, 400 for a name that is taken.
        """
        self._workspaces.require_writer(caller, new["workspaceId"])
        llm_id = str(uuid.uuid4())
        row = {
            "id": llm_id,
            "workspace_id": new["workspaceId"],
            "user_id": caller.user_id,
            "created_at": self._clock.now(),
        }
        try:
            self._database.insert("llm", row | columns(new))
        except sqlite3.IntegrityError:
            raise name_taken() from None
        return llm_id

    def update(self, caller: Caller, llm_id: str, changes: Mapping[str, Any]) -> None:
        """Changes the fields given and no other.

        Raises:
            RequestRefused: 404 (ND), 403 without a writing role, 400 for a name that is taken.
        """
        row = self._writable(caller, llm_id)
        changed = columns(changes)
        if changed.keys() - {"name"}:
            # A changed credential, endpoint or type has yet to be validated (ND, and the careful reading).
            changed["validated"] = 0
        if not changed:
            return
        assignments = ", ".join(f"{column} = ?" for column in changed)
        sql = f"UPDATE llm SET {assignments} WHERE number = ?"  # noqa: S608 - columns come from columns()
        try:
            self._database.write(sql, *changed.values(), row["number"])
        except sqlite3.IntegrityError:
            raise name_taken() from None

    def delete(self, caller: Caller, llm_id: str) -> None:
        """Deletes a configuration for good.

        Raises:
            RequestRefused: 404, or 403: no writing role, or a repository uses it.
        """
        row = self._writable(caller, llm_id)
        try:
            self._database.write("DELETE FROM llm WHERE number = ?", row["number"])
        except sqlite3.IntegrityError:
            raise RequestRefused(403, "The AI LLM configuration is in use by a repository") from None

    def validate(self, caller: Caller, llm_id: str) -> bool:
        """Asks the made-up provider, who accepts every credential without ``REFUSED_MARK`` in it.

        Raises:
            RequestRefused: 404, 403 without a writing role (the real call may be billed).
        """
        row = self._writable(caller, llm_id)
        accepted = not (row["secret_refused"] or row["key_refused"])
        sql = "UPDATE llm SET validated = ?, validations = validations + 1 WHERE number = ?"
        self._database.write(sql, int(accepted), row["number"])
        return accepted

    def stats(self, caller: Caller, llm_id: str | None) -> list[dict[str, str]]:
        """The counters of what the caller may see, as strings; a validation is the only call ever made.

        Raises:
            RequestRefused: 404 (ND), the caller sees no configuration of this id.
        """
        if llm_id is None:
            rows = self._database.rows(f"{_VISIBLE} ORDER BY number", caller.user_id)
        else:
            rows = [self._seen(caller, llm_id)]
        none = dict.fromkeys(_COUNTERS, "0")
        return [{"aiLlmId": row["id"]} | none | {"totalApiCalls": str(row["validations"])} for row in rows]

    def as_listed(self, llm_id: str) -> dict[str, Any] | None:
        """A configuration as lists show it, whoever may see it."""
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

    def _shown(self, rows: list[sqlite3.Row]) -> list[dict[str, Any]]:
        users: dict[str, list[dict[str, str]]] = {}
        for use in self._database.rows(
            "SELECT llm_id, id, name, created_at FROM repository_llm JOIN repository ON id = repository_id"
        ):
            repo = {"id": use["id"], "name": use["name"], "createdAt": use["created_at"]}
            users.setdefault(use["llm_id"], []).append(repo)
        return [_shown(row, users.get(row["id"], [])) for row in rows]


def _shown(row: sqlite3.Row, repos: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "orgId": row["org_id"],
        "workspaceId": row["workspace_id"],
        "userId": row["user_id"],
        "name": row["name"],
        "aiType": row["ai_type"],
        "endpoint": row["endpoint"],
        "key": row["key_mask"],
        "createdAt": row["created_at"],
        "repos": repos,
    }


def columns(given: Mapping[str, Any]) -> dict[str, Any]:
    """The given fields (by their names in the API) as columns; a key of null takes the key away (ND)."""
    row: dict[str, Any] = {column: given[field] for field, column in _COLUMNS.items() if field in given}
    if "secret" in given:
        row |= {"secret_hash": salted_hash(given["secret"]), "secret_refused": _is_refused(given["secret"])}
    if "key" in given:
        key = given["key"]
        row |= {
            "key_hash": None if key is None else salted_hash(key),
            "key_mask": None if key is None else masked(key),
            "key_refused": _is_refused(key or ""),
        }
    return row


def _is_refused(credential: str) -> int:
    return int(REFUSED_MARK in credential.lower())


def name_taken() -> RequestRefused:
    """What a second use of a name gets."""
    # Which status a second use of a name gets is ND; 400 is the likely one. Names are compared exactly.
    return RequestRefused(400, "An AI LLM configuration with this name already exists in this workspace")
