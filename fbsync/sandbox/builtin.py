"""What every sandbox has from the start: one organisation, two workspaces, and a user for each role.

The accounts are made up, and so are their passwords: they open nothing but a sandbox.
"""

from __future__ import annotations

from dataclasses import dataclass

ORGANISATION = "org-sandbox"
WORKSPACE = "ws-sandbox"
WORKSPACES = {WORKSPACE: "Sandbox", "ws-research": "Research"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """How a user signs in."""

    email: str
    password: str


ADMIN = Credentials(email="admin@sandbox.example", password="sandbox-admin-password")  # noqa: S106 - made up
WRITER = Credentials(email="writer@sandbox.example", password="sandbox-writer-password")  # noqa: S106 - made up
READER = Credentials(email="reader@sandbox.example", password="sandbox-reader-password")  # noqa: S106 - made up

ROLES = {"ADMIN": ADMIN, "WRITE": WRITER, "READ": READER}
"""The built-in users by the role that they have in every seeded workspace."""
