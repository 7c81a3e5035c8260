"""Failures of calls to the server."""

from __future__ import annotations

from enum import StrEnum
from http import HTTPStatus

from fbsync.model.errors import ExitCode, FbsyncError


class Failure(StrEnum):
    """The kind of a failure: what it means for the caller."""

    UNREACHABLE = "unreachable"
    """The request was not sent; nothing was done."""
    NOT_SIGNED_IN = "not-signed-in"
    NOT_ALLOWED = "not-allowed"
    NOT_FOUND = "not-found"
    REJECTED = "rejected"
    """The server said no, and did nothing."""
    THROTTLED = "throttled"
    """The server was too busy, and did nothing."""
    UNKNOWN = "unknown"
    """The request was sent, but got no trustworthy answer. It may or may not have been carried out."""
    MALFORMED = "malformed"
    """The answer is incomplete or not as documented. It proves nothing."""


class ServerError(FbsyncError):
    """A call that failed.

    Args:
        message: what happened, including the server's own words.
        hint: what to do.
        failure: what it means for the caller.
        status: the HTTP status, or None if there was no answer.
        retry_after: the number of seconds that the server asked to wait, or None.
        is_transient: whether the same request may succeed later.
        by_api: whether the answer is the API's JSON, not a page that a proxy may have made.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str,
        failure: Failure,
        status: int | None = None,
        retry_after: float | None = None,
        is_transient: bool = True,
        by_api: bool = True,
    ) -> None:
        denied = failure in (Failure.NOT_SIGNED_IN, Failure.NOT_ALLOWED)
        super().__init__(message, hint=hint, exit_code=ExitCode.NOT_ALLOWED if denied else ExitCode.ERROR)
        self.failure = failure
        self.status = status
        self.retry_after = retry_after
        self.is_transient = is_transient
        self.by_api = by_api

    @property
    def is_no_such_call(self) -> bool:
        """Whether the server says that it has no such call. The API does not document such an answer to a list."""
        return self.status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)

    @property
    def is_retryable(self) -> bool:
        """Whether the same run, started again later, may succeed."""
        transient = self.is_transient and self.failure in (Failure.UNREACHABLE, Failure.THROTTLED)
        return transient or self.failure is Failure.UNKNOWN


def left_open(error: ServerError) -> ServerError:
    """Return the failure of a request that an earlier attempt may have carried out: its result stays unknown.

    Args:
        error: the failure of the last attempt.
    """
    is_unknown = error.failure is Failure.UNKNOWN
    return ServerError(
        error.message if is_unknown else f"an earlier attempt may have been carried out; the last: {error.message}",
        hint="run `fbsync apply` again: it checks the server's list before it sends anything",
        failure=Failure.UNKNOWN,
        status=error.status,
        retry_after=error.retry_after,
        is_transient=error.is_transient,
        by_api=error.by_api,
    )
