"""The bodies of requests about configurations, with only the fields in ``flashback-api.md``."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

_PORT = r"(:(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[0-9]{1,4}))?"
_URL = (
    r"^[Hh][Tt][Tt][Pp][Ss]?://"
    r"([^\x00-\x20\x7f/?#@\[\]\\]+@)?"
    r"(\[[0-9A-Fa-f:.]+\]|[^\x00-\x20\x7f/?#@\[\]\\:]+)" + _PORT + r"([/?#][^\x00-\x20\x7f]*)?$"
)
"""An http or https URL with a host. How the API checks an endpoint 'as a URL' is ND."""

AiType = Literal["OPENAI", "GOOGLE", "ANTHROPIC", "AWS", "OTHER"]

Name = Annotated[str, Field(min_length=1, description="Unique within the workspace, compared exactly.")]
Url = Annotated[str, Field(pattern=_URL)]
Endpoint = Annotated[
    Url | None,
    Field(
        description="Where the provider's API is: an http or https URL. May be null with apiKeyUuid.",
        examples=["https://api.openai.com/v1"],
    ),
]
Credential = Annotated[str, Field(min_length=1)]
Secret = Annotated[
    Credential | None,
    Field(description="Stored as a salted hash, and never returned. May be null with apiKeyUuid."),
]
Key = Annotated[
    Credential | None,
    Field(description="The extra identifier that some providers need, such as AWS's access key id; null for none."),
]
"""The vendor's newer client treats null as 'none'. The documentation does not say."""
StoredKey = Annotated[
    str,
    Field(
        alias="apiKeyUuid",
        min_length=1,
        description="The id of a stored provider key, in place of secret and key.",
        default_factory=str,
    ),
]

_WITHOUT_STORED_KEY: JsonDict = {"not": {"required": ["apiKeyUuid"]}}
_TEXTS: JsonDict = {"endpoint": {"type": "string"}, "secret": {"type": "string"}}
_WITH_STORED_KEY: JsonDict = {
    "required": ["apiKeyUuid"],
    "properties": {"secret": {"type": "null"}, "key": {"type": "null"}},
}


class NewLlm(BaseModel):
    """The body of ``POST /ai/llm``. Unknown fields are refused; whether the API ignores or refuses them is ND."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        json_schema_extra={
            "anyOf": [
                {"required": ["endpoint", "secret"], "properties": _TEXTS, **_WITHOUT_STORED_KEY},
                _WITH_STORED_KEY,
            ],
            "example": {
                "name": "Example OpenAI",
                "aiType": "OPENAI",
                "endpoint": "https://api.openai.com/v1",
                "secret": "made-up-credential",
                "workspaceId": "ws-sandbox",
            },
        },
    )

    name: Name
    ai_type: Annotated[AiType, Field(alias="aiType", description="The kind of provider.")]
    endpoint: Endpoint = None
    secret: Secret = None
    key: Key = None
    api_key_uuid: StoredKey
    workspace_id: Annotated[str, Field(alias="workspaceId", min_length=1, description="Fixed from now on.")]


class LlmChanges(BaseModel):
    """The body of ``PUT /ai/llm/{id}``: any of the fields. Missing fields stay the same.

    A ``workspaceId`` is refused like any unknown field (ND). A configuration cannot be moved, and an answer of
    success would mean that it was.
    """

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        json_schema_extra={
            "anyOf": [{"properties": {"secret": {"type": "string"}}, **_WITHOUT_STORED_KEY}, _WITH_STORED_KEY],
            "example": {"endpoint": "https://proxy.example.com/v1"},
        },
    )

    # Factories are used so that the schema has no defaults. model_fields_set has the fields that were sent.
    name: Annotated[Name, Field(default_factory=str)]
    ai_type: Annotated[AiType, Field(alias="aiType", description="The kind of provider.", default_factory=str)]
    endpoint: Annotated[Endpoint, Field(default_factory=str)]
    secret: Annotated[Secret, Field(default_factory=str)]
    key: Annotated[Key, Field(default_factory=str)]
    api_key_uuid: StoredKey
