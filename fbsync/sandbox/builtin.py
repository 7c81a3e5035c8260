"""The built-in contents of a sandbox: one organisation, two workspaces, and a user for each role.

The accounts and their passwords are not real. They work only in a sandbox.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

ORGANISATION = "org-sandbox"
WORKSPACE = "ws-sandbox"
WORKSPACES = {WORKSPACE: "Sandbox", "ws-research": "Research"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltInUser:
    """A user who can sign in."""

    email: str
    password: str = field(repr=False)
    name: str
    org_role: Literal[0, 1, 2, 254, 255]


ADMIN = BuiltInUser(email="admin@sandbox.example", password="sandbox-admin-password", name="Admin", org_role=255)  # noqa: S106 - not a real one
WRITER = BuiltInUser(email="writer@sandbox.example", password="sandbox-writer-password", name="Writer", org_role=0)  # noqa: S106 - not a real one
READER = BuiltInUser(email="reader@sandbox.example", password="sandbox-reader-password", name="Reader", org_role=0)  # noqa: S106 - not a real one

MFA_CODE = "000000"
"""The code for the second factor, if the sandbox asks for one."""

ROLES = {"ADMIN": ADMIN, "WRITE": WRITER, "READ": READER}
"""The built-in users by the role that they have in every seeded workspace."""
