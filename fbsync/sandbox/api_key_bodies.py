"""The bodies of requests and answers about stored provider keys (``flashback-api.md``, 'Stored provider keys')."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from fbsync.sandbox.answer_bodies import AnswerBody, DoneBody, KeyMask
from fbsync.sandbox.request_bodies import Credential, Url

OptionalText = Annotated[str | None, Field(min_length=1)]


class ApiKeyFields(BaseModel):
    """The fields that describe a stored key."""

    model_config = ConfigDict(strict=True, extra="forbid")

    endpoint: Annotated[Url | None, Field(description="Where the provider's API is.")] = None
    region: Annotated[OptionalText, Field(description="The provider's region.")] = None
    tenant_id: Annotated[OptionalText, Field(alias="tenantId", description="The provider's tenant.")] = None
    subscription_id: Annotated[OptionalText, Field(alias="subscriptionId", description="The subscription.")] = None
    description: Annotated[OptionalText, Field(description="What the key is for.")] = None


class NewApiKey(ApiKeyFields):
    """The body of ``POST /apikeys``."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "workspaceId": "ws-sandbox",
                "provider": "OPENAI",
                "key": "made-up-identifier",
                "secret": "made-up-credential",
                "description": "OpenAI, production",
            }
        }
    )

    workspace_id: Annotated[str, Field(alias="workspaceId", min_length=1)]
    provider: Annotated[str, Field(min_length=1, description="The provider. The list of names is ND.")]
    key: Annotated[Credential, Field(description="Listed only as a mask.")]
    secret: Annotated[Credential, Field(description="Never returned.")]


class ApiKeyChanges(ApiKeyFields):
    """The body of ``PUT /apikeys/{uuid}``: any of the fields. Missing fields stay the same."""

    model_config = ConfigDict(json_schema_extra={"example": {"description": "OpenAI, staging"}})

    provider: Annotated[str, Field(min_length=1, description="Whose key it is.", default_factory=str)]
    key: Annotated[Credential, Field(description="Listed only as a mask.", default_factory=str)]
    secret: Annotated[Credential, Field(description="Never returned.", default_factory=str)]


class ApiKeyStoredBody(DoneBody):
    """A key was stored or changed."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "success": True,
                "message": "API key stored successfully",
                "apiKeyId": "8f14e45f-ceea-467f-a83c-0d8d3c2f3a51",
            }
        }
    )

    api_key_id: Annotated[str, Field(alias="apiKeyId")]


class ApiKeyBody(AnswerBody):
    """A stored key, without its secret and with its key masked."""

    id: str
    key: KeyMask
    provider: str
    endpoint: Annotated[str, Field(default_factory=str)]
    region: Annotated[str, Field(default_factory=str)]
    tenant_id: Annotated[str, Field(alias="tenantId", default_factory=str)]
    subscription_id: Annotated[str, Field(alias="subscriptionId", default_factory=str)]
    description: Annotated[str, Field(default_factory=str)]
    created_at: Annotated[AwareDatetime, Field(alias="createdAt")]
    bucket_count: int
    aillm_count: int


class ApiKeyListBody(AnswerBody):
    """The stored keys that the caller may see."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "success": True,
                "apiKeys": [
                    {
                        "id": "8f14e45f-ceea-467f-a83c-0d8d3c2f3a51",
                        "key": "****WXYZ",
                        "provider": "OPENAI",
                        "description": "OpenAI, production",
                        "createdAt": "2026-01-01T12:00:00.000Z",
                        "bucket_count": 0,
                        "aillm_count": 1,
                    }
                ],
            }
        }
    )

    success: Literal[True]
    api_keys: Annotated[list[ApiKeyBody], Field(alias="apiKeys")]
