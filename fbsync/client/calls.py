"""The client: the API's calls over HTTP, and every foreign exception and odd answer turned into a ServerError."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import quote, urlencode

import httpx

from fbsync.client.answers import VALIDATE, Answer, failure_of, said, transport_error
from fbsync.client.signin import Session
from fbsync.client.transport import Connections
from fbsync.model.configurations import LiveLlm, Workspace
from fbsync.model.errors import FbsyncError
from fbsync.model.secret import Secret
from fbsync.model.server import Failure, Listing, ServerError, Validation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping
    from pathlib import Path
    from types import TracebackType

    from fbsync.model.server import Fields
    from fbsync.settings import Account

_Token = TypeVar("_Token")


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
        timeout: seconds that an answer may take.
        ca_file: certificates of authorities to trust, or None for those of the environment.
        on_exchange: told of every exchange.

    Raises:
        FbsyncError: there are no means of signing in, or the file of certificates cannot be used.
    """

    def __init__(
        self,
        api_url: str,
        account: Account,
        *,
        timeout: float,
        ca_file: Path | None = None,
        on_exchange: Callable[[Exchange], None] = lambda _: None,
    ) -> None:
        self._session = Session(account, post=self._post_without_token)
        self._on_exchange = on_exchange
        self._api_url = api_url
        self._connections = Connections(api_url, timeout=timeout, ca_file=ca_file)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connections.aclose()

    @property
    def user_id(self) -> str | None:
        """The id of the user who is signed in, where signing in told it."""
        return None

    async def access_token(self) -> Secret:
        """The token that requests carry; signs in for it where there is none.

        Raises:
            ServerError: signing in failed.
        """
        return await _signed_in(self._session.token())

    async def list_llms(self, workspace_id: str | None) -> Listing:
        """The configurations of a workspace, or all that the caller may see.

        What the server lists for other workspaces is left out, and so is, in the latter case, what it lists
        without saying for which.

        Raises:
            ServerError: the call failed, or the answer is no such list.
        """
        answer = await self._call("GET", "/ai/llm", query={"workspaceId": workspace_id} if workspace_id else None)
        rows = _listed(answer, "GET /ai/llm", "aiLlms")
        llms = tuple(llm for llm in _live(rows, workspace_id) if workspace_id in (None, llm.workspace_id))
        return Listing(llms=llms, served_at=answer.served_at)

    async def list_workspaces(self) -> tuple[Workspace, ...]:
        """The workspaces that the caller may see; what else the answer tells of them is left alone.

        Raises:
            ServerError: the call failed, or the answer is no such list.
        """
        rows = _listed(await self._call("GET", "/workspace"), "GET /workspace", "workspaces")
        named = ((_text(row.get("id")), _text(row.get("name"))) for row in rows)
        return tuple(Workspace(id=workspace_id, name=name) for workspace_id, name in named if workspace_id and name)

    async def list_memberships(self) -> tuple[Workspace, ...]:
        """The workspaces that the caller may see, with the caller's role as far as the answers tell it.

        Who that is the profile says; of the other users in the list nothing is kept.

        Raises:
            ServerError: a call failed, or the answer is no such list.
        """
        me = await self._profile()
        rows = _listed(await self._call("GET", "/workspace"), "GET /workspace", "workspaces")
        named = ((_text(row.get("id")), _text(row.get("name")), row) for row in rows)
        return tuple(
            Workspace(id=workspace_id, name=name, role=_role(row, me))
            for workspace_id, name, row in named
            if workspace_id and name
        )

    async def _profile(self) -> Mapping[str, Any]:
        """Who the caller is; nothing where the server has no such page for this caller."""
        try:
            me = (await self._call("GET", "/user/profile")).body.get("data")
        except ServerError as error:
            if error.failure in (Failure.NOT_FOUND, Failure.NOT_ALLOWED):
                return {}
            raise
        return me if isinstance(me, dict) else {}

    async def create_llm(self, fields: Fields) -> str:
        """Makes a configuration; returns its id.

        Raises:
            ServerError: the call failed, or the answer holds no id (the outcome is then unknown).
        """
        answer = await self._call("POST", "/ai/llm", fields=fields)
        llm_id = answer.body.get("aiLlmId")
        if not isinstance(llm_id, str) or not llm_id:
            raise ServerError(
                "the server reported success but gave no id",
                hint="run `fbsync apply` again: it looks for the configuration before it sends anything",
                failure=Failure.UNKNOWN,
                status=answer.status,
            )
        return llm_id

    async def update_llm(self, llm_id: str, fields: Fields) -> None:
        """Changes the given fields of a configuration.

        Raises:
            ServerError: the call failed.
        """
        await self._call("PUT", f"/ai/llm/{quote(llm_id, safe='')}", fields=fields)

    async def delete_llm(self, llm_id: str) -> None:
        """Deletes a configuration.

        Raises:
            ServerError: the call failed.
        """
        await self._call("DELETE", f"/ai/llm/{quote(llm_id, safe='')}")

    async def validate_llm(self, llm_id: str) -> Validation:
        """Has the provider asked whether it takes a configuration's credential.

        Raises:
            ServerError: the call failed, so that there is no verdict.
        """
        answer = await self._answer("POST", f"/ai/llm/{quote(llm_id, safe='')}{VALIDATE}")
        if answer.status == httpx.codes.OK and answer.body.get("success") is False:
            return Validation(accepted=False, message=said(answer))
        self._checked(answer, ())
        return Validation(accepted=True, message=said(answer) if answer.body.get("message") else "")

    async def _call(
        self, method: str, path: str, *, fields: Fields | None = None, query: Mapping[str, str] | None = None
    ) -> Answer:
        """One call that succeeded.

        Raises:
            ServerError: it did not.
        """
        return self._checked(await self._answer(method, path, fields=fields, query=query), _secrets(fields or {}))

    async def _answer(
        self, method: str, path: str, *, fields: Fields | None = None, query: Mapping[str, str] | None = None
    ) -> Answer:
        """One call, sent a second time only if the token had expired: a 401 means that nothing was done."""
        token = await _signed_in(self._session.token())
        answer = await self._send(method, path, fields=fields, query=query, token=token)
        if answer.status == httpx.codes.UNAUTHORIZED:
            renewed = await _signed_in(self._session.renew(token))
            if renewed is not None:
                answer = await self._send(method, path, fields=fields, query=query, token=renewed)
        return answer

    async def _post_without_token(self, path: str, fields: Mapping[str, Secret]) -> Mapping[str, Any]:
        answer = await self._send("POST", path, fields=fields, query=None, token=None)
        return self._checked(answer, _secrets(fields)).body

    def _checked(self, answer: Answer, secrets: tuple[Secret, ...]) -> Answer:
        error = failure_of(answer, secrets)
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
        body = None if fields is None else json.dumps({str(k): _revealed(v) for k, v in fields.items()}).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token.reveal()}"
        start, status = time.monotonic(), None
        try:
            async with self._connections.one() as http:
                response = await http.request(
                    method, _parsed(self._api_url + path), content=body, params=query, headers=headers
                )
            status = response.status_code
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise transport_error(error, f"{method} {path}", self._api_url) from None
        finally:
            names = tuple(str(name) for name in fields or ())
            self._on_exchange(
                Exchange(method=method, path=path, fields=names, status=status, seconds=time.monotonic() - start)
            )
        return Answer.of(method, _shown_path(path, query), response)


@lru_cache(maxsize=16)
def _parsed(url: str) -> httpx.URL:
    """A URL as httpx takes it: all creations go to the same one, and httpx would take it apart for each."""
    return httpx.URL(url)


async def _signed_in(step: Awaitable[_Token]) -> _Token:
    """A step of signing in. When it fails, the call itself was not carried out, whatever became of the step.

    Raises:
        ServerError: it failed.
    """
    try:
        return await step
    except ServerError as error:
        passing = error.failure in (Failure.UNREACHABLE, Failure.THROTTLED, Failure.UNKNOWN)
        raise ServerError(
            f"signing in failed: {error.message}",
            hint=error.hint,
            failure=Failure.UNREACHABLE if passing else Failure.NOT_SIGNED_IN,
            status=error.status,
            is_transient=False,
        ) from None
    except FbsyncError as error:
        raise ServerError(error.message, hint=error.hint, failure=Failure.NOT_SIGNED_IN) from None


def _shown_path(path: str, query: Mapping[str, str] | None) -> str:
    return path + (f"?{urlencode(query)}" if query else "")


def _revealed(value: str | Secret | None) -> str | None:
    return value.reveal() if isinstance(value, Secret) else value


def _secrets(fields: Mapping[Any, str | Secret | None]) -> tuple[Secret, ...]:
    return tuple(value for value in fields.values() if isinstance(value, Secret))


def _listed(answer: Answer, call: str, field: str) -> list[dict[str, Any]]:
    """The objects of the list that an answer holds.

    Raises:
        ServerError: there is no such list in it.
    """
    rows = answer.body.get(field)
    if not isinstance(rows, list):
        raise ServerError(
            f'{call}: the answer holds no list "{field}"',
            hint="check that the API URL is the Flashback API's",
            failure=Failure.UNKNOWN,
            status=answer.status,
        )
    return [row for row in rows if isinstance(row, dict)]


def _live(rows: Iterable[dict[str, Any]], workspace_id: str | None) -> Iterable[LiveLlm]:
    """The listed configurations; one without an id, a name or a workspace cannot be reconciled and is left out."""
    for row in rows:
        llm_id, name = _text(row.get("id")), _text(row.get("name"))
        workspace = _text(row.get("workspaceId")) or workspace_id
        if llm_id and name and workspace:
            yield LiveLlm(
                id=llm_id,
                name=name,
                workspace_id=workspace,
                ai_type=_text(row.get("aiType")),
                endpoint=_text(row.get("endpoint")),
                key_mask="*" if row.get("key") else None,
                key_listed="key" in row,
            )


def _role(workspace: Mapping[str, Any], me: Mapping[str, Any]) -> str | None:
    """The role of a user in a workspace: by the user's id, or by the e-mail address."""
    users = workspace.get("users")
    for user in users if isinstance(users, list) else ():
        nested = user.get("user") if isinstance(user, dict) else None
        person = nested if isinstance(nested, dict) else {}
        ids = (user.get("userId"), person.get("id"), user.get("id")) if isinstance(user, dict) else ()
        emails = (user.get("email"), person.get("email")) if isinstance(user, dict) else ()
        if _is_among(me.get("id"), ids) or _is_among(me.get("email"), emails):
            return _text(user.get("role"))
    return None


def _is_among(value: object, others: Iterable[object]) -> bool:
    return isinstance(value, str) and bool(value) and value in others


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
