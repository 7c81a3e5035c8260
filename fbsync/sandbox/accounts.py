"""Accounts and tokens: signing in, renewing, and who a request comes from (``flashback-api.md``, 'Signing in')."""

from __future__ import annotations

import secrets
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from fbsync.sandbox.hashing import is_hash_of, token_hash
from fbsync.sandbox.request_refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fbsync.sandbox.database import Database

_UNAUTHORIZED = 401


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The user that a request comes from."""

    user_id: str
    org_id: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """A pair of tokens; ``expires_at`` is the access token's end in seconds since the epoch (the unit is ND)."""

    access: str
    refresh: str
    token_id: str
    expires_at: int


class Accounts:
    """The accounts of a sandbox.

    Args:
        database: where they are kept.
        lifetime: how many seconds an access token lives.
    """

    def __init__(self, database: Database, *, lifetime: float) -> None:
        self._database = database
        self._lifetime = lifetime

    def log_in(self, email: str, password: str) -> Tokens:
        """Signs in with e-mail and password.

        Raises:
            RequestRefused: 401 with the documented ``error_code``.
        """
        user = self._database.row("SELECT id, password_hash, active FROM user WHERE email = ?", email)
        if user is None:
            _deny("USER_NOT_FOUND")
        if not user["active"]:
            _deny("USER_INACTIVE")
        if user["password_hash"] is None:
            _deny("NO_PASSWORD_SET")
        if not is_hash_of(user["password_hash"], password):
            _deny("INVALID_PASSWORD")
        return self.issue(user["id"])

    def issue(self, user_id: str) -> Tokens:
        """Makes a new pair of tokens for a user."""
        with self._database.transaction():
            return self._issue(user_id)

    def renew(self, refresh_token: str) -> Tokens:
        """Trades a refresh token for a new pair; the old one dies (ND, so the careful reading).

        Raises:
            RequestRefused: 401, the token is unknown or was used before. Its ``error_code`` is ND.
        """
        used = token_hash(refresh_token)
        with self._database.transaction():
            found = self._database.row(
                "SELECT user_id FROM token JOIN user ON id = user_id WHERE hash = ? AND kind = 'refresh' AND active",
                used,
            )
            if found is None:
                _deny("INVALID_REFRESH_TOKEN")
            self._database.write("DELETE FROM token WHERE hash = ?", used)
            return self._issue(found["user_id"])

    def _issue(self, user_id: str) -> Tokens:
        access, refresh = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        now = time.time()
        ends = now + self._lifetime
        self._database.write("DELETE FROM token WHERE expires_at <= ?", now)
        for token, kind, end in ((access, "access", ends), (refresh, "refresh", None)):
            row = {"hash": token_hash(token), "kind": kind, "user_id": user_id, "expires_at": end}
            self._database.insert("token", row)
        return Tokens(access=access, refresh=refresh, token_id=str(uuid.uuid4()), expires_at=int(ends))

    def caller(self, access_token: str) -> Caller:
        """Finds out who an access token stands for.

        Raises:
            RequestRefused: 401 (ND, but what an expired token gives), the token is unknown or has expired.
        """
        found = self._database.row(
            "SELECT user.id, org_id, email FROM token JOIN user ON user.id = user_id"
            " WHERE hash = ? AND kind = 'access' AND expires_at > ? AND active",
            token_hash(access_token),
            time.time(),
        )
        if found is None:
            raise RequestRefused(
                _UNAUTHORIZED,
                "The access token is not valid or has expired",
                headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
            )
        return Caller(user_id=found["id"], org_id=found["org_id"], email=found["email"])

    def user_of(self, access_token: str) -> str | None:
        """The id of the user whom an access token stands for; None where it is not valid."""
        try:
            return self.caller(access_token).user_id
        except RequestRefused:
            return None

    @contextmanager
    def lent(self, user_id: str) -> Iterator[str]:
        """An access token that is valid for as long as the context lasts."""
        tokens = self.issue(user_id)
        try:
            yield tokens.access
        finally:
            for token in (tokens.access, tokens.refresh):
                self._database.write("DELETE FROM token WHERE hash = ?", token_hash(token))

    def expire_access_tokens(self) -> None:
        """Ends every access token that is out; refresh tokens stay good."""
        self._database.write("DELETE FROM token WHERE kind = 'access'")


def _deny(error_code: str) -> NoReturn:
    raise RequestRefused(_UNAUTHORIZED, "Signing in failed", error_code=error_code)
