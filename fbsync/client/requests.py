"""Send signed-in requests to the API, each in one HTTP exchange, and raise failures as ServerErrors."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from fbsync.client.answers import Answer, failure_of
from fbsync.client.failures import EXCHANGE_ERRORS, transport_error
from fbsync.client.signin import TokenSource
from fbsync.client.transport import ANSWER_LIMIT, LIST_LIMIT, Connections
from fbsync.model.configurations import Field
from fbsync.model.errors import FbsyncError
from fbsync.model.secret import Secret
from fbsync.model.server_error import Failure, ServerError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from fbsync.foreign_text.redactor import Redactor
    from fbsync.model.server import Fields
    from fbsync.settings import Account

_Result = TypeVar("_Result")

_SIGN_OUT_SECONDS = 1.5
"""The time limit for signing out. It is short, since it adds to a signal's grace period (``workflow.carry_out``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """The parts of a request and its answer that are safe to show: no body, header or value.

    Attributes:
        fields: the names of the fields that were sent.
        status: the HTTP status, or None without an answer.
        seconds: the duration, from the start of the request to the end of the answer.
    """

    method: str
    path: str
    fields: tuple[str, ...]
    status: int | None
    seconds: float


class Requests:
    """The requests and answers of one session.

    Args:
        api_url: the base URL, without a slash at its end.
        account: the credentials to sign in with.
        timeout: the time limit of a whole exchange, in seconds.
        ca_file: a file of CA certificates to trust, or None for the environment's.
        redactor: makes the server's words safe to show. Every credential that is sent is added to it.
        on_exchange: called with every exchange.

    Raises:
        FbsyncError: there are no credentials to sign in with, or the certificate file or the proxy cannot be used.
    """

    def __init__(
        self,
        api_url: str,
        account: Account,
        *,
        timeout: float,
        ca_file: Path | None,
        redactor: Redactor,
        on_exchange: Callable[[Exchange], None],
    ) -> None:
        self._redactor = redactor
        self._redactor.add(*account.secrets)
        self.tokens = TokenSource(account, post=self._post_to_sign_in, redactor=redactor)
        self._on_exchange = on_exchange
        self._api_url = api_url
        self.first_served_at: datetime | None = None
        self._connections = Connections(api_url, timeout=timeout, ca_file=ca_file)
        if self._connections.proxy is not None and self._connections.proxy.password is not None:
            self._redactor.add(self._connections.proxy.password)

    async def close(self) -> None:
        """Sign out of the session that this run opened, and close the connections."""
        try:
            # Nothing depends on signing out: a session that stays open ends by itself.
            with suppress(FbsyncError, TimeoutError):
                async with asyncio.timeout(_SIGN_OUT_SECONDS):
                    await self.tokens.close()
        finally:
            await self._connections.aclose()

    async def token(self) -> Secret:
        """Return the token that requests carry. Sign in if there is none yet.

        Raises:
            ServerError: signing in failed.
        """
        return await _signed_in(self.tokens.token())

    async def call(
        self, method: str, path: str, *, fields: Fields | None = None, query: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request, and return its answer if it is a success.

        Args:
            method: the HTTP method.
            path: the path.
            fields: the fields of the body, or None for no body.
            query: the query's parameters, or None.

        Raises:
            ServerError: the request failed.
        """
        return self.checked(await self.answer(method, path, fields=fields, query=query))

    async def answer(
        self, method: str, path: str, *, fields: Fields | None = None, query: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request, and return its answer, even if it is a failure. The arguments are those of ``call``.

        After a 401, which means that nothing was done, it renews the token and sends the request a second time.

        Raises:
            ServerError: there was no answer, or signing in failed.
        """
        self._redactor.add(*(value for value in (fields or {}).values() if isinstance(value, Secret)))
        token = await self.token()
        answer = await self._send(method, path, fields=fields, query=query, token=token)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            renewed = await _signed_in(self.tokens.renew(token))
            if renewed is not None:
                answer = await self._send(method, path, fields=fields, query=query, token=renewed)
        return answer

    def checked(self, answer: Answer) -> Answer:
        """Return the answer if it is a success.

        Raises:
            ServerError: the answer or its form says that the request failed.
        """
        error = failure_of(answer, self._redactor)
        if error is not None:
            raise error
        return answer

    async def _post_to_sign_in(
        self, path: str, fields: Mapping[str, Secret], token: Secret | None = None
    ) -> Mapping[str, Any]:
        return self.checked(await self._send("POST", path, fields=fields, query=None, token=token)).body

    async def _send(
        self,
        method: str,
        path: str,
        *,
        fields: Mapping[Any, str | Secret | None] | None,
        query: Mapping[str, str] | None,
        token: Secret | None,
    ) -> Answer:
        """Send one request, and read its answer. Secrets are revealed here, for the body and the header."""
        body = None if fields is None else json.dumps({_wire_name(k): _revealed(v) for k, v in fields.items()}).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token.reveal()}"
        whole = path + (f"?{urlencode(query, errors='replace')}" if query else "")
        limit = LIST_LIMIT if method == "GET" else ANSWER_LIMIT
        start, status = time.monotonic(), None
        try:
            response = await self._connections.send(method, whole, headers=headers, body=body, limit=limit)
            status = response.status
        except EXCHANGE_ERRORS as error:
            raise transport_error(
                error, method=method, path=path, api_url=self._api_url, proxy=self._connections.proxy
            ) from None
        finally:
            names = tuple(_wire_name(name) for name in fields or ())
            self._on_exchange(
                Exchange(method=method, path=path, fields=names, status=status, seconds=time.monotonic() - start)
            )
        answer = Answer.of(method, whole, response)
        self.first_served_at = self.first_served_at or answer.served_at
        return answer


async def _signed_in(step: Awaitable[_Result]) -> _Result:
    """Await a step of signing in. If it fails, the call itself was not carried out, whatever happened to the step.

    Raises:
        ServerError: the step failed. After a transient failure, the call may be retried like any other.
    """
    try:
        return await step
    except ServerError as error:
        passing = error.failure in (Failure.UNREACHABLE, Failure.THROTTLED, Failure.UNKNOWN)
        raise ServerError(
            f"signing in failed: {error.message}",
            hint=error.hint,
            failure=Failure.UNREACHABLE if passing else Failure.NOT_SIGNED_IN,
            retry_after=error.retry_after,
            is_transient=error.is_transient,
        ) from None
    except FbsyncError as error:
        raise ServerError(error.message, hint=error.hint, failure=Failure.NOT_SIGNED_IN, is_transient=False) from None


def _revealed(value: str | Secret | None) -> str | None:
    return value.reveal() if isinstance(value, Secret) else value


def _wire_name(field: object) -> str:
    """A field's name in a request, which names a stored key by uuid (``flashback-api.md``, 'Stored provider keys')."""
    return "apiKeyUuid" if field is Field.API_KEY else str(field)
