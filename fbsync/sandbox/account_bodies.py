"""The bodies of requests and answers about accounts and sessions (``flashback-api.md``, 'Signing in')."""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from fbsync.sandbox.answer_bodies import AnswerBody

_SESSION = "0b1e0a5c-6c1b-4f7e-9d55-0a4f6d5b7c11"
_USER = "c9b1c1a2-7f43-4d8e-8a52-1f0d6e0c9b77"
_EXPIRES_AT = 1_767_272_400

OrgRole = Annotated[int, Field(ge=0, le=255, alias="orgRole", description="The role in the organisation.")]


class LoginRequest(BaseModel):
    """The body of ``POST /user/login``."""

    model_config = ConfigDict(
        strict=True,
        json_schema_extra={"example": {"email": "admin@sandbox.example", "password": "sandbox-admin-password"}},
    )

    email: Annotated[str, Field(min_length=1)]
    password: Annotated[str, Field(min_length=1)]
    device_info: Annotated[
        dict[str, Any] | None, Field(alias="deviceInfo", description="What the client says about its device.")
    ] = None


class RefreshTokenRequest(BaseModel):
    """The body of ``POST /user/refresh`` and ``/user/logout``: the shipped client's field, the other one, or both."""

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
        """The token from the field that has it. Empty if neither has."""
        return self.refresh_token or self.refresh_token_documented


class MfaRequest(BaseModel):
    """The body of ``POST /mfa/verify-login``. Other fields belong to methods that the sandbox does not have."""

    model_config = ConfigDict(strict=True, json_schema_extra={"example": {"mfaType": "GOOGLE_AUTH", "code": "000000"}})

    mfa_type: Annotated[Literal["GOOGLE_AUTH", "MAGIC_LINK", "PASSKEY"], Field(alias="mfaType")]
    code: Annotated[str | None, Field(description="The code of an authenticator app.")] = None


class RenewedTokensBody(AnswerBody):
    """A new pair of tokens. ``expiresAt`` is in seconds since the epoch (the unit is ND)."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "success": True,
                "token": "an-access-token",
                "accessToken": "an-access-token",
                "refreshToken": "a-refresh-token",
                "expiresAt": _EXPIRES_AT,
            }
        }
    )

    success: Literal[True]
    token: Annotated[str, Field(description="The access token again, under the name in the vendor's client.")]
    access_token: Annotated[str, Field(alias="accessToken")]
    refresh_token: Annotated[str, Field(alias="refreshToken")]
    expires_at: Annotated[int, Field(alias="expiresAt")]


class AccountBody(AnswerBody):
    """The account that signed in."""

    id: str
    email: str
    name: str
    org_id: Annotated[str, Field(alias="orgId")]
    org_role: OrgRole


class SignedInBody(AnswerBody):
    """The first pair of tokens. An account that is not verified yet gets the reason instead."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "success": True,
                "accessToken": "an-access-token",
                "refreshToken": "a-refresh-token",
                "expiresAt": _EXPIRES_AT,
                "tokenId": _SESSION,
                "user": {
                    "id": _USER,
                    "email": "admin@sandbox.example",
                    "name": "Admin",
                    "orgId": "org-sandbox",
                    "orgRole": 255,
                },
            }
        }
    )

    success: Literal[True]
    access_token: Annotated[str, Field(alias="accessToken", default_factory=str)]
    refresh_token: Annotated[str, Field(alias="refreshToken", default_factory=str)]
    expires_at: Annotated[int, Field(alias="expiresAt", default_factory=int)]
    token_id: Annotated[str, Field(alias="tokenId", default_factory=str)]
    user: Annotated[AccountBody | None, Field(description="Absent where there are no tokens.")] = None
    message: Annotated[str, Field(description="Why there are no tokens.", default_factory=str)]
    verification_token_id: Annotated[
        str, Field(alias="verificationTokenId", description="Of an account that is not verified.", default_factory=str)
    ]


class MfaVerifiedBody(AnswerBody):
    """The tokens of a login after its second factor."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "success": True,
                "message": "MFA verification successful",
                "fullAccessToken": "an-access-token",
                "refreshToken": "a-refresh-token",
            }
        }
    )

    success: Literal[True]
    message: str
    full_access_token: Annotated[str, Field(alias="fullAccessToken")]
    refresh_token: Annotated[str, Field(alias="refreshToken")]


class SessionBody(AnswerBody):
    """A session."""

    id: str
    started_at: Annotated[AwareDatetime, Field(alias="startedAt")]
    last_activity: Annotated[AwareDatetime, Field(alias="lastActivity")]
    expires_at: Annotated[AwareDatetime, Field(alias="expiresAt")]
    login_method: Annotated[str, Field(alias="loginMethod")]


class SessionListBody(AnswerBody):
    """The caller's sessions, in the same shape as in the vendor's client."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "success": True,
                "sessions": [
                    {
                        "id": _SESSION,
                        "startedAt": "2026-01-01T12:00:00.000Z",
                        "lastActivity": "2026-01-01T12:00:00.000Z",
                        "expiresAt": "2026-01-31T12:00:00.000Z",
                        "loginMethod": "PASSWORD",
                    }
                ],
            }
        }
    )

    success: Literal[True]
    sessions: list[SessionBody]


class ProfileDataBody(AnswerBody):
    """The caller's account."""

    id: str
    name: str
    last_name: Annotated[str, Field(alias="lastName")]
    email: str
    org_id: Annotated[str, Field(alias="orgId")]
    org_role: OrgRole
    org_role_description: Annotated[str, Field(alias="orgRoleDescription")]
    org_roles: Annotated[list[int], Field(alias="orgRoles")]
    validated: bool
    mfa_required: Annotated[bool, Field(alias="mfaRequired")]
    is_business: Annotated[bool, Field(alias="isBusiness")]


class ProfileBody(AnswerBody):
    """The caller's profile."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "success": True,
                "data": {
                    "id": _USER,
                    "name": "Admin",
                    "lastName": "Sandbox",
                    "email": "admin@sandbox.example",
                    "orgId": "org-sandbox",
                    "orgRole": 255,
                    "orgRoleDescription": "OWNER",
                    "orgRoles": [0, 1, 2, 254, 255],
                    "validated": True,
                    "mfaRequired": False,
                    "isBusiness": False,
                },
            }
        }
    )

    success: Literal[True]
    data: ProfileDataBody
