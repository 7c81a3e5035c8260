"""The bodies of answers about workspaces (``flashback-api.md``, 'Around it')."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from fbsync.sandbox.account_bodies import OrgRole
from fbsync.sandbox.answer_bodies import AnswerBody
from fbsync.sandbox.workspaces import Role

_USER = "c9b1c1a2-7f43-4d8e-8a52-1f0d6e0c9b77"


class MemberUserBody(AnswerBody):
    """The account of a workspace's member."""

    id: str
    name: str
    last_name: Annotated[str, Field(alias="lastName")]
    email: str
    org_role: OrgRole


class MemberBody(AnswerBody):
    """A member of a workspace."""

    user_id: Annotated[str, Field(alias="userId")]
    role: Role
    user: MemberUserBody


class WorkspaceBody(AnswerBody):
    """A workspace."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "ws-sandbox",
                "name": "Sandbox",
                "orgId": "org-sandbox",
                "users": [
                    {
                        "userId": _USER,
                        "role": "ADMIN",
                        "user": {
                            "id": _USER,
                            "name": "Admin",
                            "lastName": "Sandbox",
                            "email": "admin@sandbox.example",
                            "orgRole": 255,
                        },
                    }
                ],
            }
        }
    )

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
