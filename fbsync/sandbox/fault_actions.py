"""The actions of a fault script that decide the answer. Only one of them acts on a request."""

# Not under `from __future__ import annotations`: pydantic reads these annotations at run time.
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field, PositiveInt
from pydantic.alias_generators import to_camel

AS_JSON = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True, regex_engine="python-re")
"""The parsing rules of a fault script: camel case, no unknown fields, and no type conversions."""

_LATIN_1 = 0x100

Milliseconds = Annotated[float, Field(ge=0, le=600_000, allow_inf_nan=False)]
Megabytes = Annotated[int, Field(ge=1, le=4096)]
Status = Annotated[int, Field(ge=200, le=599)]


def _header_value(value: str) -> str:
    if not value.isprintable() or value != value.strip() or any(ord(letter) >= _LATIN_1 for letter in value):
        raise ValueError("must be printable Latin-1 without surrounding spaces, like a header's value")
    return value


HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")]
HeaderValue = Annotated[str, AfterValidator(_header_value)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """The connection is reset, and nothing is processed."""

    __pydantic_config__: ClassVar = AS_JSON
    type: Literal["refuse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessThenDrop:
    """The request is processed, and then the connection is reset."""

    __pydantic_config__: ClassVar = AS_JSON
    type: Literal["process-then-drop"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessThenStatus:
    """The request is processed, and then answered with another status. Short types name the status."""

    __pydantic_config__: ClassVar = AS_JSON
    type: Literal["process-then-status", "process-then-500", "process-then-502", "process-then-503", "process-then-504"]
    status: Status = 500
    body: Any = None
    headers: Mapping[HeaderName, HeaderValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessLater:
    """The request is answered at once and processed later, so that it may affect a later run of the client."""

    __pydantic_config__: ClassVar = AS_JSON
    type: Literal["process-later"]
    after: Milliseconds = 0
    requests: PositiveInt | None = None
    answer: Literal["drop", "status", "hang"] = "drop"
    status: Status = 504


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerStatus:
    """The request is answered without being processed."""

    __pydantic_config__: ClassVar = AS_JSON
    type: Literal["status"]
    status: Status
    body: Any = None
    headers: Mapping[HeaderName, HeaderValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyPage:
    """The request is answered with a proxy's HTML page."""

    __pydantic_config__: ClassVar = AS_JSON
    type: Literal["proxy-page"]
    status: Status = 502
    processed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """The request is answered with a message that repeats a credential."""

    __pydantic_config__: ClassVar = AS_JSON
    type: Literal["echo"]
    what: Literal["token", "secret", "key", "password", "refreshToken", "stored"] = "secret"
    form: Literal["plain", "json", "unicode", "url", "html", "base64"] = "plain"
    status: Status = 400
    processed: bool = False
    page: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Torn:
    """The request is processed, and only a part of the answer's body is sent. Without ``bytes``, it is half."""

    __pydantic_config__: ClassVar = AS_JSON
    type: Literal["torn"]
    bytes: Annotated[int, Field(ge=0)] | None = None
    length: Literal["full", "cut"] = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    """The request is processed with waits before it, after it, and between the parts of the answer's body."""

    __pydantic_config__: ClassVar = AS_JSON
    type: Literal["slow"]
    before: Milliseconds = 0
    after: Milliseconds = 0
    dribble: Milliseconds = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood:
    """The request is answered with a body that is far too large, either plain or compressed."""

    __pydantic_config__: ClassVar = AS_JSON
    type: Literal["endless-body", "gzip-bomb"]
    megabytes: Megabytes = 1024
    status: Status = 200
    processed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """The request is answered with 429: try again later."""

    __pydantic_config__: ClassVar = AS_JSON
    type: Literal["throttle"]
    status: Literal[429, 503] = 429
    retry_after: Annotated[int, Field(ge=0, le=86_400)] | HeaderValue = 1
    form: Literal["seconds", "date", "none"] = "seconds"


Deciding = (
    Refuse
    | ProcessThenDrop
    | ProcessThenStatus
    | ProcessLater
    | AnswerStatus
    | ProxyPage
    | Echo
    | Torn
    | Slow
    | Flood
    | Throttle
)
"""The actions that decide the answer."""
