"""The refusal of a request: an error in the API's format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from fbsync.model.errors import FbsyncError

if TYPE_CHECKING:
    from collections.abc import Mapping


class RequestRefused(FbsyncError):  # noqa: N818 - reads well at the raise
    """Ends a request with an error status and the API's envelope.

    Args:
        status: the HTTP status.
        message: what is wrong. It never contains a value of the request.
        field: the field for the message. The endpoints for accounts, sessions and MFA use different fields
            (``flashback-api.md``, 'Common').
        headers: additional headers of the answer.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        field: Literal["message", "error", "error_code"] = "message",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.field = field
        self.headers = headers

    @property
    def envelope(self) -> dict[str, Any]:
        """The body of the answer."""
        return {"success": False, self.field: self.message}
