"""Exchanges without an answer: the only place that turns the HTTP library's exceptions into ServerErrors."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

from fbsync.client import hints
from fbsync.client.library import httpx
from fbsync.model.errors import causes_of
from fbsync.model.server_error import Failure, ServerError

if TYPE_CHECKING:
    from fbsync.client.proxies import Proxy

NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
)
"""Failures before the first byte was sent. After any other failure, the server may have acted."""

EXCHANGE_ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError)
"""Everything that an exchange raises. ValueError: the request cannot be sent, such as a header with a line break."""

_PRIVATE_CA = "for a private CA, pass its certificate with --ca-file or SSL_CERT_FILE; otherwise do not continue"
_CERTIFICATE_HINTS = {
    9: "check this machine's clock: the certificate is not valid yet",
    10: "the server needs a new certificate; also check this machine's clock",
    62: "check the API URL's host: the certificate is for another one",
    64: "check the API URL's address: the certificate is for another one",
}
"""Hints by OpenSSL's verification codes (x509_vfy.h)."""


def transport_error(
    error: Exception, *, method: str, path: str, api_url: str, proxy: Proxy | None = None
) -> ServerError:
    """Return the ServerError for an exchange's exception.

    It leaves out the exception's text, which may contain parts of the request.

    Args:
        error: the exception.
        method: the request's method.
        path: the request's path.
        api_url: the server's URL.
        proxy: the proxy that the request went through, or None.
    """
    if isinstance(error, NOT_SENT) or not isinstance(error, (httpx.HTTPError, httpx.StreamError, OSError)):
        what, hint = _why_not_sent(error, proxy)
        # A retry does not fix a certificate or a scheme.
        transient = isinstance(error, (httpx.ConnectError, httpx.TimeoutException, httpx.ProxyError))
        transient = transient and not isinstance(_root(error), ssl.SSLError)
        return ServerError(f"{api_url} {what}", hint=hint, failure=Failure.UNREACHABLE, is_transient=transient)
    timed_out = isinstance(error, (httpx.TimeoutException, TimeoutError))
    what = "did not answer in time" if timed_out else "closed the connection"
    if method == "GET":
        hint = "check the network and try again" + (", perhaps with a longer --timeout" if timed_out else "")
    else:
        hint = f"whether the request was carried out is unknown: {hints.after(method, path, Failure.UNKNOWN)}"
    return ServerError(f"{api_url} {what}", hint=hint, failure=Failure.UNKNOWN)


def _why_not_sent(error: Exception, proxy: Proxy | None) -> tuple[str, str]:
    reason = _root(error)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return (
            f"has a TLS certificate that cannot be trusted: {reason.verify_message}",
            _CERTIFICATE_HINTS.get(reason.verify_code, _PRIVATE_CA),
        )
    if isinstance(reason, ssl.SSLError):
        return "does not answer with TLS", "check the API URL's scheme and port"
    if proxy is not None:
        return _why_not_through(error, proxy)
    if isinstance(error, httpx.TimeoutException):
        return "cannot be reached: no connection in time", "check the network and the API URL"
    if isinstance(reason, socket.gaierror):
        return (
            "cannot be reached: the host name is unknown",
            "check the API URL's host and the network's name service, or whether a proxy is needed (HTTPS_PROXY)",
        )
    if isinstance(reason, ConnectionRefusedError):
        return "refused the connection", "check that the server is running, and the API URL's host and port"
    return "cannot be reached", "check the network and the API URL, or whether a proxy is needed (HTTPS_PROXY)"


def _why_not_through(error: Exception, proxy: Proxy) -> tuple[str, str]:
    by = f"cannot be reached through the proxy {proxy.address} (${proxy.variable})"
    if isinstance(error, httpx.ProxyError) and str(error).startswith("407"):
        return f"{by}: it requires a user name and a password", hints.PROXY_SIGN_IN
    if isinstance(error, httpx.TimeoutException):
        return f"{by}: no connection in time", f"check {proxy.variable}, or list the server in NO_PROXY"
    reason = _root(error)
    if isinstance(reason, socket.gaierror):
        why = ": unknown host name"
    else:
        why = ": connection refused" if isinstance(reason, ConnectionRefusedError) else ""
    return by + why, f"check {proxy.variable}, or list the server in NO_PROXY"


def _root(error: BaseException) -> BaseException:
    """The innermost cause of an exception: libraries wrap the operating system's error several times."""
    *_, innermost = causes_of(error)
    return innermost
