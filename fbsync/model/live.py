"""The live state: what the server lists, and the workspaces that were asked for."""

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
        role: the role of whoever is signed in, where that was asked for and the server returns it.
    """

    id: str
    name: str
    role: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveLlm:
    """A configuration as the server lists it. Fields that an answer left out are None and not compared.

    The listing never holds the secret, and the key only masked, so neither is here.

    Attributes:
        key_mask: what the list shows in the key's place; None where it shows null or nothing.
        key_listed: whether the list has a field for the key at all, be it null.
        created_at: when the server says that it was created.
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
        """Whether it is listed with a key: a mask proves one, null proves nothing."""
        return self.key_mask is not None

    @property
    def withheld(self) -> tuple[Field, ...]:
        """The fields whose values are withheld, since they repeat a credential."""
        values = ((Field.NAME, self.name), (Field.AI_TYPE, self.ai_type), (Field.ENDPOINT, self.endpoint))
        return tuple(field for field, value in (*values, (Field.API_KEY, self.api_key_id)) if value == WITHHELD_VALUE)

    @property
    def identity(self) -> Identity:
        """The identity under which the server lists it."""
        return Identity(workspace_id=self.workspace_id, name=self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What the server lists.

    Attributes:
        workspaces: those that it listed.
        untold: those that it was asked for and would not list.
        temporary: temporary configurations that an earlier run left there, which are not among ``llms``.
        served_at: the server's time when it made the first of its lists, or None where it did not say.
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
