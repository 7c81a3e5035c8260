"""The client: the API's calls over HTTP, and every foreign exception and odd answer turned into a ServerError."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import quote, urlencode

from fbsync.client.answers import Answer, failure_of, server_words
from fbsync.client.failures import EXCHANGE_ERRORS, transport_error
from fbsync.client.fields import identifier
from fbsync.client.hints import VALIDATE
from fbsync.client.lists import api_keys_of, listed_workspaces, live_of, stats_of
from fbsync.client.signin import TokenSource
from fbsync.client.transport import ANSWER_LIMIT, LIST_LIMIT, Connections
from fbsync.foreign_text import Redactor
from fbsync.model.configurations import WITHHELD_VALUE, Field
from fbsync.model.errors import FbsyncError
from fbsync.model.secret import Secret
from fbsync.model.server import Failure, Listing, ServerError, Validation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

    from fbsync.model.configurations import Workspace
    from fbsync.model.server import ApiKey, Fields, LlmStats
    from fbsync.settings import Account

_Result = TypeVar("_Result")

_SIGN_OUT_SECONDS = 1.5
"""Signing out comes after the grace that a signal leaves (``fbsync.workflow.session``), so it has to be short."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its answer, as much as may be shown: never a body, a header or a value.

    Attributes:
        fields: the names of the fields that were sent.
        status: the HTTP status, or None where no answer came.
        seconds: from the first byte sent to the last received.
    """

    method: str
    path: str
    fields: tuple[str, ...]
    status: int | None
    seconds: float


class Client:
    """A server behind HTTP; an asynchronous context manager.

    Args:
        api_url: the base URL, without a slash at its end.
        account: the means of signing in.
        timeout: seconds that a whole exchange may take.
        ca_file: certificates of authorities to trust, or None for those of the environment.
        redactor: makes the server's words safe to show; it gets to know the means of signing in.
        on_exchange: called with every exchange.

    Raises:
        FbsyncError: there are no means of signing in, or the file of certificates or the proxy cannot be used.
    """

    def __init__(
        self,
        api_url: str,
        account: Account,
        *,
        timeout: float,
        ca_file: Path | None = None,
        redactor: Redactor | None = None,
        on_exchange: Callable[[Exchange], None] = lambda _: None,
    ) -> None:
        self._redactor = redactor or Redactor()
        self._redactor.add(*account.secrets)
        self._tokens = TokenSource(account, post=self._post_to_sign_in, redactor=self._redactor)
        self._on_exchange = on_exchange
        self._api_url = api_url
        self._first_served_at: datetime | None = None
        self._connections = Connections(api_url, timeout=timeout, ca_file=ca_file)
        if self._connections.proxy is not None and self._connections.proxy.password is not None:
            self._redactor.add(self._connections.proxy.password)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            # Nothing depends on it: a session that stays open ends by itself.
            with suppress(FbsyncError, TimeoutError):
                async with asyncio.timeout(_SIGN_OUT_SECONDS):
                    await self._tokens.close()
        finally:
            await self._connections.aclose()

    @property
    def user_id(self) -> str | None:
        """The id of the user who is signed in, where signing in or ``learn_user`` returned it."""
        return self._tokens.user_id

    @property
    def first_served_at(self) -> datetime | None:
        """The server's clock when it gave its first answer, whatever that was; None before, or where it did not say."""
        return self._first_served_at

    async def access_token(self) -> Secret:
        """The token that requests carry; signs in for it where there is none.

        Raises:
            ServerError: signing in failed.
        """
        return await _signed_in(self._tokens.token())

    async def learn_user(self) -> None:
        """Ask the profile who is signed in, where nothing has told it yet.

        Raises:
            ServerError: the call failed.
        """
        if self.user_id is None:
            self._tokens.user_id = identifier((await self._profile()).get("id"))

    async def list_llms(self, workspace_id: str | None) -> Listing:
        """List the configurations of a workspace, or all that the caller may see.

        What the server lists for other workspaces is left out.

        Raises:
            ServerError: the call failed, or the answer is no such list, or not the whole.
        """
        answer = await self._call("GET", "/ai/llm", query={"workspaceId": workspace_id} if workspace_id else None)
        return Listing(llms=tuple(live_of(answer, workspace_id, self._redactor)), served_at=answer.served_at)

    async def list_workspaces(self) -> tuple[Workspace, ...]:
        """List the workspaces that the caller may see; other fields of the answer are ignored.

        Raises:
            ServerError: the call failed, or the answer is no such list, or not the whole.
        """
        return tuple(listed_workspaces(await self._call("GET", "/workspace"), self._redactor))

    async def list_memberships(self) -> tuple[Workspace, ...]:
        """List the workspaces that the caller may see, with the caller's role as far as the answers have it.

        Who that is the profile says; of the other users in the list nothing is kept.

        Raises:
            ServerError: a call failed, or the answer is no such list, or not the whole.
        """
        me = await self._profile()
        return tuple(listed_workspaces(await self._call("GET", "/workspace"), self._redactor, me))

    async def _profile(self) -> Mapping[str, Any]:
        """Who the caller is; nothing where the server has no such page for this caller."""
        try:
            me = (await self._call("GET", "/user/profile")).body.get("data")
        except ServerError as error:
            if error.failure in (Failure.NOT_FOUND, Failure.NOT_ALLOWED):
                return {}
            raise
        return me if isinstance(me, dict) else {}

    async def list_api_keys(self, workspace_id: str | None) -> tuple[ApiKey, ...]:
        """List the stored provider keys of a workspace that are for AI, or all that the caller may see.

        Raises:
            ServerError: the call failed, or the answer is no such list, or not the whole.
        """
        query = {"workspaceId": workspace_id} if workspace_id else {}
        answer = await self._call("GET", "/apikeys", query={**query, "capability": _FOR_AI})
        return tuple(api_keys_of(answer, self._redactor))

    async def llm_stats(self) -> tuple[LlmStats, ...]:
        """Count what the configurations that the caller may see were used for.

        Raises:
            ServerError: the call failed, or the answer is no such list, or not the whole.
        """
        return tuple(stats_of(await self._call("GET", "/ai/llm/stats"), self._redactor))

    async def create_llm(self, fields: Fields) -> str | None:
        """Create a configuration; return its id, or None where the server confirmed it without a usable id.

        An id that repeats a credential is none: it would stand in the known state.

        Raises:
            ServerError: the call failed.
        """
        answer = await self._call("POST", "/ai/llm", fields=fields)
        llm_id = identifier(answer.body.get("aiLlmId"))
        return None if llm_id is None or self._redactor.value(llm_id) == WITHHELD_VALUE else llm_id

    async def update_llm(self, llm_id: str, fields: Fields) -> None:
        """Change the given fields of a configuration.

        Raises:
            ServerError: the call failed.
        """
        await self._call("PUT", _path(llm_id), fields=fields)

    async def delete_llm(self, llm_id: str) -> None:
        """Delete a configuration; one that the server says is not there is deleted.

        Raises:
            ServerError: the call failed.
        """
        await self._call("DELETE", _path(llm_id))

    async def validate_llm(self, llm_id: str) -> Validation:
        """Have the provider asked whether it takes a configuration's credential.

        Raises:
            ServerError: the call failed, so that there is no verdict.
        """
        answer = await self._answer("POST", _path(llm_id) + VALIDATE)
        if answer.is_success_status and answer.body.get("success") is False:
            return Validation(accepted=False, message=server_words(answer, self._redactor, by_provider=True))
        self._checked(answer)
        words = answer.body.get("message")
        return Validation(
            accepted=True, message=server_words(answer, self._redactor, by_provider=True) if words else ""
        )

    async def _call(
        self, method: str, path: str, *, fields: Fields | None = None, query: Mapping[str, str] | None = None
    ) -> Answer:
        """One call that succeeded.

        Raises:
            ServerError: it did not.
        """
        return self._checked(await self._answer(method, path, fields=fields, query=query))

    async def _answer(
        self, method: str, path: str, *, fields: Fields | None = None, query: Mapping[str, str] | None = None
    ) -> Answer:
        """One call, sent a second time only if the token had expired: a 401 means that nothing was done."""
        self._redactor.add(*(value for value in (fields or {}).values() if isinstance(value, Secret)))
        token = await _signed_in(self._tokens.token())
        answer = await self._send(method, path, fields=fields, query=query, token=token)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            renewed = await _signed_in(self._tokens.renew(token))
            if renewed is not None:
                answer = await self._send(method, path, fields=fields, query=query, token=renewed)
        return answer

    async def _post_to_sign_in(
        self, path: str, fields: Mapping[str, Secret], token: Secret | None = None
    ) -> Mapping[str, Any]:
        return self._checked(await self._send("POST", path, fields=fields, query=None, token=token)).body

    def _checked(self, answer: Answer) -> Answer:
        error = failure_of(answer, self._redactor)
        if error is not None:
            raise error
        return answer

    async def _send(
        self,
        method: str,
        path: str,
        *,
        fields: Mapping[Any, str | Secret | None] | None,
        query: Mapping[str, str] | None,
        token: Secret | None,
    ) -> Answer:
        """One HTTP exchange; the only place where secrets are revealed, into the body and the header."""
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
        self._first_served_at = self._first_served_at or answer.served_at
        return answer


_FOR_AI = "2"
"""The capability of stored keys that AI configurations use (``flashback-api.md``, 'Stored provider keys')."""


def _path(llm_id: str) -> str:
    """The path of a configuration.

    Raises:
        ServerError: its id would name another path, or none.
    """
    if identifier(llm_id) is None:
        raise ServerError(
            "the known state has an invalid id",
            hint="run `fbsync state list`, and `fbsync state forget` the entry; then `fbsync apply --adopt`",
            failure=Failure.REJECTED,
            is_transient=False,
        )
    return f"/ai/llm/{quote(llm_id, safe='')}"


async def _signed_in(step: Awaitable[_Result]) -> _Result:
    """A step of signing in. When it fails, the call itself was not carried out, whatever became of the step.

    Raises:
        ServerError: it failed; one that passes may be tried again, as any call.
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
    """A field's name in a request: a stored key is named by its uuid (``flashback-api.md``, 'Stored provider keys')."""
    return "apiKeyUuid" if field is Field.API_KEY else str(field)
