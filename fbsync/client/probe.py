"""Probes: single requests whose answers or failures show whether a server can be reached."""

from __future__ import annotations

import json
import ssl
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fbsync.client.answers import Answer, failure_of
from fbsync.client.failures import EXCHANGE_ERRORS, transport_error
from fbsync.client.transport import LIST_LIMIT, Connections

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from fbsync.client.transport import Response
    from fbsync.foreign_text.redactor import Redactor
    from fbsync.model.secret import Secret
    from fbsync.model.server_error import ServerError


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """The result of a probe.

    Attributes:
        body: the answer's JSON object, or an empty mapping if there was none. It may contain other people's data.
        error: the failure, or None.
        is_answered: whether there was an HTTP answer of any kind.
        date: the server's time, from the answer's ``Date`` header.
        certified_until: the end of the server certificate's validity, or None without TLS.
    """

    body: Mapping[str, Any]
    error: ServerError | None
    is_answered: bool
    date: datetime | None = None
    certified_until: datetime | None = None


class Prober:
    """Send probes to one server, each over a new connection.

    Args:
        api_url: the base URL.
        timeout: the time limit of a whole exchange, in seconds.
        ca_file: a file of CA certificates to trust, or None for the environment's.
        redactor: makes the server's words safe to show.
    """

    def __init__(self, api_url: str, *, timeout: float, ca_file: Path | None, redactor: Redactor) -> None:
        self._api_url = api_url
        self._timeout = timeout
        self._ca_file = ca_file
        self._redactor = redactor

    async def probe(self, path: str, token: Secret | None = None) -> Probed:
        """Send a GET request.

        Args:
            path: the call's path.
            token: the access token to send, or None.

        Raises:
            FbsyncError: the certificate file or the proxy cannot be used.
        """
        if token is not None:
            self._redactor.add(token)
        headers = {} if token is None else {"Authorization": f"Bearer {token.reveal()}"}
        connections = Connections(self._api_url, timeout=self._timeout, ca_file=self._ca_file)
        try:
            response = await connections.send("GET", path, headers=headers, limit=LIST_LIMIT)
        except EXCHANGE_ERRORS as error:
            failure = transport_error(error, method="GET", path=path, api_url=self._api_url, proxy=connections.proxy)
            return Probed(body={}, error=failure, is_answered=False)
        finally:
            await connections.aclose()
        answer = Answer.of("GET", path, response)
        return Probed(
            body=answer.body,
            error=failure_of(answer, self._redactor),
            is_answered=True,
            date=answer.served_at,
            certified_until=_certified_until(response),
        )


def expiry_of(token: Secret) -> datetime | None:
    """Return when a token expires: the ``exp`` of a JWT (RFC 7519, 4.1.4), unverified. None for other tokens."""
    parts = token.reveal().split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, claims, signature
        return None
    try:
        claims = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return datetime.fromtimestamp(float(claims["exp"]), UTC)
    except (ValueError, TypeError, KeyError, OverflowError, OSError, RecursionError):
        return None


def _certified_until(response: Response) -> datetime | None:
    certificate = response.tls.getpeercert() if response.tls is not None else None
    if not certificate or "notAfter" not in certificate:
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)
