"""The fault script: which requests a sandbox is to fail, and how.

A JSON object::

    {
      "seed": 7,
      "rules": [
        {"match": {"method": "POST", "path": "/ai/llm", "name": "Chat", "nth": 1},
         "action": {"type": "process-then-drop"}},
        {"match": {"path": "/ai/**", "every": 10}, "times": 3,
         "action": {"type": "throttle", "retryAfter": 2, "form": "date"}}
      ]
    }

``match`` says which requests a rule is about; what is left out matches everything:

- ``method``: ``GET``, ``POST``, …; ``path``: a glob in which ``*`` stays within one segment and ``**`` does not;
  ``pathRegex``: a regular expression for the whole path; ``name``: the configuration's name, from the body or by
  the id in the path.
- Of the requests that match so far, counted for each rule by itself and from 1: ``nth`` only this one, ``every``
  each so-manieth, ``after`` only those after the first so many, ``chance`` each with this probability (drawn from
  ``seed`` and the rule's place, so that the same requests in the same order fare the same).

``times`` is how often a rule acts; without it, always. Rules are tried in their order, and the first that is
due decides the answer; ``listing-lag`` and ``expire-tokens`` decide no answer and act besides.

The actions, by ``type``:

- ``refuse``: the connection is reset; nothing is processed.
- ``process-then-drop``: the request is processed, then the connection is reset in place of an answer.
- ``process-then-status``: processed, then answered with ``status`` (500), ``body`` and ``headers`` as for ``status``.
- ``process-then-500``, ``process-then-502``, ``process-then-504``: the same, for short.
- ``status``: answered with ``status``, ``body`` (a string is sent as it is, all else as JSON; without one, the API's
  envelope) and ``headers``; nothing is processed. ``status`` 200 and ``success`` false make a failure in disguise.
- ``torn``: processed, then only the first ``bytes`` (half) of the body are sent. ``length``: ``full`` announces the
  whole body, so that the connection ends early; ``cut`` announces what is sent, so that the JSON itself is broken.
- ``slow``: waits ``before`` milliseconds, processes, waits ``after``, and spreads the body over ``dribble``.
- ``throttle``: ``status`` (429) with ``Retry-After`` of ``retryAfter`` seconds (1) in the given ``form``: ``seconds``,
  ``date`` or ``none``; nothing is processed.
- ``listing-lag``: a configuration that the request creates stays out of the next ``calls`` (1) listings.
- ``expire-tokens``: every access token that is out ends now, before the request is looked at.
"""

# Not under `from __future__ import annotations`: pydantic reads these annotations at run time.
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field, PositiveInt
from pydantic.alias_generators import to_camel

from fbsync.sandbox.json_file import read_record

_AS_JSON = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True, regex_engine="python-re")

Milliseconds = Annotated[float, Field(ge=0, le=600_000, allow_inf_nan=False)]
Status = Annotated[int, Field(ge=200, le=599)]


def _regular_expression(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return pattern


def _header_value(value: str) -> str:
    if not (value.isascii() and value.isprintable()):
        raise ValueError("is not printable ASCII, as a header's value has to be")
    return value


HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")]
HeaderValue = Annotated[str, AfterValidator(_header_value)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Which requests a rule is about."""

    __pydantic_config__: ClassVar = _AS_JSON
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] | None = None
    path: Annotated[str, Field(pattern="^(/|[*])")] | None = None
    path_regex: Annotated[str, AfterValidator(_regular_expression)] | None = None
    name: str | None = None
    nth: PositiveInt | None = None
    every: PositiveInt | None = None
    after: PositiveInt | None = None
    chance: Annotated[float, Field(ge=0, le=1)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """The connection is reset and nothing processed."""

    __pydantic_config__: ClassVar = _AS_JSON
    type: Literal["refuse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessThenDrop:
    """Processed, then the connection is reset."""

    __pydantic_config__: ClassVar = _AS_JSON
    type: Literal["process-then-drop"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessThenStatus:
    """Processed, then answered with another status; the short types name theirs."""

    __pydantic_config__: ClassVar = _AS_JSON
    type: Literal["process-then-status", "process-then-500", "process-then-502", "process-then-504"]
    status: Status = 500
    body: Any = None
    headers: Mapping[HeaderName, HeaderValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerStatus:
    """Answered without being processed."""

    __pydantic_config__: ClassVar = _AS_JSON
    type: Literal["status"]
    status: Status
    body: Any = None
    headers: Mapping[HeaderName, HeaderValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Torn:
    """Processed, and only a part of the body sent; without ``bytes``, half of it."""

    __pydantic_config__: ClassVar = _AS_JSON
    type: Literal["torn"]
    bytes: Annotated[int, Field(ge=0)] | None = None
    length: Literal["full", "cut"] = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    """Processed, with waiting before, after, and between the parts of the body."""

    __pydantic_config__: ClassVar = _AS_JSON
    type: Literal["slow"]
    before: Milliseconds = 0
    after: Milliseconds = 0
    dribble: Milliseconds = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """Told to come back later."""

    __pydantic_config__: ClassVar = _AS_JSON
    type: Literal["throttle"]
    status: Literal[429, 503] = 429
    retry_after: Annotated[int, Field(ge=0, le=86_400)] = 1
    form: Literal["seconds", "date", "none"] = "seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class LateListing:
    """What the request creates is listed late."""

    __pydantic_config__: ClassVar = _AS_JSON
    type: Literal["listing-lag"]
    calls: PositiveInt = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpireTokens:
    """Every access token ends."""

    __pydantic_config__: ClassVar = _AS_JSON
    type: Literal["expire-tokens"]


Deciding = Refuse | ProcessThenDrop | ProcessThenStatus | AnswerStatus | Torn | Slow | Throttle
"""The actions that decide the answer."""

Aside = LateListing | ExpireTokens
"""The actions that act besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of a script."""

    __pydantic_config__: ClassVar = _AS_JSON
    action: Annotated[Deciding | Aside, Field(discriminator="type")]
    match: Match = field(default_factory=Match)
    times: PositiveInt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultScript:
    """A whole script."""

    __pydantic_config__: ClassVar = _AS_JSON
    rules: tuple[Rule, ...] = ()
    seed: int = 0


def read_fault_script(path: Path) -> FaultScript:
    """Reads a fault script.

    Raises:
        InvalidInput: the file cannot be read, is no JSON, or does not fit.
    """
    remedy = f"the format is described by: python -m pydoc {__name__}"
    return read_record(path, FaultScript, rule="fault-script", remedy=remedy)
