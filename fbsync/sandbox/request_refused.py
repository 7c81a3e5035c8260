"""The refusal: an answer that is no success, as the API words it."""

from __future__ import annotations

from typing import Any

from fbsync.model.errors import FbsyncError


class RequestRefused(FbsyncError):  # noqa: N818 - reads as what it is at the raise
    """Ends a request with an error status and the API's envelope.

    Args:
        status: the HTTP status.
        message: what is wrong. Never a value of the request.
        error_code: what the account endpoints send in place of the message (``flashback-api.md``, 'Common').
        headers: further headers of the answer.
    """

    def __init__(
        self, status: int, message: str, *, error_code: str = "", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error_code = error_code
        self.headers = headers

    @property
    def envelope(self) -> dict[str, Any]:
        """The body of the answer."""
        if self.error_code:
            return {"success": False, "error_code": self.error_code}
        return {"success": False, "message": self.message}
