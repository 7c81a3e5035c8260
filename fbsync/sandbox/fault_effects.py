"""The actions of a fault script that change a request or its true answer. Several may act on one request."""

# Not under `from __future__ import annotations`: pydantic reads these annotations at run time.
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, PositiveInt

from fbsync.sandbox.fault_actions import AS_JSON

IdForm = Literal["integer", "same", "surrogate", "dot", "dot-dot", "blank", "null"]
Spelling = Literal["slash", "port", "host", "type", "trim", "nfc"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpireTokens:
    """Every access token expires."""

    __pydantic_config__: ClassVar = AS_JSON
    type: Literal["expire-tokens"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalize:
    """The values that the request sends are stored in the server's own spelling."""

    __pydantic_config__: ClassVar = AS_JSON
    type: Literal["normalize"]
    what: tuple[Spelling, ...] = ("slash", "port", "host", "type", "trim", "nfc")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldNames:
    """A name counts as taken if another differs only in case, whitespace or Unicode form."""

    __pydantic_config__: ClassVar = AS_JSON
    type: Literal["fold-names"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reshape:
    """A success is answered in another shape."""

    __pydantic_config__: ClassVar = AS_JSON
    type: Literal["reshape"]
    status: Annotated[int, Field(ge=200, le=299)] | None = None
    empty: bool = False
    set: Mapping[str, Any] = field(default_factory=dict)
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OddIds:
    """The ids of configurations have another form, in answers and lists."""

    __pydantic_config__: ClassVar = AS_JSON
    type: Literal["ids"]
    form: IdForm
    where: Literal["answers", "lists", "both"] = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows of a list are changed or added."""

    __pydantic_config__: ClassVar = AS_JSON
    type: Literal["rows"]
    names: tuple[str, ...] | None = None
    set: Mapping[str, Any] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    become: Literal["null", "text", "list"] | None = None
    add: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortList:
    """A list shows only some of its rows."""

    __pydantic_config__: ClassVar = AS_JSON
    type: Literal["short-list"]
    limit: Annotated[int, Field(ge=0)] | None = None
    hide: tuple[str, ...] = ()
    signs: tuple[Literal["total", "hasMore", "nextCursor", "pagination", "link"], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleList:
    """A list continues to show what it showed first."""

    __pydantic_config__: ClassVar = AS_JSON
    type: Literal["stale-list"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LateListing:
    """The configuration that the request creates is listed late."""

    __pydantic_config__: ClassVar = AS_JSON
    type: Literal["listing-lag"]
    calls: PositiveInt = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """The configuration that the request deletes stays in lists, with a ``deletedAt``."""

    __pydantic_config__: ClassVar = AS_JSON
    type: Literal["tombstone"]


Rewrite = Reshape | OddIds | Rows | ShortList | StaleList
"""The effects that change only the true answer."""

Effect = ExpireTokens | Normalize | FoldNames | LateListing | Tombstone | Rewrite
"""The actions that do not decide the answer."""
