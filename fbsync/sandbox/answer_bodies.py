"""The bodies of answers about configurations, and the envelope of all answers (``flashback-api.md``)."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from fbsync.sandbox.request_bodies import AiType

Counter = Annotated[str, Field(pattern="^[0-9]+$", description="A count, as a string.", examples=["0"])]
KeyMask = Annotated[str, Field(pattern=r"^\*{4}", examples=["****WXYZ"])]

_ID = "7d9f3c52-4f0e-4c4b-9a57-2b8f1f6f0a11"
_LLM: dict[str, Any] = {
    "id": _ID,
    "orgId": "org-sandbox",
    "workspaceId": "ws-sandbox",
    "userId": "c9b1c1a2-7f43-4d8e-8a52-1f0d6e0c9b77",
    "name": "Example OpenAI",
    "aiType": "OPENAI",
    "endpoint": "https://api.openai.com/v1",
    "key": "****WXYZ",
    "createdAt": "2026-01-01T12:00:00.000Z",
    "repos": [],
}
_STATS = {
    "aiLlmId": _ID,
    "totalApiCalls": "1",
    "totalTokensIn": "0",
    "totalTokensOut": "0",
    "totalLlmTokensIn": "0",
    "totalLlmTokensOut": "0",
    "totalPolicyViolations": "0",
    "totalAlerts": "0",
    "totalBlocks": "0",
}


def _example(**fields: Any) -> ConfigDict:  # noqa: ANN401 - any JSON
    return ConfigDict(json_schema_extra={"example": fields})


class AnswerBody(BaseModel):
    """The base of all declared answers, which have no other fields than those declared."""

    model_config = ConfigDict(extra="forbid")


class DoneBody(AnswerBody):
    """The request was carried out. The message is for people."""

    model_config = _example(success=True, message="Deleted successfully")

    success: Literal[True]
    message: str


class CheckedBody(AnswerBody):
    """The provider's verdict on the credentials. Without success, it refused them."""

    model_config = _example(success=True, message="The provider accepted the credentials")

    success: bool
    message: str


class FailureBody(AnswerBody):
    """An error in the form of most endpoints."""

    model_config = _example(success=False, message="The request was refused")

    success: Literal[False]
    message: str


class MfaFailureBody(AnswerBody):
    """An error of the endpoints for MFA."""

    model_config = _example(success=False, error="The MFA code is not valid")

    success: Literal[False]
    error: str


class SignInFailureBody(AnswerBody):
    """An error of the sign-in endpoints, which send a code instead of a message."""

    model_config = _example(success=False, error_code="INVALID_PASSWORD")

    success: Literal[False]
    error_code: str


class CreatedBody(DoneBody):
    """A configuration was created or changed."""

    model_config = _example(success=True, aiLlmId=_ID, message="AI LLM configuration created successfully")

    ai_llm_id: Annotated[UUID, Field(alias="aiLlmId")]


class RepoBody(AnswerBody):
    """A repository that uses a configuration."""

    id: str
    name: str
    created_at: Annotated[AwareDatetime, Field(alias="createdAt")]


class LlmBody(AnswerBody):
    """A configuration, without its secret and with its key masked."""

    model_config = _example(**_LLM)

    id: UUID
    org_id: Annotated[str, Field(alias="orgId")]
    workspace_id: Annotated[str, Field(alias="workspaceId")]
    user_id: Annotated[str, Field(alias="userId")]
    name: str
    ai_type: Annotated[AiType, Field(alias="aiType")]
    endpoint: Annotated[str | None, Field(description="Null where a stored key brings its own.")]
    key: KeyMask | None
    api_key_id: Annotated[
        str,
        Field(alias="apiKeyId", description="The stored provider key that it uses, if it does.", default_factory=str),
    ]
    created_at: Annotated[AwareDatetime, Field(alias="createdAt")]
    repos: list[RepoBody]


class LlmListBody(AnswerBody):
    """The configurations that the caller may see."""

    model_config = _example(success=True, aiLlms=[_LLM])

    success: Literal[True]
    ai_llms: Annotated[list[LlmBody], Field(alias="aiLlms")]


class LlmStatsBody(AnswerBody):
    """The usage counters of a configuration."""

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
    """The usage counters, one entry for each configuration."""

    model_config = _example(success=True, stats=[_STATS])

    success: Literal[True]
    stats: list[LlmStatsBody]


class HealthBody(AnswerBody):
    """Whether the server is healthy."""

    model_config = _example(status="ok", timestamp="2026-01-01T12:00:00.000Z")

    status: Literal["ok", "error"]
    timestamp: AwareDatetime
