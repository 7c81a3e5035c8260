"""The results of the doctor's checks, and the checks of a server's answers to probes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from fbsync.model.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from fbsync.model.errors import FbsyncError
    from fbsync.model.live import Workspace


class Health(StrEnum):
    """The result of a check."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    NOT_CHECKED = "not_checked"
    """Something else prevented the check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check with its result.

    Attributes:
        what: the checked thing, in a few words.
        detail: the details of the result.
        remedy: what to do, or an empty text.
        exit_code: for a problem, the exit code to end with.
    """

    what: str
    health: Health
    detail: str
    remedy: str = ""
    exit_code: ExitCode = ExitCode.ERROR


def ok(what: str, detail: str) -> Check:
    """Return a check that found nothing to fix."""
    return Check(what=what, health=Health.OK, detail=detail)


def not_checked(what: str, why: str) -> Check:
    """Return a check that something else prevented."""
    return Check(what=what, health=Health.NOT_CHECKED, detail=why)


def problem(what: str, error: FbsyncError) -> Check:
    """Return a check that failed with an error."""
    return Check(what=what, health=Health.PROBLEM, detail=error.message, remedy=error.hint, exit_code=error.exit_code)


def exit_code_of_checks(checks: Iterable[Check]) -> ExitCode:
    """Return the exit code for all checks: invalid input comes first, then signing in, then other problems.

    Warnings do not change it.
    """
    codes = {check.exit_code for check in checks if check.health is Health.PROBLEM}
    for code in (ExitCode.INVALID_INPUT, ExitCode.NOT_ALLOWED):
        if code in codes:
            return code
    return ExitCode.ERROR if codes else ExitCode.DONE


_CLOSE = timedelta(seconds=90)
_SOON = timedelta(days=14)


def clock(theirs: datetime | None, ours: datetime) -> Check:
    """Check that this machine's clock agrees with the server's, whose ``Date`` has whole seconds.

    Args:
        theirs: the server's time, or None if it did not say.
        ours: this machine's time.
    """
    if theirs is None:
        return not_checked("clock", "the server's answer has no date")
    apart = abs(theirs - ours)
    if apart <= _CLOSE:
        return ok("clock", "agrees with the server's")
    ahead = "ahead of" if ours > theirs else "behind"
    return Check(
        what="clock",
        health=Health.WARNING,
        detail=f"this machine's clock is {_span(apart)} {ahead} the server's",
        remedy="set the clock: certificates and tokens depend on it",
    )


def certificate(until: datetime | None, ours: datetime, *, in_clear: bool) -> Check:
    """Check how long the server's certificate is valid.

    Args:
        until: the end of its validity, or None without TLS.
        ours: this machine's time.
        in_clear: whether the token crosses a network unencrypted.
    """
    if until is None and not in_clear:
        return ok("TLS", "not used: the server is on this machine")
    if until is None:
        return Check(
            what="TLS",
            health=Health.WARNING,
            detail="not used: tokens and credentials are sent unencrypted",
            remedy="use an https API URL unless the server is on this machine",
        )
    left = until - ours
    detail = f"the certificate is trusted and valid for {_span(left)}"
    if left > _SOON:
        return ok("TLS", detail)
    return Check(
        what="TLS",
        health=Health.WARNING,
        detail=detail,
        remedy="tell the server's operator to renew it",
    )


def token_life(expires: datetime | None, ours: datetime) -> str:
    """Say, as a phrase, how long a token is valid.

    Args:
        expires: the end of its validity by its own claim, or None if it has none.
        ours: this machine's time.
    """
    if expires is None:
        return "token expiry unknown (tokens live for one hour)"
    left = expires - ours
    return f"the token is valid for {_span(left)}" if left > timedelta() else "the token has expired"


def account(detail: str, me: Mapping[str, Any]) -> Check:
    """Check that the signed-in account can do what fbsync needs.

    Args:
        detail: the account's name, and how it signed in.
        me: its profile. A field that the server left out counts as fine.
    """
    if me.get("validated") is False:
        return Check(
            what="signing in",
            health=Health.WARNING,
            detail=f"{detail}; the account is not verified",
            remedy="open the link in the sign-up email",
        )
    if me.get("mfaRequired") is True:
        return Check(
            what="signing in",
            health=Health.WARNING,
            detail=f"{detail}; the account needs a second factor (MFA)",
            remedy="set FLASHBACK_TOKEN to the access token of a completed sign-in, or use an account without MFA for "
            "pipelines",
        )
    return ok("signing in", detail)


def roles(listed: Sequence[Workspace], wanted: Iterable[tuple[str, bool]]) -> Iterator[Check]:
    """Check that the project's workspaces exist, and that the user's role in each allows changes.

    Args:
        listed: the workspaces that the server lists, with the user's role in each.
        wanted: the project's workspaces: each an id and False, or a name and True.
    """
    for wanted_as, by_name in wanted:
        what = f"workspace {wanted_as}"
        found = [one for one in listed if (one.name if by_name else one.id) == wanted_as]
        if len(found) > 1:
            ids = ", ".join(sorted(one.id for one in found))
            yield Check(
                what=what,
                health=Health.PROBLEM,
                detail=f"{len(found)} workspaces have this name: ids {ids}",
                remedy="give its id instead: workspaceId",
                exit_code=ExitCode.INVALID_INPUT,
            )
        elif not found:
            yield Check(
                what=what,
                health=Health.PROBLEM,
                detail="you cannot see it",
                remedy="ask for a role in it, or check the manifest's workspaceId",
                exit_code=ExitCode.NOT_ALLOWED,
            )
        else:
            yield _role_check(what, found[0].role)


def _role_check(what: str, role: str | None) -> Check:
    """Check the user's role. The API does not document which role a change needs."""
    if role == "READ":
        return Check(
            what=what,
            health=Health.WARNING,
            detail="your role is READ",
            remedy="ask for WRITE or ADMIN if fbsync should make changes there",
        )
    if role in ("WRITE", "ADMIN"):
        return ok(what, f"your role is {role}")
    return ok(what, "you can see it; the server does not show your role")


def _span(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}s"
    return f"{seconds} seconds"
