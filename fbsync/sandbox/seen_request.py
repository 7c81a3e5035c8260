"""A request as faults see it. It is read completely before the application gets it, and a fault may change it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from fbsync.sandbox.state import KNOWN_CALLER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Scope

    from fbsync.sandbox.accounts import Caller

_LLMS = "/ai/llm"
_LISTS = frozenset((_LLMS, f"{_LLMS}/available"))
_WORDS = frozenset(("available", "stats"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRequest:
    """A request.

    Attributes:
        scope: its ASGI scope.
        body: the whole body.
        fields: the body's fields. Empty if it is not a JSON object.
    """

    scope: Scope
    body: bytes
    fields: Mapping[str, Any]

    @property
    def method(self) -> str:
        """The method, in capitals."""
        method: str = self.scope["method"]
        return method

    @property
    def path(self) -> str:
        """The path, without the query."""
        path: str = self.scope["path"]
        return path

    @property
    def is_creation(self) -> bool:
        """Whether it creates a configuration."""
        return (self.method, self.path) == ("POST", _LLMS)

    @property
    def is_llm_list(self) -> bool:
        """Whether it lists configurations."""
        return self.method == "GET" and self.path in _LISTS

    @property
    def llm_id(self) -> str:
        """The text in the path at the place of a configuration's id. Empty if there is none."""
        id_ = self.path.partition(f"{_LLMS}/")[2].partition("/")[0]
        return "" if id_ in _WORDS else id_

    @property
    def workspace_id(self) -> str | None:
        """The workspace that a list is filtered by, or None."""
        query: bytes = self.scope["query_string"]
        given = parse_qs(query.decode("latin-1")).get("workspaceId")
        return given[0] if given else None

    @property
    def token(self) -> str:
        """Its access token, or an empty string."""
        header = dict(self.scope["headers"]).get(b"authorization", b"").decode("latin-1")
        return header.removeprefix("Bearer ") if header.startswith("Bearer ") else ""

    def with_fields(self, fields: Mapping[str, Any]) -> SeenRequest:
        """Return the request with other fields in its body."""
        body = json.dumps(fields).encode()
        headers = [pair for pair in self.scope["headers"] if pair[0] != b"content-length"]
        headers.append((b"content-length", str(len(body)).encode()))
        return replace(self, scope={**self.scope, "headers": headers}, body=body, fields=fields)

    def with_llm_id(self, llm_id: str) -> SeenRequest:
        """Return the request with another id in its path."""
        path = self.path.replace(f"{_LLMS}/{self.llm_id}", f"{_LLMS}/{llm_id}", 1)
        return replace(self, scope={**self.scope, "path": path, "raw_path": path.encode()})

    def of(self, caller: Caller) -> SeenRequest:
        """Return the request with a fixed caller, whatever happens to its token."""
        return replace(self, scope={**self.scope, KNOWN_CALLER: caller})


def see(scope: Scope, body: bytes) -> SeenRequest:
    """Return a request from its ASGI scope and its body."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        fields = None
    return SeenRequest(scope=scope, body=body, fields=fields if isinstance(fields, dict) else {})
