"""The requests and replies that pass through the gate."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from http import HTTPStatus

from fbsync.model.temporary import TEMPORARY_NAME
from fbsync.sandbox.llm_columns import REFUSED_MARK


@dataclass(kw_only=True)
class Request:
    """A request on its way through the gate."""

    method: str
    path: str
    headers: dict[str, str]
    data: bytes

    @property
    def is_write(self) -> bool:
        """Whether it may change the server's records."""
        return self.method != "GET" and self.path.startswith("/ai/llm")

    @property
    def is_list(self) -> bool:
        """Whether it asks for the list."""
        return self.method == "GET" and self.path.partition("?")[0] == "/ai/llm"

    @property
    def key(self) -> str:
        """The key for drawing a fault. As far as possible, it does not depend on when the request arrives."""
        try:
            name = json.loads(self.data)["name"]
        except (ValueError, KeyError, TypeError):
            name = ""
        return f"{self.method} {'temporary' if self.is_trial else name}"

    @property
    def is_trial(self) -> bool:
        """Whether it creates a temporary configuration, whose name is unknown before."""
        return self.method == "POST" and re.search(TEMPORARY_NAME.encode(), self.data) is not None

    @property
    def is_refused(self) -> bool:
        """Whether it carries a credential that the provider refuses."""
        return f'"{REFUSED_MARK}'.encode() in self.data


@dataclass(kw_only=True)
class Reply:
    """An answer from the server or from the gate. Without a status, the connection is closed."""

    status: int | None = None
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    kept: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it is a success that arrives as JSON."""
        try:
            return self.status == HTTPStatus.OK and isinstance(json.loads(self.body[: self.kept]), dict)
        except ValueError:
            return False


def envelope(status: int, **headers: str) -> Reply:
    """An answer by the gate, in the API's envelope."""
    body = json.dumps({"success": False, "message": f"status {status}, says the gate"}).encode()
    return Reply(status=status, body=body, headers=headers)
