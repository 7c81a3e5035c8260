"""Signing in: get the access token, renew it during a run, and close the session."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from fbsync.client import hints
from fbsync.client.fields import identifier
from fbsync.model.errors import ExitCode, FbsyncError
from fbsync.model.secret import Secret
from fbsync.model.server_error import Failure, ServerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fbsync.foreign_text.redactor import Redactor
    from fbsync.settings import Account

_PASSING = (Failure.UNREACHABLE, Failure.THROTTLED, Failure.UNKNOWN)
"""Failures after which the same credentials may still work."""


class Post(Protocol):
    """A function that sends a body to a sign-in path and returns the answer's JSON. It raises ServerError."""

    async def __call__(
        self, path: str, fields: Mapping[str, Secret], token: Secret | None = None, /
    ) -> Mapping[str, Any]:
        """Send the body, with or without an access token."""


class TokenSource:
    """The access token of a run: given, or from a refresh token, or from an email address and a password.

    The API documents the token's lifetime without its unit. The token is therefore renewed only after the server
    refuses it with 401 (``flashback-api.md``, 'Signing in').

    Args:
        account: the credentials to sign in with.
        post: sends a body to a sign-in path.
        redactor: each token that the server returns is added to it.

    Raises:
        FbsyncError: there are no credentials to sign in with.

    Attributes:
        user_id: the user's id, or None if signing in has not returned it.
    """

    def __init__(self, account: Account, *, post: Post, redactor: Redactor) -> None:
        can_log_in = account.email is not None and account.password is not None
        if account.token is None and account.refresh_token is None and not can_log_in:
            raise FbsyncError(
                "there are no credentials to sign in with",
                hint="set FLASHBACK_TOKEN, or FLASHBACK_REFRESH_TOKEN, or FLASHBACK_EMAIL and FLASHBACK_PASSWORD",
                exit_code=ExitCode.NOT_ALLOWED,
            )
        self.user_id: str | None = None
        self._account = account
        self._post = post
        self._redactor = redactor
        self._token = account.token
        self._refresh_token = account.refresh_token
        self._opened: Secret | None = None
        self._attempts = 0
        self._failure: ServerError | None = None
        self._lock = asyncio.Lock()

    async def token(self) -> Secret:
        """Return the current access token. Sign in if there is none yet.

        Raises:
            FbsyncError: signing in failed.
        """
        if self._token is None and await self.renew(None) is None:
            raise FbsyncError("signing in returned no access token", hint=hints.SIGN_IN, exit_code=ExitCode.NOT_ALLOWED)
        assert self._token is not None
        return self._token

    async def renew(self, refused: Secret | None) -> Secret | None:
        """Get a new access token, once for all requests that were refused with the same token.

        They also share a failure: a request that waited for this attempt does not start another one at once.

        Args:
            refused: the token that the server refused, or None to sign in for the first time.

        Returns:
            A token other than the refused one, or None if there are no credentials left to get one with.

        Raises:
            FbsyncError: signing in failed.
        """
        attempts = self._attempts
        async with self._lock:
            if self._token is not None and self._token != refused:
                return self._token
            if self._attempts > attempts and self._failure is not None:
                raise self._failure
            self._failure = None
            try:
                answer = await self._sign_in()
            except ServerError as error:
                self._failure = error
                raise
            finally:
                self._attempts += 1
            return None if answer is None else self._take(answer)

    def _take(self, answer: Mapping[str, Any]) -> Secret | None:
        """Keep the tokens and the user's id from the answer to signing in.

        Raises:
            FbsyncError: there is no token, since the account is not verified yet.
        """
        token = _secret(answer, "accessToken") or _secret(answer, "token")
        refresh_token = _secret(answer, "refreshToken")
        self._redactor.add(*(secret for secret in (token, refresh_token) if secret is not None))
        if token is None and answer.get("verificationTokenId"):
            raise FbsyncError(
                "the account is not verified yet", hint=hints.NOT_VERIFIED, exit_code=ExitCode.NOT_ALLOWED
            )
        user = answer.get("user")
        self.user_id = (identifier(user.get("id")) if isinstance(user, dict) else None) or self.user_id
        self._token = token
        self._refresh_token = refresh_token or self._refresh_token
        return token

    async def _sign_in(self) -> Mapping[str, Any] | None:
        """Make one attempt: with the refresh token, which may work only once, or else with email and password."""
        email, password = self._account.email, self._account.password
        can_log_in = email is not None and password is not None
        if self._refresh_token is not None:
            used, self._refresh_token = self._refresh_token, None
            try:
                # The vendor's client and the documentation disagree on the name, so send both.
                answer = await self._post("/user/refresh", {"refresh_token": used, "refreshToken": used})
            except ServerError as error:
                if error.failure in _PASSING:
                    self._refresh_token = used
                    raise
                if not can_log_in:
                    raise
            else:
                # A session from before this run is the user's. For its own session, the run keeps the latest token.
                if self._opened is not None:
                    self._opened = _secret(answer, "refreshToken") or used
                return answer
        if email is not None and password is not None:
            answer = await self._post("/user/login", {"email": email, "password": password})
            self._opened = _secret(answer, "refreshToken")
            return answer
        return None

    async def close(self) -> None:
        """Sign out of the session that this run opened with email and password. A session of the user stays open.

        Raises:
            ServerError: signing out failed. Nothing depends on it.
        """
        if self._opened is not None:
            opened, self._opened = self._opened, None
            # The vendor's client and its own type disagree on the name, so send both.
            await self._post("/user/logout", {"refresh_token": opened, "refreshToken": opened}, self._token)


def _secret(answer: Mapping[str, Any], field: str) -> Secret | None:
    value = answer.get(field)
    usable = isinstance(value, str) and value.isascii() and value.isprintable() and " " not in value
    return Secret(value, reference=field) if usable and value else None
