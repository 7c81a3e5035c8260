"""The server as an apply uses it: a small protocol and its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from fbsync.model.configurations import Field
from fbsync.model.secret import Secret

if TYPE_CHECKING:
    from datetime import datetime

    from fbsync.model.live import LiveLlm, Workspace

Fields: TypeAlias = Mapping[Field, str | Secret | None]
"""The fields of a request's body. None removes a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """The provider's verdict on a configuration's credential, as the server reports it.

    Attributes:
        message: the provider's words, made safe to show.
    """

    accepted: bool
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The server's complete list. A list that may be incomplete is a ServerError instead.

    Attributes:
        served_at: the server's time when it answered (``Date``, RFC 9110, 6.6.1), or None if it did not say.
    """

    llms: tuple[LiveLlm, ...]
    served_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A provider key that the vendor stores (``flashback-api.md``, 'Stored provider keys'), without the key itself.

    Attributes:
        llm_count: how many configurations use it, or None if the server does not say.
    """

    id: str
    provider: str | None = None
    description: str | None = None
    endpoint: str | None = None
    created_at: datetime | None = None
    llm_count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmStats:
    """The usage counters of a configuration.

    Attributes:
        counters: the API's name of each counter (``totalApiCalls``, …) with its value, in alphabetical order.
    """

    llm_id: str
    counters: tuple[tuple[str, int], ...]


class Server(Protocol):
    """The calls that reconciling needs (``flashback-api.md``, 'AI LLM configurations').

    Each raises ServerError and nothing else.
    """

    @property
    def user_id(self) -> str | None:
        """The signed-in user's id, or None if neither signing in nor ``learn_user`` returned it."""

    @property
    def first_served_at(self) -> datetime | None:
        """The server's time at its first answer of any kind, or None if there was no answer or it did not say."""

    async def learn_user(self) -> None:
        """Ask who is signed in, unless that is known already. A server may not say."""

    async def list_llms(self, workspace_id: str | None) -> Listing:
        """List the configurations of a workspace, or for None all that the user may see."""

    async def list_memberships(self) -> tuple[Workspace, ...]:
        """List the workspaces that the user may see, with the user's role in each."""

    async def list_workspaces(self) -> tuple[Workspace, ...]:
        """List the workspaces that the user may see."""

    async def list_api_keys(self, workspace_id: str | None) -> tuple[ApiKey, ...]:
        """List a workspace's stored provider keys that are for AI, or for None all that the user may see."""

    async def llm_stats(self) -> tuple[LlmStats, ...]:
        """Get the usage counters of the configurations that the user may see."""

    async def create_llm(self, fields: Fields) -> str | None:
        """Create a configuration. Return its id, or None if the server confirmed it without a readable id."""

    async def update_llm(self, llm_id: str, fields: Fields) -> None:
        """Change the given fields of a configuration and leave the others."""

    async def delete_llm(self, llm_id: str) -> None:
        """Delete a configuration for good."""

    async def validate_llm(self, llm_id: str) -> Validation:
        """Let the provider verify a configuration's credential: a real call, which may be billed."""
