"""The client: the API's calls. Each sends a request (``requests``) and interprets its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from fbsync.client.answers import server_words
from fbsync.client.fields import identifier
from fbsync.client.hints import VALIDATE
from fbsync.client.lists import api_keys_of, listed_workspaces, live_of, stats_of
from fbsync.client.requests import Exchange, Requests
from fbsync.foreign_text.redactor import Redactor
from fbsync.model.configurations import WITHHELD_VALUE
from fbsync.model.server import Listing, Validation
from fbsync.model.server_error import Failure, ServerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

    from fbsync.model.live import Workspace
    from fbsync.model.secret import Secret
    from fbsync.model.server import ApiKey, Fields, LlmStats
    from fbsync.settings import Account


class Client:
    """A server reached over HTTP; an asynchronous context manager.

    Args:
        api_url: the base URL, without a slash at its end.
        account: the credentials to sign in with.
        timeout: the time limit of a whole exchange, in seconds.
        ca_file: a file of CA certificates to trust, or None for the environment's.
        redactor: makes the server's words safe to show. The client adds the credentials to it.
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
        ca_file: Path | None = None,
        redactor: Redactor | None = None,
        on_exchange: Callable[[Exchange], None] = lambda _: None,
    ) -> None:
        self._redactor = redactor or Redactor()
        self._requests = Requests(
            api_url, account, timeout=timeout, ca_file=ca_file, redactor=self._redactor, on_exchange=on_exchange
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._requests.close()

    @property
    def user_id(self) -> str | None:
        """The signed-in user's id, or None if neither signing in nor ``learn_user`` returned it."""
        return self._requests.tokens.user_id

    @property
    def first_served_at(self) -> datetime | None:
        """The server's time at its first answer of any kind, or None if there was no answer or it did not say."""
        return self._requests.first_served_at

    async def access_token(self) -> Secret:
        """Return the token that requests carry. Sign in if there is none yet.

        Raises:
            ServerError: signing in failed.
        """
        return await self._requests.token()

    async def learn_user(self) -> None:
        """Get the signed-in user's id from the profile, unless it is known already.

        Raises:
            ServerError: the call failed.
        """
        if self.user_id is None:
            self._requests.tokens.user_id = identifier((await self._profile()).get("id"))

    async def list_llms(self, workspace_id: str | None) -> Listing:
        """List the configurations of a workspace, or all that the user may see.

        If the server also lists configurations of other workspaces, they are left out.

        Raises:
            ServerError: the call failed, or the answer is not such a list or is incomplete.
        """
        answer = await self._requests.call(
            "GET", "/ai/llm", query={"workspaceId": workspace_id} if workspace_id else None
        )
        return Listing(llms=tuple(live_of(answer, workspace_id, self._redactor)), served_at=answer.served_at)

    async def list_workspaces(self) -> tuple[Workspace, ...]:
        """List the workspaces that the user may see. Other fields of the answer are ignored.

        Raises:
            ServerError: the call failed, or the answer is not such a list or is incomplete.
        """
        return tuple(listed_workspaces(await self._requests.call("GET", "/workspace"), self._redactor))

    async def list_memberships(self) -> tuple[Workspace, ...]:
        """List the workspaces that the user may see, with the user's role if the answers have it.

        The profile says who the user is. Nothing about other users in the list is kept.

        Raises:
            ServerError: a call failed, or the answer is not such a list or is incomplete.
        """
        me = await self._profile()
        return tuple(listed_workspaces(await self._requests.call("GET", "/workspace"), self._redactor, me))

    async def _profile(self) -> Mapping[str, Any]:
        """The signed-in user's profile, or an empty mapping if the server has none for this user."""
        try:
            me = (await self._requests.call("GET", "/user/profile")).body.get("data")
        except ServerError as error:
            if error.failure in (Failure.NOT_FOUND, Failure.NOT_ALLOWED):
                return {}
            raise
        return me if isinstance(me, dict) else {}

    async def list_api_keys(self, workspace_id: str | None) -> tuple[ApiKey, ...]:
        """List a workspace's stored provider keys that are for AI, or all that the user may see.

        Raises:
            ServerError: the call failed, or the answer is not such a list or is incomplete.
        """
        query = {"workspaceId": workspace_id} if workspace_id else {}
        answer = await self._requests.call("GET", "/apikeys", query={**query, "capability": _FOR_AI})
        return tuple(api_keys_of(answer, self._redactor))

    async def llm_stats(self) -> tuple[LlmStats, ...]:
        """Get the usage counters of the configurations that the user may see.

        Raises:
            ServerError: the call failed, or the answer is not such a list or is incomplete.
        """
        return tuple(stats_of(await self._requests.call("GET", "/ai/llm/stats"), self._redactor))

    async def create_llm(self, fields: Fields) -> str | None:
        """Create a configuration. Return its id, or None if the server confirmed it without a usable id.

        An id that repeats a credential is not usable, since the known state would then contain the credential.

        Raises:
            ServerError: the call failed.
        """
        answer = await self._requests.call("POST", "/ai/llm", fields=fields)
        llm_id = identifier(answer.body.get("aiLlmId"))
        return None if llm_id is None or self._redactor.value(llm_id) == WITHHELD_VALUE else llm_id

    async def update_llm(self, llm_id: str, fields: Fields) -> None:
        """Change the given fields of a configuration.

        Raises:
            ServerError: the call failed.
        """
        await self._requests.call("PUT", _path(llm_id), fields=fields)

    async def delete_llm(self, llm_id: str) -> None:
        """Delete a configuration. If the server says that it does not exist, it counts as deleted.

        Raises:
            ServerError: the call failed.
        """
        await self._requests.call("DELETE", _path(llm_id))

    async def validate_llm(self, llm_id: str) -> Validation:
        """Let the provider verify a configuration's credential.

        Raises:
            ServerError: the call failed, so there is no verdict.
        """
        answer = await self._requests.answer("POST", _path(llm_id) + VALIDATE)
        if answer.is_success_status and answer.body.get("success") is False:
            return Validation(accepted=False, message=server_words(answer, self._redactor, by_provider=True))
        self._requests.checked(answer)
        words = answer.body.get("message")
        return Validation(
            accepted=True, message=server_words(answer, self._redactor, by_provider=True) if words else ""
        )


_FOR_AI = "2"
"""The capability of stored keys that AI configurations use (``flashback-api.md``, 'Stored provider keys')."""


def _path(llm_id: str) -> str:
    """The path of a configuration.

    Raises:
        ServerError: the id is invalid, so it might name another path.
    """
    if identifier(llm_id) is None:
        raise ServerError(
            "the known state has an invalid id",
            hint="run `fbsync state list`, and `fbsync state forget` the entry; then `fbsync apply --adopt`",
            failure=Failure.REJECTED,
            is_transient=False,
        )
    return f"/ai/llm/{quote(llm_id, safe='')}"
