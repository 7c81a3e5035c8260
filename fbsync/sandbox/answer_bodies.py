"""The bodies of answers, as the OpenAPI document declares them (``flashback-api.md``)."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from fbsync.sandbox.request_bodies import AiType
from fbsync.sandbox.workspaces import Role

Counter = Annotated[str, Field(pattern="^[0-9]+$", description="A count, as a string.", examples=["0"])]


class AnswerBody(BaseModel):
    """What all declared answers share: every field is always there, and no other."""

    model_config = ConfigDict(extra="forbid")


class EnvelopeBody(AnswerBody):
    """What every answer of the API has; the message is for people."""

    success: bool
    message: str


class FailureBody(AnswerBody):
    """An error, as all but the signing-in endpoints word it."""

    success: Literal[False]
    message: str


class SignInFailureBody(AnswerBody):
    """An error of the signing-in endpoints: a code in place of the message."""

    success: Literal[False]
    error_code: Annotated[str, Field(examples=["INVALID_PASSWORD"])]


class CreatedBody(EnvelopeBody):
    """A configuration was created."""

    ai_llm_id: Annotated[UUID, Field(alias="aiLlmId")]


class RepoBody(AnswerBody):
    """A repository that uses a configuration."""

    id: str
    name: str
    created_at: Annotated[AwareDatetime, Field(alias="createdAt")]


class LlmBody(AnswerBody):
    """A configuration. Never the secret, and the key only masked."""

    id: UUID
    org_id: Annotated[str, Field(alias="orgId")]
    workspace_id: Annotated[str, Field(alias="workspaceId")]
    user_id: Annotated[str, Field(alias="userId")]
    name: str
    ai_type: Annotated[AiType, Field(alias="aiType")]
    endpoint: str
    key: Annotated[str | None, Field(pattern=r"^\*{4}", examples=["****WXYZ"])]
    created_at: Annotated[AwareDatetime, Field(alias="createdAt")]
    repos: list[RepoBody]


class LlmListBody(AnswerBody):
    """The configurations that the caller may see."""

    success: Literal[True]
    ai_llms: Annotated[list[LlmBody], Field(alias="aiLlms")]


class LlmStatsBody(AnswerBody):
    """What a configuration was used for."""

    ai_llm_id: Annotated[UUID, Field(alias="aiLlmId")]
    total_api_calls: Annotated[Counter, Field(alias="totalApiCalls")]
    total_tokens_in: Annotated[Counter, Field(alias="totalTokensIn")]
    total_tokens_out: Annotated[Counter, Field(alias="totalTokensOut")]
    total_llm_tokens_in: Annotated[Counter, Field(alias="totalLlmTokensIn")]
    total_llm_tokens_out: Annotated[Counter, Field(alias="totalLlmTokensOut")]
    total_policy_violations: Annotated[Counter, Field(alias="totalPolicyViolations")]
    total_alerts: Annotated[Counter, Field(alias="totalAlerts")]
    total_blocks: Annotated[Counter, Field(alias="totalBlocks")]


class StatsListBody(AnswerBody):
    """The counters, one entry a configuration."""

    success: Literal[True]
    stats: list[LlmStatsBody]


class RenewedTokensBody(AnswerBody):
    """A new pair of tokens; ``expiresAt`` is in seconds since the epoch (the unit is ND)."""

    success: Literal[True]
    access_token: Annotated[str, Field(alias="accessToken")]
    refresh_token: Annotated[str, Field(alias="refreshToken")]
    expires_at: Annotated[int, Field(alias="expiresAt")]


class SignedInBody(RenewedTokensBody):
    """A first pair of tokens."""

    token_id: Annotated[UUID, Field(alias="tokenId")]


class ProfileDataBody(AnswerBody):
    """Who the caller is."""

    org_id: Annotated[str, Field(alias="orgId")]
    email: str
    mfa_required: Annotated[bool, Field(alias="mfaRequired")]


class ProfileBody(AnswerBody):
    """The caller's profile."""

    success: Literal[True]
    data: ProfileDataBody


class MemberBody(AnswerBody):
    """A user of a workspace. Which fields the API shows is ND."""

    id: str
    email: str
    role: Role


class WorkspaceBody(AnswerBody):
    """A workspace."""

    id: str
    name: str
    org_id: Annotated[str, Field(alias="orgId")]
    users: list[MemberBody]


class WorkspaceListBody(AnswerBody):
    """The workspaces that the caller may see."""

    success: Literal[True]
    workspaces: list[WorkspaceBody]


class OneWorkspaceBody(AnswerBody):
    """One workspace."""

    success: Literal[True]
    workspace: WorkspaceBody


class HealthBody(AnswerBody):
    """Whether the server is well."""

    status: Literal["ok", "error"]
    timestamp: AwareDatetime
