"""Check the server: proxy, certificate, clock, signing in, roles, and the list of configurations."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fbsync.client import Client
from fbsync.client.probe import Prober, expiry_of
from fbsync.client.proxies import proxy_for
from fbsync.doctor import checks
from fbsync.doctor.checks import Check, Health, not_checked, ok, problem
from fbsync.foreign_text.redactor import Redactor
from fbsync.model.errors import FbsyncError
from fbsync.model.server_error import ServerError
from fbsync.settings import Account, means_of_signing_in, no_means, read_account, sends_in_clear
from fbsync.workflow.connection import known_secrets, public_texts
from fbsync.workflow.project import secrets_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from fbsync.client.probe import Probed
    from fbsync.model.secret import Secret
    from fbsync.variables import Variables
    from fbsync.workflow.inputs import Inputs
    from fbsync.workflow.project import Project

_UNREACHABLE = "the server cannot be asked"
_SIGNING_IN = "signing in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How to reach a server."""

    api_url: str
    timeout: float
    ca_file: Path | None


async def check_server(way: Way, inputs: Inputs | None, project: Project | None) -> tuple[Check, ...]:
    """Check the server, with requests that change nothing and use no refresh token.

    Args:
        way: how to reach the server.
        inputs: the inputs with the variables, or None if they could not be read.
        project: the project, for its workspaces, or None if it could not be read.

    Raises:
        FbsyncError: the certificate file cannot be used.
    """
    try:
        proxy = proxy_for(way.api_url, os.environ)
    except FbsyncError as error:
        return (problem("proxy", error), *_skipped(_UNREACHABLE, "server", _SIGNING_IN, "workspaces", "list"))
    found = [ok("proxy", "none" if proxy is None else f"{proxy.address}, by {proxy.variable}")]
    async with AsyncExitStack() as stack:
        public = () if project is None else public_texts(project)
        checkup = _Checkup(way, stack, Redactor(_secrets(inputs, project), public=public))
        health = await checkup.prober.probe("/health")
        found += checkup.reached(health)
        if inputs is None:
            return (*found, not_checked(_SIGNING_IN, "the variables cannot be read"))
        if not health.is_answered:
            return (*found, *_skipped(_UNREACHABLE, _SIGNING_IN, "workspaces", "list"))
        token, check = await checkup.sign_in(inputs.variables)
        found.append(check)
        if token is None:
            return (*found, *_skipped("without a token", "workspaces", "list"))
        return (*found, *await checkup.with_token(token, project))


def _secrets(inputs: Inputs | None, project: Project | None) -> Iterator[Secret]:
    """Every known credential, so that the redactor removes them from the server's words."""
    if project is not None:
        yield from known_secrets(project)
    elif inputs is not None:
        yield from secrets_of(inputs.desired)
    if inputs is not None:
        with suppress(FbsyncError):  # another check reports what is wrong with it
            yield from read_account(inputs.variables).secrets


def _skipped(why: str, *whats: str) -> tuple[Check, ...]:
    return tuple(not_checked(what, why) for what in whats)


class _Checkup:
    """The checks that need the server.

    Args:
        way: how to reach the server.
        stack: ends the sessions that the checks open.
        redactor: makes the server's words safe to show.
    """

    def __init__(self, way: Way, stack: AsyncExitStack, redactor: Redactor) -> None:
        self._way = way
        self._stack = stack
        self._redactor = redactor
        self._now = datetime.now(UTC)
        self.prober = Prober(way.api_url, timeout=way.timeout, ca_file=way.ca_file, redactor=self._redactor)

    def reached(self, health: Probed) -> Iterator[Check]:
        """Check that the server answers, its certificate, and its clock."""
        if not health.is_answered:
            assert health.error is not None
            yield problem("server", health.error)
            return
        status = health.body.get("status")
        if health.error is None and status == "ok":
            yield ok("server", f"{self._way.api_url} is healthy")
        else:
            status = self._redactor.redact(status) if isinstance(status, str) else "nothing"
            said = health.error.message if health.error is not None else f"it reports: {status}"
            yield Check(
                what="server",
                health=Health.WARNING,
                detail=f"{self._way.api_url} answers, but not like a healthy Flashback API: {said}",
                remedy="check the API URL, or try again later",
            )
        yield checks.certificate(health.certified_until, self._now, in_clear=sends_in_clear(self._way.api_url))
        yield checks.clock(health.date, self._now)

    async def sign_in(self, variables: Variables) -> tuple[Secret | None, Check]:
        """Check that signing in works, without using up a refresh token.

        Returns:
            An access token for further checks, or None, and the check.
        """
        means = means_of_signing_in(variables)
        if not means:
            return None, problem(_SIGNING_IN, no_means(variables))
        try:
            account = read_account(variables)
            if means == ("FLASHBACK_REFRESH_TOKEN",):
                kept = "FLASHBACK_REFRESH_TOKEN is set but was not tried, since it may be valid only once"
                return None, not_checked(_SIGNING_IN, kept)
            token = account.token or await self._logged_in(account)
        except FbsyncError as error:
            return None, problem(_SIGNING_IN, error)
        profile = await self.prober.probe("/user/profile", token)
        if profile.error is not None:
            return None, _refused_token(profile.error, renewable=account.token is not None and _can_renew(variables))
        data = profile.body.get("data")
        me = data if isinstance(data, dict) else {}
        life = checks.token_life(expiry_of(token), self._now)
        return token, checks.account(f"with {' and '.join(means)}, as {self._name(me, variables)}; {life}", me)

    async def with_token(self, token: Secret, project: Project | None) -> tuple[Check, ...]:
        """Check the project's workspaces, the roles in them, and the list of configurations."""
        only = Account(token=token)
        client = await self._stack.enter_async_context(self._client(only))
        return (*await _workspaces(client, project), await _list_check(client))

    async def _logged_in(self, account: Account) -> Secret:
        """Sign in with email and password, in a session that ends with the checks. Return the access token.

        Raises:
            FbsyncError: signing in failed.
        """
        only = Account(email=account.email, password=account.password)
        client = await self._stack.enter_async_context(self._client(only))
        return await client.access_token()

    def _client(self, account: Account) -> Client:
        return Client(
            self._way.api_url,
            account,
            timeout=self._way.timeout,
            ca_file=self._way.ca_file,
            redactor=self._redactor,
        )

    def _name(self, me: Mapping[str, Any], variables: Variables) -> str:
        """The name of the account. An email address that is a sign-in credential is not repeated."""
        email = me.get("email")
        if isinstance(email, str) and email == variables.text("FLASHBACK_EMAIL"):
            return "its account"
        return self._redactor.redact(email) if isinstance(email, str) else "an unnamed account"


def _can_renew(variables: Variables) -> bool:
    both = ("FLASHBACK_EMAIL", "FLASHBACK_PASSWORD")
    return variables.source("FLASHBACK_REFRESH_TOKEN") is not None or all(variables.source(name) for name in both)


def _refused_token(error: FbsyncError, *, renewable: bool) -> Check:
    if not renewable:
        return problem(_SIGNING_IN, error)
    return Check(
        what=_SIGNING_IN,
        health=Health.WARNING,
        detail=f"FLASHBACK_TOKEN is refused ({error.message}); a run would renew it with the other variables",
        remedy="set a fresh FLASHBACK_TOKEN, or unset it",
    )


async def _workspaces(client: Client, project: Project | None) -> tuple[Check, ...]:
    try:
        listed = await client.list_memberships()
    except ServerError as error:
        return (problem("workspaces", error),)
    wanted = _wanted(project)
    if not wanted:
        return (ok("workspaces", f"you can see {len(listed)}; the manifest names none whose variables are set"),)
    return tuple(checks.roles(listed, wanted))


async def _list_check(client: Client) -> Check:
    """Check that the server lists configurations, and that the list is complete."""
    try:
        listing = await client.list_llms(None)
    except ServerError as error:
        if not error.is_no_such_call:
            return problem("list", error)
        return Check(
            what="list",
            health=Health.WARNING,
            detail="the server cannot list configurations",
            remedy="plan and apply use only the known state; drift cannot be found",
        )
    return ok("list", f"the server lists {len(listing.llms)} that you can see")


def _wanted(project: Project | None) -> list[tuple[str, bool]]:
    """The workspaces of manifest and lockfile: an id and False, or a name and True if the manifest gives the name."""
    if project is None:
        return []
    named = {(llm.workspace, True) for llm in project.desired if llm.workspace is not None}
    given = {llm.workspace_id.value for llm in project.desired if llm.workspace is None}
    known = {llm.workspace_id for llm in project.known.llms if llm.workspace is None}
    return sorted(named | {(workspace, False) for workspace in given | known if workspace is not None})
