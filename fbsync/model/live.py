"""The live state: the configurations that the server lists, and the workspaces that it was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.model.configurations import WITHHELD_VALUE, Field, Identity

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A workspace as the server lists it.

    Attributes:
        role: the signed-in user's role, if it was asked for and the server returns it.
    """

    id: str
    name: str
    role: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveLlm:
    """A configuration as the server lists it. Fields that an answer left out are None and not compared.

    The server never lists the secret, and lists the key only masked, so this record has neither.

    Attributes:
        key_mask: the mask that the list shows for the key, or None if it shows null or nothing.
        key_listed: whether the list has a field for the key at all, even if it is null.
        created_at: the time of its creation, according to the server.
        user_id: the user who created it.
        api_key_id: the stored provider key that it uses.
        repos: the names of the repositories that use it.
    """

    id: str
    name: str
    workspace_id: str
    ai_type: str | None = None
    endpoint: str | None = None
    key_mask: str | None = None
    key_listed: bool = False
    created_at: datetime | None = None
    user_id: str | None = None
    api_key_id: str | None = None
    repos: tuple[str, ...] = ()

    @property
    def has_key(self) -> bool:
        """Whether the server lists a key. A mask proves that there is a key; null proves nothing."""
        return self.key_mask is not None

    @property
    def withheld(self) -> tuple[Field, ...]:
        """The fields with a withheld value, since it repeats a credential."""
        values = ((Field.NAME, self.name), (Field.AI_TYPE, self.ai_type), (Field.ENDPOINT, self.endpoint))
        return tuple(field for field, value in (*values, (Field.API_KEY, self.api_key_id)) if value == WITHHELD_VALUE)

    @property
    def identity(self) -> Identity:
        """The identity that the server lists."""
        return Identity(workspace_id=self.workspace_id, name=self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What the server lists.

    Attributes:
        llms: the configurations, without temporary ones.
        workspaces: the ids of the workspaces that it listed.
        untold: the ids of the workspaces that it was asked for but would not list.
        temporary: temporary configurations that an earlier run left on the server.
        served_at: the server's time when it made its first list, or None if it did not say.
    """

    llms: tuple[LiveLlm, ...]
    workspaces: frozenset[str]
    untold: frozenset[str] = frozenset()
    temporary: tuple[LiveLlm, ...] = ()
    served_at: datetime | None = None

    @property
    def is_complete(self) -> bool:
        """Whether the server listed every workspace that it was asked for."""
        return not self.untold
