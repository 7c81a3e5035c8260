"""The meaning of an HTTP answer: success, or a kind of failure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn

from fbsync.client import hints
from fbsync.client.http_dates import moment, seconds_to_wait
from fbsync.client.shape import media_type, shape_of
from fbsync.model.server_error import Failure, ServerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fbsync.client.transport import Response
    from fbsync.foreign_text.redactor import Redactor

_ERRORS = ("error", "error_code", "error_message")
"""The fields that similar endpoints use for errors (``flashback-api.md``, 'Around it')."""
_WORDS = ("message", "error_message", "error", "error_code", "errorCode")
"""The fields that may contain the message, the most useful first."""

_REFUSED_BY_ANYBODY = (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED)
"""Statuses that reject a request before it is carried out, whoever sends them."""
_MAY_HAVE_ACTED = (HTTPStatus.FOUND, HTTPStatus.SEE_OTHER)
"""Redirects that also answer a request that was carried out (RFC 9110, 15.4.3 and 15.4.4)."""

_IN_USE = re.compile(r"\b(in use|used|uses|repositor(y|ies))\b", re.IGNORECASE)
"""Words of a denied deletion if the configuration is in use. A forbidden deletion has the same status."""
_MFA = re.compile(r"\b(mfa|2fa|totp|(multi|two|second)[ -]?factor)\b", re.IGNORECASE)
"""Words of a refusal of an MFA account's restricted token. The API documents only its message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer to one call of the API.

    Attributes:
        method: the call's method.
        path: the call's path, with its query.
        body: the JSON object, or an empty mapping if there was none.
        is_json: whether the body was a JSON object.
        is_empty: whether there was no body at all.
        oddity: the shape of a body that is not a JSON object.
        headers: the headers; their names ignore case.
    """

    method: str
    path: str
    status: int
    body: Mapping[str, Any]
    is_json: bool
    is_empty: bool = False
    oddity: str = ""
    headers: Mapping[str, str]

    @classmethod
    def of(cls, method: str, path: str, response: Response) -> Answer:
        """Read a response. Of a body that is not a JSON object, only the shape is kept."""
        body, oddity = _body_of(response)
        return cls(
            method=method,
            path=path,
            status=response.status,
            body=body or {},
            is_json=body is not None,
            is_empty=response.flaw is None and not response.body.strip(),
            oddity=oddity,
            headers=response.headers,
        )

    @property
    def call(self) -> str:
        """The method and the path, for messages."""
        return f"{self.method} {self.path}"

    @property
    def is_success_status(self) -> bool:
        """Whether the status is any 2xx."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def served_at(self) -> datetime | None:
        """The server's time, from the ``Date`` header."""
        return moment(self.headers.get("Date"))

    @property
    def retry_after(self) -> float | None:
        """The number of seconds that the server asks to wait, or None."""
        return seconds_to_wait(self.headers.get("Retry-After"), now=datetime.now(UTC))

    @property
    def is_read(self) -> bool:
        """Whether the call only reads. Even an unclear answer to such a call leaves nothing in doubt."""
        return self.method == "GET" or self.path.startswith("/user/")


def _body_of(response: Response) -> tuple[dict[str, Any] | None, str]:
    """The JSON object of a response and an empty text, or None and the shape of the body."""
    if response.flaw is not None:
        return None, f"a body {response.flaw}"
    if not response.body.strip():
        return None, "no body"
    try:
        body = json.loads(response.body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None, f"{len(response.body)} bytes of {media_type(response.headers.get('Content-Type'))}, not JSON"
    return (body, "") if isinstance(body, dict) else (None, shape_of(body))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are not JSON (RFC 8259, 6)


def failure_of(answer: Answer, redactor: Redactor) -> ServerError | None:
    """Return the failure that an answer means, or None for a success (``design.md``, 'Applying').

    Args:
        answer: the answer.
        redactor: makes the answer's words safe to show.
    """
    if _is_success(answer):
        return None
    failure = _failure_kind(answer)
    words = server_words(answer, redactor)
    hint = hints.after(answer.method, answer.path, failure)
    if failure is Failure.NOT_ALLOWED and answer.method == "DELETE" and _IN_USE.search(words):
        failure, hint = Failure.REJECTED, hints.IN_USE
    if failure in (Failure.NOT_SIGNED_IN, Failure.NOT_ALLOWED) and _MFA.search(words):
        failure, hint = Failure.NOT_SIGNED_IN, hints.MFA
    if answer.method == "POST" and answer.path.startswith(hints.SIGN_IN_PATHS):
        hint = hints.after_signing_in(answer.body) or hint
    if failure is Failure.NOT_FOUND and answer.method == "GET" and not answer.is_json:
        hint = hints.after(answer.method, answer.path, Failure.MALFORMED)
    if answer.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        words, hint = "the proxy requires a user name and a password", hints.PROXY_SIGN_IN
    elif HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
        words, hint = (
            "the server redirects elsewhere; fbsync does not follow, so that the token goes nowhere else",
            hints.URL,
        )
    return ServerError(
        f"{answer.call} answered {answer.status}: {words}",
        hint=hint,
        failure=failure,
        status=answer.status,
        retry_after=answer.retry_after,
        is_transient=_is_transient(failure, answer.status),
        by_api=answer.is_json,
    )


def _is_transient(failure: Failure, status: int) -> bool:
    """Whether the same request may soon get another answer. A proxy's page, for example, is not transient."""
    if failure is Failure.UNKNOWN:
        return status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return failure is not Failure.MALFORMED


def _is_success(answer: Answer) -> bool:
    """Whether the API says that the call was carried out.

    It does so with any 2xx status if the body is the API's JSON without ``success: false`` and without an error. For
    PUT and DELETE, a 2xx answer may also lack a body. A 404 to DELETE is a success if it certainly is the API's.
    """
    if answer.status == HTTPStatus.NOT_FOUND:
        return answer.method == "DELETE" and answer.body.get("success") is False
    if not answer.is_success_status or answer.status == HTTPStatus.PARTIAL_CONTENT:
        return False
    if answer.is_empty:
        return answer.method in ("PUT", "DELETE")
    return answer.is_json and answer.body.get("success", True) is True and not _errors(answer)


def _errors(answer: Answer) -> list[str]:
    return [field for field in _ERRORS if answer.body.get(field) not in (None, "", False, [], {})]


def _failure_kind(answer: Answer) -> Failure:
    """The kind of a failure."""
    status = answer.status
    if status in _REFUSED_BY_ANYBODY:
        return _BY_STATUS.get(status, Failure.REJECTED)
    if answer.is_read:
        return _failure_to_read(answer)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _MAY_HAVE_ACTED or not answer.is_json:
        # The server is busy or broken, or a proxy answered: nothing says that the request was not carried out.
        return Failure.UNKNOWN if status not in _REDIRECTS else Failure.REJECTED
    if answer.is_success_status:
        return Failure.REJECTED if answer.body.get("success") is False else Failure.UNKNOWN
    if status == HTTPStatus.NOT_FOUND and answer.method == "DELETE":
        return Failure.UNKNOWN
    return _BY_STATUS.get(status, Failure.REJECTED)


def _failure_to_read(answer: Answer) -> Failure:
    if answer.is_success_status:
        refused = answer.body.get("success") is False or _errors(answer)
        return Failure.REJECTED if refused and answer.is_json else Failure.MALFORMED
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _BY_STATUS.get(answer.status, Failure.UNKNOWN)
    return _BY_STATUS.get(answer.status, Failure.REJECTED)


_BY_STATUS: Mapping[int, Failure] = {
    HTTPStatus.UNAUTHORIZED: Failure.NOT_SIGNED_IN,
    HTTPStatus.FORBIDDEN: Failure.NOT_ALLOWED,
    HTTPStatus.NOT_FOUND: Failure.NOT_FOUND,
    HTTPStatus.TOO_MANY_REQUESTS: Failure.THROTTLED,
    HTTPStatus.SERVICE_UNAVAILABLE: Failure.THROTTLED,
}
_REDIRECTS = (HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT)
"""Redirects that ask to send the same request elsewhere. The request was not carried out."""


def server_words(answer: Answer, redactor: Redactor, *, by_provider: bool = False) -> str:
    """Return the server's own words, made safe to show.

    Args:
        answer: the answer.
        redactor: makes the words safe to show.
        by_provider: whether a provider most likely wrote them. Providers quote keys.
    """
    if not answer.is_json:
        return f"the answer is not JSON from the API, perhaps a proxy's page: {redactor.redact(answer.oddity)}"
    words = next((text for field in _WORDS if (text := _words_of(answer.body.get(field)))), None)
    if words is None:
        if answer.is_success_status and answer.body.get("success") is not False:
            return f"the answer is not as documented: {redactor.redact(shape_of(answer.body))}"
        return "no reason given"
    return (redactor.redact_provider if by_provider else redactor.redact)(words) or "no reason given"


def _words_of(value: object) -> str | None:
    """The words in a field: its text, or the message of an error object."""
    if isinstance(value, dict):
        value = value.get("message")
    return value if isinstance(value, str) and value.strip() else None
