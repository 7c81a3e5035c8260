"""The endpoints of the AI LLM configurations."""

# Not under `from __future__ import annotations`: FastAPI reads these annotations when it starts.
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse

from fbsync.sandbox.answer_bodies import CheckedBody, CreatedBody, DoneBody, LlmListBody, StatsListBody
from fbsync.sandbox.documented import failures
from fbsync.sandbox.request_bodies import LlmChanges, NewLlm
from fbsync.sandbox.state import SandboxState, SignedInCaller

router = APIRouter(prefix="/ai/llm", tags=["AI LLMs"])

LlmId = Annotated[str, Path(description="The configuration's id.")]
WorkspaceFilter = Annotated[
    str | None, Query(alias="workspaceId", description="Only what is in this workspace.", examples=["ws-sandbox"])
]
LlmFilter = Annotated[str | None, Query(alias="aiLlmId", description="Only this configuration.")]


@router.post("", response_model=CreatedBody, responses=failures(400, 401, 403, 404), summary="Create a configuration")
async def create(new: NewLlm, state: SandboxState, caller: SignedInCaller) -> JSONResponse:
    """Create a configuration. Nothing checks the credentials: see validate."""
    llm_id = state.llms.create(caller, new.model_dump(by_alias=True, exclude_unset=True))
    return JSONResponse({"success": True, "aiLlmId": llm_id, "message": "AI LLM configuration created successfully"})


@router.get("", response_model=LlmListBody, responses=failures(401, 403), summary="List configurations")
async def listed(state: SandboxState, caller: SignedInCaller, workspace_id: WorkspaceFilter = None) -> JSONResponse:
    """List the configurations that the caller may see, in one workspace or in all."""
    return JSONResponse({"success": True, "aiLlms": state.llms.listed(caller, workspace_id)})


@router.get(
    "/available",
    response_model=LlmListBody,
    responses=failures(401, 403),
    summary="List the configurations that are ready for use",
)
async def available(state: SandboxState, caller: SignedInCaller) -> JSONResponse:
    """List the validated configurations that the caller may see, newest first."""
    return JSONResponse({"success": True, "aiLlms": state.llms.available(caller)})


@router.get("/stats", response_model=StatsListBody, responses=failures(401, 403, 404), summary="Show usage counters")
async def stats(state: SandboxState, caller: SignedInCaller, ai_llm_id: LlmFilter = None) -> JSONResponse:
    """Return the counters of the configurations that the caller may see."""
    return JSONResponse({"success": True, "stats": state.llms.stats(caller, ai_llm_id)})


@router.put(
    "/{llm_id}", response_model=CreatedBody, responses=failures(400, 401, 403, 404), summary="Change a configuration"
)
async def update(llm_id: LlmId, changes: LlmChanges, state: SandboxState, caller: SignedInCaller) -> JSONResponse:
    """Change the given fields. The others stay the same."""
    state.llms.update(caller, llm_id, changes.model_dump(by_alias=True, exclude_unset=True))
    return JSONResponse({"success": True, "aiLlmId": llm_id, "message": "AI LLM configuration updated successfully"})


@router.delete(
    "/{llm_id}", response_model=DoneBody, responses=failures(401, 403, 404), summary="Delete a configuration"
)
async def delete(llm_id: LlmId, state: SandboxState, caller: SignedInCaller) -> JSONResponse:
    """Delete a configuration permanently. This is refused while a repository uses it."""
    state.llms.delete(caller, llm_id)
    return JSONResponse({"success": True, "message": "AI LLM configuration deleted successfully"})


@router.post(
    "/{llm_id}/validate",
    response_model=CheckedBody,
    responses=failures(401, 403, 404),
    summary="Check the credentials",
)
async def validate(llm_id: LlmId, state: SandboxState, caller: SignedInCaller) -> JSONResponse:
    """Ask a fake provider, which refuses a credential that contains the word 'invalid'."""
    if state.llms.validate(caller, llm_id):
        return JSONResponse({"success": True, "message": "The provider accepted the credentials"})
    return JSONResponse({"success": False, "message": "The provider refused the credentials"})
