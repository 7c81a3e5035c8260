"""Open, renew, list and end sessions with their tokens (``flashback-api.md``, 'Signing in')."""

from __future__ import annotations

import secrets
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fbsync.sandbox.clock import iso
from fbsync.sandbox.hashing import token_hash

if TYPE_CHECKING:
    import sqlite3

    from fbsync.sandbox.database import Database

_SESSION_SECONDS = 30 * 86_400
"""The length of a session that lists show (ND). In the sandbox, a session lasts until it is ended."""

_HOLDER = (
    "SELECT session.id AS session_id, user_id, restricted FROM token"
    " JOIN session ON session.id = session_id JOIN user ON user.id = user_id"
    " WHERE hash = ? AND kind = ? AND (expires_at IS NULL OR expires_at > ?) AND active"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """A pair of tokens. ``expires_at`` is the access token's expiry in seconds since the epoch (the unit is ND)."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    session_id: str
    expires_at: int


class Sessions:
    """The sessions of a sandbox's users.

    Args:
        database: the database that has them.
        lifetime: for how many seconds an access token is valid.
    """

    def __init__(self, database: Database, *, lifetime: float) -> None:
        self._database = database
        self._lifetime = lifetime

    def open(self, user_id: str, *, restricted: bool) -> Tokens:
        """Open a session. ``restricted`` means that its tokens lack the second factor."""
        now = time.time()
        session_id = str(uuid.uuid4())
        row = {"id": session_id, "user_id": user_id, "restricted": int(restricted)}
        with self._database.transaction():
            self._database.insert("session", row | {"started_at": now, "last_activity": now})
            return self._issue(session_id)

    def renew(self, refresh_token: str) -> Tokens | None:
        """Return new tokens for a refresh token, which becomes invalid. Return None if it is not valid."""
        with self._database.transaction():
            found = self._find(refresh_token, "refresh")
            if found is None:
                return None
            self._database.write("DELETE FROM token WHERE hash = ?", token_hash(refresh_token))
            return self._issue(found["session_id"])

    def lift_restriction(self, session_id: str) -> Tokens:
        """Replace all tokens of a session with new ones that are not restricted, and return these."""
        with self._database.transaction():
            self._database.write("DELETE FROM token WHERE session_id = ?", session_id)
            self._database.write("UPDATE session SET restricted = 0 WHERE id = ?", session_id)
            return self._issue(session_id)

    def holder(self, access_token: str) -> sqlite3.Row | None:
        """Return the session and the user of an access token, or None if it is not valid."""
        return self._find(access_token, "access")

    def listed(self, user_id: str) -> list[dict[str, str]]:
        """Return a user's sessions in the form of the vendor's client."""
        rows = self._database.rows("SELECT * FROM session WHERE user_id = ? ORDER BY started_at", user_id)
        return [
            {
                "id": row["id"],
                "startedAt": iso(row["started_at"]),
                "lastActivity": iso(row["last_activity"]),
                "expiresAt": iso(row["started_at"] + _SESSION_SECONDS),
                "loginMethod": "PASSWORD",
            }
            for row in rows
        ]

    def close(self, session_id: str, *, user_id: str) -> bool:
        """End a user's session with all its tokens. Return whether it existed."""
        return bool(self._database.write("DELETE FROM session WHERE id = ? AND user_id = ?", session_id, user_id))

    def close_by_token(self, refresh_token: str) -> bool:
        """End the session of a refresh token. Return whether it existed."""
        found = self._find(refresh_token, "refresh")
        return found is not None and self.close(found["session_id"], user_id=found["user_id"])

    def expire_access_tokens(self) -> None:
        """End every access token. Refresh tokens stay valid."""
        self._database.write("DELETE FROM token WHERE kind = 'access'")

    def _find(self, token: str, kind: str) -> sqlite3.Row | None:
        return self._database.row(_HOLDER, token_hash(token), kind, time.time())

    def _issue(self, session_id: str) -> Tokens:
        access, refresh = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        now = time.time()
        ends = now + self._lifetime
        self._database.write("DELETE FROM token WHERE expires_at <= ?", now)
        self._database.write("UPDATE session SET last_activity = ? WHERE id = ?", now, session_id)
        for token, kind, end in ((access, "access", ends), (refresh, "refresh", None)):
            row = {"hash": token_hash(token), "kind": kind, "session_id": session_id, "expires_at": end}
            self._database.insert("token", row)
        return Tokens(access=access, refresh=refresh, session_id=session_id, expires_at=int(ends))
