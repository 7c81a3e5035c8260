"""The endpoints of the stored provider keys."""

# Not under `from __future__ import annotations`: FastAPI reads these annotations when it starts.
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse

from fbsync.sandbox.answer_bodies import DoneBody
from fbsync.sandbox.api_key_bodies import ApiKeyChanges, ApiKeyListBody, ApiKeyStoredBody, NewApiKey
from fbsync.sandbox.documented import failures
from fbsync.sandbox.state import SandboxState, SignedInCaller

router = APIRouter(prefix="/apikeys", tags=["API keys"])

ApiKeyId = Annotated[str, Path(description="The key's id.")]
WorkspaceFilter = Annotated[
    str | None, Query(alias="workspaceId", description="Only what is in this workspace.", examples=["ws-sandbox"])
]
CapabilityFilter = Annotated[
    int | None, Query(ge=1, le=255, description="What the keys are for: 1 storage, 2 AI, 4 cloud, 255 all.")
]
ProviderFilter = Annotated[str | None, Query(description="Only this provider's keys.", examples=["OPENAI"])]


@router.post("", response_model=ApiKeyStoredBody, responses=failures(400, 401, 403), summary="Store a key")
async def create(new: NewApiKey, state: SandboxState, caller: SignedInCaller) -> JSONResponse:
    """Store a provider's key."""
    api_key_id = state.api_keys.create(caller, new.model_dump(by_alias=True, exclude_unset=True))
    return JSONResponse({"success": True, "apiKeyId": api_key_id, "message": "API key stored successfully"})


@router.get("", response_model=ApiKeyListBody, responses=failures(400, 401, 403), summary="List keys")
async def listed(
    state: SandboxState,
    caller: SignedInCaller,
    workspace_id: WorkspaceFilter = None,
    capability: CapabilityFilter = None,
    provider: ProviderFilter = None,
) -> JSONResponse:
    """List the keys that the caller may see, in one workspace or in all."""
    keys = state.api_keys.listed(caller, workspace_id=workspace_id, capability=capability, provider=provider)
    return JSONResponse({"success": True, "apiKeys": keys})


@router.put(
    "/{api_key_id}", response_model=ApiKeyStoredBody, responses=failures(400, 401, 403, 404), summary="Change a key"
)
async def update(
    api_key_id: ApiKeyId, changes: ApiKeyChanges, state: SandboxState, caller: SignedInCaller
) -> JSONResponse:
    """Change the given fields. The others stay the same."""
    state.api_keys.update(caller, api_key_id, changes.model_dump(by_alias=True, exclude_unset=True))
    return JSONResponse({"success": True, "apiKeyId": api_key_id, "message": "API key updated successfully"})


@router.delete("/{api_key_id}", response_model=DoneBody, responses=failures(401, 403, 404), summary="Delete a key")
async def delete(api_key_id: ApiKeyId, state: SandboxState, caller: SignedInCaller) -> JSONResponse:
    """Delete a key permanently. This is refused while a configuration uses it."""
    state.api_keys.delete(caller, api_key_id)
    return JSONResponse({"success": True, "message": "API key deleted successfully"})
