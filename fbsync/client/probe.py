"""Probes: single requests whose answers, or whose failures, tell how the way to a server is."""

from __future__ import annotations

import json
import ssl
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

import httpx

from fbsync.client.answers import Answer, failure_of, moment, transport_error
from fbsync.client.transport import Connections
from fbsync.settings import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from fbsync.model.secret import Secret
    from fbsync.model.server import ServerError


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """What a probe brought.

    Attributes:
        body: the answer's JSON object; empty where there was none. It may hold other people's data.
        error: the failure, if it was one.
        is_answered: whether any HTTP answer came.
        date: the server's clock, by the answer's ``Date``.
        certified_until: the end of the server's certificate, where TLS was spoken.
    """

    body: Mapping[str, Any]
    error: ServerError | None
    is_answered: bool
    date: datetime | None = None
    certified_until: datetime | None = None


class Prober:
    """Sends probes to one server, each over a connection of its own.

    Args:
        api_url: the base URL.
        timeout: seconds that an answer may take.
        ca_file: certificates of authorities to trust, or None.

    Raises:
        FbsyncError: that file cannot be used (when the first probe is sent).
    """

    def __init__(self, api_url: str, *, timeout: float, ca_file: Path | None) -> None:
        self._api_url = api_url
        self._timeout = timeout
        self._ca_file = ca_file

    async def probe(self, path: str, token: Secret | None = None) -> Probed:
        """Sends a GET.

        Args:
            path: the call's path.
            token: the access token for it, or None.
        """
        headers = {} if token is None else {"Authorization": f"Bearer {token.reveal()}"}
        connections = Connections(self._api_url, timeout=self._timeout, ca_file=self._ca_file)
        try:
            async with (
                connections.one() as client,
                client.stream("GET", self._api_url + path, headers=headers) as response,
            ):
                until = _certified_until(response)
                await response.aread()
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            failure = transport_error(error, f"GET {path}", self._api_url)
            return Probed(body={}, error=failure, is_answered=False)
        finally:
            await connections.aclose()
        answer = Answer.of("GET", path, response)
        return Probed(
            body=answer.body,
            error=failure_of(answer, ()),
            is_answered=True,
            date=moment(response.headers.get("Date")),
            certified_until=until,
        )


def expiry_of(token: Secret) -> datetime | None:
    """Until when a token says that it is good: the ``exp`` of a JWT (RFC 7519, 4.1.4), read without trusting it."""
    parts = token.reveal().split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, claims, signature
        return None
    try:
        claims = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return datetime.fromtimestamp(float(claims["exp"]), UTC)
    except (ValueError, TypeError, KeyError, OverflowError, OSError, RecursionError):
        return None


def proxy_for(api_url: str) -> str | None:
    """The proxy that the environment names for a server, without its user and password; None for none."""
    parts = urlsplit(api_url)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    proxies = getproxies_environment()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if proxy is None:
        return None
    named = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    return f"{named.scheme}://{named.netloc.rpartition('@')[2]}"


def _certified_until(response: httpx.Response) -> datetime | None:
    stream = response.extensions.get("network_stream")
    tls = stream.get_extra_info("ssl_object") if stream is not None else None
    certificate = tls.getpeercert() if tls is not None else None
    if not certificate or "notAfter" not in certificate:
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)
