"""Workspaces: who may see one, and who may change its contents."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from fbsync.sandbox.request_refused import RequestRefused

if TYPE_CHECKING:
    import sqlite3

    from fbsync.sandbox.accounts import Caller
    from fbsync.sandbox.database import Database

_MEMBERS = "SELECT user.*, role FROM membership JOIN user ON user.id = user_id WHERE workspace_id = ? ORDER BY email"
_NOT_IN_SANDBOX = "This sandbox does not have this workspace. Add it with --workspace ID or a seed file"


class Role(StrEnum):
    """A user's role in a workspace, which says what the user may do there (``flashback-api.md``, 'Signing in')."""

    READ = "READ"
    WRITE = "WRITE"
    ADMIN = "ADMIN"


_WRITERS = (Role.WRITE, Role.ADMIN)
"""The role that a write needs is ND. The strict reading is that READ is not enough."""


class Workspaces:
    """The workspaces of a sandbox, as each caller may see them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def visible(self, caller: Caller) -> list[dict[str, Any]]:
        """Return every workspace that the caller has a role in."""
        rows = self._database.rows(
            "SELECT workspace.* FROM workspace JOIN membership ON workspace_id = id WHERE user_id = ? ORDER BY id",
            caller.user_id,
        )
        return [self._shown(row) for row in rows]

    def one(self, caller: Caller, workspace_id: str) -> dict[str, Any]:
        """Return a workspace.

        Raises:
            RequestRefused: 404 if it does not exist or the caller may not see it.
        """
        if self.role(caller, workspace_id) is not None:
            row = self._database.row("SELECT * FROM workspace WHERE id = ?", workspace_id)
            if row is not None:
                return self._shown(row)
        raise RequestRefused(404, "Workspace not found")

    def role(self, caller: Caller, workspace_id: str) -> Role | None:
        """Return the caller's role in a workspace, or None if there is no role or no such workspace."""
        row = self._database.row(
            "SELECT role FROM membership WHERE workspace_id = ? AND user_id = ?", workspace_id, caller.user_id
        )
        return None if row is None else Role(row["role"])

    def require_reader(self, caller: Caller, workspace_id: str) -> None:
        """Check that the caller may see what is in a workspace.

        Raises:
            RequestRefused: 403. The answer to a filter by a workspace that the caller may not see is ND. An empty list
                would look as if the workspace was empty, and a client may act on that.
        """
        if self.role(caller, workspace_id) is None:
            raise self._denied(workspace_id, "You do not have access to this workspace")

    def require_writer(self, caller: Caller, workspace_id: str) -> None:
        """Check that the caller may change what is in a workspace.

        Raises:
            RequestRefused: 403, also for a workspace that does not exist: no 404 is documented for a creation.
        """
        if self.role(caller, workspace_id) not in _WRITERS:
            raise self._denied(workspace_id, "You do not have permission to change anything in this workspace")

    def _denied(self, workspace_id: str, message: str) -> RequestRefused:
        """The 403. It says how to get a workspace that only the real server has, which a manifest may name by id."""
        missing = self._database.row("SELECT id FROM workspace WHERE id = ?", workspace_id) is None
        return RequestRefused(403, _NOT_IN_SANDBOX if missing else message)

    def _shown(self, row: sqlite3.Row) -> dict[str, Any]:
        users = [_member(member) for member in self._database.rows(_MEMBERS, row["id"])]
        return {"id": row["id"], "name": row["name"], "orgId": row["org_id"], "users": users}


def _member(row: sqlite3.Row) -> dict[str, Any]:
    user = {"id": row["id"], "name": row["name"], "lastName": row["last_name"], "email": row["email"]}
    return {"userId": row["id"], "role": row["role"], "user": user | {"orgRole": row["org_role"]}}
