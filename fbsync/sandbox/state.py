"""What the endpoints share: the records of a sandbox, and how a request reaches them."""

# Not under `from __future__ import annotations`: FastAPI reads these annotations when it starts.
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from fbsync.sandbox.accounts import Accounts, Caller
from fbsync.sandbox.clock import Clock
from fbsync.sandbox.database import Database
from fbsync.sandbox.llms import Llms
from fbsync.sandbox.request_refused import RequestRefused
from fbsync.sandbox.workspaces import Workspaces

_bearer = HTTPBearer(auto_error=False, scheme_name="bearer", description="An access token from /user/login.")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The records of a sandbox."""

    database: Database
    accounts: Accounts
    workspaces: Workspaces
    llms: Llms
    clock: Clock


def new_state(database: Database, *, token_lifetime: float, clock: Clock) -> State:
    """Puts the records over a database."""
    workspaces = Workspaces(database)
    return State(
        database=database,
        accounts=Accounts(database, lifetime=token_lifetime),
        workspaces=workspaces,
        llms=Llms(database, workspaces, clock),
        clock=clock,
    )


async def _state(request: Request) -> State:
    state: State = request.app.state.sandbox
    return state


async def _caller(
    state: Annotated[State, Depends(_state)],
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    if credentials is None:
        raise RequestRefused(
            401, "Send an access token: Authorization: Bearer <token>", headers={"WWW-Authenticate": "Bearer"}
        )
    return state.accounts.caller(credentials.credentials)


SandboxState = Annotated[State, Depends(_state)]
SignedInCaller = Annotated[Caller, Depends(_caller)]
