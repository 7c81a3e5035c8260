"""Find the credential that a server repeats in a message, and encode it."""

from __future__ import annotations

import base64
import html
import json
from typing import TYPE_CHECKING, assert_never
from urllib.parse import quote

if TYPE_CHECKING:
    from fbsync.sandbox.fault_actions import Echo
    from fbsync.sandbox.seen_request import SeenRequest

_FIELDS = {
    "secret": ("secret",),
    "key": ("key",),
    "password": ("password",),
    "refreshToken": ("refresh_token", "refreshToken"),
}


class SeenSecrets:
    """The secrets that were sent, by configuration. The database has only hashes."""

    def __init__(self) -> None:
        self._by_id: dict[str, str] = {}
        self._last: str | None = None

    def note(self, request: SeenRequest, llm_id: str) -> None:
        """Keep the secret in a request, if it has one."""
        secret = request.fields.get("secret")
        if isinstance(secret, str):
            self._by_id[llm_id] = self._last = secret

    def of(self, llm_id: str) -> str | None:
        """Return the secret of a configuration, or else the last secret that was sent, or None."""
        return self._by_id.get(llm_id, self._last)


def repeated(request: SeenRequest, echo: Echo, secrets: SeenSecrets) -> str | None:
    """Return the credential that an answer must repeat, encoded. Return None if the request does not have it."""
    if echo.what == "token":
        value: object = request.token
    elif echo.what == "stored":
        value = secrets.of(request.llm_id)
    else:
        value = next((request.fields[name] for name in _FIELDS[echo.what] if name in request.fields), None)
    return _in_form(value, echo) if isinstance(value, str) and value else None


def _in_form(value: str, echo: Echo) -> str:
    match echo.form:
        case "plain":
            return value
        case "json":
            return json.dumps(value)[1:-1]
        case "unicode":
            units = value.encode("utf-16-be")
            return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
        case "url":
            return quote(value, safe="")
        case "html":
            return html.escape(value)
        case "base64":
            return base64.b64encode(value.encode()).decode()
        case _:
            assert_never(echo.form)
