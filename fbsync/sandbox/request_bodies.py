"""The bodies of requests: what ``flashback-api.md`` asks for, and nothing that it does not know."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

_PORT = r"(:(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[0-9]{1,4}))?"
_URL = (
    r"^[Hh][Tt][Tt][Pp][Ss]?://"
    r"([^\x00-\x20\x7f/?#@\[\]\\]+@)?"
    r"(\[[0-9A-Fa-f:.]+\]|[^\x00-\x20\x7f/?#@\[\]\\:]+)" + _PORT + r"([/?#][^\x00-\x20\x7f]*)?$"
)
"""An http(s) URL with a host. How the API checks an endpoint 'as a URL' is ND."""

AiType = Literal["OPENAI", "GOOGLE", "ANTHROPIC", "AWS", "OTHER"]

Name = Annotated[str, Field(min_length=1, description="Unique within the workspace, compared exactly.")]
Endpoint = Annotated[str, Field(pattern=_URL, description="Where the provider's API is: an http or https URL.")]
Credential = Annotated[str, Field(min_length=1, description="Stored as a salted hash, and never given back.")]
Key = Annotated[
    str | None,
    Field(min_length=1, description="The extra identifier that some providers need, such as AWS's access key id."),
]
"""That null means 'none' is what the vendor's newer client knows; the pages do not say."""


class NewLlm(BaseModel):
    """What ``POST /ai/llm`` takes. Whether the API ignores or refuses unknown fields is ND: refused here."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        json_schema_extra={
            "example": {
                "name": "Example OpenAI",
                "aiType": "OPENAI",
                "endpoint": "https://api.openai.com/v1",
                "secret": "made-up-credential",
                "workspaceId": "ws-sandbox",
            }
        },
    )

    name: Name
    ai_type: Annotated[AiType, Field(alias="aiType", description="The kind of provider.")]
    endpoint: Endpoint
    secret: Credential
    key: Key = None
    workspace_id: Annotated[str, Field(alias="workspaceId", min_length=1, description="Fixed from now on.")]


class LlmChanges(BaseModel):
    """What ``PUT /ai/llm/{id}`` takes: any of the fields, and what is left out stays.

    A ``workspaceId`` is refused like any unknown field (ND): a configuration cannot be moved, and an
    answer of success would say that it had been.
    """

    model_config = ConfigDict(
        strict=True, extra="forbid", json_schema_extra={"example": {"endpoint": "https://proxy.example.com/v1"}}
    )

    # Factories, so that the schema declares no defaults: what is left out is told by model_fields_set.
    name: Annotated[Name, Field(default_factory=str)]
    ai_type: Annotated[AiType, Field(alias="aiType", description="The kind of provider.", default_factory=str)]
    endpoint: Annotated[Endpoint, Field(default_factory=str)]
    secret: Annotated[Credential, Field(default_factory=str)]
    key: Annotated[Key, Field(default_factory=str)]


class LoginRequest(BaseModel):
    """What ``POST /user/login`` takes."""

    model_config = ConfigDict(
        strict=True,
        json_schema_extra={"example": {"email": "admin@sandbox.example", "password": "sandbox-admin-password"}},
    )

    email: Annotated[str, Field(min_length=1)]
    password: Annotated[str, Field(min_length=1)]


class RefreshRequest(BaseModel):
    """What ``POST /user/refresh`` takes: the shipped client's field, the documentation's, or both."""

    model_config = ConfigDict(
        strict=True,
        json_schema_extra={
            "anyOf": [{"required": ["refresh_token"]}, {"required": ["refreshToken"]}],
            "example": {"refresh_token": "a-refresh-token", "refreshToken": "a-refresh-token"},
        },
    )

    refresh_token: Annotated[
        str, Field(min_length=1, description="The field of the shipped client.", default_factory=str)
    ]
    refresh_token_documented: Annotated[
        str,
        Field(alias="refreshToken", min_length=1, description="The field of the documentation.", default_factory=str),
    ]

    @property
    def token(self) -> str:
        """The token, from whichever field has it; empty where neither does."""
        return self.refresh_token or self.refresh_token_documented
