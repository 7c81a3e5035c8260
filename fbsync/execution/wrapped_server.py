"""A server that wraps another one: each call goes through one method, with the call's kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Enum, auto
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from fbsync.model.live import Workspace
    from fbsync.model.server import ApiKey, Fields, Listing, LlmStats, Server, Validation

_Result = TypeVar("_Result")


class Call(Enum):
    """The kind of a call. LOOK and COUNT change nothing. Nothing depends on COUNT, which gets usage counters."""

    LOOK = auto()
    COUNT = auto()
    CREATE = auto()
    CHANGE = auto()
    VALIDATE = auto()

    @property
    def writes(self) -> bool:
        """Whether the call may change configurations."""
        return self in (Call.CREATE, Call.CHANGE)


class WrappedServer(ABC):
    """A ``Server`` that forwards every call.

    Args:
        server: the server to forward to.
    """

    def __init__(self, server: Server) -> None:
        self._server = server

    @abstractmethod
    async def _pass_on(self, kind: Call, call: Callable[[], Awaitable[_Result]]) -> _Result:
        """Make a call, with whatever the subclass adds around it, or refuse to make it.

        Raises:
            ServerError: the call failed or was refused.
        """

    @property
    def user_id(self) -> str | None:
        """As in ``Server``."""
        return self._server.user_id

    @property
    def first_served_at(self) -> datetime | None:
        """As in ``Server``."""
        return self._server.first_served_at

    async def learn_user(self) -> None:
        """As in ``Server``."""
        await self._pass_on(Call.LOOK, self._server.learn_user)

    async def list_llms(self, workspace_id: str | None) -> Listing:
        """As in ``Server``."""
        return await self._pass_on(Call.LOOK, lambda: self._server.list_llms(workspace_id))

    async def list_memberships(self) -> tuple[Workspace, ...]:
        """As in ``Server``."""
        return await self._pass_on(Call.LOOK, self._server.list_memberships)

    async def list_workspaces(self) -> tuple[Workspace, ...]:
        """As in ``Server``."""
        return await self._pass_on(Call.LOOK, self._server.list_workspaces)

    async def list_api_keys(self, workspace_id: str | None) -> tuple[ApiKey, ...]:
        """As in ``Server``."""
        return await self._pass_on(Call.LOOK, lambda: self._server.list_api_keys(workspace_id))

    async def llm_stats(self) -> tuple[LlmStats, ...]:
        """As in ``Server``."""
        return await self._pass_on(Call.COUNT, self._server.llm_stats)

    async def create_llm(self, fields: Fields) -> str | None:
        """As in ``Server``."""
        return await self._pass_on(Call.CREATE, lambda: self._server.create_llm(fields))

    async def update_llm(self, llm_id: str, fields: Fields) -> None:
        """As in ``Server``."""
        await self._pass_on(Call.CHANGE, lambda: self._server.update_llm(llm_id, fields))

    async def delete_llm(self, llm_id: str) -> None:
        """As in ``Server``."""
        await self._pass_on(Call.CHANGE, lambda: self._server.delete_llm(llm_id))

    async def validate_llm(self, llm_id: str) -> Validation:
        """As in ``Server``."""
        return await self._pass_on(Call.VALIDATE, lambda: self._server.validate_llm(llm_id))
