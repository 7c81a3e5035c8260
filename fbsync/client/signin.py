"""Signing in: where the access token comes from, and how it is renewed when it expires during a run."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from fbsync.model.errors import ExitCode, FbsyncError
from fbsync.model.secret import Secret
from fbsync.model.server import ServerError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from fbsync.settings import Account

    Post = Callable[[str, Mapping[str, Secret]], Awaitable[Mapping[str, Any]]]


class Session:
    """The access token of a run: given, or got by a refresh token, or by e-mail and password.

    The token's lifetime is documented in a unit that is not, so it is renewed when the server refuses it
    (401) and not before (``flashback-api.md``, 'Signing in').

    Args:
        account: the means, from the environment.
        post: sends a body to a path without a token and gives the answer's JSON; raises ServerError.

    Raises:
        FbsyncError: there are no means at all.
    """

    def __init__(self, account: Account, *, post: Post) -> None:
        can_log_in = account.email is not None and account.password is not None
        if account.token is None and account.refresh_token is None and not can_log_in:
            raise FbsyncError(
                "there is nothing to sign in with",
                hint="set FLASHBACK_TOKEN, or FLASHBACK_REFRESH_TOKEN, or FLASHBACK_EMAIL and FLASHBACK_PASSWORD",
                exit_code=ExitCode.NOT_ALLOWED,
            )
        self._account = account
        self._post = post
        self._token = account.token
        self._refresh_token = account.refresh_token
        self._lock = asyncio.Lock()

    async def token(self) -> Secret:
        """The current access token; signs in when there is none yet."""
        if self._token is None and await self.renew(None) is None:
            raise FbsyncError(
                "signing in gave no access token",
                hint="check FLASHBACK_REFRESH_TOKEN, or FLASHBACK_EMAIL and FLASHBACK_PASSWORD",
                exit_code=ExitCode.NOT_ALLOWED,
            )
        assert self._token is not None
        return self._token

    async def renew(self, refused: Secret | None) -> Secret | None:
        """Gets a new access token, once for all requests that were refused with the same one.

        Args:
            refused: the token that the server would not take, or None to sign in for the first time.

        Returns:
            A token other than the refused one, or None where there are no means left to get one.

        Raises:
            ServerError: signing in failed.
        """
        async with self._lock:
            if self._token is not None and self._token != refused:
                return self._token
            answer = await self._sign_in()
            if answer is None:
                return None
            self._token = _secret(answer, "accessToken")
            self._refresh_token = _secret(answer, "refreshToken") or self._refresh_token
            return self._token

    async def _sign_in(self) -> Mapping[str, Any] | None:
        """One renewal: by the refresh token, which is taken to die with its use, else by e-mail and password."""
        email, password = self._account.email, self._account.password
        can_log_in = email is not None and password is not None
        if self._refresh_token is not None:
            used, self._refresh_token = self._refresh_token, None
            try:
                # Client and documentation disagree on the name, so both are sent.
                return await self._post("/user/refresh", {"refresh_token": used, "refreshToken": used})
            except ServerError:
                if not can_log_in:
                    raise
        if email is not None and password is not None:
            return await self._post("/user/login", {"email": email, "password": password})
        return None


def _secret(answer: Mapping[str, Any], field: str) -> Secret | None:
    value = answer.get(field)
    return Secret(value, reference=field) if isinstance(value, str) and value else None
