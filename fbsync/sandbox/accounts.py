"""Accounts: signing in, second factors, and the caller of a request (``flashback-api.md``, 'Signing in')."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from fbsync.sandbox.builtin import MFA_CODE
from fbsync.sandbox.hashing import is_hash_of
from fbsync.sandbox.request_refused import RequestRefused

if TYPE_CHECKING:
    from fbsync.sandbox.database import Database
    from fbsync.sandbox.sessions import Sessions, Tokens

_UNAUTHORIZED = 401
_FORBIDDEN = 403

ORG_ROLES = {0: "USER", 1: "BILLING", 2: "WORKSPACES", 254: "ADMINISTRATORS", 255: "OWNER"}
"""The roles in an organisation, by their number in the vendor's client."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The user who sent a request, and the session that the request belongs to."""

    user_id: str
    session_id: str


class Accounts:
    """The accounts of a sandbox.

    Args:
        database: the database that has them.
        sessions: the users' sessions.
        mfa: whether a login is restricted until the user sends a second factor.
    """

    def __init__(self, database: Database, sessions: Sessions, *, mfa: bool) -> None:
        self._database = database
        self._sessions = sessions
        self._mfa = mfa

    def authenticate(self, email: str, password: str) -> dict[str, Any]:
        """Check an email address and a password, and return the account as the answer shows it.

        Raises:
            RequestRefused: 401 with the documented ``error_code``.
        """
        user = self._database.row("SELECT * FROM user WHERE email = ?", email)
        if user is None:
            _deny("USER_NOT_FOUND")
        if not user["active"]:
            _deny("USER_INACTIVE")
        if user["password_hash"] is None:
            _deny("NO_PASSWORD_SET")
        if not is_hash_of(user["password_hash"], password):
            _deny("INVALID_PASSWORD")
        shown = {"id": user["id"], "email": user["email"], "name": user["name"]}
        return {**shown, "orgId": user["org_id"], "orgRole": user["org_role"]}

    def is_verified(self, user_id: str) -> bool:
        """Whether a user's email address is verified. Until then, a login returns no tokens (the rest of it is ND)."""
        user = self._database.row("SELECT validated FROM user WHERE id = ?", user_id)
        return user is not None and bool(user["validated"])

    def issue(self, user_id: str) -> Tokens:
        """Open a session for a user, as a login does."""
        return self._sessions.open(user_id, restricted=self._mfa)

    def renew(self, refresh_token: str) -> Tokens:
        """Exchange a refresh token for a new pair. The old one becomes invalid (ND, so this is the strict reading).

        Raises:
            RequestRefused: 401 if the token is unknown or was used before. Its ``error_code`` is ND.
        """
        tokens = self._sessions.renew(refresh_token)
        return _deny("INVALID_REFRESH_TOKEN") if tokens is None else tokens

    def log_out(self, refresh_token: str) -> None:
        """End the session of a refresh token.

        Raises:
            RequestRefused: 401 (ND) if the token is unknown.
        """
        if not self._sessions.close_by_token(refresh_token):
            _deny("INVALID_REFRESH_TOKEN")

    def verify(self, caller: Caller, *, mfa_type: str, code: str | None) -> Tokens:
        """Check the second factor of a login, and return tokens that are not restricted.

        Raises:
            RequestRefused: 401 (ND) if it is wrong.
        """
        if (mfa_type, code) != ("GOOGLE_AUTH", MFA_CODE):
            raise RequestRefused(_UNAUTHORIZED, "The MFA code is not valid", field="error")
        return self._sessions.lift_restriction(caller.session_id)

    def profile(self, caller: Caller) -> dict[str, Any]:
        """Return the caller's account as the profile shows it."""
        user = self._database.row("SELECT * FROM user WHERE id = ?", caller.user_id)
        assert user is not None
        role: int = user["org_role"]
        return {
            "id": user["id"],
            "name": user["name"],
            "lastName": user["last_name"],
            "email": user["email"],
            "orgId": user["org_id"],
            "orgRole": role,
            "orgRoleDescription": ORG_ROLES[role],
            "orgRoles": [number for number in ORG_ROLES if number <= role],
            "validated": bool(user["validated"]),
            "mfaRequired": self._mfa,
            "isBusiness": False,
        }

    def caller(self, access_token: str, *, restricted: bool = False) -> Caller:
        """Find the caller of an access token.

        Args:
            access_token: the token.
            restricted: whether to accept a token that still lacks its second factor.

        Raises:
            RequestRefused: 401 if the token is unknown or has expired (ND for an unknown one), or 403 (ND) if it is
                restricted.
        """
        found = self._sessions.holder(access_token)
        if found is None:
            raise RequestRefused(
                _UNAUTHORIZED,
                "The access token is not valid or has expired",
                headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
            )
        if found["restricted"] and not restricted:
            raise RequestRefused(_FORBIDDEN, "MFA is required: verify this login with POST /mfa/verify-login")
        return Caller(user_id=found["user_id"], session_id=found["session_id"])


def _deny(error_code: str) -> NoReturn:
    raise RequestRefused(_UNAUTHORIZED, error_code, field="error_code")
