"""The endpoints around the configurations: signing in, profile, workspaces, health."""

# Not under `from __future__ import annotations`: FastAPI reads these annotations when it starts.
from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse

from fbsync.sandbox.accounts import Tokens
from fbsync.sandbox.answer_bodies import (
    HealthBody,
    OneWorkspaceBody,
    ProfileBody,
    RenewedTokensBody,
    SignedInBody,
    WorkspaceListBody,
)
from fbsync.sandbox.documented import failures, sign_in_failures
from fbsync.sandbox.request_bodies import LoginRequest, RefreshRequest
from fbsync.sandbox.request_refused import RequestRefused
from fbsync.sandbox.state import SandboxState, SignedInCaller

router = APIRouter()

WorkspaceId = Annotated[str, Path(description="The workspace's id.", examples=["ws-sandbox"])]


@router.post(
    "/user/login", response_model=SignedInBody, responses=sign_in_failures(), tags=["Account"], summary="Sign in"
)
async def log_in(login: LoginRequest, state: SandboxState) -> JSONResponse:
    """Signs in with e-mail and password."""
    tokens = state.accounts.log_in(login.email, login.password)
    return JSONResponse(_pair(tokens) | {"tokenId": tokens.token_id})


@router.post(
    "/user/refresh", response_model=RenewedTokensBody, responses=sign_in_failures(), tags=["Account"], summary="Renew"
)
async def refresh(renewal: RefreshRequest, state: SandboxState) -> JSONResponse:
    """Trades a refresh token for a new pair of tokens; the old refresh token dies."""
    if not renewal.token:
        raise RequestRefused(400, "refresh_token is required")
    return JSONResponse(_pair(state.accounts.renew(renewal.token)))


@router.get(
    "/user/profile", response_model=ProfileBody, responses=failures(401), tags=["Account"], summary="Who the caller is"
)
async def profile(caller: SignedInCaller) -> JSONResponse:
    """Tells who the caller is: a cheap check of a token."""
    data = {"orgId": caller.org_id, "email": caller.email, "mfaRequired": False}
    return JSONResponse({"success": True, "data": data})


@router.get(
    "/workspace",
    response_model=WorkspaceListBody,
    responses=failures(401),
    tags=["Workspace"],
    summary="List workspaces",
)
async def workspaces(state: SandboxState, caller: SignedInCaller) -> JSONResponse:
    """Lists the workspaces that the caller has a role in."""
    return JSONResponse({"success": True, "workspaces": state.workspaces.visible(caller)})


@router.get(
    "/workspace/{workspace_id}",
    response_model=OneWorkspaceBody,
    responses=failures(401, 404),
    tags=["Workspace"],
    summary="Show a workspace",
)
async def workspace(workspace_id: WorkspaceId, state: SandboxState, caller: SignedInCaller) -> JSONResponse:
    """Shows one workspace."""
    return JSONResponse({"success": True, "workspace": state.workspaces.one(caller, workspace_id)})


@router.get("/health", response_model=HealthBody, responses=failures(), tags=["Health"], summary="Health")
async def health(state: SandboxState) -> JSONResponse:
    """Tells whether the server is well; needs no token."""
    return JSONResponse({"status": "ok", "timestamp": state.clock.now()})


def _pair(tokens: Tokens) -> dict[str, Any]:
    return {
        "success": True,
        "accessToken": tokens.access,
        "refreshToken": tokens.refresh,
        "expiresAt": tokens.expires_at,
    }
