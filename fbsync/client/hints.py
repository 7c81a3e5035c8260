"""Hints: what to do about a call that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.model.server_error import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping

VALIDATE = "/validate"
"""How the path of the call ends that has the provider asked."""

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

_SIGNING_IN = _READING | dict.fromkeys((Failure.NOT_SIGNED_IN, Failure.NOT_ALLOWED, Failure.REJECTED), SIGN_IN)


def after(method: str, path: str, failure: Failure) -> str:
    """What to do about a failure of a call."""
    return _table(method, path)[failure]


def _table(method: str, path: str) -> Mapping[Failure, str]:
    if method == "GET":
        return _READING
    if path.startswith("/user/"):
        return _SIGNING_IN
    return _VALIDATING if path.endswith(VALIDATE) else _WRITING
