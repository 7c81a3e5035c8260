"""What an HTTP answer, or its absence, means: the one place where foreign failures become ServerErrors."""

from __future__ import annotations

import re
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import httpx

from fbsync.model.server import Failure, ServerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fbsync.model.secret import Secret

_MESSAGE_LIMIT = 300
_AGAIN = "run `fbsync apply` again: it looks at the server's list before it sends anything"

_BY_STATUS = {
    401: Failure.NOT_SIGNED_IN,
    403: Failure.NOT_ALLOWED,
    404: Failure.NOT_FOUND,
    429: Failure.THROTTLED,
    503: Failure.THROTTLED,
}
_HINTS = {
    Failure.NOT_SIGNED_IN: "the access token has expired or is wrong: set a fresh FLASHBACK_TOKEN, or let "
    "fbsync renew it with FLASHBACK_REFRESH_TOKEN, or FLASHBACK_EMAIL and FLASHBACK_PASSWORD",
    Failure.NOT_ALLOWED: "ask for a role in this workspace that may write, or check the workspaceId",
    Failure.NOT_FOUND: "check the API URL and the workspaceId, or see `fbsync plan --refresh` for what the server has",
    Failure.REJECTED: "mend the entry as the server's message says, and run `fbsync apply` again",
    Failure.THROTTLED: "wait, lower --parallelism, and run `fbsync apply` again",
    Failure.UNKNOWN: _AGAIN,
}

_LIST_HINTS = _HINTS | {
    Failure.NOT_ALLOWED: "ask for a role in this workspace, or check the workspaceId",
    Failure.NOT_FOUND: "check the API URL and the workspaceId",
    Failure.REJECTED: "check the API URL and the workspaceId",
    Failure.THROTTLED: "wait, and run the command again, perhaps with a longer --retry-timeout",
    Failure.UNKNOWN: "run the command again later; if it stays so, check the API URL",
}
"""What to do where something was only asked for."""

VALIDATE = "/validate"
"""How the path of the call ends that has the provider asked."""

_VALIDATE_HINTS = _HINTS | {
    Failure.NOT_ALLOWED: "ask for a role in this workspace that may verify",
    Failure.NOT_FOUND: "it is not on the server any more: `fbsync drift` says so, and `fbsync apply` makes it anew",
    Failure.REJECTED: "see what the server says, and look at the entry with `fbsync plan --refresh`",
    Failure.THROTTLED: "wait, lower --parallelism, and run `fbsync verify` again",
    Failure.UNKNOWN: "run `fbsync verify` again if the verdict is worth another call, which may be billed",
}

_IN_USE = re.compile(r"\b(in use|used|uses|repositor(y|ies))\b", re.IGNORECASE)
"""A deletion is denied with the same status whether it is not allowed or in use: only the words tell them apart."""

_PRIVATE_CA = "for a private CA, name its certificate with --ca-file or SSL_CERT_FILE; do not go on otherwise"
_CERTIFICATE_HINTS = {
    9: "check this machine's clock: the certificate is not valid yet",
    10: "the server needs a new certificate; check this machine's clock, too",
    62: "check the API URL's host: the certificate is for another one",
    64: "check the API URL's address: the certificate is for another one",
}
"""By OpenSSL's verification codes (x509_vfy.h)."""

_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
)
"""Failures before the first byte of a request left. Any other may have come after the server acted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer.

    Attributes:
        call: method and path, for messages.
        body: the JSON object, or empty where ``is_json`` is false.
        is_json: whether the body was a JSON object at all.
    """

    call: str
    status: int
    body: Mapping[str, Any]
    is_json: bool
    location: str | None = None
    retry_after: float | None = None
    served_at: datetime | None = None

    @classmethod
    def of(cls, method: str, path: str, response: httpx.Response) -> Answer:
        """Reads a response. A body that is no JSON object is kept as none, whatever it is."""
        try:
            body = response.json()
        except (ValueError, RecursionError):
            body = None
        return cls(
            call=f"{method} {path}",
            status=response.status_code,
            body=body if isinstance(body, dict) else {},
            is_json=isinstance(body, dict),
            location=response.headers.get("Location"),
            retry_after=seconds_to_wait(response.headers.get("Retry-After"), now=datetime.now(UTC)),
            served_at=moment(response.headers.get("Date")),
        )


def failure_of(answer: Answer, secrets: Sequence[Secret]) -> ServerError | None:
    """The failure that an answer is, or None where it is a success (``flashback-api.md``, 'Common').

    Args:
        answer: the answer.
        secrets: what the request carried: a message that repeats any of it is withheld.
    """
    if answer.status == httpx.codes.OK and answer.is_json and answer.body.get("success") is not False:
        return None
    failure = _failure(answer)
    words = said(answer, secrets)
    hint = _hints(answer.call)[failure]
    if failure is Failure.NOT_ALLOWED and answer.call.startswith("DELETE") and _IN_USE.search(words):
        failure, hint = Failure.REJECTED, "take it out of the repositories that use it, and run `fbsync apply` again"
    if failure is Failure.NOT_SIGNED_IN and answer.call.startswith("POST /user/"):
        hint = "check FLASHBACK_REFRESH_TOKEN, or FLASHBACK_EMAIL and FLASHBACK_PASSWORD"
    if httpx.codes.is_redirect(answer.status):
        words = "the server redirects elsewhere; fbsync does not follow, so as not to hand the token on"
        hint = "set --api-url or FLASHBACK_API_URL to where the API really is"
    return ServerError(
        f"{answer.call} answered {answer.status}: {words}",
        hint=hint,
        failure=failure,
        status=answer.status,
        retry_after=answer.retry_after,
    )


def _hints(call: str) -> Mapping[Failure, str]:
    """What to do about each failure of a call, given as method and path."""
    if call.startswith("GET"):
        return _LIST_HINTS
    return _VALIDATE_HINTS if call.endswith(VALIDATE) else _HINTS


def _failure(answer: Answer) -> Failure:
    """What it means for the caller: a success status without its JSON, and most 5xx, leave the outcome open."""
    status = answer.status
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if httpx.codes.is_success(status):
        return Failure.REJECTED if answer.body.get("success") is False else Failure.UNKNOWN
    return Failure.UNKNOWN if httpx.codes.is_server_error(status) else Failure.REJECTED


def said(answer: Answer, secrets: Sequence[Secret] = ()) -> str:
    """The server's own words, made safe: untrusted text, which may repeat what was sent."""
    if not answer.is_json:
        return "a body that is not the API's JSON (a proxy's page, perhaps)"
    text = answer.body.get("message") or answer.body.get("error_code") or answer.body.get("error")
    if not isinstance(text, str) or not text.strip():
        return "no reason given"
    if any(secret.is_echoed_in(text) for secret in secrets):
        return "a message that repeats the credential, withheld here"
    plain = "".join(character if character.isprintable() else " " for character in text)
    words = " ".join(plain.split())
    return words if len(words) <= _MESSAGE_LIMIT else words[:_MESSAGE_LIMIT] + "…"


def transport_error(error: Exception, call: str, api_url: str) -> ServerError:
    """What a transport's exception means. Its own text is not shown, as it may hold parts of the request.

    Args:
        error: the exception.
        call: the request's method and path.
        api_url: the server.
    """
    if isinstance(error, _NOT_SENT):
        what, hint = _why_not_sent(error)
        # A certificate or a scheme does not get better by trying again.
        transient = isinstance(error, (httpx.ConnectError, httpx.TimeoutException, httpx.ProxyError))
        transient = transient and not isinstance(_root(error), ssl.SSLError)
        return ServerError(f"{api_url} {what}", hint=hint, failure=Failure.UNREACHABLE, is_transient=transient)
    timed_out = isinstance(error, httpx.TimeoutException)
    what = "did not answer in time" if timed_out else "broke the connection off"
    if call.startswith("GET"):
        hint = "check the network and try again" + ("; --timeout gives it longer" if timed_out else "")
    else:
        hint = f"whether the request was carried out is not known: {_hints(call)[Failure.UNKNOWN]}"
    return ServerError(f"{api_url} {what}", hint=hint, failure=Failure.UNKNOWN)


def _why_not_sent(error: Exception) -> tuple[str, str]:
    reason = _root(error)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return (
            f"has a TLS certificate that cannot be trusted: {reason.verify_message}",
            _CERTIFICATE_HINTS.get(reason.verify_code, _PRIVATE_CA),
        )
    if isinstance(reason, ssl.SSLError):
        return "does not speak TLS as expected", "check the API URL's scheme and port"
    if isinstance(error, httpx.TimeoutException):
        return (
            "cannot be reached: no connection in time",
            "check the network, a proxy (HTTPS_PROXY) and the API URL",
        )
    if isinstance(error, httpx.ProxyError):
        if str(error).startswith("407"):
            return "cannot be reached: the proxy wants its user and password", "put them into HTTPS_PROXY"
        return "cannot be reached through the proxy", "check HTTPS_PROXY and NO_PROXY"
    if isinstance(reason, socket.gaierror):
        return (
            "cannot be reached: the name of the host, or of a proxy, is not known",
            "check the API URL's host, the network's name service, and HTTPS_PROXY",
        )
    if isinstance(reason, ConnectionRefusedError):
        return (
            "refused the connection",
            "check that the server runs (or the proxy, where HTTPS_PROXY names one), and the API URL's host and port",
        )
    return (
        "cannot be reached",
        "check the network, the name of the host, a proxy (HTTPS_PROXY) and the API URL",
    )


def _root(error: BaseException) -> BaseException:
    """The exception at the bottom: libraries wrap the operating system's several times."""
    seen = {id(error)}
    while (below := error.__cause__ or error.__context__) is not None and id(below) not in seen:
        seen.add(id(below))
        if isinstance(below, BaseExceptionGroup):
            below = below.exceptions[0]
        error = below
    return error


def seconds_to_wait(value: str | None, *, now: datetime) -> float | None:
    """Understands ``Retry-After`` (RFC 9110, 10.2.3): seconds or a date; None for anything else."""
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value[:9])
    at = moment(value)
    return None if at is None else max(0.0, (at - now).total_seconds())


def moment(value: str | None) -> datetime | None:
    """Understands a date of HTTP (RFC 9110, 5.6.7); None for anything else."""
    try:
        at = parsedate_to_datetime(value or "")
        return at.replace(tzinfo=at.tzinfo or UTC)
    except (ValueError, OverflowError):
        return None
