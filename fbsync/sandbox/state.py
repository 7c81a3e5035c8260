"""The sandbox's records, which all endpoints share, and access to them from a request."""

# Not under `from __future__ import annotations`: FastAPI reads these annotations when it starts.
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from fbsync.sandbox.accounts import Accounts, Caller
from fbsync.sandbox.api_keys import ApiKeys
from fbsync.sandbox.clock import ServerClock
from fbsync.sandbox.database import Database
from fbsync.sandbox.llms import Llms
from fbsync.sandbox.request_refused import RequestRefused
from fbsync.sandbox.sessions import Sessions
from fbsync.sandbox.workspaces import Workspaces

KNOWN_CALLER = "fbsync.sandbox.caller"
"""The key in a request's scope for its caller, if a fault has already determined it."""

_bearer = HTTPBearer(auto_error=False, scheme_name="bearer", description="An access token from /user/login.")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The records of a sandbox, and its clock."""

    database: Database
    sessions: Sessions
    accounts: Accounts
    workspaces: Workspaces
    api_keys: ApiKeys
    llms: Llms
    clock: ServerClock


def new_state(database: Database, *, token_lifetime: float, mfa: bool, clock: ServerClock) -> State:
    """Make the records of a sandbox for a database."""
    workspaces = Workspaces(database)
    sessions = Sessions(database, lifetime=token_lifetime)
    api_keys = ApiKeys(database, workspaces, clock)
    return State(
        database=database,
        sessions=sessions,
        accounts=Accounts(database, sessions, mfa=mfa),
        workspaces=workspaces,
        api_keys=api_keys,
        llms=Llms(database, workspaces=workspaces, api_keys=api_keys, clock=clock),
        clock=clock,
    )


async def _state(request: Request) -> State:
    state: State = request.app.state.sandbox
    return state


async def _token(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> str:
    if credentials is None:
        raise RequestRefused(
            401, "Send an access token: Authorization: Bearer <token>", headers={"WWW-Authenticate": "Bearer"}
        )
    return credentials.credentials


async def _caller(
    request: Request, state: Annotated[State, Depends(_state)], token: Annotated[str, Depends(_token)]
) -> Caller:
    known: Caller | None = request.scope.get(KNOWN_CALLER)
    return known or state.accounts.caller(token)


async def _restricted(state: Annotated[State, Depends(_state)], token: Annotated[str, Depends(_token)]) -> Caller:
    return state.accounts.caller(token, restricted=True)


SandboxState = Annotated[State, Depends(_state)]
SignedInCaller = Annotated[Caller, Depends(_caller)]
RestrictedCaller = Annotated[Caller, Depends(_restricted)]
"""A caller whose login may still lack its second factor."""
