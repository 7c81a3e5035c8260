"""The endpoints that are not about configurations: signing in, sessions, profile, workspaces, health."""

# Not under `from __future__ import annotations`: FastAPI reads these annotations when it starts.
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse

from fbsync.sandbox.account_bodies import (
    LoginRequest,
    MfaRequest,
    MfaVerifiedBody,
    ProfileBody,
    RefreshTokenRequest,
    RenewedTokensBody,
    SessionListBody,
    SignedInBody,
)
from fbsync.sandbox.answer_bodies import DoneBody, HealthBody
from fbsync.sandbox.documented import failures, mfa_failures, sign_in_failures
from fbsync.sandbox.request_refused import RequestRefused
from fbsync.sandbox.sessions import Tokens
from fbsync.sandbox.state import RestrictedCaller, SandboxState, SignedInCaller
from fbsync.sandbox.workspace_bodies import OneWorkspaceBody, WorkspaceListBody

router = APIRouter()

WorkspaceId = Annotated[str, Path(description="The workspace's id.", examples=["ws-sandbox"])]
SessionId = Annotated[str, Path(description="The session's id, which a login gives as tokenId.")]


@router.post(
    "/user/login", response_model=SignedInBody, responses=sign_in_failures(), tags=["Account"], summary="Sign in"
)
async def log_in(login: LoginRequest, state: SandboxState) -> JSONResponse:
    """Sign in with an email address and a password. An account that is not verified yet gets no tokens."""
    user = state.accounts.authenticate(login.email, login.password)
    if not state.accounts.is_verified(user["id"]):
        told = {"message": "Account is not verified", "verificationTokenId": str(uuid4())}
        return JSONResponse({"success": True} | told)
    tokens = state.accounts.issue(user["id"])
    return JSONResponse(_pair(tokens) | {"tokenId": tokens.session_id, "user": user})


@router.post(
    "/user/refresh", response_model=RenewedTokensBody, responses=sign_in_failures(), tags=["Account"], summary="Renew"
)
async def refresh(renewal: RefreshTokenRequest, state: SandboxState) -> JSONResponse:
    """Exchange a refresh token for a new pair of tokens. The old refresh token becomes invalid."""
    tokens = state.accounts.renew(_given(renewal))
    return JSONResponse(_pair(tokens) | {"token": tokens.access})


@router.post(
    "/user/logout", response_model=DoneBody, responses=sign_in_failures(), tags=["Account"], summary="Sign out"
)
async def log_out(ended: RefreshTokenRequest, state: SandboxState) -> JSONResponse:
    """End the session of a refresh token, with all its tokens."""
    state.accounts.log_out(_given(ended))
    return JSONResponse({"success": True, "message": "Logged out successfully"})


@router.post(
    "/mfa/verify-login",
    response_model=MfaVerifiedBody,
    responses=mfa_failures(),
    tags=["Account"],
    summary="Verify the second factor",
)
async def verify_login(factor: MfaRequest, state: SandboxState, caller: RestrictedCaller) -> JSONResponse:
    """Take the second factor of a login (the code of GOOGLE_AUTH is 000000), and return unrestricted tokens."""
    tokens = state.accounts.verify(caller, mfa_type=factor.mfa_type, code=factor.code)
    body = {"fullAccessToken": tokens.access, "refreshToken": tokens.refresh}
    return JSONResponse({"success": True, "message": "MFA verification successful"} | body)


@router.get(
    "/user/profile",
    response_model=ProfileBody,
    responses=failures(401, 403),
    tags=["Account"],
    summary="The caller's profile",
)
async def profile(state: SandboxState, caller: SignedInCaller) -> JSONResponse:
    """Return the caller's account. This is a cheap check of a token."""
    return JSONResponse({"success": True, "data": state.accounts.profile(caller)})


@router.get(
    "/token", response_model=SessionListBody, responses=failures(401, 403), tags=["Account"], summary="List sessions"
)
async def sessions(state: SandboxState, caller: SignedInCaller) -> JSONResponse:
    """List the caller's sessions."""
    return JSONResponse({"success": True, "sessions": state.sessions.listed(caller.user_id)})


@router.delete(
    "/token/{token_id}",
    response_model=DoneBody,
    responses=failures(401, 403, 404),
    tags=["Account"],
    summary="End a session",
)
async def revoke(token_id: SessionId, state: SandboxState, caller: SignedInCaller) -> JSONResponse:
    """End one of the caller's sessions, with all its tokens."""
    if not state.sessions.close(token_id, user_id=caller.user_id):
        raise RequestRefused(404, "Session not found")
    return JSONResponse({"success": True, "message": "Session revoked successfully"})


@router.get(
    "/workspace",
    response_model=WorkspaceListBody,
    responses=failures(401, 403),
    tags=["Workspace"],
    summary="List workspaces",
)
async def workspaces(state: SandboxState, caller: SignedInCaller) -> JSONResponse:
    """List the workspaces that the caller has a role in."""
    return JSONResponse({"success": True, "workspaces": state.workspaces.visible(caller)})


@router.get(
    "/workspace/{workspace_id}",
    response_model=OneWorkspaceBody,
    responses=failures(401, 403, 404),
    tags=["Workspace"],
    summary="Show a workspace",
)
async def workspace(workspace_id: WorkspaceId, state: SandboxState, caller: SignedInCaller) -> JSONResponse:
    """Show one workspace."""
    return JSONResponse({"success": True, "workspace": state.workspaces.one(caller, workspace_id)})


@router.get("/health", response_model=HealthBody, responses=failures(), tags=["Health"], summary="Health")
async def health(state: SandboxState) -> JSONResponse:
    """Say whether the server is healthy. No token is needed."""
    return JSONResponse({"status": "ok", "timestamp": state.clock.now()})


def _given(request: RefreshTokenRequest) -> str:
    if not request.token:
        raise RequestRefused(400, "refresh_token is required")
    return request.token


def _pair(tokens: Tokens) -> dict[str, Any]:
    return {
        "success": True,
        "accessToken": tokens.access,
        "refreshToken": tokens.refresh,
        "expiresAt": tokens.expires_at,
    }
