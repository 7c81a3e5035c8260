r"""The fault script: which requests fail in a sandbox, and how.

It is a JSON object::

    {
      "seed": 7,
      "rules": [
        {"match": {"method": "POST", "path": "/ai/llm", "name": "Chat", "nth": 1},
         "action": {"type": "process-then-drop"}},
        {"match": {"path": "/ai/**", "every": 10}, "times": 3,
         "action": {"type": "throttle", "retryAfter": 2, "form": "date"}}
      ]
    }

``match`` selects the requests of a rule. A field that it leaves out matches everything:

- ``method``: ``GET``, ``POST``, …; ``path``: a glob in which ``*`` stays within one segment and ``**`` does not;
  ``pathRegex``: a regular expression for the whole path; ``name``: the configuration's name, from the body or by
  the id in the path.
- Each rule counts its matching requests from 1. ``nth`` selects only the request with this number, ``every`` each
  multiple of this number, ``after`` all requests after this number, and ``chance`` each request with this probability
  (drawn from ``seed`` and the rule's place, so that the same requests in the same order have the same faults).

``times`` limits how often a rule acts. The sandbox tries rules in order. Numbers in parentheses are defaults.

**These actions decide the answer.** The first of them that is due wins:

- ``refuse``: resets the connection, and processes nothing.
- ``process-then-drop``: processes the request, then resets the connection.
- ``process-then-status``: processes, then answers with ``status`` (500), ``body`` and ``headers`` as for ``status``.
  Short forms: ``process-then-500``, ``process-then-502``, ``process-then-503``, ``process-then-504``.
- ``process-later``: answers first and processes later. ``after``: this many milliseconds later (0). ``requests``: just
  before this many requests from now (1: before the next). ``answer``: ``drop``, ``status`` (with ``status``, 504) or
  ``hang`` (no answer until the client gives up). The request stays permitted if its token expires. It is lost if the
  sandbox stops.
- ``status``: answers with ``status``, ``body`` (a string is sent unchanged, anything else as JSON; without a body, the
  API's envelope) and ``headers``, and processes nothing. ``{"status": 200, "body": {"error": "…"}}`` and
  ``{"status": 200, "body": {"success": false}}`` are failures in disguise. A string with a ``Content-Type`` of
  ``application/json`` can be any JSON, including lone surrogates.
- ``proxy-page``: answers with a proxy's HTML page and ``status`` (502, but 404 and 200 work too). ``processed``
  (false): whether to process the request first.
- ``echo``: answers with ``status`` (400) and a message that repeats a credential. ``what``: the request's ``token``,
  ``secret``, ``key``, ``password`` or ``refreshToken``, or the ``stored`` secret of the configuration (or else the last
  secret that was sent; the sandbox then keeps secrets in memory). ``form``: ``plain``, ``json``, ``unicode`` (every
  letter as ``\uXXXX``), ``url``, ``html`` or ``base64``. ``page`` (false): whether to send it in a page. ``processed``
  (false): whether to process the request first. A request without that value gets its true answer.
- ``torn``: processes, then sends only the first ``bytes`` (half) of the body. ``length``: ``full`` announces the whole
  body, so that the connection ends early. ``cut`` announces what is sent, so that the JSON itself is broken.
- ``slow``: waits ``before``, processes, waits ``after``, and spreads the body over ``dribble``, all in milliseconds. No
  two parts are more than 100 ms apart, as long as there are bytes.
- ``endless-body``, ``gzip-bomb``: sends ``megabytes`` (1024) of JSON, plain or compressed by a factor of a thousand,
  with ``status`` (200). ``processed`` (false): whether to process the request first.
- ``throttle``: answers with ``status`` (429) and ``Retry-After``, and processes nothing. ``retryAfter``: seconds (1) in
  the given ``form`` (``seconds``, ``date`` or ``none``), or a string that is sent unchanged.

**These actions change the request or its true answer.** All that are due act in order, in addition to the one above:

- ``expire-tokens``: ends every access token before the request is processed.
- ``normalize``: stores and lists values in the server's spelling. ``what``: any of ``slash`` (added to endpoints),
  ``port`` (removes :443 and :80), ``host`` (lower case), ``type`` (lower case), ``trim`` and ``nfc`` (names). The
  default is all.
- ``fold-names``: refuses a name that differs from another name only in case, whitespace or Unicode form.
- ``reshape``: changes an answer of success: ``status`` (2xx), ``empty`` (no body), ``set`` and ``remove`` (fields of
  the body).
- ``ids``: changes the ids of configurations in ``where`` (``answers``, ``lists``, ``both``). ``form``: ``integer`` (the
  sandbox accepts these in paths too), ``same`` (every creation is answered with the id of the first one; lists keep the
  true ids), ``surrogate``, ``dot``, ``dot-dot``, ``blank`` or ``null``.
- ``rows``: changes rows of a list: those with ``names``, or all. ``set`` and ``remove`` change fields
  (``{"key": null}``, ``{"deletedAt": "2026-01-01T00:00:00Z"}``), ``become`` replaces a row with ``null``, ``text`` or
  ``list``, and ``add`` adds rows.
- ``short-list``: shows only the first ``limit`` rows (0: none), and none with the names in ``hide``. ``signs`` announce
  the rest: ``total``, ``hasMore``, ``nextCursor``, ``pagination``, ``link`` (the header ``Link: …; rel="next"``).
- ``stale-list``: a list shows again what it showed when the rule first acted on it.
- ``listing-lag``: a configuration that the request creates is not in the next ``calls`` (1) lists.
- ``tombstone``: a configuration that the request deletes stays in lists, with a ``deletedAt``.
"""

# Not under `from __future__ import annotations`: pydantic reads these annotations at run time.
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, PositiveInt

from fbsync.sandbox.fault_actions import AS_JSON, Deciding
from fbsync.sandbox.fault_effects import Effect
from fbsync.sandbox.json_file import read_record


def _regular_expression(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from None
    return pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The requests that a rule selects."""

    __pydantic_config__: ClassVar = AS_JSON
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] | None = None
    path: Annotated[str, Field(pattern="^(/|[*])")] | None = None
    path_regex: Annotated[str, AfterValidator(_regular_expression)] | None = None
    name: str | None = None
    nth: PositiveInt | None = None
    every: PositiveInt | None = None
    after: PositiveInt | None = None
    chance: Annotated[float, Field(ge=0, le=1)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of a script."""

    __pydantic_config__: ClassVar = AS_JSON
    action: Annotated[Deciding | Effect, Field(discriminator="type")]
    match: Match = field(default_factory=Match)
    times: PositiveInt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultScript:
    """A whole script."""

    __pydantic_config__: ClassVar = AS_JSON
    rules: tuple[Rule, ...] = ()
    seed: int = 0


def read_fault_script(path: Path) -> FaultScript:
    """Read a fault script.

    Raises:
        InvalidInput: the file cannot be read, is not JSON, or is not a valid fault script.
    """
    remedy = f"for the format, run: python -m pydoc {__name__}"
    return read_record(path, FaultScript, rule="fault-script", remedy=remedy)
