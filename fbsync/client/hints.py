"""Hints: what to do about a call that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.model.server_error import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping

VALIDATE = "/validate"
"""The end of the path of a call that makes the server ask the provider."""
SIGN_IN_PATHS = "/user/"
"""The start of the paths of sign-in calls."""

IN_USE = "remove it from the repositories that use it, and run `fbsync apply` again"
MFA = (
    "this account needs a second factor (MFA): sign in elsewhere and set FLASHBACK_TOKEN to the access token, "
    "or use an account without MFA for pipelines"
)
PROXY_SIGN_IN = "put the user name and the password in the proxy's URL, or list the server in NO_PROXY"
URL = "set --api-url or FLASHBACK_API_URL to the API's own address"
NOT_VERIFIED = "open the link in the sign-up email, then run the command again"
SIGN_IN = "check FLASHBACK_REFRESH_TOKEN, or FLASHBACK_EMAIL and FLASHBACK_PASSWORD"
INCOMPLETE = (
    "fbsync changes nothing when a list is incomplete: report this to the API's operator, or try a newer fbsync"
)

_AGAIN = "run `fbsync apply` again: it checks the server's list before it sends anything"

_WRITING = {
    Failure.NOT_SIGNED_IN: "the access token has expired or is wrong: set a fresh FLASHBACK_TOKEN, or let "
    "fbsync renew it with FLASHBACK_REFRESH_TOKEN, or FLASHBACK_EMAIL and FLASHBACK_PASSWORD",
    Failure.NOT_ALLOWED: "ask for a role that may change this workspace, or check the workspaceId",
    Failure.NOT_FOUND: "check the API URL and the workspaceId; `fbsync plan --refresh` shows what the server has",
    Failure.REJECTED: "fix the entry as the server's message says, then run `fbsync apply` again",
    Failure.THROTTLED: "wait, then run `fbsync apply` again with a lower --parallelism",
    Failure.UNKNOWN: _AGAIN,
    Failure.MALFORMED: _AGAIN,
}

_READING = _WRITING | {
    Failure.NOT_ALLOWED: "ask for a role in this workspace, or check the workspaceId",
    Failure.NOT_FOUND: "check the API URL and the workspaceId",
    Failure.REJECTED: "check the API URL and the workspaceId",
    Failure.THROTTLED: "wait, then run the command again, perhaps with a longer --retry-timeout",
    Failure.UNKNOWN: "run the command again later; if it still fails, check the API URL",
    Failure.MALFORMED: "check that the API URL is right, and that no proxy answers instead",
}

_VALIDATING = _WRITING | {
    Failure.NOT_ALLOWED: "ask for a role in this workspace that allows it to verify",
    Failure.NOT_FOUND: "it is no longer on the server: `fbsync drift` shows it, and `fbsync apply` recreates it",
    Failure.REJECTED: "read the server's message, and check the entry with `fbsync plan --refresh`",
    Failure.THROTTLED: "wait, then run `fbsync verify` again with a lower --parallelism",
    Failure.UNKNOWN: "run `fbsync verify` again if you want; the call may be billed",
}

_SIGNING_IN = _READING | {Failure.NOT_FOUND: URL}
_BY_PASSWORD = _SIGNING_IN | dict.fromkeys(
    (Failure.NOT_SIGNED_IN, Failure.NOT_ALLOWED, Failure.REJECTED), "check FLASHBACK_EMAIL and FLASHBACK_PASSWORD"
)
_BY_REFRESH_TOKEN = _SIGNING_IN | dict.fromkeys(
    (Failure.NOT_SIGNED_IN, Failure.NOT_ALLOWED, Failure.REJECTED),
    "check FLASHBACK_REFRESH_TOKEN: it may have expired, or served already; sign in elsewhere for a new one",
)
_BY_CODE = {
    "USER_NOT_FOUND": "check FLASHBACK_EMAIL: the server has no such user",
    "INVALID_PASSWORD": "check FLASHBACK_PASSWORD",
    "USER_INACTIVE": "the user of FLASHBACK_EMAIL is inactive: ask your organisation's administrator",
    "NO_PASSWORD_SET": "the user of FLASHBACK_EMAIL has no password: set one, or use FLASHBACK_REFRESH_TOKEN",
}
"""Hints by the documented error codes of signing in (``flashback-api.md``)."""


def after(method: str, path: str, failure: Failure) -> str:
    """Return what to do about a call's failure.

    Args:
        method: the call's HTTP method.
        path: the call's path.
        failure: the kind of the failure.
    """
    return _table(method, path)[failure]


def after_signing_in(body: Mapping[str, object]) -> str | None:
    """Return what to do about a failed sign-in, or None if the answer's fields do not show the reason."""
    if body.get("verificationTokenId"):
        return NOT_VERIFIED
    code = body.get("error_code")
    return _BY_CODE.get(code) if isinstance(code, str) else None


def _table(method: str, path: str) -> Mapping[Failure, str]:
    if method == "GET":
        return _READING
    if path.startswith(SIGN_IN_PATHS):
        return _BY_REFRESH_TOKEN if path.endswith("/refresh") else _BY_PASSWORD
    return _VALIDATING if path.endswith(VALIDATE) else _WRITING
